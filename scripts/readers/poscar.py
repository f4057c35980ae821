"""POSCAR files in many dialects."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .case import Part, Text, crystal_part, maybe, refused_part
from .crystal import Crystal
from .known import random_known


@dataclass
class Draft:
    """A POSCAR on its way to text."""

    crystal: Crystal
    title: str = "a crystal"
    scales: tuple[float, ...] = (1.0,)
    scale_remark: str = ""
    rows: np.ndarray = field(default_factory=lambda: np.eye(3))
    symbol_lines: list[str] = field(default_factory=list)
    selective: str = ""
    mode: str = "Direct"
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    point_format: str = "{:.8f}"
    site_ends: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    newline: str = "\n"
    head: bytes = b""
    part: Part | None = None

    def text(self) -> str:
        """The file's text."""
        scales = " ".join(f"{scale:.12g}" for scale in self.scales) + self.scale_remark
        lines = [self.title, scales]
        lines += ["  " + " ".join(f"{value:.10f}" for value in row) for row in self.rows]
        lines += self.symbol_lines
        lines += [self.selective] if self.selective else []
        lines.append(self.mode)
        for point, end in zip(self.points, self.site_ends):
            lines.append(" ".join(self.point_format.format(value) for value in point) + end)
        return "\n".join([*lines, *self.behind]) + "\n"

    def meaning(self) -> Part:
        """What the file means."""
        return self.part or crystal_part(self.crystal)

    def turn_cartesian(self) -> None:
        """Gives the positions in Å, divided by the scale factors."""
        scale = np.array(self.scales if len(self.scales) == 3 else self.scales * 3)
        if len(self.scales) == 1 and self.scales[0] < 0:
            volume = abs(np.linalg.det(self.rows))
            scale = np.full(3, (-self.scales[0] / volume) ** (1 / 3))
        self.mode = "Cartesian"
        self.points = self.crystal.cartesian / scale


def grouped(crystal: Crystal) -> Crystal:
    """The crystal with its sites in the order of elements."""
    order = sorted(range(len(crystal.elements)), key=lambda k: crystal.elements[k])
    return Crystal(crystal.lattice, tuple(crystal.elements[k] for k in order), crystal.positions[order])


def runs(elements: tuple[str, ...]) -> list[tuple[str, int]]:
    """Elements that follow one another, with their numbers."""
    found: list[tuple[str, int]] = []
    for element in elements:
        if found and found[-1][0] == element:
            found[-1] = (element, found[-1][1] + 1)
        else:
            found.append((element, 1))
    return found


def draft(generator: random.Random) -> Draft:
    """A plain file."""
    crystal = random_known(generator).crystal
    if maybe(generator, 0.8):
        crystal = grouped(crystal)
    block = Draft(crystal)
    block.rows = crystal.lattice.copy()
    block.points = crystal.positions.copy()
    block.site_ends = [""] * len(crystal.elements)
    symbols, counts = zip(*runs(crystal.elements))
    block.symbol_lines = [" ".join(symbols), " ".join(map(str, counts))]
    return block


def plain(_: random.Random, __: Draft) -> None:
    """What VASP itself writes."""


def scaled(generator: random.Random, block: Draft) -> None:
    """A scale factor."""
    scale = round(generator.uniform(0.4, 6), 4)
    block.scales = (scale,)
    block.rows = block.rows / scale
    if maybe(generator, 0.5):
        block.turn_cartesian()


def scaled_to_volume(generator: random.Random, block: Draft) -> None:
    """A negative scale factor: the volume."""
    block.scales = (-abs(float(np.linalg.det(block.crystal.lattice))),)
    block.rows = block.rows / generator.uniform(0.4, 6)
    if maybe(generator, 0.5):
        block.turn_cartesian()


def three_scales(generator: random.Random, block: Draft) -> None:
    """A scale factor for each Cartesian axis."""
    scales = [round(generator.uniform(0.5, 3), 3) for _ in range(3)]
    block.scales = (scales[0], scales[1], scales[2])
    block.rows = block.rows / np.array(scales)
    if maybe(generator, 0.5):
        block.turn_cartesian()


