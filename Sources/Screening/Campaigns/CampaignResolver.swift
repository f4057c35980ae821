internal import Configuration
internal import Crystal
internal import CrystalGraphs
internal import Foundation
internal import Networks
internal import PhaseStability
internal import Prototypes
internal import StructureArchive
internal import Training

/// Turns the parts of a campaign file into what runs, collecting what later parts refer to.
struct CampaignResolver {
  let folder: URL
  private let resources: ResourceFolders
  private(set) var sources: [CrystalSource] = []
  private(set) var sourceFingerprints: [String?] = []
  private(set) var sourceStamps: [FileStamp?] = []
  /// For each input the names, without folders, of its files; `PlanIdentity.folder` for a folder.
  private(set) var inputNames: [[String]] = []
  private(set) var prototypeDigests: [String] = []
  private(set) var stages: [CampaignPlan.Stage] = []
  private(set) var models: [CampaignPlan.Model] = []
  /// The rule of the last graph stage that the file has; nil where models are to say it.
  private var writtenRule: NeighborRule?
  private(set) var referenceDigests: [String] = []
  private(set) var offsetDigests: [String] = []
  private(set) var references: LoadedReferences?
  /// For each source whose free parameters are searched the shapes, with what the file says of the search.
  private(set) var searchedShapes: [Int: (search: ConfigurationValue, shapes: [ShapeSearch.Shape])] = [:]
  private let referenceIndex: String
  private let columns: [String]

  /// A resolver of paths relative to `folder`.
  ///
  /// - Parameters:
  ///   - folder: the campaign file's.
  ///   - resources: where models and references lie that are called by name.
  ///   - referenceIndex: where an index of the references may be.
  ///   - columns: fields of the input that stages ask for.
  init(folder: URL, resources: ResourceFolders, referenceIndex: String, columns: [String]) {
    self.folder = folder
    self.resources = resources
    self.referenceIndex = referenceIndex
    self.columns = columns
  }

  /// The fields of the input that stages ask for, each once.
  static func columns(_ stages: [ConfigurationValue]) -> [String] {
    Set(stages.map(\.tagged).filter { $0.tag == "energy" }.map { $0.value.string("column") }).sorted()
  }

  // MARK: Inputs

  mutating func addInput(_ input: ConfigurationValue) throws {
    let (kind, value) = input.tagged
    if kind == "archive" {
      let decoder = ReadingPolicy(value).decoder(properties: columns)
      let limits = archiveLimits(value)
      let paths = try archivePaths(value["path"], relativeTo: folder)
      for path in paths {
        // The stamp first: what is written after it shows.
        sourceStamps.append(FileStamp(path: path))
        sources.append(
          .archive(path: path, decoder: decoder, limits: limits))
        sourceFingerprints.append(try InputDigest.of(path))
      }
      inputNames.append(
        zip(paths, sourceStamps.suffix(paths.count)).map { path, stamp in
          stamp == nil ? PlanIdentity.folder : exportedName(path)
        })
    } else {
      if let search = value.optional("search") {
        searchedShapes[sources.count] = (search, try shapes(search, of: value))
      }
      sources.append(.decoration(try decoration(value)))
      let file = try value.optional("file").map(prototypeFile)
      prototypeDigests += try file.map { [try InputDigest.of($0)] } ?? []
      inputNames.append(file.map { [exportedName($0)] } ?? [])
      let (kind, volume) = value["volume"].tagged
      sourceFingerprints.append(kind == "fitted" ? try InputDigest.of(try fittedTable(volume)) : nil)
      sourceStamps.append(nil)
    }
  }

  func decoration(
    _ value: ConfigurationValue, shape: [String: Double] = [:]
  ) throws -> Decoration {
    var prototype = try shaped(prototype(value), value)
    if !shape.isEmpty {
      do { prototype = try prototype.with(shape) } catch {
        throw ScreeningError.invalid("\(value["search"].location): \(describe(error))")
      }
    }
    var elements: [String: [Element]] = [:]
    for (label, list) in value["sites"].entries {
      guard prototype.labels.contains(label) else {
        throw ScreeningError.invalid(
          "\(list.location): \(prototype.name) has no site \"\(label)\"; its sites are "
            + prototype.labels.joined(separator: ", "))
      }
      elements[label] = try list.elements.map { try element($0) }
    }
    let (kind, volume) = value["volume"].tagged
    let cellVolume: CellVolume =
      switch kind {
      case "per_atom": .perAtom(volume.number("value"))
      case "length_scale": .lengthScale(volume.number("factor"))
      case "fitted":
        // What the campaign says of the shape comes before the table.
        .fitted(
          try SiteModelFile.read(try fittedTable(volume)).keepingParameters {
            value["parameters"].optional($0) == nil && shape[$0] == nil
          })
      default: .estimated(factor: volume.number("factor"))
      }
    do {
      return try Decoration(
        prototype: prototype, elements: elements, distinctElements: value.boolean("distinct"),
        volume: cellVolume)
    } catch {
      throw ScreeningError.invalid("\(value["sites"].location): \(describe(error))")
    }
  }

