import COpenBLAS
import LinearAlgebra
import TestSupport
import Testing

@Suite struct LibraryCheckTests {
  @Test func `a library with a wrong product is told of and not used, in no precision`() {
    let algebra = DenseAlgebra(.wrong)
    #expect(algebra.fault == .wrong(routine: "a product of 1 × 1 × 1 in single precision, plain"))
    #expect(algebra.coreName == nil)
    let shape = ProductShape(rows: 2, columns: 1, inner: 2)
    var single: [Float] = [0, 0]
    algebra.multiply(shape, [1, 2, 3, 4], [10, 100], into: &single)
    #expect(single == [210, 430])
    var double: [Double] = [0, 0]
    algebra.multiply(shape, [1, 2, 3, 4], [10, 100], into: &double)
    #expect(double == [210, 430])
  }

  @Test(arguments: ProductForm.allCases)
  func `a fault in one form, in tails or in what is added to is found`(form: ProductForm) throws {
    let (left, right) = (form == .leftTransposed, form == .rightTransposed)
    /// OpenBLAS but for double-precision products of this form, after which `spoil` gets C, and whether it was added to.
    func library(_ spoil: @escaping @Sendable (UnsafeMutablePointer<Double>, Int, Bool) -> Void)
      -> DenseLibrary
    {
      var library = DenseLibrary.openBLAS
      let product = library.double.product
      library.double.product = { guarded, transposesA, transposesB, n, m, k, a, lda, b, ldb, adds, c, ldc in
        let signal = product(guarded, transposesA, transposesB, n, m, k, a, lda, b, ldb, adds, c, ldc)
        if let c, (transposesA != 0) == left, (transposesB != 0) == right { spoil(c, Int(n * m), adds != 0) }
        return signal
      }
      return library
    }
    try #require(DenseAlgebra(library { _, _, _ in }).fault == nil, "OpenBLAS itself computes rightly here")
    let tail = DenseAlgebra(library { c, count, _ in if count % 2 == 1 { c[count - 1] += 1 / 256 } })
    let sum = DenseAlgebra(library { c, _, adds in if adds { c[0] += 1 } })
    for algebra in [tail, sum] {
      guard case .wrong(let routine) = algebra.fault else {
        Issue.record("\(algebra.fault.map { "\($0)" } ?? "no fault")")
        continue
      }
      #expect(routine.hasSuffix("double precision, \(form.rawValue)"))
    }
  }

  @Test func `wrong decompositions are found`() throws {
    try #require(DenseAlgebra.shared.fault == nil)
    let expected = DenseFault.wrong(routine: "a decomposition in double precision")
    var library = DenseLibrary.openBLAS
    let eigen = library.double.eigen
    library.double.eigen = { guarded, n, a, values, work, size, integers, integerSize, info in
      let signal = eigen(guarded, n, a, values, work, size, integers, integerSize, info)
      a?[5] += 1e-3
      return signal
    }
    #expect(DenseAlgebra(library).fault == expected)
    library = .openBLAS
    let cholesky = library.double.cholesky
    library.double.cholesky = { guarded, n, a, info in
      let signal = cholesky(guarded, n, a, info)
      a?[Int(n)] += 1e-3
      return signal
    }
    #expect(DenseAlgebra(library).fault == expected)
    library = .openBLAS
    library.double.choleskySolve = { _, _, _, _, _, _ in 0 }
    #expect(DenseAlgebra(library).fault == expected)
  }

  @Test func `a routine that a signal ends is told of, and the program goes on`() throws {
    try #require(DenseAlgebra.shared.fault == nil)
    // Nothing to read from where the matrix should be.
    let nowhere = UnsafePointer<Float>(bitPattern: 16)
    var c = [Float](repeating: 0, count: 64 * 64)
    let signal = sluice_openblas_product_f32(1, 0, 0, 64, 64, 64, nowhere, 64, nowhere, 64, 0, &c, 64)
    #expect(signal == 11, "SIGSEGV")
    var library = DenseLibrary.openBLAS
    library.single.product = { _, _, _, _, _, _, _, _, _, _, _, _, _ in 4 }
    #expect(
      DenseAlgebra(library).fault
        == .ended(routine: "a product of 1 × 1 × 1 in single precision, plain", signal: 4))
  }

  @Test func `each fault is one sentence that says what takes the library's place`() {
    for fault in [
      DenseFault.missing(reason: "no file"), .ended(routine: "x", signal: 4), .wrong(routine: "x"),
    ] {
      #expect(fault.description.hasPrefix("OpenBLAS "))
      #expect(fault.description.hasSuffix("; own routines take its place, and wide layers take longer"))
    }
  }
}