def selective(generator: random.Random, block: Draft) -> None:
    """Selective dynamics."""
    block.selective = generator.choice(("Selective dynamics", "Selective", "S", "selective", "sel"))
    block.site_ends = [" " + " ".join(generator.choices("TF", k=3)) for _ in block.site_ends]
    if maybe(generator, 0.4):
        block.turn_cartesian()


def mode_words(generator: random.Random, block: Draft) -> None:
    """The many words for the kind of coordinates: only those with c or k at the front are Cartesian."""
    cartesian = maybe(generator, 0.5)
    if cartesian:
        block.turn_cartesian()
    words = ("Cartesian", "cart", "C", "c", "K", "kartesisch", " Cartesian coordinates")
    others = ("Direct", "direct", "D", "d", "Fractional", "frac", "reciprocal", "Direct configuration=     1", "F")
    block.mode = generator.choice(words if cartesian else others)


def symbols_in_lines(generator: random.Random, block: Draft) -> None:
    """Symbols, and their counts, over several lines."""
    symbols, counts = (line.split() for line in block.symbol_lines)
    cut = generator.randint(1, max(1, len(symbols) - 1))
    parts = [symbols[:cut], symbols[cut:], counts[:cut], counts[cut:]]
    block.symbol_lines = [" ".join(part) for part in parts if part]


def symbols_with_tails(generator: random.Random, block: Draft) -> None:
    """Symbols with the name of a potential, or a hash."""
    tails = ("_pv", "_sv", "_GW", "/6b3c1a2f", "_sv/0123abcd")
    symbols = [symbol + generator.choice(tails) for symbol in block.symbol_lines[0].split()]
    block.symbol_lines[0] = "  ".join(symbols)


def titles(generator: random.Random, block: Draft) -> None:
    """Titles that look like something else."""
    block.title = generator.choice(
        (
            "",
            "   ",
            "{",
            '{"a": 1}',
            "[1, 2]",
            "data_x",
            "loop_",
            "_cell_length_a 5",
            "2",
            "8 atoms",
            "1.0",
            "# comment",
            "Fe O",
            'Lattice="1 0 0 0 1 0 0 0 1"',
            "ICSD 12345 Ångström",
            "5 5 5",
            "x" * 3000,
            "\ttab",
            "; open",
            "'quote",
            "<xml>",
        )
    )


def remarks(generator: random.Random, block: Draft) -> None:
    """Remarks behind the scale and the positions."""
    block.scale_remark = generator.choice(("", " ! scale", "   # scale factor"))
    ends = [f" {element}{number + 1}" for number, element in enumerate(block.crystal.elements)]
    block.site_ends = generator.choice((ends, [f" ! {end}" for end in ends], [f" # {end}" for end in ends]))


def velocities(generator: random.Random, block: Draft) -> None:
    """Velocities behind the positions, as in a CONTCAR of molecular dynamics."""
    count = len(block.site_ends)
    lines = ["  ".join(f"{generator.gauss(0, 0.01):.8E}" for _ in range(3)) for _ in range(count)]
    block.behind = [generator.choice(("", "Cartesian")), *lines]
    if maybe(generator, 0.3):
        vectors = ["  0.1E-03 0.0E+00 0.0E+00"] * 6
        block.behind = ["Lattice velocities and vectors", "  1", *vectors, *block.behind]
    if maybe(generator, 0.3):
        block.behind += ["", "     1", "  0.5000000E+00", *lines]


def line_ends(generator: random.Random, block: Draft) -> None:
    """Lines that end in CR LF or CR."""
    block.newline = generator.choice(("\r\n", "\r\n", "\r"))


def byte_order_mark(_: random.Random, block: Draft) -> None:
    """A byte-order mark."""
    block.head = b"\xef\xbb\xbf"


def number_styles(generator: random.Random, block: Draft) -> None:
    """Numbers with exponents, or many digits."""
    block.point_format = generator.choice(("{:.10E}", "{:+.8f}", "{:.16f}", "{:.6g}", "\t{:.7f}"))


def outside(generator: random.Random, block: Draft) -> None:
    """Positions outside the cell."""
    block.points = block.points + np.array([[generator.randint(-2, 2) for _ in range(3)] for _ in block.points])


def left_handed(_: random.Random, block: Draft) -> None:
    """A left-handed cell."""
    block.rows = -block.rows


