public import Crystal

/// The candidates of a report: the table that a reader sorts and filters, and a card of each.
public struct CandidateList: Sendable {
  /// A model whose predictions the list shows.
  public struct Model: Sendable {
    /// Its name in the run.
    public let name: String
    /// Whether it places candidates on a hull; otherwise its scores are listed, the largest first.
    public let placesOnHull: Bool
    /// Unit of what it predicts.
    public let unit: String

    /// A model.
    public init(name: String, placesOnHull: Bool, unit: String) {
      self.name = name
      self.placesOnHull = placesOnHull
      self.unit = unit
    }
  }

  /// What one model says of a candidate.
  public struct Prediction: Sendable {
    /// Its place in the model's list, from 1.
    public var rank: Int
    /// Energy above the hull (eV/atom), or the score of a model that ranks by none.
    public var value: Double
    /// Standard deviation over the members of the ensemble, where there is one.
    public var spread: Double?
    /// Formation energy (eV/atom), where the model predicts one.
    public var energy: Double?
    /// Energy relative to the hull without the candidate's own composition (eV/atom), where known.
    public var decompositionEnergy: Double?
    /// The competing phases, where known.
    public var decomposition: String?
    /// Probability to be stable, where the model is calibrated.
    public var probability: Double?
    /// Why the distance is to be doubted.
    public var flags: [String]
    /// What each member of the ensemble predicts.
    public var members: [Double]

    /// A prediction.
    public init(
      rank: Int, value: Double, spread: Double? = nil, energy: Double? = nil,
      decompositionEnergy: Double? = nil, decomposition: String? = nil, probability: Double? = nil,
      flags: [String] = [], members: [Double] = []
    ) {
      self.rank = rank
      self.value = value
      self.spread = spread
      self.energy = energy
      self.decompositionEnergy = decompositionEnergy
      self.decomposition = decomposition
      self.probability = probability
      self.flags = flags
      self.members = members
    }
  }

  /// A candidate.
  public struct Candidate: Sendable {
    /// The material's id.
    public var id: String
    /// Formula of the reduced composition.
    public var formula: String
    /// Number of sites of the cell.
    public var siteCount: Int
    /// Volume of the cell (Å³).
    public var volume: Double
    /// Position of its source in the list of sources.
    public var source: Int
    /// Number of the record within its source, from 0.
    public var record: Int
    /// What more is said of it on its card, e.g. its coverage; one statement each.
    public var notes: [String]
    /// By model; nil where one says nothing of it.
    public var predictions: [Prediction?]
    /// The known energy above the hull (eV/atom), where there is a label.
    public var known: Double?
    /// Its crystal, where it comes with the page.
    public var structure: Structure?

    /// A candidate.
    public init(
      id: String, formula: String, siteCount: Int, volume: Double, source: Int, record: Int,
      notes: [String] = [], predictions: [Prediction?], known: Double? = nil, structure: Structure? = nil
    ) {
      self.id = id
      self.formula = formula
      self.siteCount = siteCount
      self.volume = volume
      self.source = source
      self.record = record
      self.notes = notes
      self.predictions = predictions
      self.known = known
      self.structure = structure
    }
  }

  /// The models, the one that the list is ordered by at first in front.
  public let models: [Model]
  /// Largest energy above the hull that counts as stable (eV/atom).
  public let threshold: Double
  /// Names of the sources.
  public let sources: [String]
  /// How many candidates the run has.
  public let total: Int
  /// The candidates of the page, in the order of the first model.
  public let candidates: [Candidate]
  /// The command that prints a candidate's card in a terminal, without the candidate.
  public let showCommand: String

  /// A list of candidates.
  public init(
    models: [Model], threshold: Double, sources: [String], total: Int, candidates: [Candidate],
    showCommand: String
  ) {
    precondition(
      candidates.allSatisfy { $0.predictions.count == models.count && sources.indices.contains($0.source) },
      "all candidates have a place a model, and a source")
    self.models = models
    self.threshold = threshold
    self.sources = sources
    self.total = total
    self.candidates = candidates
    self.showCommand = showCommand
  }

  /// Rows that are there without scripts, and until they have started.
  private static let plainRows = 50

