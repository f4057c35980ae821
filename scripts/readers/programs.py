"""The readers under test, each as a function from a file to crystals."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zstandard

from .case import Case
from .crystal import Crystal, lattice_rows

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure


@dataclass
class Answer:
    """What a reader made of a file: crystals in their order, what it refused, and of what it warned, in words."""

    crystals: list[Crystal] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class PartialOccupancyError(Exception):
    """The reader returned a structure with shared or partly empty sites: an answer, but no full crystal."""


def read_with_gemmi(case: Case, path: Path) -> Answer:
    """gemmi: small structures of all blocks, expanded to the cell."""
    import gemmi

    answer = Answer()
    for block in gemmi.cif.read(str(path)):
        small = gemmi.make_small_structure_from_block(block)
        if not small.sites:
            answer.refusals.append("no sites")
            continue
        sites = [site for site in small.get_all_unit_cell_sites() if site.occ != 0]
        if any(abs(site.occ - 1) > 0.01 or site.disorder_group for site in sites):
            raise PartialOccupancyError
        if any(site.element.name == "X" for site in sites):
            answer.refusals.append("unknown element")
            continue
        cell = small.cell
        if not np.isfinite(cell.parameters).all():
            answer.refusals.append("not a number")
            continue
        lattice = lattice_rows((cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma))
        points = np.array([site.fract.tolist() for site in sites])
        if not np.isfinite(points).all():
            answer.refusals.append("not a number")
            continue
        answer.crystals.append(Crystal(lattice, tuple(site.element.name for site in sites), points))
    return answer


def crystal_of_pymatgen(structure: Structure) -> Crystal:
    """A structure of pymatgen as a crystal."""
    from pymatgen.core.periodic_table import Element

    if not structure.is_ordered:
        raise PartialOccupancyError
    symbols = tuple(site.specie.symbol for site in structure)
    if any(not Element.is_valid_symbol(symbol) for symbol in symbols):
        raise ValueError("unknown element")
    return Crystal(structure.lattice.matrix, symbols, structure.frac_coords)


def read_with_pymatgen(case: Case, path: Path) -> Answer:
    """pymatgen: CIF, POSCAR, and its own dictionaries."""
    from pymatgen.core.structure import Structure
    from pymatgen.io.cif import CifParser
    from pymatgen.io.vasp.inputs import Poscar

    if case.form == "CIF":
        structures = CifParser(path).parse_structures(primitive=False, on_error="warn")
        return Answer([crystal_of_pymatgen(structure) for structure in structures])
    if case.form == "POSCAR":
        return Answer([crystal_of_pymatgen(Poscar.from_file(path, check_for_potcar=False).structure)])
    structure = Structure.from_dict(json.loads(path.read_text()))
    return Answer([crystal_of_pymatgen(structure)])


def crystal_of_ase(atoms: Atoms) -> Crystal:
    """Atoms of ASE as a crystal; ASE keeps atoms that are not there, and their occupancies beside the atoms."""
    shares = atoms.info.get("occupancy", {})
    if len(shares) > 0 and "spacegroup_kinds" in atoms.arrays:
        there = [any(shares.get(str(kind), {"": 1}).values()) for kind in atoms.arrays["spacegroup_kinds"]]
        atoms = atoms[there]
    if any(abs(share - 1) > 0.01 for site in shares.values() for share in site.values() if share):
        raise PartialOccupancyError
    if not atoms.pbc.any() or atoms.cell.rank < 3:
        raise ValueError("not periodic")
    if "X" in atoms.symbols:
        raise ValueError("unknown element")
    return Crystal(np.array(atoms.cell), tuple(atoms.symbols), atoms.cell.scaled_positions(atoms.positions))


def read_with_ase(case: Case, path: Path) -> Answer:
    """ASE: CIF, POSCAR and extended XYZ, all images."""
    import ase.io

    names = {"CIF": "cif", "POSCAR": "vasp", "extended XYZ": "extxyz"}
    frames = ase.io.read(path, index=":", format=names[case.form])
    return Answer([crystal_of_ase(atoms) for atoms in frames])


Reader = Callable[[Case, Path], Answer]

PEERS: dict[str, tuple[Reader, tuple[str, ...]]] = {
    "pymatgen": (read_with_pymatgen, ("CIF", "POSCAR", "JSON")),
    "ASE": (read_with_ase, ("CIF", "POSCAR", "extended XYZ")),
    "gemmi": (read_with_gemmi, ("CIF",)),
}

# The dialects of JSON that are pymatgen's own dictionaries, alone in their file.
OWN_JSON = ("pymatgen", "pymatgen, charges", "lengths and angles alone")


def reads(name: str, case: Case) -> bool:
    """Whether a reader claims to read such a file."""
    if case.form not in PEERS[name][1]:
        return False
    return case.form != "JSON" or (case.kind in OWN_JSON and len(case.parts) == 1)


# What a reader says of almost every file is no warning.
COMMON_WARNING = "fractional coordinates rounded to ideal values"
# pymatgen leaves out a block that it cannot read with these words.
REFUSING_WARNING = "No structure parsed"


def ask(name: str, case: Case, path: Path) -> Answer:
    """The answer of one of the other readers; whatever it throws is a refusal."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = PEERS[name][0](case, path)
        except PartialOccupancyError:
            raise
        except Exception as error:  # a reader may fail in any way
            words = str(error).replace(str(path), path.name)
            answer = Answer([], [f"{type(error).__name__}: {words[:120]}"])
    for warning in caught:
        words = str(warning.message).replace(str(path), path.name)
        if issubclass(warning.category, (DeprecationWarning, FutureWarning)) or COMMON_WARNING in words:
            continue
        (answer.refusals if REFUSING_WARNING in words else answer.warnings).append(words[:120])
    return answer


