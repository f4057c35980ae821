import Foundation
import Screening
import ScreeningStore
import TestSupport

extension Workplace {
  /// Cuts an archive at every 997th byte and reads what is left.
  func cuts(_ input: Input, _ report: Report) throws {
    guard let file = input.file else { return }
    let (campaign, _) = try undisturbed(input, batch: 512)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
    defer { _ = try? files.folder.write(bytes, to: file) }
    guard [0, 1].contains(try sluice(runArguments(campaign, "whole")).code) else {
      throw Trouble("no whole run")
    }
    let whole = try outcomes("whole")
    remove("whole")
    var cuts = Array(stride(from: 0, to: bytes.count, by: 997))
    if isShort { cuts = [bytes.count / 3, bytes.count - 30] }
    var (said, refused, atBoundary, continued, misread) = (0, 0, 0, 0, 0)
    for (number, cut) in cuts.enumerated() {
      try files.folder.write(Array(bytes[..<cut]), to: file)
      let ending = try sluice(runArguments(campaign, "run"))
      defer { remove("run") }
      let what = "\(input.name), cut at byte \(cut) of \(bytes.count)"
      guard [0, 1, 2].contains(ending.code) else {
        report.fail("\(what): ended with \(ending.code): \(ending.errors)")
        continue
      }
      if ending.code == 2 {
        refused += 1
        if !ending.errors.hasPrefix("error: ") { report.fail("\(what): \(ending.errors)") }
        continue
      }
      let found = try outcomes("run")
      // All outcomes but those of the damage are the first ones of the whole archive.
      let same = zip(found, whole).prefix { $0 == $1 }.count
      let rest = found.dropFirst(same)
      let isSaid = rest.contains(where: saysDamage)
      // The last number of a plain text may be cut into another number; no reader can know.
      if rest.count == 1, rest.first?.reason == nil, input.endsWithNumber {
        misread += 1
      } else if rest.contains(where: { $0.reason == nil }) {
        report.fail("\(what): a row that is not in the whole archive")
      }
      if isSaid { said += 1 } else { atBoundary += 1 }
      if !isSaid, found.count < whole.count, !input.endsWithNumber, !endsWholly(bytes, cut) {
        report.fail("\(what): \(found.count) of \(whole.count) records and not a word")
      }
      // The mended archive is another input: refused, by name.
      if number % 10 == 0 {
        try files.folder.write(bytes, to: file)
        let resumed = try sluice(runArguments(campaign, "run"))
        if resumed.code == 2, resumed.errors.contains("digest") {
          continued += 1
        } else {
          report.fail(
            "\(what): resuming with the whole archive ended with \(resumed.code): \(resumed.errors)")
        }
      }
    }
    report.add(
      "cut archive", input.name, tries: cuts.count,
      "\(said) damage reported as a rejection, \(refused) refused as no archive, \(atBoundary - misread) cut between records, "
        + "\(misread) cut within the last number of a plain text; "
        + "\(continued) resumes with the whole archive refused")
  }

  /// Whether a text of lines is cut where a line, and with it perhaps the archive, ends.
  private func endsWholly(_ bytes: [UInt8], _ cut: Int) -> Bool {
    cut == 0 || bytes[cut - 1] == 10 || bytes[cut] == 10
  }

  /// One outcome of a run as something to compare.
  struct Found: Equatable {
    let record: Int
    let id: String
    let energy: UInt64?
    let reason: String?

    /// The same outcome of a record without a name.
    var withoutID: Found { Found(record: record, id: "", energy: energy, reason: reason) }
  }

  /// Whether an outcome is one that damaged bytes have.
  private func saysDamage(_ outcome: Found) -> Bool {
    ["truncated", "unreadable", "not_a_crystal", "unknown_element", "too_large"].contains(outcome.reason)
  }

  func outcomes(_ directory: String) throws -> [Found] {
    let store = try openRun(path(directory))
    var found: [Found] = []
    try store.forEachRow {
      found.append(
        Found(
          record: $0.row.key.record, id: $0.row.materialID, energy: $0.row.scores.first?.mean.bitPattern,
          reason: nil))
    }
    try store.forEachRejection {
      found.append(Found(record: $0.key.record, id: $0.materialID ?? "", energy: nil, reason: $0.reason))
    }
    try store.close()
    return found.sorted { $0.record < $1.record }
  }

  /// Flips single bits of an archive.
  func flipsInArchive(_ input: Input, _ report: Report) throws {
    guard let file = input.file else { return }
    let (campaign, _) = try undisturbed(input, batch: 512)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
    defer { _ = try? files.folder.write(bytes, to: file) }
    _ = try sluice(runArguments(campaign, "whole"))
    let whole = try outcomes("whole")
    remove("whole")
    var generator = SeededGenerator(seed: 77)
    var (said, refused, unchanged, silent, names) = (0, 0, 0, 0, 0)
    let tries = isShort ? 3 : 60
    for _ in 0..<tries {
      let bit = Int.random(in: 0..<8 * bytes.count, using: &generator)
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      try files.folder.write(flipped, to: file)
      let ending = try sluice(runArguments(campaign, "run"))
      defer { remove("run") }
      let what = "\(input.name), bit \(bit) flipped"
      guard [0, 1, 2].contains(ending.code) else {
        report.fail("\(what): ended with \(ending.code): \(ending.errors)")
        continue
      }
      if ending.code == 2 {
        refused += 1
        continue
      }
      let found = try outcomes("run")
      if found == whole {
        unchanged += 1
      } else if found.contains(where: { saysDamage($0) && !whole.contains($0) }) {
        said += 1
      } else {
        silent += 1
        // The names in a zip file's headers are under no checksum, and a record may be called after them.
        let isNameAlone =
          input.file?.hasSuffix(".zip") == true && found.map(\.withoutID) == whole.map(\.withoutID)
        if isNameAlone { names += 1 }
        if input.hasChecksum, !isNameAlone {
          report.fail("\(what): other results and not a word, with a checksum")
        }
      }
    }
    report.add(
      "flip: archive", input.name, tries: tries,
      "\(said) reported as rejections, \(refused) refused, \(unchanged) without effect, \(silent) read as another value"
        + (input.hasChecksum
          ? (names > 0 ? ", \(names) of them names of members" : "") : " (the form has no checksum)"))
  }

