/// Decides by its first bytes how a member is cut into records.
enum ContentDetection {
  static func splitter(for context: SplitterContext) -> any RecordSplitter {
    LineSplitter(context)
  }
}
