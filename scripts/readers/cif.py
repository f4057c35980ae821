"""CIF files in many dialects."""

from __future__ import annotations

import random

from . import symmetry
from .case import Text, maybe
from .cif_contents import CONTENTS, formula, formula_and_multiplicities, multiplicities
from .cif_draft import draft, known_for
from .cif_files import FILES
from .cif_layouts import LAYOUTS
from .cif_text import Layout, Raw
from .known import in_full

SYMMETRIES = [(name, weight) for name, (_, _, weight) in symmetry.KINDS.items()]


def write_cif(generator: random.Random) -> Text:
    """A CIF file: one thing in another dialect, or several at once."""
    choice = generator.random()
    mixed = choice < 0.15
    wanted = "all" if mixed else generator.choices(("symmetry", "content", "layout", "file"), (45, 35, 14, 6))[0]
    names: list[str] = []
    statement: str | None = None
    if wanted in ("symmetry", "all"):
        statement = generator.choices([n for n, _ in SYMMETRIES], [w for _, w in SYMMETRIES])[0]
        names.append(statement)
    known = known_for(generator, statement)
    block = draft(generator, known)
    if statement is None and maybe(generator, 0.15):
        block = draft(generator, in_full(known))
    if statement is not None:
        if statement == symmetry.NOTHING_STATED:
            block = draft(generator, in_full(known))
        block.symmetry = symmetry.KINDS[statement][0](generator, block.known)
        if statement == symmetry.UNFIT:
            block.refuse()
    layout = Layout(generator=generator)
    if wanted in ("content", "all"):
        names.append(generator.choice(list(CONTENTS)))
        CONTENTS[names[-1]](generator, block)
    # Half of the files say what may settle a setting that is left open.
    if statement is not None and not block.extra and maybe(generator, 0.5):
        generator.choice((formula, multiplicities, formula_and_multiplicities))(generator, block)
    if wanted in ("layout", "all"):
        names.append(generator.choice(list(LAYOUTS)))
        LAYOUTS[names[-1]](generator, layout)
    if wanted == "file":
        names.append(generator.choice(list(FILES)))
        blocks, parts = FILES[names[-1]](generator, block)
    else:
        blocks, parts = [block.block(generator)], [block.meaning()]
    if layout.latin_item:
        blocks[0].items.insert(0, Raw(f"_note {layout.latin_item}"))
    return Text("several at once" if mixed else names[0], layout.render(blocks), parts)
