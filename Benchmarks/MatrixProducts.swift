import CKernelLevels
import Foundation
import LinearAlgebra
import TensorKernels

/// The matrix products that the networks which ship ask for, at every processor level that this machine runs, beside those
/// of OpenBLAS on one thread, where it can be used. It chooses its own kernel; `OPENBLAS_CORETYPE=Haswell` makes it one for AVX2.
enum MatrixProducts {
  /// C (rows, columns) = A (rows, inner) · B, where A is stored transposed and C is added to in gradients of weights.
  private struct Product {
    let rows: Int
    let columns: Int
    let inner: Int
    var isGradient = false
  }

  private static let products = [
    // CGCNN: nodes to projections, and back; hidden layer; gradients of both weights.
    Product(rows: 240, columns: 256, inner: 64), Product(rows: 240, columns: 64, inner: 256),
    Product(rows: 16, columns: 128, inner: 64), Product(rows: 32, columns: 128, inner: 64),
    Product(rows: 32, columns: 64, inner: 128),
    Product(rows: 64, columns: 256, inner: 240, isGradient: true),
    Product(rows: 64, columns: 128, inner: 32, isGradient: true),
    // iCGCNN: nodes to projections; edges to gates, in the last convolution to half as many; edges' features.
    Product(rows: 32, columns: 512, inner: 64), Product(rows: 64, columns: 512, inner: 64),
    Product(rows: 32, columns: 256, inner: 64), Product(rows: 64, columns: 256, inner: 64),
    Product(rows: 450, columns: 256, inner: 64), Product(rows: 450, columns: 128, inner: 64),
    Product(rows: 450, columns: 64, inner: 107),
    // In training: the same with more rows, back, and gradients of weights.
    Product(rows: 1000, columns: 256, inner: 64), Product(rows: 1000, columns: 128, inner: 64),
    Product(rows: 1000, columns: 64, inner: 107), Product(rows: 64, columns: 64, inner: 512),
    Product(rows: 1000, columns: 64, inner: 256), Product(rows: 1000, columns: 64, inner: 128),
    Product(rows: 64, columns: 512, inner: 64, isGradient: true),
    Product(rows: 64, columns: 256, inner: 1000, isGradient: true),
    Product(rows: 64, columns: 128, inner: 1000, isGradient: true),
    Product(rows: 107, columns: 64, inner: 1000, isGradient: true),
    // Wide layers, forward and the gradient of weights, for many and for few rows.
    Product(rows: 4000, columns: 256, inner: 256),
    Product(rows: 256, columns: 256, inner: 240, isGradient: true),
    Product(rows: 240, columns: 512, inner: 512),
    Product(rows: 512, columns: 512, inner: 240, isGradient: true),
    Product(rows: 32, columns: 512, inner: 512),
    Product(rows: 512, columns: 512, inner: 32, isGradient: true),
    Product(rows: 240, columns: 768, inner: 1148),
    Product(rows: 1148, columns: 768, inner: 240, isGradient: true),
    Product(rows: 32, columns: 768, inner: 1148),
    Product(rows: 1148, columns: 768, inner: 32, isGradient: true),
    Product(rows: 240, columns: 1536, inner: 768),
    Product(rows: 768, columns: 1536, inner: 240, isGradient: true),
  ]

  /// Prints a line for each product and level.
  static func report() {
    let algebra = DenseAlgebra.shared
    let beside =
      algebra.coreName.map { "OpenBLAS \($0) beside them" } ?? "\(algebra.fault.map { "\($0)" } ?? "")"
    for (level, name) in [
      (sluice_level_default, "x86-64"), (sluice_level_v3, "AVX2"), (sluice_level_v4, "AVX-512"),
    ]
    where sluice_level_is_supported(level) != 0 {
      let kernels = sluice_level_f32(level)
      print("matrix products at level \(name), 1 thread; \(beside)")
      for product in products { report(product, kernels) }
    }
  }

  private static func filled(_ count: Int) -> Buffer<Float> {
    let buffer = Buffer<Float>(capacity: count)
    for index in 0..<count { buffer.pointer[index] = Float(index % 17) / 16 - 0.5 }
    return buffer
  }

  private static func report(_ product: Product, _ kernels: sluice_kernels_f32) {
    let (n, m, k) = (product.rows, product.columns, product.inner)
    // Aligned as in networks.
    let (a, b) = (filled(n * k), filled(k * m))
    let (own, other) = (filled(n * m), filled(n * m))
    let adds = product.isGradient
    let (aRow, aColumn) = adds ? (1, n) : (k, 1)
    let repetitions = max(1, 50_000_000 / (2 * n * m * k))
    var times: (own: [Double], other: [Double]) = ([], [])
    // In turn, so that what else the machine does falls on both.
    for _ in 0..<15 {
      times.own += seconds(repetitions: 1) {
        for _ in 0..<repetitions {
          kernels.gemm(n, m, k, a.pointer, aRow, aColumn, b.pointer, m, nil, own.pointer, m, adds ? 1 : 0)
        }
      }
      times.other += seconds(repetitions: 1) {
        for _ in 0..<repetitions {
          DenseAlgebra.shared.multiply(
            ProductShape(
              adds ? .leftTransposed : .plain, rows: n, columns: m, inner: k, accumulates: adds), a.pointer,
            b.pointer, into: other.pointer)
        }
      }
    }
    let work = Double(2 * n * m * k * repetitions) * 1e-9
    let (rate, otherRate) = (work / median(times.own), work / median(times.other))
    print(
      "  \(n) × \(k) × \(m)\(adds ? ", transposed" : ""): \(rounded(rate)) GFLOP/s, OpenBLAS \(rounded(otherRate)): "
        + "\(rounded(rate / otherRate)) times")
    fflush(nil)
  }
}
