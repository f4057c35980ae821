// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "sluice",
  products: [],
  targets: [
    .target(name: "Crystal", swiftSettings: settings),
    .target(name: "TestSupport", dependencies: ["Crystal"], path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "CrystalTests", dependencies: ["Crystal", "TestSupport"], swiftSettings: settings),
  ],
  cxxLanguageStandard: .cxx17
)
