"""Extended XYZ files in many dialects."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .case import Part, Text, crystal_part, maybe, refused_part
from .crystal import Crystal
from .known import SYMBOLS, random_known

NUMBERS = {symbol: number + 1 for number, symbol in enumerate(SYMBOLS)}


@dataclass
class Draft:
    """A frame on its way to text."""

    crystal: Crystal
    lattice: str = ""
    fields: list[str] = field(default_factory=list)
    columns: list[tuple[str, list[str]]] = field(default_factory=list)
    names_columns: bool = True
    separator: str = " "
    line_end: str = ""
    newline: str = "\n"
    head: bytes = b""
    lattice_last: bool = False
    equals: str = "="
    part: Part | None = None

    def text(self) -> str:
        """The frame's text."""
        fields = [self.lattice] if self.lattice else []
        if self.names_columns:
            fields.append(f"Properties{self.equals}" + ":".join(name for name, _ in self.columns))
        fields = [*self.fields, *fields] if self.lattice_last else [*fields, *self.fields]
        count = len(self.crystal.elements)
        rows = [self.separator.join(values[k] for _, values in self.columns) for k in range(count)]
        return "\n".join(line + self.line_end for line in [str(count), " ".join(fields), *rows]) + "\n"

    def meaning(self) -> Part:
        """What the frame means."""
        return self.part or crystal_part(self.crystal)


def lattice_numbers(crystal: Crystal) -> list[str]:
    """The nine numbers of the cell."""
    return [f"{value:.8f}" for value in crystal.lattice.ravel()]


def draft(generator: random.Random) -> Draft:
    """A frame as ASE writes it."""
    crystal = random_known(generator).crystal
    block = Draft(crystal)
    block.lattice = f'Lattice="{" ".join(lattice_numbers(crystal))}"'
    block.fields = ['pbc="T T T"'] if maybe(generator, 0.7) else []
    points = ["  ".join(f"{value:.8f}" for value in point) for point in crystal.cartesian]
    block.columns = [("species:S:1", list(crystal.elements)), ("pos:R:3", points)]
    return block


def plain(_: random.Random, __: Draft) -> None:
    """What ASE itself writes."""


def lattice_quotes(generator: random.Random, block: Draft) -> None:
    """The cell in other quotes and brackets."""
    numbers = lattice_numbers(block.crystal)
    rows = [", ".join(numbers[k : k + 3]) for k in (0, 3, 6)]
    nested = "[" + ", ".join(f"[{row}]" for row in rows) + "]"
    flat = " ".join(numbers)
    forms = (f"'{flat}'", "{" + flat + "}", nested, nested.replace(" ", ""), f'"{flat} "', f'" {flat}"', f'"{nested}"')
    block.lattice = "Lattice=" + generator.choice(forms)


def lattice_key(generator: random.Random, block: Draft) -> None:
    """The key of the cell in another case."""
    block.lattice = block.lattice.replace("Lattice", generator.choice(("lattice", "LATTICE")))


def quoted_notes(generator: random.Random, block: Draft) -> None:
    """Texts that hold what looks like keys and cells."""
    traps = (
        'note="Lattice=9 0 0 0 9 0 0 0 9"',
        "comment='Lattice=\"9 0 0 0 9 0 0 0 9\"'",
        'history="was: Properties=species:S:1:pos:R:3:x:R:1"',
        'remark="pbc=F F F"',
        'source="id=other energy=5"',
        "text={a = b}",
        'quote="it\'s"',
    )
    block.fields += generator.sample(traps, 2)
    block.lattice_last = maybe(generator, 0.6)


def escapes(generator: random.Random, block: Draft) -> None:
    """Escaped quotes and backslashes in texts."""
    traps = (r'note="a \"quoted\" word"', r'note="back\\slash"', r'note="\" Lattice=\"1 0 0 0 1 0 0 0 1\" "')
    block.fields.append(generator.choice(traps))
    block.lattice_last = maybe(generator, 0.6)


def bare_words(generator: random.Random, block: Draft) -> None:
    """Words without values, arrays, and logical values."""
    stress = "stress=[[0, 0, 0], [0, 0, 0], [0, 0, 0]]"
    words = ("converged", stress, 'dipole="0.1 0.2 0.3"', "done=T", "free_energy=-3.5", "n=3")
    block.fields += generator.sample(words, 3)
    block.lattice_last = maybe(generator, 0.5)


def blanks_around_equals(generator: random.Random, block: Draft) -> None:
    """Blanks around the equals signs."""
    equals = generator.choice((" = ", " =", "= "))
    block.equals = equals
    block.lattice = block.lattice.replace("=", equals)


