internal import PhaseStability
internal import StructureArchive

/// Checks certificates against the references they name, in exact arithmetic only.
public struct HullVerification: Sendable {
  /// A certificate that is not believed.
  public struct Failure: Hashable, Sendable {
    /// Number of its line, from 1.
    public let line: Int
    /// Why, in words.
    public let reason: String
  }

  /// What became of the certificates of a file.
  public struct Report: Hashable, Sendable {
    /// Certificates that hold.
    public internal(set) var verified = 0
    /// Those that do not, by line.
    public internal(set) var failures: [Failure] = []
    /// Of those that hold: the verdicts "within the threshold".
    public internal(set) var withinThreshold = 0
  }

  private let loaded: LoadedReferences

  /// A check against the reference phases of a file.
  ///
  /// - Throws: `ScreeningError` where they cannot be read.
  public init(reference: String, reading: ReferenceReading = ReferenceReading()) throws {
    loaded = try ReferenceFile.load(reference, reading: reading)
  }

  /// What the references are, for the person.
  public var summary: String { loaded.summary }

  /// Checks every line of a file.
  ///
  /// - Throws: `ScreeningError` where the file cannot be read or holds no certificate.
  public func verify(_ path: String) throws -> Report {
    var report = Report()
    let text = try readWholeText(path: path)
    for (index, line) in text.split(separator: 10, omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      do throws(CertificateError) {
        let certificate = try HullCertificate(jsonLine: String(decoding: line, as: UTF8.self))
        try certificate.verify(against: loaded.references)
        report.verified += 1
        if certificate.isWithin { report.withinThreshold += 1 }
      } catch {
        report.failures.append(Failure(line: index + 1, reason: describe(error)))
      }
    }
    guard report.verified + report.failures.count > 0 else {
      throw ScreeningError.unreadable(path: path, reason: "holds no certificate")
    }
    return report
  }
}
