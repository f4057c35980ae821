import ArgumentParser

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
}
