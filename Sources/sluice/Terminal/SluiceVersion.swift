import Screening

/// What `--version` prints: the version, the commit that the program was built from, and the kernels that it uses here.
enum SluiceVersion {
  static let current = """
    sluice \(programVersion)
    commit \(programCommit ?? "unknown")
    kernels for \(kernelLevel)
    """
}
