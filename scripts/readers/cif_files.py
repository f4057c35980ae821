"""CIF files of several blocks: crystals, texts, and what cannot be read."""

from __future__ import annotations

import random
from collections.abc import Callable

from .case import Part, maybe
from .cif_draft import CELL_TAGS, POINT_TAGS, SYMBOL, Draft, draft, known_for
from .cif_text import Block, Pair, Raw


def publication(generator: random.Random) -> Block:
    """A block that holds no crystal and does not seem to."""
    name = generator.choice(("global", "publication_text", "x", "I"))
    text = "\nThe crystal of data_1 was\nloop_\n_atom_site_fract_x\nfound."
    return Block(name, [Pair("_publ_contact_author_name", "Doe, J."), Pair("_publ_section_abstract", text)])


def simple_block(generator: random.Random, name: str) -> Draft:
    """A block of another crystal."""
    block = draft(generator, known_for(generator, None))
    block.name = name
    return block


def several(generator: random.Random, first: Draft) -> tuple[list[Block], list[Part]]:
    """Two to four crystals."""
    drafts = [first, *(simple_block(generator, f"b{k}") for k in range(generator.randint(1, 3)))]
    if maybe(generator, 0.2):
        for each in drafts:
            each.name = generator.choice(("", "same"))
    return [each.block(generator) for each in drafts], [each.meaning() for each in drafts]


def with_publications(generator: random.Random, first: Draft) -> tuple[list[Block], list[Part]]:
    """Crystals with blocks of text before, between and behind."""
    blocks, parts = several(generator, first)
    for _ in range(generator.randint(1, 2)):
        blocks.insert(generator.randint(0, len(blocks)), publication(generator))
    return blocks, parts


def with_fault(generator: random.Random, first: Draft) -> tuple[list[Block], list[Part]]:
    """Crystals with a block among them that cannot be read."""
    blocks, parts = several(generator, first)
    bad = simple_block(generator, "bad")
    match generator.randrange(4):
        case 0:
            bad.atoms[0][POINT_TAGS[0]] = "abc"
        case 1:
            del bad.cell[CELL_TAGS[1]]
        case 2:
            bad.atoms[0][SYMBOL] = "Qq"
        case _:
            renamed = {tag: tag.replace("fract", "Cartn") for tag in POINT_TAGS}
            bad.columns = [renamed.get(tag, tag) for tag in bad.columns]
            bad.atoms = [{renamed.get(tag, tag): value for tag, value in atom.items()} for atom in bad.atoms]
    bad.refuse()
    place = generator.randint(0, len(blocks))
    blocks.insert(place, bad.block(generator))
    parts.insert(place, bad.meaning())
    return blocks, parts


def cut_file(generator: random.Random, first: Draft) -> tuple[list[Block], list[Part]]:
    """A crystal and another block that ends within its cell, its header or a text field."""
    last = simple_block(generator, "cut")
    block = last.block(generator)
    match generator.randrange(3):
        case 0:
            block.items = [*[item for item in block.items if isinstance(item, Pair)][:2], Raw("_cell_length_c")]
        case 1:
            block.items.insert(0, Raw("_note\n;open"))
        case _:
            block.items = [*block.items[:-1], Raw("loop_\n_atom_site_label\n_atom_site_fract_x")]
    last.refuse()
    return [first.block(generator), block], [first.meaning(), last.meaning()]


def with_frame(generator: random.Random, first: Draft) -> tuple[list[Block], list[Part]]:
    """A crystal with a save frame, or the old global section."""
    block = first.block(generator)
    if maybe(generator, 0.5):
        block.items.insert(generator.randint(0, len(block.items)), Raw("save_frame\n_frame_note 'none'\nsave_"))
        return [block], [first.meaning()]
    block.items.append(Raw("save_other\n_cell_length_a 3.3\n_cell_length_b 4.4\nsave_"))
    return [block], [first.meaning()]


FILES: dict[str, Callable[[random.Random, Draft], tuple[list[Block], list[Part]]]] = {
    "several crystals": several,
    "several crystals and texts": with_publications,
    "a block that cannot be read": with_fault,
    "cut in a later block": cut_file,
    "save frames": with_frame,
}
