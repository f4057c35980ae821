internal import Foundation
internal import Prototypes
internal import StructureArchive

/// The first crystal of a file as a prototype with its elements as labels, named after the file.
///
/// - Throws: `ScreeningError.unreadable`.
func filePrototype(_ path: String) throws -> Prototype {
  do {
    guard let record = try ArchiveReader(path: path).next() else {
      throw ScreeningError.unreadable(path: path, reason: "holds no structure")
    }
    let structure = try StructureDecoder().decode(record).structure
    return try Prototype(
      name: URL(filePath: path).deletingPathExtension().lastPathComponent, structure: structure,
      labels: structure.elements.map(\.symbol))
  } catch let error as ScreeningError {
    throw error
  } catch {
    throw ScreeningError.unreadable(path: path, reason: describe(error))
  }
}

/// The built-in prototype of that name, or else that of a file.
///
/// - Throws: `ScreeningError`, naming the prototypes there are.
func knownPrototype(_ name: String) throws -> Prototype {
  if let prototype = Prototype.named(name) { return prototype }
  guard FileManager.default.fileExists(atPath: name) else {
    throw ScreeningError.invalid(
      "there is no prototype and no file \"\(name)\"; prototypes are "
        + Prototype.all.map(\.name).joined(separator: ", "))
  }
  return try filePrototype(name)
}
