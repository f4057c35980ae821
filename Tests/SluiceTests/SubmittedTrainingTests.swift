import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

/// Trainings as a person or a scheduler starts them.
@Suite("Submitted trainings", .serialized) struct SubmittedTrainingTests {
  let files: TrainingFolder

  init() throws { files = try TrainingFolder() }

  private func path(_ name: String) -> String { files.folder.path(name) }

  private func submit(
    _ training: String, _ directory: String, engine: String = "local", _ more: [String] = []
  )
    -> [String]
  {
    ["submit", training, "--engine", engine, "--run-directory", path(directory)] + more
  }

  @Test func `members trained by tasks of this machine are the model of one process, byte for byte`() throws {
    let training = try files.training()
    #expect(try Program.run(["train", training, "--output", path("whole")]).exitCode == 0)
    let outcome = try Program.run(submit(training, "run", ["--jobs", "1"]))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("a training of 2 members, 2 tasks"), "\(outcome.errors)")
    #expect(try files.differences("whole", "run/model") == [])
    let status = try Program.run(["status", path("run")])
    #expect(status.output.contains("2 of 2 members trained, collected in"), "\(status.output)")
    #expect(status.output.contains("4 of 4"), "\(status.output)")
    let again = try Program.run(submit(training, "run"))
    #expect(again.exitCode == 0 && again.errors.contains("merged already"), "\(again.errors)")
  }

  @Test func `what is submitted counts as it was, whatever the working folder and the file are later`() throws
  {
    let folder = files.folder
    let training = try files.training()
    let text = try folder.text("training.yaml").replacing(
      "train.jsonl", with: "\"${data}/train.jsonl\"")
    try folder.write(text, to: "training.yaml")
    try folder.write("", to: "elsewhere/nothing")
    #expect(
      try Program.run(
        ["train", training, "--output", path("whole"), "--set", "data=./"], currentFolder: folder.url.path
      ).exitCode == 0)
    let dry = try Program.run(
      submit(training, "run", ["--set", "data=./", "--dry-run"]), currentFolder: folder.url.path)
    #expect(dry.exitCode == 0, "\(dry.errors)")
    try folder.write("nonsense", to: "training.yaml")
    for member in [1, 0] {
      let outcome = try Program.run(
        ["shard", path("run"), "\(member)", "--jobs", "1"], currentFolder: path("elsewhere"))
      #expect(outcome.exitCode == 0 && outcome.errors.contains("1 members done"), "\(outcome.errors)")
      let merge = try Program.run(["merge", path("run")], currentFolder: path("elsewhere"))
      #expect(merge.exitCode == (member == 1 ? 2 : 0), "\(merge.errors)")
      if member == 1 {
        #expect(merge.errors.contains("1 of 2 members are not trained to their ends: 0"), "\(merge.errors)")
      }
    }
    #expect(try files.differences("whole", "run/model") == [])
    #expect(try Program.run(["shard", path("run"), "0"]).errors.contains("0 members done, 1 were there"))
    #expect(try Program.run(["shard", path("run"), "2"]).errors.contains("2 members"))
  }

  @Test func `members that were killed or damaged go on or are named, and resume gives the same model`()
    throws
  {
    let training = try files.training(epochs: 30)
    #expect(try Program.run(["train", training, "--output", path("whole")]).exitCode == 0)
    #expect(try Program.run(submit(training, "run", ["--dry-run"])).exitCode == 0)
    let process = try Program.start(["shard", path("run"), "1", "--jobs", "1"])
    let checkpoint = path("run/model/checkpoints/member-1.safetensors")
    while process.isRunning, !FileManager.default.fileExists(atPath: checkpoint) {
      Thread.sleep(forTimeInterval: 0.001)
    }
    process.killAtOnce()
    _ = process.wait()
    let refused = try Program.run(["merge", path("run")])
    #expect(refused.exitCode == 2 && refused.errors.contains("sluice resume"), "\(refused.errors)")
    #expect(try Program.run(submit(training, "run")).exitCode == 0)
    #expect(try files.differences("whole", "run/model") == [])
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: checkpoint)))
    bytes[bytes.count - 5] ^= 1
    try Data(bytes).write(to: URL(filePath: checkpoint))
    try FileManager.default.removeItem(atPath: path("run/model/model.json"))
    let damaged = try Program.run(["merge", path("run")])
    #expect(
      damaged.exitCode == 2 && damaged.errors.contains("damaged checkpoint")
        && damaged.errors.contains(checkpoint), "\(damaged.errors)")
    try FileManager.default.removeItem(atPath: checkpoint)
    #expect(try Program.run(["resume", path("run")]).exitCode == 0)
    #expect(try files.differences("whole", "run/model") == [])
  }

  @Test func `another training or other data in the same directory are refused with what differs`() throws {
    let training = try files.training()
    #expect(try Program.run(submit(training, "run", ["--dry-run"])).exitCode == 0)
    let other = try files.training(epochs: 5, named: "other")
    let epochs = try Program.run(submit(other, "run", ["--dry-run"]))
    #expect(epochs.exitCode == 2 && epochs.errors.contains("training.epochs: 4 → 5"), "\(epochs.errors)")
    let lines = try files.folder.lines("train.jsonl")
    try files.folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: "train.jsonl")
    let data = try Program.run(["shard", path("run"), "0"])
    #expect(data.exitCode == 2 && data.errors.contains("digests.train:"), "\(data.errors)")
    #expect(try Program.run(["status", path("run")]).output.contains("failing"))
    let shards = try Program.run(submit(training, "new", ["--shards", "3"]))
    #expect(shards.exitCode == 64 && shards.errors.contains("no --shards"), "\(shards.errors)")
  }

  @Test func `the script of an array trains members and then collects them`() throws {
    let training = try files.training(members: 3, top: "engine: {cpus: 2, partition: long}")
    let outcome = try Program.run(submit(training, "run", engine: "slurm", ["--dry-run", "--tasks", "2"]))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    for text in [
      "#SBATCH --array=0-1\n", "#SBATCH --partition=long\n", "--tasks 2 --jobs 2",
      "#SBATCH --cpus-per-task=2\n",
      "merge '\(path("run"))' --wait 60 --jobs 2\n",
    ] {
      #expect(outcome.output.contains(text), "\(text): \(outcome.output)")
    }
  }
}
