import Crystal

extension ConvexCell {
  /// Cuts off what lies nearer to the neighbor at `normal` than to the center.
  mutating func cut(_ normal: SIMD3<Double>, site: Int32, image: SIMD3<Int32>) -> CutOutcome {
    let normalSquare = dot(normal, normal)
    guard reaches(normal, limit: (0.5 + tolerance) * normalSquare) else { return .unchanged }
    let outside = classify(normalSquare)
    var tally = CutTally(planeHeight: 0.5 * normalSquare)
    var face = 0
    while face < faceCount {
      if loopMasks[face] & outside == 0 {
        face += 1
        continue
      }
      switch cutFace(face, &tally) {
      case .untouched, .shortened: face += 1
      case .removed: removeFace(face)
      case .overflow: return .overflow
      case .inconsistent: return .inconsistent
      }
    }
    let outcome = closeCut(tally, FaceLabel(site: site, image: image, normal: normal))
    if outcome == .cut { freeOutside(outside) }
    return outcome
  }

  /// Whether the plane x · normal = limit leaves a vertex outside; fills `height`.
  @inline(__always)
  private func reaches(_ normal: SIMD3<Double>, limit: Double) -> Bool {
    let (rawX, rawY, rawZ) = (UnsafeRawPointer(x), UnsafeRawPointer(y), UnsafeRawPointer(z))
    let target = UnsafeMutableRawPointer(height)
    var signs = SIMD4<Int64>()
    let groups = (slotCount &+ 3) / 4
    for group in 0..<groups {
      let offset = group &* 32
      let heights =
        rawX.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self) * normal.x
        + rawY.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self) * normal.y
        + rawZ.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self) * normal.z
      target.storeBytes(of: heights, toByteOffset: offset, as: SIMD4<Double>.self)
      // The sign bit of a negative difference survives the union.
      signs |= unsafeBitCast(limit - heights, to: SIMD4<Int64>.self)
    }
    return signs.x | signs.y | signs.z | signs.w < 0
  }

  /// Sorts the vertices into within, on and outside; returns the mask of those outside.
  @inline(__always)
  private func classify(_ normalSquare: Double) -> UInt64 {
    let upper = (0.5 + tolerance) * normalSquare
    let lower = (0.5 - tolerance) * normalSquare
    var outside: UInt64 = 0
    // Without a branch, which could not be predicted: a difference is negative just where the comparison holds.
    for slot in 0..<slotCount {
      let isWithin = (height[slot] - lower).bitPattern &>> 63
      let isOutside = (upper - height[slot]).bitPattern &>> 63
      side[slot] = UInt8(truncatingIfNeeded: 1 &- isWithin &+ isOutside)
      outside |= isOutside &<< UInt64(truncatingIfNeeded: slot)
    }
    next.update(repeating: UInt16.max, count: slotCount)
    return outside
  }

  /// The progress of one cut.
  private struct CutTally {
    let planeHeight: Double
    /// Number of new vertices so far.
    var freshCount = 0
    /// Number of edges of the closing face so far, and the start of the last one.
    var capCount = 0
    var capStart = 0
  }

  private enum FaceOutcome {
    case untouched
    case shortened
    case removed
    case overflow
    case inconsistent
  }

  /// Shortens the loop of a face to what is not outside, and notes the edge it gives to the closing face.
  @inline(__always)
  private mutating func cutFace(_ face: Int, _ tally: inout CutTally) -> FaceOutcome {
    let loop = loops + face * loopCapacity
    let count = loopCounts[face]
    // The one place where the loop leaves (last kept vertex) and the one where it returns (first kept vertex).
    var leaving = -1
    var returning = -1
    var changes = 0
    var previous = side[Int(loop[count &- 1])]
    for index in 0..<count {
      let current = side[Int(loop[index])]
      if (previous == 2) != (current == 2) {
        changes &+= 1
        if current == 2 { leaving = index == 0 ? count &- 1 : index &- 1 } else { returning = index }
      }
      previous = current
    }
    if changes == 0 { return previous == 2 ? .removed : .untouched }
    guard changes == 2 else { return .inconsistent }
    let exit = Int(loop[leaving])
    let entry = Int(loop[returning])
    let exitOuter = Int(loop[leaving &+ 1 == count ? 0 : leaving &+ 1])
    let entryOuter = Int(loop[returning == 0 ? count &- 1 : returning &- 1])
    guard let exitSlot = side[exit] == 1 ? exit : crossing(exit, exitOuter, &tally),
      let entrySlot = side[entry] == 1 ? entry : crossing(entry, entryOuter, &tally)
    else { return .overflow }
    if exitSlot != entrySlot {
      guard next[entrySlot] == UInt16.max else { return .inconsistent }
      next[entrySlot] = UInt16(truncatingIfNeeded: exitSlot)
      tally.capCount &+= 1
      tally.capStart = entrySlot
    }
    return rewrite(face, from: returning, to: leaving, entrySlot, exitSlot)
  }

  /// Writes the loop: the entry, the kept vertices between, the exit.
  @inline(__always)
  private mutating func rewrite(
    _ face: Int, from returning: Int, to leaving: Int, _ entrySlot: Int, _ exitSlot: Int
  ) -> FaceOutcome {
    let loop = loops + face * loopCapacity
    let count = loopCounts[face]
    let kept = leaving >= returning ? leaving &- returning &+ 1 : leaving &- returning &+ 1 &+ count
    let newCount =
      kept &+ (entrySlot != Int(loop[returning]) ? 1 : 0) &+ (exitSlot != Int(loop[leaving]) ? 1 : 0)
    if newCount < 3 { return .removed }
    guard newCount <= loopCapacity else { return .overflow }
    var written = 0
    var mask: UInt64 = 0
    if entrySlot != Int(loop[returning]) {
      loopCopy[0] = UInt16(truncatingIfNeeded: entrySlot)
      mask = 1 << UInt64(entrySlot & 63)
      written = 1
    }
    var index = returning
    for _ in 0..<kept {
      let slot = loop[index]
      loopCopy[written] = slot
      mask |= 1 << UInt64(slot & 63)
      written &+= 1
      index = index &+ 1 == count ? 0 : index &+ 1
    }
    if exitSlot != Int(loop[leaving]) {
      loopCopy[written] = UInt16(truncatingIfNeeded: exitSlot)
      mask |= 1 << UInt64(exitSlot & 63)
      written &+= 1
    }
    for index in 0..<written { loop[index] = loopCopy[index] }
    loopCounts[face] = written
    loopMasks[face] = mask
    return .shortened
  }

  /// The vertex where the edge from a vertex within to one outside meets the plane; both faces of the edge ask.
  @inline(__always)
  private mutating func crossing(_ inner: Int, _ outer: Int, _ tally: inout CutTally) -> Int? {
    for index in 0..<tally.freshCount
    where Int(freshInner[index]) == inner && Int(freshOuter[index]) == outer {
      return Int(freshSlot[index])
    }
    guard let slot = takeSlot() else { return nil }
    let start = vertex(inner)
    let share = (tally.planeHeight - height[inner]) / (height[outer] - height[inner])
    setVertex(slot, start + share * (vertex(outer) - start))
    side[slot] = 1
    next[slot] = UInt16.max
    freshInner[tally.freshCount] = UInt16(truncatingIfNeeded: inner)
    freshOuter[tally.freshCount] = UInt16(truncatingIfNeeded: outer)
    freshSlot[tally.freshCount] = UInt16(truncatingIfNeeded: slot)
    tally.freshCount &+= 1
    return slot
  }

  /// Adds the face that closes the cut.
  @inline(__always)
  private mutating func closeCut(_ tally: CutTally, _ label: FaceLabel) -> CutOutcome {
    // Two edges: what was cut off was a sliver thinner than the tolerance, and its two sides now meet in an edge.
    if tally.capCount == 2 && next[Int(next[tally.capStart])] == UInt16(truncatingIfNeeded: tally.capStart) {
      return .cut
    }
    guard tally.capCount >= 3 else { return .inconsistent }
    guard faceCount < faceCapacity, tally.capCount <= loopCapacity else { return .overflow }
    let loop = loops + faceCount * loopCapacity
    var slot = tally.capStart
    var mask: UInt64 = 0
    for index in 0..<tally.capCount {
      loop[index] = UInt16(truncatingIfNeeded: slot)
      mask |= 1 << UInt64(slot & 63)
      let following = next[slot]
      guard following != UInt16.max else { return .inconsistent }
      slot = Int(following)
      // A ring that closes early is not the only one.
      if slot == tally.capStart && index &+ 1 < tally.capCount { return .inconsistent }
    }
    guard slot == tally.capStart else { return .inconsistent }
    loopCounts[faceCount] = tally.capCount
    loopMasks[faceCount] = mask
    labels[faceCount] = label
    faceCount &+= 1
    return .cut
  }

  /// Frees the slots of the vertices outside, in ascending order.
  @inline(__always)
  private mutating func freeOutside(_ outside: UInt64) {
    // Few of the vertices are outside, so their bits are walked; where slots share bits, all slots are looked at.
    guard slotCount <= 64 else {
      for slot in 0..<slotCount where side[slot] == 2 { free(slot) }
      return
    }
    var remaining = outside
    while remaining != 0 {
      free(remaining.trailingZeroBitCount)
      remaining &= remaining &- 1
    }
  }

  @inline(__always)
  private mutating func free(_ slot: Int) {
    (x[slot], y[slot], z[slot], square[slot]) = (0, 0, 0, 0)
    side[slot] = 0
    freeSlots[freeCount] = UInt16(truncatingIfNeeded: slot)
    freeCount &+= 1
  }

  @inline(__always)
  private mutating func removeFace(_ face: Int) {
    faceCount &-= 1
    guard face != faceCount else { return }
    let count = loopCounts[faceCount]
    let source = loops + faceCount * loopCapacity
    let target = loops + face * loopCapacity
    for index in 0..<count { target[index] = source[index] }
    loopCounts[face] = count
    loopMasks[face] = loopMasks[faceCount]
    labels[face] = labels[faceCount]
  }
}
