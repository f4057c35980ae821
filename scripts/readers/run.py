"""Writes the files of a seed, lets the readers read them, and says who was right.

The exit code is 1 where Sluice read a file wrongly without a word.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path
from types import FrameType

from .case import Case
from .files import make_case
from .judge import Judgment, Verdict, judge
from .programs import PEERS, PartialOccupancyError, ask, read_with_sluice, reads
from .report import Report, Result
from .self_check import check_comparison

SECONDS_A_FILE = 60
"""A peer that takes longer for one file has refused it."""


def write(folder: Path, seed: int, number: int) -> Case:
    """Makes a file and writes it; its bytes are not kept."""
    case = make_case(seed, number)
    (folder / case.file_name).write_bytes(case.content)
    return Case(case.name, case.form, case.kind, case.suffix, b"", case.parts)


def out_of_time(_: int, __: FrameType | None) -> None:
    """Ends the reading of a file."""
    raise TimeoutError("took too long")


def ask_peer(name: str, case: Case, path: Path) -> Judgment:
    """The verdict on one of the other readers; whatever it throws is a refusal."""
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(SECONDS_A_FILE)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return judge(case, ask(name, case, path))
    except PartialOccupancyError:
        return Judgment(Verdict.OTHER, "a structure with shared sites")
    finally:
        signal.alarm(0)


def ask_peers(folder: Path, case: Case) -> dict[str, Judgment]:
    """The verdicts on the other readers that claim the form."""
    path = folder / case.file_name
    return {name: ask_peer(name, case, path) for name in PEERS if reads(name, case)}


def main() -> int:
    """Runs the test."""
    parser = argparse.ArgumentParser(prog="scripts/test-readers", description=__doc__)
    parser.add_argument("--sluice", type=Path, required=True, help="the program under test")
    parser.add_argument("--count", type=int, default=5000, help="number of files (default: 5000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the files (default: 1)")
    parser.add_argument("--output", type=Path, required=True, help="folder for the files and the report; made anew")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: 2)")
    parser.add_argument("--only-sluice", action="store_true", help="do not ask the other readers")
    parser.add_argument("--document", type=Path, help="document whose last section takes the tables")
    arguments = parser.parse_args()
    check_comparison(arguments.seed)
    files = arguments.output / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)

    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.jobs) as pool:
        numbers = range(1, arguments.count + 1)
        cases = pool.map(partial(write, files, arguments.seed), numbers, chunksize=20)
        print(f"{len(cases)} files written to {files}", flush=True)
        found = read_with_sluice(arguments.sluice, files, arguments.output, cases)
        own = pool.starmap(judge, [(case, found.answers[case.name]) for case in cases], chunksize=50)
        print("read by Sluice", flush=True)
        peers: list[dict[str, Judgment]] = [{} for _ in cases]
        if not arguments.only_sluice:
            peers = pool.map(partial(ask_peers, files), cases, chunksize=10)

    version = subprocess.run([arguments.sluice, "--version"], capture_output=True, text=True, check=True).stdout
    versions = {"Sluice": version.split()[-1]}
    if not arguments.only_sluice:
        versions |= {name: importlib.metadata.version(name.lower()) for name in PEERS}
    results = [
        Result(case.name, case.file_name, case.form, case.kind, {"Sluice": judgment} | others)
        for case, judgment, others in zip(cases, own, peers)
    ]
    report = Report(arguments.seed, versions, results)
    (arguments.output / "report.md").write_text(report.markdown())
    (arguments.output / "report.json").write_text(report.json())
    if arguments.document is not None:
        head, heading, section = arguments.document.read_text().rpartition("\n## ")
        title = section.split("\n")[0]
        arguments.document.write_text(f"{head}{heading}{title}\n\n{report.markdown()}")
    print(report.markdown())
    wrong = report.wrong("Sluice")
    for result in wrong[:40]:
        print(f"wrong in silence: {files / result.file_name}: {result.kind}: {result.judgments['Sluice'].words}")
    print(f"Sluice was wrong in silence in {len(wrong)} of {len(results)} files; see {arguments.output}/report.json")
    return 1 if wrong else 0
