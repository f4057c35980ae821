internal import Crystal
internal import Prototypes

/// The phases that are predicted because the references may lack them: simple prototypes decorated with all pairs (for
/// prototypes of three sites all triples) of the campaign's elements, at guessed volumes.
///
/// Items are numbered in the order of the prototypes, then of the elements, so the numbers follow from the plan alone.
struct CompetitorPlan: Sendable {
  /// The names that a campaign without a list takes: simple prototypes of two elements, of which seven were enough; thirty
  /// commoner ones found nothing more.
  static let standardPrototypes = ["rock-salt", "zinc-blende", "CsCl", "L12", "CaF2", "D03", "C15"]

  /// A decoration for each prototype.
  let decorations: [Decoration]
  /// The elements they are made of.
  let elements: [Element]
  /// Each item as a decoration and a candidate of it.
  private let items: [(decoration: Int32, candidate: Int32)]

  /// The items of some decorations; those that merely exchange elements on labels that can be exchanged are taken once.
  init(decorations: [Decoration], elements: [Element]) {
    self.decorations = decorations
    self.elements = elements
    var items: [(decoration: Int32, candidate: Int32)] = []
    for (number, decoration) in decorations.enumerated() {
      let labels = decoration.prototype.labels
      let exchangeable = decoration.prototype.exchangeableLabels.map { group in
        group.compactMap { labels.firstIndex(of: $0) }
      }
      for candidate in 0..<decoration.count {
        let chosen = decoration.elements(at: candidate)
        let isFirst = exchangeable.allSatisfy { group in
          zip(group, group.dropFirst()).allSatisfy { chosen[$0] <= chosen[$1] }
        }
        if isFirst { items.append((Int32(number), Int32(candidate))) }
      }
    }
    self.items = items
  }

  /// The plan in words.
  var summary: String {
    "\(count) competitors of \(counted(elements.count, "element")) predicted as "
      + decorations.map(\.prototype.name).joined(separator: ", ")
  }

  /// Number of items.
  var count: Int { items.count }

  /// An item as a record of the source that its decoration is.
  func record(_ number: Int) -> SourceRecord {
    let item = items[number]
    return SourceRecord(
      source: Int(item.decoration), record: Int(item.candidate),
      content: .decorated(index: Int(item.candidate)))
  }

  /// Name of the prototype of an item.
  func prototype(_ number: Int) -> String { decorations[Int(items[number].decoration)].prototype.name }
}
