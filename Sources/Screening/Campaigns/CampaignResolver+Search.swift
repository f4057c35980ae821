internal import Configuration
internal import CrystalGraphs
internal import Prototypes

/// What a campaign file says of searches for free parameters.
extension CampaignResolver {
  /// Most combinations of values that a search may list. All of them are kept in memory and scored for each candidate.
  static var maximumShapes: Int { 10_000 }

  /// The values of a list, none of which stands twice: each would be scored twice.
  private func distinctNumbers(_ list: ConfigurationValue) throws -> [Double] {
    var seen: Set<Double> = []
    for value in list.elements where !seen.insert(value.number).inserted {
      throw ScreeningError.invalid("\(value.location): \(value.number) stands twice in the list")
    }
    return list.elements.map(\.number)
  }

  /// All combinations of the values that a search lists, the first parameter by name changing slowest.
  func shapes(
    _ search: ConfigurationValue, of value: ConfigurationValue
  ) throws -> [ShapeSearch.Shape] {
    let lists = try CampaignSchema.searchedParameters.compactMap { name in
      try search.optional(name).map { (name, try distinctNumbers($0)) }
    }
    guard !lists.isEmpty else {
      throw ScreeningError.invalid("\(search.location): a search lists values of at least one free parameter")
    }
    for (name, _) in lists {
      if let given = value["parameters"].optional(name) {
        throw ScreeningError.invalid("\(given.location): \(name) is searched; it cannot be given, too")
      }
    }
    let count = lists.reduce(1) { $0 > Self.maximumShapes ? $0 : $0 * $1.1.count }
    guard count <= Self.maximumShapes else {
      throw ScreeningError.invalid(
        "\(search.location): a search has at most \(Self.maximumShapes) combinations, and these lists have more"
      )
    }
    var combinations: [[(name: String, value: Double)]] = [[]]
    for (name, values) in lists {
      combinations = combinations.flatMap { start in values.map { start + [(name, $0)] } }
    }
    return try combinations.map { values in
      ShapeSearch.Shape(
        text: values.map { "\($0.name)=\($0.value)" }.joined(separator: " "),
        decoration: try decoration(
          value, shape: Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })))
    }
  }

  /// The searches by source; the stages say which models there are.
  func searches() throws -> [Int: ShapeSearch] {
    try searchedShapes.mapValues { search, shapes in
      let model = try searchingModel(search)
      guard case .ensemble = models[model].origin else {
        throw ScreeningError.invalid("\(search.location): \(models[model].name) predicts nothing")
      }
      let cascade = search.optional("cascade").map {
        ShapeSearch.Cascade(keep: $0.number("keep"), pilot: $0.integer("pilot"))
      }
      let hasHull = stages.contains { if case .hull = $0 { true } else { false } }
      guard cascade == nil || hasHull else {
        throw ScreeningError.invalid(
          "\(search["cascade"].location): a cascade goes by the distance to the hull; a hull stage is needed")
      }
      return ShapeSearch(
        shapes: shapes, model: model,
        pessimism: search.number("pessimism"), cascade: cascade)
    }
  }

  /// The model that a search names; the last ensemble of formation energies when it names none.
  private func searchingModel(_ search: ConfigurationValue) throws -> Int {
    let energies = models.indices.filter {
      if case .ensemble = models[$0].origin { models[$0].property == formationEnergyProperty } else { false }
    }
    if let name = search.optional("model") {
      guard let index = energies.first(where: { models[$0].name == name.string }) else {
        throw ScreeningError.invalid(
          "\(name.location): no model of \(formationEnergyProperty) is named \"\(name.string)\"")
      }
      return index
    }
    guard let last = energies.last else {
      throw ScreeningError.invalid(
        "\(search.location): a search needs a model of \(formationEnergyProperty) among the stages")
    }
    return last
  }
}
