internal import TextFormats

/// Tells a person how far a long run has come: share done, amount, rate, time gone and time left.
///
/// A value without clock and output of its own: the caller passes the time with each update and gets text for `write`.
public struct ProgressMeter {
  /// Where the text goes.
  public enum Style: Hashable, Sendable {
    /// A terminal of so many columns: one line, drawn over again up to ten times a second.
    case terminal(columns: Int)
    /// A file or a pipe: a line of its own every so many seconds.
    case plain(interval: Double)
  }

  private let style: Style
  private let unit: String
  private let total: Int?
  private let startAmount: Int
  private let startTime: Double
  private let write: (String) -> Void
  private var startShare: Double?
  private var lastDrawn: Double?
  private var recent: (time: Double, amount: Int)
  private var recentRate: Double?

  /// A meter at its start.
  ///
  /// - Parameters:
  ///   - style: where the text goes.
  ///   - unit: what is counted, e.g. "records".
  ///   - total: how many there will be at the end, where that is known.
  ///   - done: how many were done before, by a run that this one resumes; they count as done, not towards the rate.
  ///   - now: the time (s), by any clock that only moves forward.
  ///   - write: receives text to put out as it is.
  public init(
    style: Style, unit: String, total: Int? = nil, done: Int = 0, now: Double,
    write: @escaping (String) -> Void
  ) {
    self.style = style
    self.unit = unit
    self.total = total
    self.write = write
    startAmount = done
    startTime = now
    recent = (now, done)
  }

  /// Notes progress and writes a line when one is due.
  ///
  /// - Parameters:
  ///   - done: how many are done in all.
  ///   - share: the share done, 0…1, where it is known from something else than `total`, such as bytes read.
  ///   - note: a few words more.
  ///   - now: the time (s).
  public mutating func update(done: Int, share: Double? = nil, note: String = "", now: Double) {
    let share = clampedShare(done: done, share: share)
    if startShare == nil { startShare = done == startAmount ? share : (total == nil ? 0 : startShareOfTotal) }
    let pause: Double
    switch style {
    case .terminal: pause = 0.1
    case .plain(let interval): pause = interval
    }
    guard now - (lastDrawn ?? (isTerminal ? -.infinity : startTime)) >= pause else { return }
    updateRate(done: done, now: now)
    draw(line(done: done, share: share, note: note, now: now))
    lastDrawn = now
  }

  /// Writes the last line, with the rate of the whole run, and ends it.
  public mutating func finish(done: Int, note: String = "", now: Double) {
    let elapsed = now - startTime
    recentRate = elapsed > 0 ? Double(done - startAmount) / elapsed : nil
    var parts = amountParts(done: done) + ["in \(ProgressMeter.duration(elapsed))"]
    if !note.isEmpty { parts.append(note) }
    let line = parts.joined(separator: "  ")
    write(isTerminal ? "\r" + fitted(line) + "\u{1B}[K\n" : line + "\n")
  }

  private var isTerminal: Bool {
    if case .terminal = style { return true }
    return false
  }

  private var startShareOfTotal: Double {
    guard let total, total > 0 else { return 0 }
    return min(1, Double(startAmount) / Double(total))
  }

  private func clampedShare(done: Int, share: Double?) -> Double? {
    let value = share ?? total.map { $0 > 0 ? Double(done) / Double($0) : 1 }
    guard let value, value.isFinite else { return nil }
    return min(1, max(0, value))
  }

  /// The rate follows the last half minute or so: each stretch counts with weight 1 − exp(−Δt / 15 s), here with the
  /// exponential's first-order fraction Δt / (Δt + 15 s), which needs no mathematics library.
  private mutating func updateRate(done: Int, now: Double) {
    let elapsed = now - recent.time
    guard elapsed > 0 else { return }
    let rate = Double(done - recent.amount) / elapsed
    let weight = elapsed / (elapsed + 15)
    recentRate = recentRate.map { $0 + weight * (rate - $0) } ?? rate
    recent = (now, done)
  }

  private func line(done: Int, share: Double?, note: String, now: Double) -> String {
    var parts: [String] = []
    if let share { parts.append("\(ProgressMeter.fixed(100 * share, decimals: 1)) %") }
    parts += amountParts(done: done)
    parts.append("elapsed \(ProgressMeter.duration(now - startTime))")
    if let left = timeLeft(share: share, now: now) { parts.append("left \(ProgressMeter.duration(left))") }
    if !note.isEmpty { parts.append(note) }
    return parts.joined(separator: "  ")
  }

  private func amountParts(done: Int) -> [String] {
    let amount =
      grouped(done) + (total.map { " of \(grouped($0))" } ?? "") + " \(unit)"
    guard let rate = recentRate, rate.isFinite else { return [amount] }
    let shown =
      rate < 100 ? ProgressMeter.fixed(rate, decimals: 1) : grouped(Int(rate.rounded()))
    return [amount, "\(shown)/s"]
  }

  /// Time left (s) at the pace of this run so far.
  private func timeLeft(share: Double?, now: Double) -> Double? {
    guard let share, let startShare, share > startShare, now > startTime else { return nil }
    return (now - startTime) * (1 - share) / (share - startShare)
  }

  private func draw(_ line: String) {
    write(isTerminal ? "\r" + fitted(line) + "\u{1B}[K" : line + "\n")
  }

  private func fitted(_ line: String) -> String {
    guard case .terminal(let columns) = style, line.count >= columns else { return line }
    return String(line.prefix(max(0, columns - 1)))
  }

  // MARK: Numbers as text

  /// "0:07", "12:34", "1:02:03", "3 d 04:05"
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(0, seconds).rounded())
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days) d \(twoDigits(hours)):\(twoDigits(minutes))" }
    if hours > 0 { return "\(hours):\(twoDigits(minutes)):\(twoDigits(whole % 60))" }
    return "\(minutes):\(twoDigits(whole % 60))"
  }

  /// A number of at least 0 with a fixed number of decimals.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "?" }
    return fixedPoint(max(0, value), decimals: decimals)
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
