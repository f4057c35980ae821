import PipelineEngine
import Screening

/// Shows the events of a training run.
struct TrainingProgress {
  private var meter: ProgressMeter?
  private var structuresPerEpoch = 0

  mutating func show(_ event: TrainingEvent) {
    switch event {
    case .loaded(let role, let structures, let leftOut):
      let rest = leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      Terminal.note("\(role): \(structures) structures" + (rest.isEmpty ? "" : "; left out: \(rest)"))
    case .member(let index, let count, let epochsDone):
      Terminal.note("member \(index + 1) of \(count)" + (epochsDone > 0 ? ", after epoch \(epochsDone)" : ""))
      meter = nil
    case .step(_, let epoch, let epochs, let done, let total, let loss):
      if meter == nil || total != structuresPerEpoch {
        structuresPerEpoch = total
        meter = Terminal.meter(unit: "structures", total: total * epochs, done: (epoch - 1) * total)
      }
      meter?.update(
        done: (epoch - 1) * total + done, note: "epoch \(epoch)/\(epochs)  loss \(decimals(loss, 5))",
        now: Terminal.now)
    case .epoch(_, let record, let epochs, let unit):
      Terminal.note(
        "epoch \(record.epoch)/\(epochs)  loss \(decimals(record.trainingLoss, 5))  validation MAE "
          + "\(decimals(record.validationFigure, 5)) \(unit)  learning rate \(decimals(record.learningRate, 6))"
      )
    case .notCalibrated(let reason):
      Terminal.note("no calibration by the validation split: \(reason)")
    case .finished(let card):
      for (index, member) in card.members.enumerated() {
        let test = member.testError.map { ", test MAE \(decimals($0, 5))" } ?? ""
        Terminal.note(
          "member \(index + 1): epoch \(member.epoch ?? 0), validation MAE "
            + "\(decimals(member.validationError ?? .nan, 5))\(test) \(card.unit)")
      }
      if let metrics = card.testMetrics {
        Terminal.note(
          "ensemble: test MAE \(decimals(metrics.meanAbsoluteError, 5)) \(card.unit) on \(metrics.structures) structures"
        )
      }
      if let calibration = card.calibration {
        let errors = calibration.errors
        Terminal.note(
          "errors: Student's t, \(decimals(errors.degreesOfFreedom, 2)) degrees of freedom, σ² = "
            + "\(decimals(errors.constantVariance.squareRoot(), 4))² + \(decimals(errors.spreadFactor, 3)) std²"
        )
      }
    }
  }
}
