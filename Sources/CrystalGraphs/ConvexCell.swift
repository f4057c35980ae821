import Crystal

/// A convex polyhedron around the origin that is cut down, plane by plane, to a Voronoi cell.
///
/// Vertices are kept in slots; each face is a loop of slots, counterclockwise seen from outside, with the site and
/// the translation whose bisector it lies in. Any number of faces may meet in a vertex, so the degenerate vertices
/// that are the rule in crystals stay single vertices.
///
/// Tolerance: the bisector of the neighbor at n is the plane x · n = n²/2. A vertex with
///
///     |x · n − n²/2| ≤ ε n²
///
/// lies on it: it is neither cut off nor doubled. The rule knows lengths only as multiples of n, so it does not depend
/// on the unit, the basis or the orientation, and it is the same for the two cells that share the facet.
struct ConvexCell: ~Copyable {
  /// What the polyhedron's faces lie in.
  struct FaceLabel {
    /// Neighboring site.
    var site: Int32
    /// Its translation in the reduced basis.
    var image: SIMD3<Int32>
    /// Vector from the center to the neighbor (Å).
    var normal: SIMD3<Double>
  }

  /// What came of a plane.
  enum CutOutcome {
    /// The plane does not reach the polyhedron.
    case unchanged
    /// Something was cut off.
    case cut
    /// The polyhedron has more vertices or faces than the buffers hold; it is now unusable.
    case overflow
    /// Rounding made the cut line no closed polygon; the polyhedron is now unusable.
    case inconsistent
  }

  /// Coordinates (Å) of the vertex slots; free slots are at the origin, which no plane cuts off.
  var x: UnsafeMutablePointer<Double>
  var y: UnsafeMutablePointer<Double>
  var z: UnsafeMutablePointer<Double>
  /// Squared distance (Å²) of each vertex from the center; 0 marks a free slot.
  var square: UnsafeMutablePointer<Double>
  /// x · n of each slot for the plane at hand.
  var height: UnsafeMutablePointer<Double>
  /// Whether the vertex has been proven to be nearer to the center than to any other site.
  var isVerified: UnsafeMutablePointer<Bool>
  /// Side of the plane: 0 within, 1 on it, 2 outside.
  var side: UnsafeMutablePointer<UInt8>
  /// Next vertex around the face that closes the cut.
  var next: UnsafeMutablePointer<UInt16>
  var freeSlots: UnsafeMutablePointer<UInt16>
  /// Vertex loops of the faces, `loopCapacity` slots each.
  var loops: UnsafeMutablePointer<UInt16>
  var loopCounts: UnsafeMutablePointer<Int>
  /// One bit per vertex slot modulo 64: a face without a common bit has no vertex that is cut off.
  var loopMasks: UnsafeMutablePointer<UInt64>
  var labels: UnsafeMutablePointer<FaceLabel>
  var freshInner: UnsafeMutablePointer<UInt16>
  var freshOuter: UnsafeMutablePointer<UInt16>
  var freshSlot: UnsafeMutablePointer<UInt16>
  var loopCopy: UnsafeMutablePointer<UInt16>

  /// Number of slots in use or freed since the last reset.
  var slotCount = 0
  var freeCount = 0
  /// Number of faces F.
  var faceCount = 0
  /// Relative tolerance ε.
  var tolerance = 1e-9

  private(set) var vertexCapacity: Int
  private(set) var faceCapacity: Int
  private(set) var loopCapacity: Int

  /// No cell of a crystal comes near this; slots are 16 bits.
  private static let vertexLimit = 32_768

  init() { self.init(vertexCapacity: 128, faceCapacity: 64, loopCapacity: 48) }

  private init(vertexCapacity: Int, faceCapacity: Int, loopCapacity: Int) {
    self.vertexCapacity = vertexCapacity
    self.faceCapacity = faceCapacity
    self.loopCapacity = loopCapacity
    (x, y) = (.allocate(capacity: vertexCapacity), .allocate(capacity: vertexCapacity))
    (z, square) = (.allocate(capacity: vertexCapacity), .allocate(capacity: vertexCapacity))
    (height, isVerified) = (.allocate(capacity: vertexCapacity), .allocate(capacity: vertexCapacity))
    (side, next) = (.allocate(capacity: vertexCapacity), .allocate(capacity: vertexCapacity))
    freeSlots = .allocate(capacity: vertexCapacity)
    (freshInner, freshOuter) = (.allocate(capacity: vertexCapacity), .allocate(capacity: vertexCapacity))
    freshSlot = .allocate(capacity: vertexCapacity)
    (loopCounts, loopMasks) = (.allocate(capacity: faceCapacity), .allocate(capacity: faceCapacity))
    (labels, loopCopy) = (.allocate(capacity: faceCapacity), .allocate(capacity: loopCapacity))
    loops = .allocate(capacity: faceCapacity * loopCapacity)
  }

