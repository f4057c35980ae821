/// Uninitialized, 64-byte aligned memory for `capacity` scalars, freed with its owner. Grows, never shrinks.
///
/// Workspaces own these so that steady-state work does not allocate. Not thread-safe: one owner at a time.
public final class Buffer<Scalar: BitwiseCopyable> {
  /// The memory; valid until the next `reserve`.
  public private(set) var pointer: UnsafeMutablePointer<Scalar>
  /// How many scalars fit.
  public private(set) var capacity: Int

  /// Memory for `capacity` scalars.
  public init(capacity: Int = 0) {
    self.capacity = Swift.max(capacity, 1)
    pointer = Buffer.allocate(self.capacity)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  /// Makes room for `count` scalars; the contents are lost when memory has to grow.
  @discardableResult
  public func reserve(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    if count > capacity {
      UnsafeMutableRawPointer(pointer).deallocate()
      capacity = count + count / 2
      pointer = Buffer.allocate(capacity)
    }
    return pointer
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Scalar>.stride, alignment: 64)
    return raw.bindMemory(to: Scalar.self, capacity: count)
  }
}
