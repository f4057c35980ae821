import PipelineEngine
import Screening

/// Shows the events of a training run.
struct TrainingProgress {
  private var meter: ProgressMeter?
  private var structuresPerEpoch = 0

  mutating func show(_ event: TrainingEvent) {
    switch event {
    case .slowProducts(let reason): Terminal.note("warning: \(reason)")
    case .loaded(let role, let structures, let leftOut, let messages):
      let rest = leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      Terminal.note("\(role): \(structures) structures" + (rest.isEmpty ? "" : "; left out: \(rest)"))
      for message in messages { Terminal.note("  \(message)") }
    case .initialModel(let name, let shared):
      Terminal.note("starts from \(name): \(shared?.words ?? SharedCrystals.unknown)")
    case .nodeModel(let name, let shared):
      Terminal.note("sites begin with \(name): \(shared?.words ?? SharedCrystals.unknown)")
    case .learned(let crystals): Terminal.note("warning: \(crystals.words)")
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
    case .epoch(_, let record, let epochs, let metrics, let targets):
      let figures: String
      switch metrics[0] {
      case .meanAbsoluteError: figures = "MAE \(decimals(record.figures[0], 5)) \(targets[0].unit)"
      case .standardizedError:
        let errors = zip(targets, record.figures.dropFirst()).map {
          "\($0.property) \(decimals($1, 5)) \($0.unit)"
        }
        figures = "MAE \(decimals(record.figures[0], 5)) σ (\(errors.joined(separator: ", ")))"
      default:
        figures = zip(metrics, record.figures).map { "\($0.name) \(decimals($1, 5))" }
          .joined(separator: ", ")
      }
      Terminal.note(
        "epoch \(record.epoch)/\(epochs)  loss \(decimals(record.trainingLoss, 5))  validation \(figures)  "
          + "learning rate \(decimals(record.learningRate, 6))")
    case .notCalibrated(let property, let reason):
      Terminal.note("no calibration of \(property) by the validation split: \(reason)")
    case .finished(let card):
      for (index, member) in card.members.enumerated() {
        let figures = [
          member.validationError.map { "validation MAE \(decimals($0, 5)) \(card.unit)" },
          member.testError.map { "test MAE \(decimals($0, 5)) \(card.unit)" },
          member.validationAreaUnderCurve.map { "validation ROC-AUC \(decimals($0, 5))" },
          member.testAreaUnderCurve.map { "test ROC-AUC \(decimals($0, 5))" },
        ].compactMap { $0 }
        Terminal.note(
          "member \(index + 1): " + (["epoch \(member.epoch ?? 0)"] + figures).joined(separator: ", "))
        if let error = member.validationError, !(error < member.normalizer.standardDeviation) {
          Terminal.note(
            "member \(index + 1) predicts worse than the mean of its training labels would, whose standard deviation is "
              + "\(decimals(member.normalizer.standardDeviation, 5)) \(card.unit); a smaller learning rate may help"
          )
        }
      }
      if let metrics = card.testMetrics {
        let figures = [
          metrics.meanAbsoluteError.map { "MAE \(decimals($0, 5)) \(card.unit)" },
          metrics.areaUnderCurve.map { "ROC-AUC \(decimals($0, 5))" },
          metrics.accuracy.map { "accuracy \(decimals($0, 5))" }, metrics.f1.map { "F1 \(decimals($0, 5))" },
        ].compactMap { $0 }
        Terminal.note("ensemble: test \(figures.joined(separator: ", ")) on \(metrics.structures) structures")
      }
      for target in card.otherTargets ?? [] {
        let figures = [
          target.validationErrors.map {
            "validation MAE of the members \($0.map { decimals($0, 5) }.joined(separator: ", "))"
          },
          target.testMetrics.flatMap { metrics in
            metrics.meanAbsoluteError.map {
              "ensemble: test MAE \(decimals($0, 5)) on \(metrics.structures) structures"
            }
          },
        ].compactMap { $0 }
        Terminal.note("\(target.property) (\(target.unit)): \(figures.joined(separator: ", "))")
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