  private func fittedTable(_ volume: ConfigurationValue) throws -> String {
    try existingPath(volume["table"], relativeTo: folder, kind: "a table that sluice prototypes fit wrote")
  }

  private func prototype(_ value: ConfigurationValue) throws -> Prototype {
    switch (value.optional("prototype"), value.optional("file")) {
    case (let name?, nil):
      guard let prototype = Prototype.named(name.string) else {
        throw ScreeningError.invalid("\(name.location): there is no prototype \"\(name.string)\"")
      }
      return prototype
    case (nil, let file?):
      let path = try prototypeFile(file)
      do { return try filePrototype(path) } catch {
        throw ScreeningError.invalid("\(file.location): \(describe(error))")
      }
    default:
      throw ScreeningError.invalid("\(value.location): give either prototype or file")
    }
  }

  private func prototypeFile(_ value: ConfigurationValue) throws -> String {
    try existingPath(value, relativeTo: folder, kind: "a structure file")
  }

  private func shaped(_ prototype: Prototype, _ value: ConfigurationValue) throws -> Prototype {
    try value["parameters"].entries.reduce(prototype) { shape, entry in
      do { return try shape.with([entry.key: entry.value.number]) } catch {
        throw ScreeningError.invalid("\(entry.value.location): \(describe(error))")
      }
    }
  }

  private func element(_ value: ConfigurationValue) throws -> Element {
    guard let element = Element(symbol: value.string) else {
      throw ScreeningError.invalid("\(value.location): \"\(value.string)\" is no element")
    }
    return element
  }

  // MARK: Stages

  mutating func addStage(_ stage: ConfigurationValue) throws {
    let (kind, value) = stage.tagged
    switch kind {
    case "filter": stages.append(.filter(try filter(value)))
    case "symmetry": try addSymmetry(value)
    case "graph":
      writtenRule = neighborRule(value)
      stages.append(.graph(neighborRule(value)))
    case "predict": try addModel(value)
    case "energy": try addEnergies(value)
    default: try addHull(value)
    }
  }

  private func filter(_ value: ConfigurationValue) throws -> CandidateFilter {
    func elements(_ key: String) throws -> Set<Element>? {
      try value.optional(key).map { Set(try $0.elements.map { try element($0) }) }
    }
    func range(_ least: String, _ most: String, _ limit: Int) throws -> ClosedRange<Int> {
      let (low, high) = (value.optional(least)?.integer ?? 1, value.optional(most)?.integer ?? limit)
      guard low <= high else {
        throw ScreeningError.invalid("\(value.location): \(least) \(low) is above \(most) \(high)")
      }
      return low...high
    }
    var filter = CandidateFilter(name: value.string("name"))
    filter.onlyElements = try elements("only_elements")
    filter.withoutElements = try elements("without_elements") ?? []
    filter.withElements = try elements("with_elements") ?? []
    filter.elementCounts = try range("minimum_elements", "maximum_elements", 118)
    filter.siteCounts = try range("minimum_sites", "maximum_sites", Int.max)
    filter.compositions = try value.optional("formulas").map { list in
      Set(
        try list.elements.map { item in
          do { return try Composition(formula: item.string).reduced } catch {
            throw ScreeningError.invalid("\(item.location): \"\(item.string)\" is no formula: \(error)")
          }
        })
    }
    return filter
  }

  private mutating func addSymmetry(_ value: ConfigurationValue) throws {
    let distance = value.optional("maximum_distance")
    if let distance, !stages.contains(where: { placesCandidates($0) }) {
      throw ScreeningError.invalid(
        "\(distance.location): no hull stage and no model of \(hullDistanceProperty) stands before this one to say "
          + "how far candidates are above the hull")
    }
    stages.append(
      .symmetry(tolerance: value.number("tolerance"), maximumDistance: distance?.number))
  }

