import Foundation
import ScreeningTestSupport
import TestSupport

/// Where the trials happen: a folder with a tiny model, the program under test, and the library that makes faults.
final class Workplace {
  let files: CampaignFolder
  let program: String
  let isShort: Bool
  private let shim: String

  /// - Throws: where the library cannot be compiled.
  init(program: String, isShort: Bool) throws {
    files = try CampaignFolder()
    self.program = program
    self.isShort = isShort
    shim = files.folder.path("faults.so")
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "preload.c").path
    let compiled = try ChildProcess.run(
      "/usr/bin/env", ["cc", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"])
    guard compiled.exitCode == 0 else { throw Trouble("\(source) does not compile: \(compiled.errors)") }
    // Elements of their own for all but a few, so that some candidates are rejected by the hull.
    let elements = Self.symbols.filter { !["Au", "Hg", "Xe", "Te"].contains($0) }
    let phases = CampaignFolder.phases.map { "\($0.formula),\($0.energy)\n" } + elements.map { "\($0),0\n" }
    try files.folder.write("formula,formation_energy_per_atom\n" + phases.joined(), to: "phases.csv")
  }

  /// A fault to make in the program.
  struct Fault {
    enum Mode: String { case none, kill, torn, full, error, short }
    var mode: Mode
    var call: Int
    /// Folder or file whose calls count.
    var folder: String
  }

  func path(_ name: String) -> String { files.folder.path(name) }

  /// Runs the program to its end, however that comes.
  func sluice(_ arguments: [String], fault: Fault? = nil, settings: [String] = []) throws -> Ending {
    let log = path("calls")
    var words = ["SWIFT_BACKTRACE=enable=no"] + settings
    if let fault {
      words += [
        "LD_PRELOAD=\(shim)", "SLUICE_FAULT_FOLDER=\(fault.folder)", "SLUICE_FAULT_AT=\(fault.call)",
        "SLUICE_FAULT_MODE=\(fault.mode.rawValue)", "SLUICE_FAULT_LOG=\(log)",
      ]
    } else if !settings.isEmpty {
      words.append("LD_PRELOAD=\(shim)")
    }
    let outcome = try ChildProcess.run(
      "/usr/bin/env", ["timeout", "-k", "5", "120", "env"] + words + [program] + arguments)
    return Ending(
      code: outcome.exitCode ?? 128 + (outcome.signal ?? 0), output: outcome.output, errors: outcome.errors)
  }

  /// Starts the program, to be killed from outside.
  func start(_ arguments: [String]) throws -> ChildProcess { try ChildProcess(program, arguments) }

  /// How many calls that write a run makes below its folder.
  func callCount(_ arguments: [String], folder: String) throws -> Int {
    let ending = try sluice(arguments, fault: Fault(mode: .none, call: 0, folder: folder))
    guard let count = Int(try files.folder.lines("calls").first ?? "") else {
      throw Trouble("no count of calls: \(ending.errors)")
    }
    return count
  }

  func runArguments(_ campaign: String, _ directory: String, jobs: Int = 1) -> [String] {
    ["run", campaign, "--run-directory", path(directory), "--jobs", "\(jobs)"]
  }

  /// What users see of a run: the ranked table and the rejections, as the program exports them.
  func result(_ directory: String) throws -> RunResult {
    func export(_ selection: String) throws -> String {
      let ending = try sluice(
        ["export", path(directory), "--select", selection, "--output", path("export.csv")])
      guard ending.code == 0 else { throw Trouble("export of \(directory): \(ending.errors)") }
      return try files.folder.text("export.csv")
    }
    return RunResult(ranking: try export("all"), rejections: try export("rejected"))
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }

  static let symbols = """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo \
    Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl \
    Pb Bi Th U
    """.split(separator: " ").map(String.init)
}

/// How a call of the program ended; 128 and a signal's number where one ended it, as a shell says it.
struct Ending {
  let code: Int
  let output: String
  let errors: String

  var wasKilled: Bool { code == 137 }
  /// Ended by a fault of its own, or not at all: never an answer to bad input.
  var isCrash: Bool { code >= 124 && code != 137 }
}

/// The exported ranking and rejections of a run.
struct RunResult: Equatable {
  let ranking: String
  let rejections: String

  private var lines: [String: Int] {
    Dictionary((ranking + rejections).split(separator: "\n").map { (String($0), 1) }, uniquingKeysWith: +)
  }

  /// Records of `whole` that are missing here, and records here that are not in `whole` or there once more.
  func difference(from whole: RunResult) -> (lost: Int, doubled: Int) {
    guard self != whole else { return (0, 0) }
    let (here, there) = (lines, whole.lines)
    let lost = there.reduce(0) { $0 + max(0, $1.value - (here[$1.key] ?? 0)) }
    let doubled = here.reduce(0) { $0 + max(0, $1.value - (there[$1.key] ?? 0)) }
    return (lost, doubled)
  }
}

/// A trial that could not be made, or that showed what must not be.
struct Trouble: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
