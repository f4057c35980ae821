/// Uninitialized memory that is kept from one crystal to the next and only ever grows.
///
/// A move-only type, so that two owners of one buffer cannot be written down. Indexing is unchecked: these are the
/// innermost loops of the graph builders, and each of them reserves before it writes.
struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int

  init(capacity: Int = 64) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Makes room for `count` elements. What the buffer held is lost when it has to move.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    base.deallocate()
    capacity = max(count, 2 * capacity)
    base = .allocate(capacity: capacity)
  }
}