  /// Whether a stage says how far candidates are above the hull.
  private func placesCandidates(_ stage: CampaignPlan.Stage) -> Bool {
    switch stage {
    case .hull: true
    case .predict(let model): models[model].property == hullDistanceProperty
    case .filter, .symmetry, .graph, .energy: false
    }
  }

  private func neighborRule(_ value: ConfigurationValue) -> NeighborRule {
    value.string("neighbors") == "voronoi"
      ? .voronoi(minimumSolidAngleFraction: value.number("minimum_solid_angle"))
      : .nearest(count: value.integer("count"), cutoff: value.number("cutoff"))
  }

  private mutating func addModel(_ value: ConfigurationValue) throws {
    let path = try resources.path(value["model"], relativeTo: folder, .model)
    guard !RegressionFolder.isRegression(at: path) else { return try addRegression(path, value) }
    let model: ModelFolder
    do {
      model = try ModelFolder(path: path).selecting(value.optional("target")?.string)
    } catch let error as ScreeningError {
      guard case .invalid(let reason) = error else { throw error }
      throw ScreeningError.invalid("\((value.optional("target") ?? value).location): \(reason)")
    }
    let name = value.optional("name")?.string ?? model.card.name
    try checkName(name, value)
    let rule = model.card.configuration.requirements.neighbors
    if let writtenRule, writtenRule != rule {
      throw ScreeningError.invalid(
        "\(value.location): \(name) was trained on \(describe(rule)); the graph stage before it gives "
          + "\(describe(writtenRule)). Without a graph stage every model gets its own graph")
    }
    // Graphs that an earlier model asked for serve again.
    if !stages.contains(where: { if case .graph(rule) = $0 { true } else { false } }) {
      stages.append(.graph(rule))
    }
    let isEnergy = [formationEnergyProperty, hullDistanceProperty].contains(model.card.property)
    guard model.card.configuration.task == .regression || !isEnergy else {
      throw ScreeningError.invalid(
        "\(value.location): \(name) is a classifier and gives the probability of a class, which it calls "
          + "\(model.card.property); candidates are ranked by energies, so its class needs another name")
    }
    models.append(CampaignPlan.Model(name: name, origin: .ensemble(model)))
    stages.append(.predict(models.count - 1))
  }

  /// A regression needs no graph stage: its features are made of the crystal itself.
  private mutating func addRegression(_ path: String, _ value: ConfigurationValue) throws {
    let model = try RegressionFolder(path: path)
    let name = value.optional("name")?.string ?? model.card.name
    try checkName(name, value)
    if let target = value.optional("target"), target.string != model.card.property {
      throw ScreeningError.invalid("\(target.location): \(name) predicts \(model.card.property) alone")
    }
    guard model.describesAnyCrystal else {
      throw ScreeningError.invalid(
        "\(value.location): \(name) takes numbers of another program for each crystal, which a campaign does not have; "
          + "sluice predict --features takes them")
    }
    models.append(CampaignPlan.Model(name: name, origin: .regression(try RegressionPredictor(model))))
    stages.append(.predict(models.count - 1))
  }

  private func checkName(_ name: String, _ value: ConfigurationValue) throws {
    guard !models.contains(where: { $0.name == name }) else {
      throw ScreeningError.invalid(
        "\(value.location): two models are named \"\(name)\"; give one another name")
    }
  }

  private mutating func addEnergies(_ value: ConfigurationValue) throws {
    let (name, column) = (value.string("name"), value.string("column"))
    try checkName(name, value)
    for source in sources {
      guard case .decoration(let decoration) = source else { continue }
      throw ScreeningError.invalid(
        "\(value.location): candidates made by decorating \(decoration.prototype.name) have no column \"\(column)\""
      )
    }
    let offsets = try offsets(value).map { try EnergyOffsetTable(path: $0) }
    models.append(CampaignPlan.Model(name: name, origin: .column(column, offsets: offsets)))
    stages.append(.energy(models.count - 1, column: column, offsets: offsets))
  }

  /// The path of a stage's table of offsets, whose digest becomes part of the plan.
  private mutating func offsets(_ stage: ConfigurationValue) throws -> String? {
    guard let value = stage.optional("offsets") else { return nil }
    let path = try existingPath(value, relativeTo: folder, kind: "a table of offsets")
    offsetDigests.append(try InputDigest.of(path))
    return path
  }