  var markup: Markup {
    guard !models.isEmpty else { return .text("p", "No model has predicted anything yet.") }
    let held =
      candidates.count < total
      ? "The page holds \(candidates.count) of \(total) candidates, the best of each model; sluice export writes all."
      : "The page holds all \(total) candidates."
    return Markup([
      controls,
      .text("p", ["class": "note", "id": "matches", "role": "status"], held),
      .text("p", ["class": "note"], candidates.count < total ? held : ""),
      .element(
        "div", ["class": "wide", "id": "list", "tabindex": "0"],
        [
          .element(
            "table", ["id": "rows"],
            [
              .element("thead", [:], [head]),
              .element("tbody", [:], candidates.prefix(Self.plainRows).map(row)),
            ])
        ]),
      .element(
        "nav", ["class": "pages", "aria-label": "Pages of the list", "hidden": ""],
        [
          .text("button", ["type": "button", "id": "previous"], "previous"),
          .text("span", ["id": "page"], ""), .text("button", ["type": "button", "id": "next"], "next"),
        ]),
      .element(
        "noscript", [:],
        [
          .text(
            "p", ["class": "note"],
            "Without scripts the page shows the first \(min(Self.plainRows, candidates.count)) rows."
          )
        ]),
    ])
  }

  private var controls: Markup {
    func field(_ label: String, _ control: Markup) -> Markup {
      .element("label", [:], [.text("span", label), control])
    }
    var choices = [("all", "all candidates"), ("stable", "stable"), ("credible", "stable, not flagged")]
    if models.filter(\.placesOnHull).count > 1 {
      choices += [("agree", "stable by all models"), ("disagree", "models disagree")]
    }
    if candidates.contains(where: { $0.known != nil }) {
      choices += [
        ("missed", "known stable, predicted unstable"), ("false", "predicted stable, known unstable"),
      ]
    }
    if !models[0].placesOnHull { choices = [choices[0]] }
    return .element(
      "form", ["class": "controls", "id": "controls", "hidden": ""],
      [
        field(
          "Model",
          .element(
            "select", ["id": "model"],
            models.enumerated().map { .text("option", ["value": "\($0)"], $1.name) })),
        field(
          "Show",
          .element("select", ["id": "show"], choices.map { .text("option", ["value": $0.0], $0.1) })),
        field(
          models[0].placesOnHull ? "At most, eV/atom above hull" : "At least",
          Markup.opening("input", ["id": "bound", "type": "text", "inputmode": "decimal", "size": "8"])),
        field(
          "Id or formula", Markup.opening("input", ["id": "query", "type": "search", "size": "14"])),
        field(
          "With elements", Markup.opening("input", ["id": "need", "type": "text", "size": "10"])),
        field(
          "Without", Markup.opening("input", ["id": "without", "type": "text", "size": "10"])),
        .text("button", ["type": "button", "id": "csv"], "Save as CSV"),
      ])
  }

  /// Heads of the columns that are there without scripts.
  private var head: Markup {
    let value = models[0].placesOnHull ? "E above hull" : "score"
    let columns = ["#", "Formula", "Id", value, "±", "Sites"]
    return .element(
      "tr", [:],
      columns.enumerated().map { place, text in
        .text("th", ["scope": "col", "class": [1, 2].contains(place) ? nil : "n"], text)
      })
  }

  private func row(_ candidate: Candidate) -> Markup {
    let prediction = candidate.predictions[0]
    func cell(_ text: String) -> Markup { .text("td", ["class": "n"], text) }
    return .element(
      "tr", [:],
      [
        cell(prediction.map { "\($0.rank)" } ?? ""), .element("td", [:], [Self.formula(candidate.formula)]),
        .text("td", ["class": "id", "title": candidate.id], candidate.id),
        cell(prediction.map { shortNumber($0.value) } ?? ""),
        cell(prediction?.spread.map { shortNumber($0) } ?? ""), cell("\(candidate.siteCount)"),
      ])
  }

  /// A formula with its numbers lowered.
  private static func formula(_ text: String) -> Markup {
    var parts: [Markup] = []
    var run = ""
    var isNumber = false
    func end() {
      if !run.isEmpty { parts.append(isNumber ? .text("sub", run) : Markup(run)) }
      run = ""
    }
    for character in text {
      let belongs = character.isNumber || character == "."
      if belongs != isNumber { end() }
      isNumber = belongs
      run.append(character)
    }
    end()
    return Markup(parts)
  }
}
