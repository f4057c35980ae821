import PipelineEngine
import Testing

/// Runs a meter and returns what it wrote.
private func written(
  _ style: ProgressMeter.Style, total: Int? = nil, done: Int = 0, _ body: (inout ProgressMeter) -> Void
) -> [String] {
  var lines: [String] = []
  withoutActuallyEscaping({ lines.append($0) }) { write in
    var meter = ProgressMeter(style: style, unit: "records", total: total, done: done, now: 100, write: write)
    body(&meter)
  }
  return lines
}

@Suite struct ProgressMeterTests {
  @Test func `a plain meter writes a line each interval, with share, rate and time left`() {
    let lines = written(.plain(interval: 5), total: 10_000) { meter in
      for second in 1...12 { meter.update(done: 100 * second, now: 100 + Double(second)) }
      meter.finish(done: 10_000, note: "3 rejected", now: 3700)
    }
    #expect(
      lines == [
        "5.0 %  500 of 10,000 records  100/s  elapsed 0:05  left 1:35\n",
        "10.0 %  1,000 of 10,000 records  100/s  elapsed 0:10  left 1:30\n",
        "10,000 of 10,000 records  2.8/s  in 1:00:00  3 rejected\n",
      ])
  }

  @Test func `a terminal meter draws one line over and over, within its width, ten times a second at most`() {
    let lines = written(.terminal(columns: 30)) { meter in
      for step in 0...25 {
        meter.update(done: step, note: "a very long note indeed", now: 100 + Double(step) / 25)
      }
      meter.finish(done: 26, now: 102)
    }
    #expect(lines.count == 10)
    for line in lines {
      #expect(line.hasPrefix("\r"))
      #expect(line.dropFirst().prefix { $0 != "\u{1B}" }.count < 30)
    }
    #expect(lines.last == "\r26 records  13.0/s  in 0:02\u{1B}[K\n")
  }

  @Test func `what an earlier run did counts as done but not towards rate and time left`() {
    let lines = written(.plain(interval: 1), total: 1000, done: 500) { meter in
      meter.update(done: 510, now: 101)
    }
    #expect(lines == ["51.0 %  510 of 1,000 records  10.0/s  elapsed 0:01  left 0:49\n"])
  }

  @Test func `a share of its own replaces the total`() {
    let lines = written(.plain(interval: 1)) { meter in
      meter.update(done: 0, share: 0, now: 100.5)
      meter.update(done: 7, share: 0.25, now: 101)
      meter.update(done: 8, share: .nan, now: 102)
    }
    #expect(
      lines == ["25.0 %  7 records  7.0/s  elapsed 0:01  left 0:03\n", "8 records  6.6/s  elapsed 0:02\n"])
  }

  @Test(arguments: [
    (0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"), (273_900, "3 d 04:05"),
  ])
  func `durations read as people write them`(seconds: Double, text: String) {
    let lines = written(.plain(interval: 1)) { $0.finish(done: 0, now: 100 + seconds) }
    #expect(lines.first?.contains("in \(text)\n") == true)
  }
}
