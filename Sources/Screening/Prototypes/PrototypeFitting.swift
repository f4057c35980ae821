internal import Foundation
internal import Prototypes

/// What a fit to known members found.
public struct PrototypeFitReport: Sendable {
  /// A quantity that was fitted: the volume, or a parameter by its name.
  public struct Quality: Sendable {
    /// Its name.
    public let name: String
    /// Median deviation of one value for all; relative for the volume.
    public let plain: Double
    /// Median deviation of the fit on members left out of it; relative for the volume.
    public let fitted: Double
    /// How strongly the fit is drawn to the plain estimate, in members.
    public let ridge: Double
  }

  /// Name of the prototype.
  public let prototype: String
  /// Crystals that were looked at.
  public let crystalCount: Int
  /// Crystals that are members.
  public let memberCount: Int
  /// Members left out since an element has no tabulated volume.
  public let leftOutCount: Int
  /// Median volume over the sum of the volumes of the elements.
  public let volumeRatio: Double
  /// For each parameter of the prototype its median over the members.
  public let medians: [(name: String, median: Double)]
  /// The volume, then the parameters.
  public let qualities: [Quality]
  /// Records that could not be read, by reason.
  public let rejected: [String: Int]
}

/// Fits volumes and shapes of a prototype to its known members in archives.
public struct PrototypeFitting: Sendable {
  private let prototype: Prototype
  private let jobs: Int

  /// A fit for a built-in prototype or for that of a structure file.
  ///
  /// - Throws: `ScreeningError` where there is neither.
  public init(_ name: String, jobs: Int) throws {
    prototype = try knownPrototype(name)
    self.jobs = jobs
  }

  /// Finds the members among the crystals of archives, fits, and writes the table.
  ///
  /// - Throws: `ScreeningError` for archives that cannot be read and for too few members.
  public func fit(_ archives: [String], to output: String) throws -> PrototypeFitReport {
    let matcher = PrototypeMatcher(prototype)
    var members: [PrototypeMatch] = []
    var sources: [String] = []
    var crystals = 0
    var rejected: [String: Int] = [:]
    for path in archives {
      var report = TableReport()
      var found = 0
      try streamCrystals(
        path, jobs: jobs, report: &report,
        work: { _, records in records.map { .value(matcher.match($0.structure)) } },
        write: { (match: PrototypeMatch?) in
          guard let match else { return }
          members.append(match)
          found += 1
        })
      crystals += report.written
      rejected.merge(report.rejected) { $0 + $1 }
      let name = URL(filePath: path).lastPathComponent
      sources.append(
        "\(counted(found, "member")) among \(counted(report.written, "crystal")) of \(name), "
          + "digest \(try InputDigest.of(path))")
    }
    let fit = try fit(members)
    try SiteModelFile.write(fit.model, comments: comments(fit, sources), to: output)
    return PrototypeFitReport(
      prototype: prototype.name, crystalCount: crystals, memberCount: fit.memberCount,
      leftOutCount: fit.leftOutCount, volumeRatio: fit.volumeRatio,
      medians: zip(prototype.parameters, fit.medians).map { ($0.name, $1) },
      qualities: fit.qualities.map {
        PrototypeFitReport.Quality(name: $0.name, plain: $0.plain, fitted: $0.fitted, ridge: $0.ridge)
      }, rejected: rejected)
  }

  private func fit(_ members: [PrototypeMatch]) throws -> SiteModelFit {
    do { return try SiteModelFit(prototype, members: members) } catch {
      throw ScreeningError.invalid("\(prototype.name): \(error)")
    }
  }

  private func comments(_ fit: SiteModelFit, _ sources: [String]) -> [String] {
    var lines = [
      "What an element does on a site of \(prototype.name): the volume it takes up by the plain estimate, by which "
        + "share it stretches the cell, and what it adds to each free parameter.",
      "Fitted to \(counted(fit.memberCount, "known member")); elements with members 0 have the plain estimate.",
    ]
    lines += sources
    for quality in fit.qualities {
      lines.append(
        String(
          format: "%@: median deviation %.4f plain, %.4f on members left out (ridge %g)", quality.name,
          quality.plain, quality.fitted, quality.ridge))
    }
    return lines
  }
}
