internal import Charts
internal import Networks
internal import Training

/// The learning curves of the members as an SVG picture: the figure on the validation split against epoch.
func learningCurve(_ histories: [[EpochRecord]], plan: TrainingPlan) -> String {
  let series = histories.enumerated().map { index, history in
    PlotSeries(
      name: "member \(index + 1)",
      points: history.map { PlotPoint(x: Double($0.epoch), y: $0.validationFigure) })
  }
  let vertical =
    plan.classRule != nil
    ? PlotAxis(label: "Validation ROC-AUC")
    : plan.units.count == 1
      ? PlotAxis(label: "Validation MAE", unit: plan.units[0], scale: .logarithmic)
      : PlotAxis(label: "Validation MAE", unit: "standard deviations", scale: .logarithmic)
  return LinePlot(
    title: plan.name, horizontal: PlotAxis(label: "Epoch"), vertical: vertical, series: series
  ).svg()
}
