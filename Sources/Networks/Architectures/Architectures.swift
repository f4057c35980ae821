/// The architectures that there are.
public enum Architectures {
  /// All of them, in the order of documents.
  public static let all: [any Architecture.Type] = [
    CGCNN.self, ICGCNN.self, OGCNN.self, ALIGNN.self, SchNet.self, CoGN.self, CGConv.self, GCN.self,
    MLP.self,
  ]

  /// The one that training files call `key`.
  public static func named(_ key: String) -> (any Architecture.Type)? { all.first { $0.key == key } }

  /// The one that model cards call `title`.
  public static func titled(_ title: String) -> (any Architecture.Type)? { all.first { $0.title == title } }
}
