internal import Foundation
internal import ModelFormats
internal import Networks
internal import PipelineEngine
internal import TensorKernels
internal import Training

/// Brings published CGCNN weights (`.pth.tar`, legacy PyTorch serialization) into a model folder. Nothing in the file
/// is executed.
public struct ModelImport: Sendable {
  private let file: String

  /// An import of one file.
  public init(file: String) { self.file = file }

  /// Writes a model folder with one member.
  ///
  /// - Parameters:
  ///   - output: the folder.
  ///   - property: what the model predicts; known for the published file names.
  ///   - unit: its unit; known for the published file names.
  /// - Throws: `ScreeningError` naming what is missing or damaged.
  @discardableResult
  public func write(to output: String, property: String?, unit: String?) throws -> ModelCard {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
    }
    let bytes = [UInt8](data)
    do {
      let archive = try LegacyTorchArchive(decoding: bytes)
      let tensors = try archive.tensors(under: "state_dict")
      let configuration = try configuration(archive, tensors)
      let parameters = try NetworkParameters(configuration, tensors: tensors)
      let published = Self.published[stem]
      guard let property = property ?? published?.property, let unit = unit ?? published?.unit else {
        throw ScreeningError.invalid(
          "\(file): what this model predicts is not known from its name; give --property and --unit")
      }
      let normalizer = archive.normalizer.map {
        Normalizer(mean: $0.mean, standardDeviation: $0.standardDeviation)
      }
      let member = ModelCard.Member(
        file: "", sha256: "", normalizer: normalizer ?? .identity, seed: nil,
        epoch: archive.epoch,
        validationError: configuration.task == .regression ? archive.bestValidationError : nil,
        validationAreaUnderCurve: configuration.task == .classification ? archive.bestValidationError : nil)
      var card = ModelCard(
        name: stem, configuration: configuration, property: property, unit: unit, members: [member])
      card.training =
        "Imported from \(URL(filePath: file).lastPathComponent), SHA-256 \(Fingerprint(of: bytes).hexadecimal)."
      if published != nil {
        card.license = "MIT; T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
      }
      guard !ModelFolder.isFinished(at: output) else {
        throw ScreeningError.invalid("\(output) holds a model already; name another folder, or remove it")
      }
      return try ModelFolder.write(path: output, card: card, parameters: [parameters])
    } catch let error as ScreeningError {
      throw error
    } catch {
      throw ScreeningError.unreadable(path: file, reason: describe(error))
    }
  }

  private var stem: String {
    let name = URL(filePath: file).lastPathComponent
    return name.hasSuffix(".pth.tar") ? String(name.dropLast(8)) : name
  }

  private func configuration(_ archive: LegacyTorchArchive, _ tensors: [NamedTensor]) throws
    -> NetworkConfiguration
  {
    func shape(_ name: String) throws -> [Int] {
      guard let tensor = tensors.first(where: { $0.name == name }), tensor.shape.count == 2 else {
        throw ModelError.missingTensor(name: name)
      }
      return tensor.shape
    }
    var network = CGCNN()
    network.nodeWidth = try shape("embedding.weight")[0]
    network.hiddenWidth = try shape("conv_to_fc.weight")[0]
    network.convolutionCount = tensors.count { $0.name.hasSuffix("fc_full.weight") }
    network.hiddenLayerCount =
      1 + tensors.count { $0.name.hasPrefix("fcs.") && $0.name.hasSuffix("weight") }
    network.padding = .firstAtom
    return NetworkConfiguration(
      network, task: try shape("fc_out.weight")[0] == 2 ? .classification : .regression)
  }

  private static let published: [String: (property: String, unit: String)] = [
    "formation-energy-per-atom": ("formation_energy_per_atom", "eV/atom"),
    "final-energy-per-atom": ("energy_per_atom", "eV/atom"), "band-gap": ("band_gap", "eV"),
    "efermi": ("fermi_energy", "eV"), "bulk-moduli": ("log10_bulk_modulus", "log10(GPa)"),
    "shear-moduli": ("log10_shear_modulus", "log10(GPa)"), "poisson-ratio": ("poisson_ratio", "1"),
    "semi-metal-classification": ("is_metal", "probability"),
  ]
}
