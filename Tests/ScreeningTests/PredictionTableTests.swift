import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Tables of predictions and graphs") struct PredictionTableTests {
  let files: CampaignFolder
  let model: ModelFolder
  let archive: String
  let good: Int

  init() throws {
    files = try CampaignFolder()
    model = try ModelFolder(path: files.folder.path("model"))
    var generator = SeededGenerator(seed: 2)
    var lines: [String] = []
    for number in 0..<300 {
      let structure = try randomStructure(siteCount: 1 + number % 4, using: &generator)
      lines.append(
        try recordLine(id: "c\(number)", structure: structure, properties: ["gap": Double(number) / 100]))
    }
    lines[17] = "{\"id\":"
    lines[130] = lines[130].replacing("\"gap\"", with: "\"nothing\"")
    lines[200] =
      "{\"id\":\"heavy\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Lr\"],\"frac_coords\":[[0,0,0]]}"
    good = 298
    archive = try files.folder.write(lines.joined(separator: "\n") + "\n", to: "crystals.jsonl")
  }

  @Test func `predictions come in the order of the input and do not depend on jobs`() throws {
    var texts = Set<String>()
    for jobs in 1...3 {
      let report = try PredictionTable(model, jobs: jobs).write(
        archive, to: files.folder.path("out.csv"), members: true)
      #expect(report.written == good)
      #expect(report.rejected == ["truncated": 1, "element_not_in_model": 1])
      texts.insert(try files.folder.text("out.csv"))
    }
    #expect(texts.count == 1)
    let rows = records(ofCSV: texts.first ?? "")
    #expect(rows.map { $0["id"] } == (0..<300).filter { $0 != 17 && $0 != 200 }.map { "c\($0)" })
    for row in rows {
      let members = ["member_0", "member_1"].compactMap { row[$0].flatMap { Double($0) } }
      #expect(members.count == 2)
      let mean = try #require(row["prediction"].flatMap { Double($0) })
      #expect(abs(mean - members.reduce(0, +) / 2) < 1e-9)
    }
  }

  @Test func `what a table is made from is not replaced by it`() throws {
    let before = try files.folder.text("crystals.jsonl")
    let table = PredictionTable(model, jobs: 1)
    let texts = [
      message { _ = try table.write(archive, to: archive, members: false) },
      message {
        _ = try table.evaluate(archive, property: "gap", output: files.folder.path("./crystals.jsonl"))
      },
      message { _ = try GraphTable(.nearest(count: 4, cutoff: 8), jobs: 1).write(archive, to: archive) },
    ]
    for text in texts { #expect(text.contains("would replace"), "\(text)") }
    #expect(try files.folder.text("crystals.jsonl") == before)
  }

  @Test func `errors are those of the table of predictions`() throws {
    _ = try PredictionTable(model, jobs: 2).write(archive, to: files.folder.path("out.csv"), members: false)
    var errors: [Double] = []
    let predictions = records(ofCSV: try files.folder.text("out.csv"))
    for row in predictions where row["id"] != "c130" {
      let number = try #require(row["id"].flatMap { Double($0.dropFirst()) })
      let value = try #require(row["prediction"].flatMap { Double($0) })
      errors.append(value - number / 100)
    }
    let evaluation = try PredictionTable(model, jobs: 2).evaluate(
      archive, property: "gap", output: files.folder.path("compared.csv"))
    #expect(evaluation.recordsWithoutProperty == 1)
    #expect(evaluation.rejected == ["truncated": 1, "element_not_in_model": 1])
    let found = try #require(evaluation.ensemble.errors)
    #expect(found.count == errors.count)
    let absolute = errors.map { abs($0) }.sorted()
    #expect(
      abs(found.meanAbsoluteError - absolute.reduce(0, +) / Double(absolute.count)) < 1e-9)
    #expect(abs(found.medianAbsoluteError - absolute[absolute.count / 2]) < 1e-9)
    #expect(abs(found.worstError - (absolute.last ?? 0)) < 1e-9)
    #expect(evaluation.members.count == 2)
    let error = #expect(throws: ScreeningError.self) {
      _ = try PredictionTable(model, jobs: 1).evaluate(archive, property: "absent")
    }
    #expect(error?.description.contains("\"absent\"") == true)
    let compared = records(ofCSV: try files.folder.text("compared.csv"))
    #expect(
      compared.map { $0["prediction"] } == predictions.filter { $0["id"] != "c130" }.map { $0["prediction"] })
    for (row, error) in zip(compared, errors) {
      let value = try #require(row["value"].flatMap { Double($0) })
      let prediction = try #require(row["prediction"].flatMap { Double($0) })
      #expect(abs(prediction - value - error) < 1e-9)
      #expect(row["member_1"] != nil && row["std"] != nil)
    }
    let small = try PredictionTable(model, jobs: 1).evaluate(
      archive, property: "gap", maximumSites: 2, output: files.folder.path("compared.csv"))
    #expect(small.recordsLeftOut == 150)
    #expect(records(ofCSV: try files.folder.text("compared.csv")).count == small.ensemble.errors?.count)
  }

  @Test func `every edge of a graph table has the length of its sites and image`() throws {
    var generator = SeededGenerator(seed: 5)
    let structure = try randomStructure(siteCount: 4, using: &generator)
    let path = try files.folder.write(try recordLine(id: "x", structure: structure), to: "one.jsonl")
    let report = try GraphTable(.nearest(count: 12, cutoff: 8), jobs: 1).write(
      path, to: files.folder.path("edges.csv"))
    #expect(report.written == 1)
    let rows = records(ofCSV: try files.folder.text("edges.csv"))
    #expect(rows.count == 48)
    for row in rows {
      let site = try #require(row["site"].flatMap { Int($0) })
      let neighbor = try #require(row["neighbor"].flatMap { Int($0) })
      let distance = try #require(row["distance_A"].flatMap { Double($0) })
      let image = try #require(row["image"]).split(separator: " ").compactMap { Double($0) }
      #expect(image.count == 3)
      let positions = structure.fractionalPositions
      let difference = positions[neighbor] + SIMD3(image[0], image[1], image[2]) - positions[site]
      #expect(abs(length(structure.lattice.cartesian(difference)) - distance) < 1e-9)
    }
  }

  @Test func `the facets of a Voronoi table close each cell and fill the crystal`() throws {
    var generator = SeededGenerator(seed: 6)
    let structure = try randomStructure(siteCount: 4, using: &generator)
    let path = try files.folder.write(try recordLine(id: "x", structure: structure), to: "one.jsonl")
    let table = GraphTable(.voronoi(minimumSolidAngleFraction: 0), jobs: 1)
    #expect(try table.write(path, to: files.folder.path("facets.csv")).written == 1)
    var angles = [Double](repeating: 0, count: 4)
    var volume = 0.0
    for row in records(ofCSV: try files.folder.text("facets.csv")) {
      let site = try #require(row["site"].flatMap { Int($0) })
      angles[site] += try #require(row["solid_angle_sr"].flatMap { Double($0) })
      volume += try #require(row["volume_A3"].flatMap { Double($0) })
      let area = try #require(row["area_A2"].flatMap { Double($0) })
      let distance = try #require(row["distance_A"].flatMap { Double($0) })
      #expect(area > 0 && distance > 0.5)
    }
    for angle in angles { #expect(abs(angle - 4 * Double.pi) < 1e-9) }
    #expect(abs(volume / structure.lattice.volume - 1) < 1e-9)
  }
}
