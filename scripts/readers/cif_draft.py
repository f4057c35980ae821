"""A data block of CIF on its way to text, and the plain one that dialects start from."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from . import symmetry
from .case import Part, crystal_part, decimal, maybe, refused_part
from .cif_text import Block, Item, Loop, Pair
from .known import Known, random_known, random_setting

POINT_TAGS = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
ANGLE_TAGS = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
CELL_TAGS = ("_cell_length_a", "_cell_length_b", "_cell_length_c", *ANGLE_TAGS)
LABEL, SYMBOL, OCCUPANCY = "_atom_site_label", "_atom_site_type_symbol", "_atom_site_occupancy"


@dataclass
class Draft:
    """A data block on its way to text."""

    known: Known
    cell: dict[str, str]
    symmetry: list[Item]
    atoms: list[dict[str, str]]
    columns: list[str]
    extra: list[Item] = field(default_factory=list)
    behind: list[Item] = field(default_factory=list)
    name: str = "crystal"
    atoms_first: bool = False
    ends_in_row: bool = False
    part: Part | None = None

    def block(self, generator: random.Random) -> Block:
        """The data block."""
        loop = Loop(self.columns, [[atom[tag] for tag in self.columns] for atom in self.atoms])
        if self.ends_in_row:
            loop.rows[-1].pop()
        cell: list[Item] = [Pair(tag, text) for tag, text in self.cell.items()]
        items = [*self.extra, *cell, *self.symmetry]
        if maybe(generator, 0.2):
            items = [*cell, *self.symmetry, *self.extra]
        return Block(self.name, [loop, *items, *self.behind] if self.atoms_first else [*items, loop, *self.behind])

    def meaning(self) -> Part:
        """What the block means."""
        return self.part or crystal_part(self.known.crystal)

    def refuse(self) -> None:
        """Notes that the block is no full crystal."""
        self.part = refused_part(self.known.crystal)

    def insert_column(self, generator: random.Random, tag: str, values: list[str]) -> None:
        """Adds a column at a random place."""
        self.columns.insert(generator.randint(0, len(self.columns)), tag)
        # Atoms beyond the values are those that a dialect added.
        filled = [*values, *["."] * (len(self.atoms) - len(values))]
        for atom, value in zip(self.atoms, filled):
            atom[tag] = value


def draft(generator: random.Random, known: Known) -> Draft:
    """A plain block: operations, labels and type symbols."""
    places = generator.choice((4, 5, 6))
    lengths = [decimal(value, 4) for value in known.cell[:3]]
    angles = [decimal(value, 4) if value % 1 else str(int(value)) for value in known.cell[3:]]
    atoms = []
    for number, site in enumerate(known.sites):
        atom = {LABEL: f"{site.element}{number + 1}", SYMBOL: site.element}
        atom |= {tag: decimal(float(value), places) for tag, value in zip(POINT_TAGS, site.position)}
        atoms.append(atom)
    cell = dict(zip(CELL_TAGS, [*lengths, *angles]))
    return Draft(known, cell, symmetry.plain_statement(generator, known), atoms, [LABEL, SYMBOL, *POINT_TAGS])


def known_for(generator: random.Random, statement: str | None) -> Known:
    """A crystal in a setting that a statement of symmetry suits; a standard one where that is not what is tried."""
    fits = symmetry.is_standard if statement is None else symmetry.KINDS[statement][1]
    return random_known(generator, symmetry.suitable_setting(generator, fits, random_setting))