def column_order(generator: random.Random, block: Draft) -> None:
    """Columns in any order, with others among them."""
    count = len(block.crystal.elements)
    others = [
        ("forces:R:3", ["0.1 -0.2 3e-1"] * count),
        ("move_mask:L:1", ["T"] * count),
        ("tags:I:1", ["7"] * count),
        ("initial_charges:R:1", ["-1.5"] * count),
        ("name:S:1", ["Fe1"] * count),
    ]
    block.columns += generator.sample(others, generator.randint(1, 4))
    generator.shuffle(block.columns)


def atomic_numbers(generator: random.Random, block: Draft) -> None:
    """Atomic numbers in place of symbols, or beside them."""
    numbers = [str(NUMBERS[element]) for element in block.crystal.elements]
    if maybe(generator, 0.6):
        block.columns[0] = ("Z:I:1", numbers)
    else:
        block.columns.insert(generator.randint(0, 2), ("Z:I:1", numbers))


def no_columns_named(_: random.Random, block: Draft) -> None:
    """No Properties: symbol and position by the older rule."""
    block.names_columns = False


def periodicity(generator: random.Random, block: Draft) -> None:
    """Which axes are periodic, in many spellings; none at all is no crystal, one or two make a slab or chain."""
    none = maybe(generator, 0.5)
    some_axes = ("T T T", "1 1 1", "True True True", "true true true", "[T, T, T]", "T T F", "F F T")
    no_axes = ("F F F", "0 0 0", "False False False", "false false false", "[F, F, F]")
    block.fields = [f'pbc="{generator.choice(no_axes if none else some_axes)}"']
    if none:
        block.part = refused_part(block.crystal)


def no_lattice(_: random.Random, block: Draft) -> None:
    """A molecule."""
    block.lattice = ""
    block.part = refused_part(block.crystal)


def line_ends(generator: random.Random, block: Draft) -> None:
    """Lines that end in CR LF or CR, or blanks before the end."""
    block.newline = generator.choice(("\n", "\r\n", "\r\n", "\r"))
    block.line_end = generator.choice(("", " ", "\t"))


def byte_order_mark(_: random.Random, block: Draft) -> None:
    """A byte-order mark."""
    block.head = b"\xef\xbb\xbf"


def tabs(_: random.Random, block: Draft) -> None:
    """Tabs between columns."""
    block.separator = "\t"


def species_tails(generator: random.Random, block: Draft) -> None:
    """Labels in place of symbols."""
    form = generator.choice(("{}1", "{}_1", "{}2+"))
    block.columns[0] = ("species:S:1", [form.format(element) for element in block.crystal.elements])


def deuterium(_: random.Random, block: Draft) -> None:
    """Deuterium."""
    first = block.crystal.elements[0]
    elements = tuple("H" if element == first else element for element in block.crystal.elements)
    block.columns[0] = ("species:S:1", ["D" if element == first else element for element in block.crystal.elements])
    block.crystal = Crystal(block.crystal.lattice, elements, block.crystal.positions)


def outside(generator: random.Random, block: Draft) -> None:
    """Positions outside the cell."""
    moves = np.array([[generator.randint(-2, 2) for _ in range(3)] for _ in block.crystal.elements])
    points = (block.crystal.positions + moves) @ block.crystal.lattice
    block.columns[1] = ("pos:R:3", ["  ".join(f"{value:.8f}" for value in point) for point in points])


def no_element(generator: random.Random, block: Draft) -> None:
    """A symbol that is no element."""
    symbols = list(block.crystal.elements)
    symbols[0] = generator.choice(("X", "Vac", "Me", "Qq"))
    block.columns[0] = ("species:S:1", symbols)
    block.part = refused_part(block.crystal)


Change = Callable[[random.Random, Draft], None]

KINDS: dict[str, Change] = {
    "plain": plain,
    "quotes around the cell": lattice_quotes,
    "case of the key": lattice_key,
    "traps in texts": quoted_notes,
    "escapes": escapes,
    "bare words and arrays": bare_words,
    "blanks around =": blanks_around_equals,
    "columns in any order": column_order,
    "atomic numbers": atomic_numbers,
    "columns not named": no_columns_named,
    "periodicity": periodicity,
    "no lattice": no_lattice,
    "line ends": line_ends,
    "byte-order mark": byte_order_mark,
    "tabs": tabs,
    "labels for symbols": species_tails,
    "deuterium": deuterium,
    "positions outside the cell": outside,
    "no element": no_element,
}


def write_xyz(generator: random.Random) -> Text:
    """A file of one frame in one dialect, or of several frames."""
    kind = generator.choice(list(KINDS))
    block = draft(generator)
    KINDS[kind](generator, block)
    blocks = [block]
    if maybe(generator, 0.15):
        kind = "several frames"
        blocks += [draft(generator) for _ in range(generator.randint(1, 3))]
        generator.shuffle(blocks)
    between = generator.choice(("", "", "\n")) if len(blocks) > 1 else ""
    text = between.join(frame.text() for frame in blocks)
    content = block.head + text.replace("\n", block.newline).encode()
    return Text(kind, content, [frame.meaning() for frame in blocks])
