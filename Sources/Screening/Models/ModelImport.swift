internal import Foundation
internal import ModelFormats
internal import Networks
internal import PipelineEngine
internal import TensorKernels
internal import Training

/// Brings published weights into a model folder: those of CGCNN (`.pth.tar`, legacy PyTorch serialization), and as safetensors
/// networks that the code of Crystal Twins has pretrained, and the encoder of self-supervised atomic representations.
/// Nothing in a file is executed.
public struct ModelImport: Sendable {
  private let file: String

  /// An import of one file.
  public init(file: String) { self.file = file }

  /// Writes a model folder with one member.
  ///
  /// - Parameters:
  ///   - output: the folder.
  ///   - property: what the model predicts; known for the published file names. An encoder predicts nothing.
  ///   - unit: its unit; likewise.
  /// - Throws: `ScreeningError` naming what is missing or damaged.
  @discardableResult
  public func write(to output: String, property: String?, unit: String?) throws -> ModelCard {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
    }
    let bytes = [UInt8](data)
    guard !ModelFolder.isFinished(at: output) else {
      throw ScreeningError.invalid("\(output) holds a model already; name another folder, or remove it")
    }
    let (card, parameters) =
      file.hasSuffix(Self.tensorEnding)
      ? try pretrained(bytes, property: property, unit: unit)
      : try network(bytes, property: property, unit: unit)
    return try ModelFolder.write(path: output, card: card, parameters: [parameters])
  }

  private func network(
    _ bytes: [UInt8], property: String?, unit: String?
  ) throws -> (ModelCard, NetworkParameters) {
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
      card.training = origin(bytes)
      if published != nil {
        card.license = "MIT; T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
      }
      return (card, parameters)
    } catch let error as ScreeningError {
      throw error
    } catch {
      throw ScreeningError.unreadable(path: file, reason: describe(error))
    }
  }

  private static let tensorEnding = ".safetensors"

  private var stem: String {
    let name = URL(filePath: file).lastPathComponent
    let ending = [".pth.tar", Self.tensorEnding].first { name.hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0))
  }

  /// A network that was trained without a target.
  private func pretrained(
    _ bytes: [UInt8], property: String?, unit: String?
  ) throws -> (ModelCard, NetworkParameters) {
    guard property == nil, unit == nil else {
      throw ScreeningError.invalid(
        "\(file): a network without a target, which has no property and no unit to be given")
    }
    do {
      let tensors = try SafeTensors.decode(bytes).tensors.map {
        NamedTensor(name: $0.name, shape: $0.shape, values: $0.values)
      }
      var (card, parameters) =
        tensors.contains { $0.name == "embedding1.weight" } ? try encoder(tensors) : try twins(tensors)
      card.training = origin(bytes)
      return (card, parameters)
    } catch {
      throw ScreeningError.unreadable(path: file, reason: describe(error))
    }
  }

  /// The encoder of Kong et al. without the heads of its tasks, as their class names its tensors; others are left alone.
  private func encoder(_ tensors: [NamedTensor]) throws -> (ModelCard, NetworkParameters) {
    var network = CGConv()
    network.nodeWidth = try Self.shape("embedding1.weight", of: tensors)[0]
    network.convolutionCount = tensors.count { $0.name.hasSuffix(".lin_f.weight") }
    (network.padding, network.messages) = (.firstAtom, .toNeighbors)
    let configuration = NetworkConfiguration(network, outputs: 0)
    let card = ModelCard(
      name: stem, configuration: configuration, property: "", unit: "",
      members: [ModelCard.Member(normalizer: .identity)])
    return (card, try NetworkParameters(configuration, tensors: tensors))
  }

  /// The network that Crystal Twins pretrained, whose two layers of projection are a hidden layer and the output here.
  private func twins(_ published: [NamedTensor]) throws -> (ModelCard, NetworkParameters) {
    let names = ["fc_head.0.": "fcs.0.", "fc_head.2.": "fc_out."]
    let tensors = published.map { tensor in
      guard let (old, new) = names.first(where: { tensor.name.hasPrefix($0.key) }) else { return tensor }
      return NamedTensor(
        name: new + tensor.name.dropFirst(old.count), shape: tensor.shape, values: tensor.values)
    }
    guard tensors.contains(where: { $0.name == "fcs.0.weight" }) else {
      throw ModelError.missingTensor(name: "fc_head.0.weight")
    }
    let outputs = try Self.shape("fc_out.weight", of: tensors)[0]
    let configuration = NetworkConfiguration(try network(tensors), outputs: outputs)
    var card = ModelCard(
      name: stem, configuration: configuration, property: ModelCard.Pretraining.property, unit: "1",
      members: [ModelCard.Member(normalizer: .identity)])
    card.pretraining = ModelCard.Pretraining(objective: "crystal_twins")
    return (card, try NetworkParameters(configuration, tensors: tensors))
  }

  private func origin(_ bytes: [UInt8]) -> String {
    "Imported from \(URL(filePath: file).lastPathComponent), SHA-256 \(Fingerprint(of: bytes).hexadecimal)."
  }

  private func configuration(_ archive: LegacyTorchArchive, _ tensors: [NamedTensor]) throws
    -> NetworkConfiguration
  {
    NetworkConfiguration(
      try network(tensors),
      task: try Self.shape("fc_out.weight", of: tensors)[0] == 2 ? .classification : .regression)
  }

  private static func shape(_ name: String, of tensors: [NamedTensor]) throws -> [Int] {
    guard let tensor = tensors.first(where: { $0.name == name }), tensor.shape.count == 2 else {
      throw ModelError.missingTensor(name: name)
    }
    return tensor.shape
  }

  /// The shape of a network with the names of the published code.
  private func network(_ tensors: [NamedTensor]) throws -> CGCNN {
    var network = CGCNN()
    network.nodeWidth = try Self.shape("embedding.weight", of: tensors)[0]
    network.hiddenWidth = try Self.shape("conv_to_fc.weight", of: tensors)[0]
    network.convolutionCount = tensors.count { $0.name.hasSuffix("fc_full.weight") }
    network.hiddenLayerCount =
      1 + tensors.count { $0.name.hasPrefix("fcs.") && $0.name.hasSuffix("weight") }
    network.padding = .firstAtom
    return network
  }

  private static let published: [String: (property: String, unit: String)] = [
    "formation-energy-per-atom": ("formation_energy_per_atom", "eV/atom"),
    "final-energy-per-atom": ("energy_per_atom", "eV/atom"), "band-gap": ("band_gap", "eV"),
    "efermi": ("fermi_energy", "eV"), "bulk-moduli": ("log10_bulk_modulus", "log10(GPa)"),
    "shear-moduli": ("log10_shear_modulus", "log10(GPa)"), "poisson-ratio": ("poisson_ratio", "1"),
    "semi-metal-classification": ("is_metal", "probability"),
  ]
}