@dataclass
class SluiceAnswers:
    """What Sluice made of a folder: an answer for each file, by the file's name without its extension."""

    answers: dict[str, Answer] = field(default_factory=lambda: defaultdict(Answer))
    unclear: int = 0

    def records(self, name: str) -> int:
        """How many records of a file were read or refused."""
        return len(self.answers[name].crystals) + len(self.answers[name].refusals)


def read_with_sluice(program: Path, folder: Path, output: Path, cases: list[Case]) -> SluiceAnswers:
    """Packs a folder in one call and sorts what came out by file.

    Ids are made from names of files unless a file names its records. Where records have ids that lead to no file, those
    files that seem to lack some are read once more on their own.
    """
    found = SluiceAnswers()
    pack(program, folder, output, found, None)
    if found.unclear:
        for case in cases:
            if found.records(case.name) < len(case.parts):
                found.answers.pop(case.name)
                pack(program, folder / case.file_name, output, found, case.name)
    return found


def pack(program: Path, source: Path, output: Path, found: SluiceAnswers, name: str | None) -> None:
    """Packs a folder, or the file of this name, and sorts what came out by file."""
    packed, rejected = output / "read.jsonl.zst", output / "rejected.csv"
    command = [
        str(program),
        "pack",
        str(source),
        "--output",
        str(packed),
        "--rejected",
        str(rejected),
        "--allow-rejections",
        "--jobs",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode != 0:
        raise RuntimeError(f"sluice pack ended with {done.returncode}: {done.stderr[-2000:]}")
    for line in decompressed(packed):
        record = json.loads(line)
        file = name or next(iter(re.findall(r"f\d{6}", str(record["id"]))), None)
        if file is None:
            found.unclear += 1
            continue
        points = np.array(record["frac_coords"], dtype=float)
        found.answers[file].crystals.append(Crystal(np.array(record["lattice"]), tuple(record["species"]), points))
    with rejected.open(newline="") as rows:
        for row in csv.DictReader(rows):
            found.answers[Path(row["member"]).stem].refusals.append(f"{row['reason']}: {row['message']}")
    packed.unlink()
    rejected.unlink()


def decompressed(path: Path) -> Iterable[str]:
    """The lines of a file in zstd frames."""
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        yield from io.TextIOWrapper(reader, encoding="utf-8")
