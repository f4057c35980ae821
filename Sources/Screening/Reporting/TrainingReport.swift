internal import Charts
internal import Foundation
public import Reports
internal import TextFormats

/// The report of a training: how its members learned, and what came of it so far.
public struct TrainingReport: Sendable {
  /// One line of the history.
  private struct Epoch {
    let member: Int
    let epoch: Int
    let trainingLoss: Double
    /// In the order of `figures`.
    let validation: [Double]
    let learningRate: Double
  }

  private let folder: String
  /// Names of the figures on the validation split; the first chooses the epoch.
  private let figures: [String]
  private let epochs: [Epoch]
  /// The finished model; nil while the training is going on.
  private let model: ModelFolder?

  /// Whether a folder is that of a training.
  public static func isTraining(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/" + historyName)
  }

  private static let historyName = "training.csv"

  /// Reads the history of a training, and its model where it is finished.
  ///
  /// - Parameter folder: the output folder of the training.
  /// - Throws: `ScreeningError`.
  public init(folder: String) throws {
    self.folder = folder
    var table = try TableFile(path: folder + "/" + Self.historyName, comments: .aboveHeader)
    let columns = try ["member", "epoch", "training_loss", "learning_rate"].map { try table.column($0) }
    let known = ["mae", "standardized_mae", "roc_auc", "accuracy", "f1"]
    figures = try known.filter { try table.columnIfPresent("validation_" + $0) != nil }
    guard !figures.isEmpty else { throw table.problem("no column with a figure of the validation split") }
    let figureColumns = try figures.map { try table.column("validation_" + $0) }
    var epochs: [Epoch] = []
    while try table.next() {
      func number(_ column: Int) throws -> Double {
        guard let value = try table.number(column) else { throw table.problem("a number is missing") }
        return value
      }
      let numbers = try columns.map(number)
      guard let member = Int(exactly: numbers[0]), let epoch = Int(exactly: numbers[1]), member >= 0 else {
        throw table.problem("members and epochs are counted in whole numbers")
      }
      epochs.append(
        Epoch(
          member: member, epoch: epoch, trainingLoss: numbers[2], validation: try figureColumns.map(number),
          learningRate: numbers[3]))
    }
    guard !epochs.isEmpty else { throw table.problem("no epoch has been finished yet") }
    self.epochs = epochs
    model = ModelFolder.isFinished(at: folder) ? try ModelFolder(path: folder) : nil
  }

  private var members: [Int] { Set(epochs.map(\.member)).sorted() }

  /// Whether larger figures are better.
  private var favorsLarge: Bool { figures[0] == "roc_auc" }

  /// The epoch of a member whose figure is the best: the one whose weights are kept.
  private func best(_ member: Int) -> Epoch? {
    let own = epochs.filter { $0.member == member && !$0.validation[0].isNaN }
    return favorsLarge
      ? own.max { $0.validation[0] < $1.validation[0] } : own.min { $0.validation[0] < $1.validation[0] }
  }

  /// The page.
  ///
  /// - Parameters:
  ///   - title: its heading; nil for the model's name, or the folder's.
  ///   - maker: the program, with its version.
  public func page(title: String? = nil, maker: String) -> ReportPage {
    let unit = model?.card.unit ?? ""
    let name = model?.card.name ?? (folder.split(separator: "/").last.map(String.init) ?? folder)
    func number(_ value: Double?) -> String { value.map { fixedPoint($0, decimals: 5) } ?? "–" }
    var tiles = [
      ReportTile(value: "\(members.count)", name: members.count == 1 ? "member" : "members"),
      ReportTile(value: grouped(epochs.count), name: "epochs, all members"),
      ReportTile(
        value: number(members.compactMap { best($0)?.validation[0] }.reduce(0, +) / Double(members.count)),
        name: "validation \(words(figures[0])), mean of the best epochs"),
    ]
    if let metrics = model?.card.testMetrics, let figure = metrics.meanAbsoluteError ?? metrics.areaUnderCurve
    {
      tiles.append(ReportTile(value: number(figure), name: "test \(words(figures[0])) of the ensemble"))
    }
    var sections = [
      ReportSection(
        id: "learning", title: "Learning",
        blocks: [
          .columns([[.figure(curve(of: 0))], [.figure(lossCurve)]]),
          .columns([[.figure(rateCurve)], [.heading("Best epochs"), .table(bestEpochs)]]),
        ])
    ]
    if let model {
      sections.append(
        ReportSection(
          id: "model", title: "The model",
          blocks: [
            .code(model.summary),
            .heading("Use it"),
            .code(
              """
              sluice models show \(shellWord(folder))
              sluice predict --model \(shellWord(folder)) CRYSTALS --output predictions.csv
              """),
          ]))
    }
    return ReportPage(
      title: title ?? name,
      status: "Training of \(name)" + (unit.isEmpty ? "" : ", in \(unit)")
        + ". The epoch with the best figure on the validation split is kept; the test split is looked at once, at the end.",
      banner: model == nil ? "This training is not finished; called again, sluice train goes on." : nil,
      tiles: tiles, sections: sections, maker: maker)
  }

  private func words(_ figure: String) -> String {
    switch figure {
    case "mae": "MAE"
    case "standardized_mae": "MAE in standard deviations"
    case "roc_auc": "ROC-AUC"
    default: figure
    }
  }

  private func figure(
    _ title: String, _ vertical: PlotAxis, caption: String, _ value: (Epoch) -> Double
  ) -> ReportFigure {
    let series = members.map { member in
      PlotSeries(
        name: "member \(member + 1)",
        points: epochs.filter { $0.member == member }.map { PlotPoint(x: Double($0.epoch), y: value($0)) })
    }
    return ReportFigure(
      title: title,
      picture: LinePlot(horizontal: PlotAxis(label: "Epoch"), vertical: vertical, series: series)
        .svg(width: 560, height: 380, for: .page),
      caption: caption,
      table: ReportTable(
        columns: ["member", "epoch", vertical.label],
        rows: epochs.map { ["\($0.member + 1)", "\($0.epoch)", "\(value($0))"] }, numbers: [0, 1, 2]))
  }

  private func curve(of index: Int) -> ReportFigure {
    let label = "Validation \(words(figures[index]))"
    return figure(
      label, PlotAxis(label: label, scale: favorsLarge ? .linear : .logarithmic),
      caption: "Of each member, after each epoch."
    ) { $0.validation[index] }
  }

  private var lossCurve: ReportFigure {
    figure(
      "Training loss", PlotAxis(label: "Training loss", scale: .logarithmic),
      caption:
        "The mean over an epoch, of the weights as they changed within it. Where it falls and the figure on the "
        + "validation split does not, members learn their crystals by heart."
    ) { $0.trainingLoss }
  }

  private var rateCurve: ReportFigure {
    figure(
      "Learning rate", PlotAxis(label: "Learning rate", scale: .logarithmic),
      caption: "At the end of each epoch."
    ) { $0.learningRate }
  }

  private var bestEpochs: ReportTable {
    ReportTable(
      columns: ["member", "epoch"] + figures.map { "validation \(words($0))" } + ["last epoch"],
      rows: members.compactMap { member in
        best(member).map { epoch in
          ["\(member + 1)", "\(epoch.epoch)"] + epoch.validation.map { fixedPoint($0, decimals: 5) }
            + ["\(epochs.last { $0.member == member }?.epoch ?? 0)"]
        }
      })
  }
}
