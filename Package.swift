// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in CI only, so that work in progress still runs.
let isCI = Context.environment["CI"] == "true"
// The fuzzers have libFuzzer's main function, which only `make fuzz` links.
let fuzzers: [Target] =
  Context.environment["SLUICE_FUZZ"] == "true"
  ? [
    .executableTarget(
      name: "SluiceFuzz", dependencies: ["FuzzTargets"], path: "Fuzz",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ] : []
// `make` says which commit is built (scripts/commit). Context.gitInformation would be that of the first build ever after:
// manifests are evaluated anew when their text or the environment changes.
let commit = (Context.environment["SLUICE_COMMIT"] ?? "").filter { $0.isLetter || $0.isNumber || $0 == "-" }
let settings: [SwiftSetting] =
  [.enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("ExistentialAny")]
  + (isCI ? [.treatAllWarnings(as: .error)] : [])

// Modules that compute are optimized in debug builds, too: all tests together take little more than half the time.
let optimized = [
  "Crystal", "TensorKernels", "LinearAlgebra", "CrystalGraphs", "PhaseStability", "Prototypes", "Networks",
  "Regression", "Training",
]

/// One of our own modules; a module's dependencies are its layer's rule (see ARCHITECTURE.md).
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies,
    swiftSettings: settings
      + (optimized.contains(name) ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []))
}

/// The tests of a module.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.byName(name: name), "TestSupport"] + (name == "Crystal" ? [] : ["Crystal"])
      + dependencies,
    swiftSettings: settings)
}

let package = Package(
  name: "sluice",
  products: [.executable(name: "sluice", targets: ["sluice"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    .package(url: "https://github.com/attaswift/BigInt.git", from: "6.0.1"),
  ],
  targets: [
    // Values
    module("Crystal"),
    module("TextFormats"),
    .target(name: "CKernels"),
    module("TensorKernels", ["CKernels"]),
    .target(name: "COpenBLAS"),
    module("LinearAlgebra", ["COpenBLAS", "TensorKernels"]),
    module("ModelFormats", ["TextFormats"]),
    // Domain
    module("CrystalGraphs", ["Crystal"]),
    module(
      "PhaseStability",
      ["Crystal", "LinearAlgebra", "TextFormats", .product(name: "BigInt", package: "BigInt")]),
    module("Prototypes", ["Crystal"]),
    .systemLibrary(name: "CSpglib", pkgConfig: "spglib", providers: [.apt(["libsymspg-dev"])]),
    module("Symmetry", ["Crystal", "CSpglib"]),
    module("Networks", ["Crystal", "CrystalGraphs", "LinearAlgebra", "TensorKernels", "ModelFormats"]),
    module("Training", ["Crystal", "Networks", "ModelFormats", "TensorKernels"]),
    module("Regression", ["LinearAlgebra", "TensorKernels"]),
    module("Charts", ["Crystal", "PhaseStability", "TextFormats"]),
    // Edges
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // As the library itself was built, says its pkg-config file.
    .target(
      name: "CSimdjsonShim", cxxSettings: [.define("SIMDJSON_THREADS_ENABLED", to: "1")],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CGemmiShim"),
    module(
      "StructureArchive",
      ["Crystal", "CZstd", "CZlib", "CBzip2", "CLzma", "CArchive", "CSimdjsonShim", "CGemmiShim"]),
    module(
      "ScreeningStore",
      [
        "Crystal", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    module("Configuration", ["TextFormats", .product(name: "Yams", package: "Yams")]),
    module("PipelineEngine", ["COpenSSL", "TextFormats"]),
    .target(name: "CReportFiles", exclude: ["report.css", "report.js"]),
    module("Reports", ["CReportFiles", "Crystal", "PipelineEngine", "StructureArchive", "TextFormats"]),
    // Composition
    .target(name: "CCrashGuard"),
    .target(name: "CCommit", cSettings: [.define("SLUICE_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "CBuildFacts", dependencies: ["CCommit"]),
    module(
      "Screening",
      [
        "CBuildFacts", "CCrashGuard", "Crystal", "CrystalGraphs", "LinearAlgebra", "Networks", "Training",
        "ModelFormats",
        "TensorKernels", "PhaseStability", "Prototypes", "StructureArchive", "ScreeningStore",
        "Configuration", "PipelineEngine", "Charts", "Regression", "Reports", "Symmetry", "TextFormats",
      ]),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "Screening", "ScreeningStore", "PipelineEngine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "SluiceBenchmarks",
      dependencies: [
        "CKernelLevels", "Crystal", "CrystalGraphs", "LinearAlgebra", "Networks", "PhaseStability",
        "Regression", "Screening",
        "StructureArchive", "Symmetry", "Training", "TensorKernels",
      ],
      path: "Benchmarks", swiftSettings: settings),
    // Tests
    .target(
      name: "TestSupport", dependencies: ["Crystal"], path: "Tests/TestSupport", swiftSettings: settings),
    tests("Crystal"),
    tests("TextFormats"),
    .target(name: "CKernelLevels", dependencies: ["CKernels"], path: "Tests/CKernelLevels"),
    tests("TensorKernels", ["CKernelLevels"]),
    tests("LinearAlgebra", ["COpenBLAS"]),
    tests(
      "Networks",
      ["CrystalGraphs", "LinearAlgebra", "TensorKernels", "ModelFormats", "StructureArchive", "Training"]),
    tests("Training", ["CrystalGraphs", "Networks", "ModelFormats", "TensorKernels"]),
    tests("Regression", ["LinearAlgebra", "ModelFormats", "StructureArchive", "TextFormats"]),
    tests("ModelFormats"),
    tests("Charts", ["PhaseStability"]),
    tests("PhaseStability", ["TextFormats", .product(name: "BigInt", package: "BigInt")]),
    tests("Prototypes"),
    tests("Symmetry", ["CSpglib", "Prototypes", "StructureArchive"]),
    tests("CrystalGraphs"),
    tests("StructureArchive", ["CArchive"]),
    tests("ScreeningStore", [.product(name: "GRDB", package: "GRDB.swift")]),
    tests("Configuration"),
    tests("PipelineEngine"),
    tests("Reports"),
    .target(
      name: "ScreeningTestSupport",
      dependencies: [
        "Crystal", "CrystalGraphs", "Networks", "Screening", "ScreeningStore", "StructureArchive",
        "TestSupport", "PipelineEngine", "TensorKernels", "Training",
      ],
      path: "Tests/ScreeningTestSupport", swiftSettings: settings),
    tests(
      "Screening",
      [
        "Configuration", "CrystalGraphs", "LinearAlgebra", "ModelFormats", "Networks", "PhaseStability",
        "PipelineEngine", "ScreeningStore",
        "Training",
        "StructureArchive",
        "ScreeningTestSupport", "Symmetry", "TextFormats",
      ]),
    .testTarget(
      name: "SluiceTests",
      dependencies: [
        "sluice", "SluiceFaults", "Configuration", "Screening", "ScreeningStore", "ScreeningTestSupport",
        "TestSupport",
      ],
      swiftSettings: settings),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Configuration", "Crystal", "ModelFormats", "PhaseStability", "Screening", "StructureArchive",
        "TestSupport", "TextFormats",
      ],
      path: "Tests/FuzzTargets", swiftSettings: settings),
    .executableTarget(
      name: "SluiceFaults",
      dependencies: [
        "Crystal", "PipelineEngine", "Screening", "ScreeningStore", "ScreeningTestSupport", "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      path: "Faults", exclude: ["preload.c"], swiftSettings: settings),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: settings),
  ] + fuzzers,
  cxxLanguageStandard: .cxx17
)
