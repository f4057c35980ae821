import Crystal
import Foundation
import Networks
import Prototypes
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Site energies") struct SiteEnergyTests {
  let folder: TemporaryFolder
  let archive: String
  /// The good ones.
  private(set) var crystals: [(id: String, structure: Structure)] = []

  init() throws {
    folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 11)
    var lines: [String] = []
    for number in 0..<150 {
      // Shuffled supercells, in which each site has equals.
      let cell = try randomStructure(siteCount: 1 + number % 3, using: &generator)
      let structure = try cell.supercell([1, 2, 1]).reordered(using: &generator)
      lines.append(try recordLine(id: "c,\(number)", structure: structure))
      if number != 17, number != 100 { crystals.append(("c,\(number)", structure)) }
    }
    lines[17] = "{\"id\":"
    lines[100] =
      "{\"id\":\"heavy\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Lr\"],\"frac_coords\":[[0,0,0]]}"
    archive = try folder.write(lines.joined(separator: "\n") + "\n", to: "crystals.jsonl")
  }

  private static var additive: NetworkConfiguration {
    var network = GCN()
    (network.nodeWidth, network.hiddenWidth, network.readout) = (16, 16, .additive)
    return NetworkConfiguration(network)
  }

  private static var angles: NetworkConfiguration {
    var network = ALIGNN()
    (network.width, network.embeddingWidth) = (16, 16)
    (network.angleConvolutionCount, network.bondConvolutionCount) = (1, 1)
    return NetworkConfiguration(network)
  }

  private func model(_ configuration: NetworkConfiguration, property: String = "formation_energy_per_atom")
    throws -> ModelFolder
  {
    let path = folder.path("model-\(configuration.key)")
    try TinyModel.write(to: path, property: property, configuration: configuration)
    return try ModelFolder(path: path)
  }

  @Test(arguments: [additive, angles])
  func
    `site energies sum to the prediction times the sites, whatever the jobs, and predictions stay the same`(
      configuration: NetworkConfiguration
    ) throws
  {
    let model = try model(configuration)
    var tables = Set<[String]>()
    for jobs in 1...3 {
      let report = try PredictionTable(model, jobs: jobs).write(
        archive, to: folder.path("out.csv"), members: true, sites: folder.path("sites.csv"))
      #expect(report.written == 148 && report.rejected == ["truncated": 1, "element_not_in_model": 1])
      tables.insert([try folder.text("out.csv"), try folder.text("sites.csv")])
    }
    #expect(tables.count == 1)
    _ = try PredictionTable(model, jobs: 1).write(archive, to: folder.path("plain.csv"), members: true)
    let table = try #require(tables.first)
    #expect(try folder.text("plain.csv") == table[0])
    let predictions = records(ofCSV: table[0])
    let sites = records(ofCSV: table[1])
    var rest = sites[...]
    for row in predictions {
      let own = rest.prefix { $0["id"] == row["id"] }
      rest = rest.dropFirst(own.count)
      #expect(own.map { $0["site"] } == own.indices.map { "\($0 - own.startIndex)" })
      let energies = try own.map { try #require($0["energy"].flatMap { Double($0) }) }
      let prediction = try #require(row["prediction"].flatMap { Double($0) })
      #expect(abs(energies.reduce(0, +) - prediction * Double(own.count)) < 1e-9)
      // Two of each.
      #expect(Set(energies).count <= own.count / 2)
    }
    #expect(rest.isEmpty && sites.count > 400)
    // Not all alike, or the sums would say little.
    #expect(Set(sites.compactMap { $0["energy"] }).count > 100)
  }

  @Test(arguments: [additive, angles])
  func `site energies are the means over members of what the networks give for the sites of the whole graph`(
    configuration: NetworkConfiguration
  ) throws {
    let model = try model(configuration)
    _ = try PredictionTable(model, jobs: 1).write(
      archive, to: folder.path("out.csv"), members: false, sites: folder.path("sites.csv"))
    let found = Dictionary(grouping: records(ofCSV: try folder.text("sites.csv"))) { $0["id"] ?? "" }
    let predictor = NetworkPredictor(model.parameters, givesSites: true)
    let encoder = InputEncoder(configuration.requirements)
    let scratch = InputEncoder.Scratch()
    for (id, structure) in crystals {
      var graphs = GraphCollection()
      graphs.append(
        try encoder.graph(of: structure, scratch: scratch), for: configuration.requirements)
      var values: [Float] = [0, 0]
      var sites = [Float](repeating: .nan, count: 2 * structure.siteCount)
      predictor.predict(graphs, scratch: NetworkPredictor.Scratch(), into: &values, sites: &sites)
      let energies = try #require(found[id])
      #expect(energies.map { $0["element"] } == structure.elements.map(\.symbol))
      for (site, row) in energies.enumerated() {
        let members = model.card.members.enumerated().map {
          $1.normalizer.restored(Double(sites[$0 * structure.siteCount + site]))
        }
        let energy = try #require(row["energy"].flatMap { Double($0) })
        let mean = members.reduce(0, +) / Double(members.count)
        #expect(abs(energy - mean) < 1e-4 * max(1, abs(mean)), "site \(site) of \(id)")
      }
    }
  }

  @Test func `energies stand at their sites, whatever the order of the sites`() throws {
    var generator = SeededGenerator(seed: 5)
    let cell = try randomStructure(siteCount: 4, using: &generator)
    let whole = try cell.supercell([2, 1, 1])
    // Which site of `whole` stands at each place.
    let order = Array(0..<whole.siteCount).shuffled(using: &generator)
    let shuffled = try Structure(
      lattice: whole.lattice, elements: order.map { whole.elements[$0] },
      fractionalPositions: order.map { whole.fractionalPositions[$0] })
    let path = try folder.write(
      try recordLine(id: "a", structure: whole) + "\n" + recordLine(id: "b", structure: shuffled) + "\n",
      to: "two.jsonl")
    _ = try PredictionTable(try model(Self.additive), jobs: 1).write(
      path, to: folder.path("out.csv"), members: false, sites: folder.path("sites.csv"))
    let rows = records(ofCSV: try folder.text("sites.csv"))
    let (first, second) = (rows.filter { $0["id"] == "a" }, rows.filter { $0["id"] == "b" })
    #expect(first.map { $0["element"] } == whole.elements.map(\.symbol))
    #expect(second.map { $0["element"] } == shuffled.elements.map(\.symbol))
    for (place, site) in order.enumerated() {
      let found = try #require(second[place]["energy"].flatMap { Double($0) })
      let expected = try #require(first[site]["energy"].flatMap { Double($0) })
      #expect(abs(found - expected) < 1e-5)
    }
    #expect(Set(first.compactMap { $0["energy"] }).count == 4)
  }

  @Test func `what has no site energies is refused with the reason, and leaves no file`() throws {
    func message(_ configuration: NetworkConfiguration, _ property: String) throws -> String {
      let model = try model(configuration, property: property)
      let error = #expect(throws: ScreeningError.self) {
        _ = try PredictionTable(model, jobs: 1).write(
          archive, to: folder.path("none.csv"), members: false, sites: folder.path("none-sites.csv"))
      }
      return error?.description ?? ""
    }
    #expect(
      try message(TinyModel.configuration, "formation_energy_per_atom").contains("model.readout: additive"))
    #expect(try message(Self.additive, "band_gap").contains("band_gap in eV; site energies"))
    var classifier = CGCNN()
    (classifier.nodeWidth, classifier.hiddenWidth, classifier.readout) = (16, 16, .additive)
    #expect(
      try message(NetworkConfiguration(classifier, task: .classification), "is_metal")
        .contains("is a classification"))
    for name in ["none.csv", "none-sites.csv"] {
      #expect(!FileManager.default.fileExists(atPath: folder.path(name)))
    }
  }

  // MARK: Means by element and sublattice

  /// Perovskites A B X3 with a place for each of their sites, in shuffled cells, and one crystal of another kind.
  private func perovskites() throws -> (path: String, sites: [(id: String, label: String, element: String)]) {
    var generator = SeededGenerator(seed: 3)
    let prototype = try #require(Prototype.named("perovskite"))
    let decoration = try Decoration(
      prototype: prototype,
      elements: ["A": ["Ba", "Sr"], "B": ["Ti", "Sr"], "X": ["O"]].mapValues {
        $0.compactMap { Element(symbol: $0) }
      })
    var lines: [String] = []
    var sites: [(String, String, String)] = []
    for index in 0..<decoration.count {
      let (id, cell) = decoration.candidate(at: index)
      let labels = Dictionary(
        uniqueKeysWithValues: zip(decoration.elements(at: index).map(\.symbol), prototype.labels))
      let structure = try cell.supercell([1, 1, 2]).rotated(using: &generator).reordered(using: &generator)
      lines.append(try recordLine(id: id, structure: structure))
      sites += structure.elements.map { (id, labels[$0.symbol] ?? "", $0.symbol) }
    }
    lines.append(try recordLine(id: "other", structure: try randomStructure(siteCount: 5, using: &generator)))
    return (try folder.write(lines.joined(separator: "\n") + "\n", to: "perovskites.jsonl"), sites)
  }

  /// A table of sites with energies that follow from their number.
  private func table(_ sites: [(id: String, label: String, element: String)]) throws -> String {
    var lines = ["id,site,element,energy"]
    var number = 0
    for (index, site) in sites.enumerated() {
      number = index > 0 && sites[index - 1].id == site.id ? number + 1 : 0
      lines.append("\(site.id),\(number),\(site.element),\(Double(index * index % 97) / 8 - 3)")
    }
    return try folder.write(lines.joined(separator: "\n") + "\n", to: "sites.csv")
  }

  @Test func `means and deviations are those of the sites of an element on a sublattice`() throws {
    let (path, sites) = try perovskites()
    let summary = try SiteEnergySummary(
      try table(sites), structures: path, prototype: "perovskite", jobs: 2)
    // Sr Sr is no choice of different elements.
    #expect(summary.memberCount == 3 && summary.otherCount == 0 && summary.withoutEnergies == 1)
    var expected: [String: [Double]] = [:]
    for (index, site) in sites.enumerated() {
      expected["\(site.label) \(site.element)", default: []].append(Double(index * index % 97) / 8 - 3)
    }
    #expect(
      summary.entries.map { "\($0.sublattice) \($0.element)" } == ["A Sr", "A Ba", "B Ti", "B Sr", "X O"])
    for entry in summary.entries {
      let values = try #require(expected["\(entry.sublattice) \(entry.element)"])
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
      #expect(entry.count == values.count)
      #expect(abs(entry.mean - mean) < 1e-12 && abs(entry.standardDeviation - variance.squareRoot()) < 1e-12)
    }
    let rows = records(ofCSV: summary.csvText())
    #expect(rows.map { $0["sites"] } == summary.entries.map { "\($0.count)" })
    #expect(rows.map { $0["mean_eV"] } == summary.entries.map { "\($0.mean)" })
    let svg = summary.plot()
    #expect(svg.contains("Site energy (eV)") && svg.contains(">Ba</text>"))
    // A mark for each entry and one for each sublattice in the legend; a bar for each.
    #expect(svg.components(separatedBy: "<circle").count == 1 + 5 + 3)
    #expect(svg.components(separatedBy: "stroke-width=\"1.2\"").count == 1 + 5)
    let again = try SiteEnergySummary(
      folder.path("sites.csv"), structures: path, prototype: "perovskite", jobs: 1)
    #expect(again.plot() == svg && again.csvText() == summary.csvText())
  }

  @Test(
    arguments: [
      ("Ba-Ti-O,1,", "Ba-Ti-O,7,", "line 3: site \"7\""),
      (",0,", ",0,U", "line 2: site 0"),
      ("perovskite:Ba-Ti-O,4", "nobody,4", "line 6: there is no crystal \"nobody\""),
      ("-3.0", "x", "no finite number"),
    ])
  func `a table of other crystals is refused with its line`(old: String, new: String, reason: String) throws {
    let (path, sites) = try perovskites()
    let text = String(decoding: try Data(contentsOf: URL(filePath: try table(sites))), as: UTF8.self)
    let place = try #require(text.range(of: old))
    let changed = try folder.write(text.replacingCharacters(in: place, with: new), to: "changed.csv")
    let error = #expect(throws: ScreeningError.self) {
      _ = try SiteEnergySummary(changed, structures: path, prototype: "perovskite", jobs: 1)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test
  func `a crystal of which sites are missing is refused, and so are crystals none of which is a decoration`()
    throws
  {
    let (path, sites) = try perovskites()
    let some = try table(Array(sites.dropLast()))
    let error = #expect(throws: ScreeningError.self) {
      _ = try SiteEnergySummary(some, structures: path, prototype: "perovskite", jobs: 1)
    }
    #expect(error?.description.contains("9 of 10 sites") == true)
    let all = try table(sites)
    let refusal = #expect(throws: ScreeningError.self) {
      _ = try SiteEnergySummary(all, structures: path, prototype: "spinel", jobs: 1)
    }
    #expect(refusal?.description.contains("spinel") == true)
  }
}