  deinit {
    x.deallocate()
    y.deallocate()
    z.deallocate()
    square.deallocate()
    height.deallocate()
    isVerified.deallocate()
    side.deallocate()
    next.deallocate()
    freeSlots.deallocate()
    freshInner.deallocate()
    freshOuter.deallocate()
    freshSlot.deallocate()
    loopCounts.deallocate()
    loopMasks.deallocate()
    labels.deallocate()
    loopCopy.deallocate()
    loops.deallocate()
  }

  /// A cell with twice the room, or nil when that would be absurd.
  func enlarged() -> ConvexCell? {
    guard vertexCapacity < Self.vertexLimit else { return nil }
    return ConvexCell(
      vertexCapacity: 2 * vertexCapacity, faceCapacity: 2 * faceCapacity, loopCapacity: 2 * loopCapacity)
  }

  /// Starts with the parallelepiped of the bisectors of the six translations ±a, ±b, ±c of the reduced cell.
  ///
  /// These are true bisectors, so the Voronoi cell of `site` lies within, whatever the crystal.
  mutating func reset(_ cell: borrowing ReducedCell, site: Int, tolerance: Double) {
    self.tolerance = tolerance
    let (a, b, c) = cell.basis
    let half = (
      0.5 * dot(a, a) * cell.reciprocal.0, 0.5 * dot(b, b) * cell.reciprocal.1,
      0.5 * dot(c, c) * cell.reciprocal.2
    )
    for corner in 0..<8 {
      let first = corner & 1 == 0 ? -half.0 : half.0
      let second = corner & 2 == 0 ? -half.1 : half.1
      let third = corner & 4 == 0 ? -half.2 : half.2
      setVertex(corner, first + second + third)
    }
    slotCount = 8
    freeCount = 0
    faceCount = 0
    let turn = dot(a, cross(b, c)) > 0
    let site = Int32(truncatingIfNeeded: site)
    addFace((1, 3, 7, 5), turn, FaceLabel(site: site, image: SIMD3(1, 0, 0), normal: a))
    addFace((0, 4, 6, 2), turn, FaceLabel(site: site, image: SIMD3(-1, 0, 0), normal: -a))
    addFace((2, 6, 7, 3), turn, FaceLabel(site: site, image: SIMD3(0, 1, 0), normal: b))
    addFace((0, 1, 5, 4), turn, FaceLabel(site: site, image: SIMD3(0, -1, 0), normal: -b))
    addFace((4, 5, 7, 6), turn, FaceLabel(site: site, image: SIMD3(0, 0, 1), normal: c))
    addFace((0, 2, 3, 1), turn, FaceLabel(site: site, image: SIMD3(0, 0, -1), normal: -c))
  }

  /// Adds a face with four vertices, counterclockwise in a right-handed basis.
  private mutating func addFace(
    _ corners: (UInt16, UInt16, UInt16, UInt16), _ isRightHanded: Bool, _ label: FaceLabel
  ) {
    let loop = loops + faceCount * loopCapacity
    (loop[0], loop[2]) = (corners.0, corners.2)
    (loop[1], loop[3]) = isRightHanded ? (corners.1, corners.3) : (corners.3, corners.1)
    loopCounts[faceCount] = 4
    loopMasks[faceCount] =
      1 << UInt64(corners.0) | 1 << UInt64(corners.1) | 1 << UInt64(corners.2) | 1 << UInt64(corners.3)
    labels[faceCount] = label
    faceCount &+= 1
  }

  /// Squared distance (Å²) of the farthest vertex.
  @inline(__always)
  func farthestSquare() -> Double {
    var largest = SIMD4<Double>()
    let raw = UnsafeRawPointer(square)
    let groups = (slotCount &+ 3) / 4
    for group in 0..<groups {
      let values = raw.loadUnaligned(fromByteOffset: group &* 32, as: SIMD4<Double>.self)
      largest.replace(with: values, where: values .> largest)
    }
    return max(max(largest.x, largest.y), max(largest.z, largest.w))
  }

  @inline(__always)
  mutating func setVertex(_ slot: Int, _ position: SIMD3<Double>) {
    x[slot] = position.x
    y[slot] = position.y
    z[slot] = position.z
    square[slot] = dot(position, position)
    isVerified[slot] = false
  }

  @inline(__always)
  func vertex(_ slot: Int) -> SIMD3<Double> { SIMD3(x[slot], y[slot], z[slot]) }

  /// A slot for a new vertex, or nil when the buffers are full.
  @inline(__always)
  mutating func takeSlot() -> Int? {
    if freeCount > 0 {
      freeCount &-= 1
      return Int(freeSlots[freeCount])
    }
    guard slotCount < vertexCapacity else { return nil }
    // A fresh group of four starts at the origin, where no plane reaches it.
    if slotCount % 4 == 0 {
      for slot in slotCount..<slotCount + 4 { (x[slot], y[slot], z[slot], square[slot]) = (0, 0, 0, 0) }
    }
    slotCount &+= 1
    return slotCount &- 1
  }
}
