import ArgumentParser
import Screening

/// Values of the variables of a campaign or training file.
struct VariableOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Value of a variable that the file holds as ${NAME}; may be given several times.",
      valueName: "name=value"))
  var settings: [String] = []

  /// The values by name.
  var values: [String: String] {
    Dictionary(settings.compactMap(Self.parts).map { ($0.name, $0.value) }) { first, _ in first }
  }

  func validate() throws {
    var names: Set<String> = []
    for setting in settings {
      guard let (name, value) = Self.parts(setting), !name.isEmpty else {
        throw ValidationError("--set takes NAME=VALUE, not \"\(setting)\"")
      }
      // What an unset variable of the shell leaves.
      guard !value.isEmpty else { throw ValidationError("--set \(name)= lacks a value") }
      guard names.insert(name).inserted else { throw ValidationError("--set gives \(name) twice") }
    }
  }

  private static func parts(_ setting: String) -> (name: String, value: String)? {
    guard let sign = setting.firstIndex(of: "=") else { return nil }
    return (String(setting[..<sign]), String(setting[setting.index(after: sign)...]))
  }

  /// The values of variables, and those of the engine's settings without what their names begin with.
  var forEngine: (own: [String: String], engine: [String: String]) {
    let prefix = EngineSettings.prefix
    let (own, others) = (
      values.filter { !$0.key.hasPrefix(prefix) }, values.filter { $0.key.hasPrefix(prefix) }
    )
    return (
      own,
      Dictionary(uniqueKeysWithValues: others.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    )
  }
}