  /// Flips single bits of the model's weights and of an index of references, which carry checksums.
  func flipsInCheckedFiles(_ report: Report) throws {
    let indexed = try sluice(
      ["hull", "index", "--reference", path("phases.csv"), "--output", path("phases.hull")])
    guard indexed.code == 0 else { throw Trouble(indexed.errors) }
    let campaign = try files.campaign(
      named: "checked",
      stages: "- graph: {}\n- predict: {model: model}\n- hull: {reference: phases.hull}")
    let weights = try FileManager.default.contentsOfDirectory(atPath: path("model")).sorted().filter {
      $0.hasSuffix(".safetensors")
    }
    var generator = SeededGenerator(seed: 78)
    for file in ["phases.hull", "model/\(weights[0])"] {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
      defer { _ = try? files.folder.write(bytes, to: file) }
      let tries = isShort ? 5 : 200
      var refused = 0
      for _ in 0..<tries {
        let bit = Int.random(in: 0..<8 * bytes.count, using: &generator)
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        try files.folder.write(flipped, to: file)
        let ending = try sluice(runArguments(campaign, "run"))
        defer { remove("run") }
        if ending.code == 2, ending.errors.hasPrefix("error: ") {
          refused += 1
        } else {
          report.fail("\(file), bit \(bit) flipped: ended with \(ending.code): \(ending.errors)")
        }
      }
      report.add("flip: checked file", file, tries: tries, "\(refused) refused")
    }
    try flipsInRunIndex(report)
  }

  /// The index that a run keeps is a copy: a damaged one is made again.
  private func flipsInRunIndex(_ report: Report) throws {
    let campaign = try files.campaign(named: "copied")
    guard try sluice(runArguments(campaign, "run") + ["--limit", "10"]).code == 0 else {
      throw Trouble("no run")
    }
    let file = "run/" + CampaignRun.referenceIndexName
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
    var generator = SeededGenerator(seed: 79)
    let tries = isShort ? 2 : 40
    var mended = 0
    for _ in 0..<tries {
      let bit = Int.random(in: 0..<8 * bytes.count, using: &generator)
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      try files.folder.write(flipped, to: file)
      let ending = try sluice(runArguments(campaign, "run") + ["--limit", "1"])
      let now = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
      if ending.code == 0, now == bytes {
        mended += 1
      } else {
        report.fail("\(file), bit \(bit) flipped: ended with \(ending.code), not mended: \(ending.errors)")
      }
    }
    remove("run")
    report.add("flip: checked file", "index within a run", tries: tries, "\(mended) made again")
  }

  /// Flips single bits of a finished and of an unfinished run's store, which has no checksum.
  func flipsInStore(_ report: Report) throws {
    let campaign = try files.campaign(named: "stored")
    for (subject, limit) in [("finished run", nil), ("unfinished run", "30")] as [(String, String?)] {
      let arguments = runArguments(campaign, "run") + (limit.map { ["--limit", $0] } ?? [])
      guard try sluice(arguments).code == 0 else { throw Trouble("no run") }
      let whole = try sluice(runArguments(campaign, "other"))
      guard whole.code == 0 else { throw Trouble(whole.errors) }
      let expected = try result(limit == nil ? "run" : "other")
      let file = "run/" + CampaignRun.storeName
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path(file))))
      var generator = SeededGenerator(seed: 80)
      let tries = isShort ? 4 : 150
      var (refused, unchanged, silent) = (0, 0, 0)
      for _ in 0..<tries {
        let bit = Int.random(in: 0..<8 * bytes.count, using: &generator)
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        for suffix in ["-wal", "-shm"] { remove(file + suffix) }
        try files.folder.write(flipped, to: file)
        let ending = try sluice(runArguments(campaign, "run"))
        if ![0, 1, 2].contains(ending.code) {
          report.fail("store of \(subject), bit \(bit): ended with \(ending.code): \(ending.errors)")
        }
        if ending.code != 0 {
          refused += 1
          if !ending.errors.contains("error: ") {
            report.fail("store of \(subject), bit \(bit): \(ending.errors)")
          }
          continue
        }
        let export = try sluice(["export", path("run"), "--select", "all", "--output", path("export.csv")])
        if ![0, 2].contains(export.code) {
          report.fail("export of \(subject), bit \(bit): ended with \(export.code): \(export.errors)")
        }
        // A list that cannot be exported is refused, too.
        switch try? result("run") {
        case nil: refused += 1
        case expected: unchanged += 1
        default: silent += 1
        }
      }
      remove("run")
      remove("other")
      report.add(
        "flip: store", subject, tries: tries,
        "\(refused) refused, \(unchanged) without effect, \(silent) read as another value (SQLite keeps no checksum)"
      )
    }
  }
}
