internal import Networks
internal import StructureArchive
internal import TextFormats

extension ModelFolder {
  /// Checks that the model predicts an energy per atom as a mean over sites.
  ///
  /// - Throws: `ScreeningError.invalid` saying what it is instead, and which models have site energies.
  public func checkSites() throws(ScreeningError) {
    let name = "\(path): \(card.name)"
    guard card.configuration.task == .regression else {
      throw .invalid("\(name) is a classification; a probability has no parts of sites")
    }
    _ = try selecting(nil)
    guard card.property != hullDistanceProperty else {
      throw .invalid(
        "\(name) predicts \(card.property), which is no energy of the crystal alone and has no parts of sites"
      )
    }
    guard card.unit == "eV/atom" else {
      throw .invalid(
        "\(name) predicts \(card.property) in \(card.unit); site energies are parts of energies per atom, in eV/atom"
      )
    }
    guard parameters[0].program.isAdditive else {
      throw .invalid(
        "\(name) pools the sites before its last layers and has no site energies; train one with model.readout: additive, "
          + "an mlp with features: pooled too (alignn, schnet and cogn are additive always)")
    }
  }
}

/// Writes `id,site,element,energy`, a line a site.
final class SiteEnergyWriter {
  private let writer: LineWriter

  static let columns = ["id", "site", "element", "energy"]

  /// - Parameter inputs: what the table is made from.
  init(path: String, inputs: [String]) throws {
    writer = try LineWriter(path: path, inputs: inputs)
    try writer.append(Self.columns.joined(separator: ","))
  }

  /// Adds a crystal's sites in their order, from 0; energies in eV.
  func append(_ record: DecodedRecord, energies: [Double]) throws {
    let id = csvField(record.id)
    for (site, (element, energy)) in zip(record.structure.elements, energies).enumerated() {
      try writer.append("\(id),\(site),\(element.symbol),\(energy)")
    }
  }

  func finish() throws { try writer.finish() }
}
