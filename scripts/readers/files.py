"""All files of a run, each made from its seed and number alone."""

from __future__ import annotations

import random

from .case import Case
from .cif import write_cif
from .json_forms import NAME, write_json
from .poscar import write_poscar
from .xyz import write_xyz

FORMS = {
    "CIF": (write_cif, ".cif", 62),
    "POSCAR": (write_poscar, ".poscar", 14),
    "extended XYZ": (write_xyz, ".xyz", 12),
    "JSON": (write_json, ".json", 12),
}


def make_case(seed: int, number: int) -> Case:
    """The file of this number."""
    generator = random.Random(f"{seed} {number}")
    form = generator.choices(list(FORMS), [weight for _, _, weight in FORMS.values()])[0]
    write, suffix, _ = FORMS[form]
    text = write(generator)
    name = f"f{number:06d}"
    return Case(name, form, text.kind, suffix, text.content.replace(NAME.encode(), name.encode()), tuple(text.parts))