def deuterium(_: random.Random, block: Draft) -> None:
    """Deuterium."""
    symbols = block.symbol_lines[0].split()
    first = symbols[0]
    elements = tuple("H" if element == first else element for element in block.crystal.elements)
    block.crystal = Crystal(block.crystal.lattice, elements, block.crystal.positions)
    block.symbol_lines[0] = " ".join("D" if symbol == first else symbol for symbol in symbols)


def no_symbols(generator: random.Random, block: Draft) -> None:
    """The older form without symbols; the title may name them."""
    block.title = generator.choice((block.symbol_lines[0], "a crystal", "Fe O", "ICSD 1"))
    block.symbol_lines = block.symbol_lines[1:]


def symbol_case(generator: random.Random, block: Draft) -> None:
    """Symbols in capitals or small letters."""
    line = block.symbol_lines[0]
    block.symbol_lines[0] = line.upper() if maybe(generator, 0.5) else line.lower()


def no_element(generator: random.Random, block: Draft) -> None:
    """A symbol that is no element."""
    symbols = block.symbol_lines[0].split()
    symbols[generator.randrange(len(symbols))] = generator.choice(("X", "Xx", "Vac", "Me", "A", "Q1"))
    block.symbol_lines[0] = " ".join(symbols)
    block.part = refused_part(block.crystal)


def cut(generator: random.Random, block: Draft) -> None:
    """A file that ends before its last positions."""
    kept = generator.randrange(len(block.site_ends))
    block.points = block.points[:kept]
    block.part = refused_part(block.crystal)


Change = Callable[[random.Random, Draft], None]

KINDS: dict[str, Change] = {
    "plain": plain,
    "scale factor": scaled,
    "scale factor: volume": scaled_to_volume,
    "three scale factors": three_scales,
    "selective dynamics": selective,
    "words for coordinates": mode_words,
    "symbols on several lines": symbols_in_lines,
    "symbols with potentials": symbols_with_tails,
    "titles": titles,
    "remarks": remarks,
    "velocities": velocities,
    "line ends": line_ends,
    "byte-order mark": byte_order_mark,
    "numbers in many styles": number_styles,
    "positions outside the cell": outside,
    "left-handed cell": left_handed,
    "deuterium": deuterium,
    "no symbols": no_symbols,
    "symbols in capitals or small letters": symbol_case,
    "no element": no_element,
    "cut": cut,
}


def write_poscar(generator: random.Random) -> Text:
    """A POSCAR file in one dialect, or several joined, or a trajectory."""
    choice = generator.random()
    if choice < 0.06:
        return joined(generator)
    if choice < 0.10:
        return trajectory(generator)
    kind = generator.choice(list(KINDS))
    block = draft(generator)
    KINDS[kind](generator, block)
    if maybe(generator, 0.1):
        # A second dialect on top, of those that stand side by side.
        kind = "several at once"
        for change in generator.sample((titles, remarks, velocities, line_ends, number_styles), 2):
            change(generator, block)
    content = block.head + block.text().replace("\n", block.newline).encode()
    return Text(kind, content, [block.meaning()])


def joined(generator: random.Random) -> Text:
    """Two or three files written one after the other."""
    blocks = [draft(generator) for _ in range(generator.randint(2, 3))]
    text = generator.choice(("", "\n")).join(block.text() for block in blocks)
    return Text("joined files", text.encode(), [block.meaning() for block in blocks])


def trajectory(generator: random.Random) -> Text:
    """An XDATCAR: one head, or one for each frame, and positions of several frames."""
    first = draft(generator)
    heads = maybe(generator, 0.5)
    lines: list[str] = []
    parts: list[Part] = []
    for number in range(generator.randint(2, 3)):
        moved = first.points + 0.02 * number * np.sin(np.arange(first.points.size)).reshape(-1, 3)
        crystal = Crystal(first.crystal.lattice, first.crystal.elements, moved)
        text = Draft(crystal, rows=first.rows, symbol_lines=first.symbol_lines, points=moved, site_ends=first.site_ends)
        text.mode = f"Direct configuration= {number + 1:5d}"
        all_lines = text.text().rstrip("\n").split("\n")
        lines += all_lines if heads or number == 0 else all_lines[7:]
        parts.append(crystal_part(crystal))
    return Text("trajectory", ("\n".join(lines) + "\n").encode(), parts)
