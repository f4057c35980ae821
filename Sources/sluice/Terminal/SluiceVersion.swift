import Screening

/// The version that `--version` prints and runs record.
enum SluiceVersion {
  static let current = programVersion
}