  private mutating func addHull(_ value: ConfigurationValue) throws {
    let path = try resources.path(value["reference"], relativeTo: folder, .reference)
    let loaded = try ReferenceFile.load(
      path, reading: ReferenceReading(offsets: try offsets(value)), index: referenceIndex)
    references = loaded
    let energies = models.indices.filter { models[$0].property == formationEnergyProperty }
    guard !energies.isEmpty else {
      throw ScreeningError.invalid(
        "\(value.location): no model of \(formationEnergyProperty) and no energy stage stands before the hull stage"
      )
    }
    referenceDigests.append(try InputDigest.of(path))
    let competitors = try value.optional("competitors").map { section in
      guard energies.contains(where: { models[$0].predicts }) else {
        throw ScreeningError.invalid(
          "\(section.location): no model of \(formationEnergyProperty) stands before the hull stage to predict "
            + "competitors; energies of the input predict nothing")
      }
      return try self.competitors(section, loaded.references)
    }
    stages.append(
      .hull(
        HullStage(
          references: loaded.references,
          options: HullOptions(excludesSameComposition: value.boolean("exclude_same_composition")),
          models: energies,
          coverage: CoverageRules(value["coverage"]),
          competitors: competitors)))
  }

  private func competitors(
    _ value: ConfigurationValue, _ references: HullReferences
  ) throws -> CompetitorPlan {
    let elements: [Element]
    if let given = value.optional("elements") {
      elements = Set(try given.elements.map { try competingElement($0) }).sorted()
    } else {
      elements = campaignElements(references)
    }
    let volume = CellVolume.estimated(factor: value.number("volume_factor"))
    var names: Set<String> = []
    let decorations = try value.elements("prototypes").compactMap { name -> Decoration? in
      guard names.insert(name.string).inserted else {
        throw ScreeningError.invalid("\(name.location): \(name.string) stands twice in the list")
      }
      guard let prototype = Prototype.named(name.string) else {
        throw ScreeningError.invalid("\(name.location): there is no prototype \"\(name.string)\"")
      }
      // Fewer elements than labels make no decoration.
      guard elements.count >= prototype.labels.count else { return nil }
      do {
        return try Decoration(
          prototype: prototype,
          elements: Dictionary(uniqueKeysWithValues: prototype.labels.map { ($0, elements) }), volume: volume)
      } catch {
        throw ScreeningError.invalid("\(name.location): \(describe(error))")
      }
    }
    return CompetitorPlan(decorations: decorations, elements: elements)
  }

  /// An element that competitors are asked to be made of; their cells are guessed by its volume.
  private func competingElement(_ value: ConfigurationValue) throws -> Element {
    let element = try element(value)
    guard elementalVolume(of: element) != nil else {
      throw ScreeningError.invalid(
        "\(value.location): \(element) has no tabulated volume; no competitors can be made of it")
    }
    return element
  }

  /// The elements that candidates can be made of, as far as the plan tells: those that prototypes are decorated with, or
  /// where an archive is among the inputs all that the references know; without those that the filters before the hull
  /// stage keep out, that no model knows, or whose volume is not tabulated.
  private func campaignElements(_ references: HullReferences) -> [Element] {
    var elements: Set<Element> = []
    for source in sources {
      switch source {
      case .decoration(let decoration): elements.formUnion(decoration.choices.joined())
      case .archive: elements.formUnion(references.elements)
      }
    }
    for case .filter(let filter) in stages {
      elements.subtract(filter.withoutElements)
      if let only = filter.onlyElements { elements.formIntersection(only) }
    }
    return elements.filter {
      $0.atomicNumber <= InputRequirements.largestAtomicNumber && elementalVolume(of: $0) != nil
    }.sorted()
  }

  /// Checks what only the whole list of stages shows.
  func checkOrder(_ value: ConfigurationValue) throws {
    func count(_ matches: (CampaignPlan.Stage) -> Bool) -> Int { stages.filter(matches).count }
    let hulls = count { if case .hull = $0 { true } else { false } }
    guard hulls <= 1 else {
      throw ScreeningError.invalid("\(value.location): a campaign has at most one hull stage")
    }
    guard count({ if case .symmetry = $0 { true } else { false } }) <= 1 else {
      throw ScreeningError.invalid("\(value.location): a campaign has at most one symmetry stage")
    }
    let names = stages.compactMap { stage in if case .filter(let filter) = stage { filter.name } else { nil }
    }
    guard Set(names).count == names.count else {
      throw ScreeningError.invalid(
        "\(value.location): two filters share a name; their counts could not be told apart")
    }
  }
}

/// The property that a distance to the hull can be taken of.
let formationEnergyProperty = "formation_energy_per_atom"

/// The property that is a distance to the hull.
let hullDistanceProperty = "e_above_hull"
