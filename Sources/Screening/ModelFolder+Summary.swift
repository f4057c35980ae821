extension ModelFolder {
  /// The card for people.
  public var summary: String {
    let configuration = card.configuration
    var lines = [
      "\(card.name)  (\(card.architecture), \(counted(card.members.count, "member")))",
      "predicts     \(card.property) in \(card.unit)",
      "network      \(configuration.convolutionCount) convolutions, atom vectors of \(configuration.nodeWidth), "
        + "\(configuration.hiddenLayerCount) hidden layer of \(configuration.hiddenWidth)",
      "graph        \(configuration.neighborCount) nearest neighbors within \(configuration.cutoff) Å"
        + (configuration.padding == .firstAtom ? ", missing ones padded with the first atom" : ""),
      "parameters   \(parameters.first?.values.count ?? 0) a member",
      "fingerprint  \(fingerprint)",
    ]
    for (index, member) in card.members.enumerated() {
      var text = "member \(index + 1)     "
      text += [
        member.seed.map { "seed \($0)" }, member.epoch.map { "epoch \($0)" },
        member.validationError.map { "validation MAE \($0)" }, member.testError.map { "test MAE \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
      lines.append(text)
    }
    if let metrics = card.testMetrics {
      lines.append(
        "ensemble     test MAE \(metrics.meanAbsoluteError), RMSE \(metrics.rootMeanSquaredError) "
          + "on \(metrics.structures) structures")
    }
    for (role, split) in (card.data ?? [:]).sorted(by: { $0.key < $1.key }) {
      lines.append("data         \(role): \(split.structures) structures of \(split.file)")
    }
    if let license = card.license { lines.append("license      \(license)") }
    return lines.joined(separator: "\n")
  }
}
