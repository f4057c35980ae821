"""Crystals as JSON: pymatgen's dictionaries, OPTIMADE, JARVIS, tables of pandas and flat objects."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from .case import Part, Text, crystal_part, maybe, refused_part
from .crystal import Crystal, cell_parameters
from .known import random_known

Object = dict[str, Any]
UNLIKE = float("nan")
# Stands for the file's name until that is known.
NAME = "@NAME@"


def some_crystal(generator: random.Random) -> Crystal:
    """A crystal of any setting."""
    return random_known(generator).crystal


def pymatgen_object(crystal: Crystal) -> Object:
    """A structure as pymatgen writes it."""
    a, b, c, alpha, beta, gamma = cell_parameters(crystal.lattice)
    lattice = {"matrix": crystal.lattice.tolist(), "pbc": [True] * 3, "a": a, "b": b, "c": c}
    lattice |= {"alpha": alpha, "beta": beta, "gamma": gamma, "volume": 1.0}
    sites = [
        {
            "species": [{"element": element, "occu": 1}],
            "abc": position.tolist(),
            "xyz": point.tolist(),
            "properties": {},
            "label": element,
        }
        for element, position, point in zip(crystal.elements, crystal.positions, crystal.cartesian)
    ]
    head = {"@module": "pymatgen.core.structure", "@class": "Structure", "charge": 0, "properties": {}}
    return head | {"lattice": lattice, "sites": sites}


def flat_object(crystal: Crystal) -> Object:
    """Lattice, species and fractional coordinates."""
    return {
        "lattice": crystal.lattice.tolist(),
        "species": list(crystal.elements),
        "frac_coords": crystal.positions.tolist(),
    }


def optimade_object(crystal: Crystal, name: str = "{}") -> Object:
    """An OPTIMADE entry; `name` makes the name of a species from its element."""
    elements = sorted(set(crystal.elements))
    species = [
        {"name": name.format(element), "chemical_symbols": [element], "concentration": [1.0]} for element in elements
    ]
    attributes = {
        "lattice_vectors": crystal.lattice.tolist(),
        "cartesian_site_positions": crystal.cartesian.tolist(),
        "species_at_sites": [name.format(element) for element in crystal.elements],
        "species": species,
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "nsites": len(crystal.elements),
        "elements": elements,
        "structure_features": [],
        "last_modified": None,
    }
    return {"id": f"{NAME}-entry", "type": "structures", "attributes": attributes}


def jarvis_object(generator: random.Random, crystal: Crystal) -> Object:
    """A record of JARVIS."""
    cartesian = maybe(generator, 0.5)
    atoms = {
        "lattice_mat": crystal.lattice.tolist(),
        "coords": (crystal.cartesian if cartesian else crystal.positions).tolist(),
        "elements": list(crystal.elements),
        "cartesian": cartesian,
        "abc": list(cell_parameters(crystal.lattice)[:3]),
        "props": [""] * len(crystal.elements),
    }
    return {"jid": f"JVASP-{NAME}", "atoms": atoms, "formation_energy_peratom": -1.2, "bulk": "na"}


Written = tuple[str, list[Part]]


def one_line(value: object) -> str:
    """JSON on a line."""
    return json.dumps(value) + "\n"


def objects(generator: random.Random, make: Callable[[Crystal], Object]) -> tuple[list[Object], list[Part]]:
    """One to three objects with their meanings."""
    crystals = [some_crystal(generator) for _ in range(generator.choice((1, 1, 2, 3)))]
    return [make(crystal) for crystal in crystals], [crystal_part(crystal) for crystal in crystals]


def arranged(generator: random.Random, items: list[Object]) -> str:
    """Objects as lines, as a list, or under a key; in lines or with indents."""
    indent = generator.choice((None, None, 1, 2))
    arrangement = generator.choice(("lines", "lines", "list", "under a key")) if len(items) > 1 else "lines"
    if arrangement == "lines":
        return "\n".join(json.dumps(item, indent=indent if len(items) == 1 else None) for item in items) + "\n"
    key = generator.choice(("structures", "entries", "data", "materials", "results"))
    return json.dumps(items if arrangement == "list" else {key: items}, indent=indent) + "\n"


def flat(generator: random.Random) -> Written:
    """Flat objects."""
    items, parts = objects(generator, flat_object)
    return arranged(generator, items), parts


def pymatgen(generator: random.Random) -> Written:
    """Structures of pymatgen."""
    items, parts = objects(generator, pymatgen_object)
    return arranged(generator, items), parts


def wrapped(generator: random.Random) -> Written:
    """Structures of pymatgen within entries or other objects."""
    key = generator.choice(("structure", "structure", "final_structure"))
    head: Object = {"@module": "pymatgen.entries.computed_entries", "@class": "ComputedStructureEntry", "energy": -3.2}
    items, parts = objects(generator, lambda crystal: head | {key: pymatgen_object(crystal)})
    return arranged(generator, items), parts


def charged(generator: random.Random) -> Written:
    """Species with charges and spins, and coordinates without names."""

    def make(crystal: Crystal) -> Object:
        value = pymatgen_object(crystal)
        for site in value["sites"]:
            site["species"][0] |= {"oxidation_state": generator.choice((3, 2.0, -2, 0, None)), "spin": 5}
            site["properties"] = {"magmom": UNLIKE}
        return value

    items, parts = objects(generator, make)
    return arranged(generator, items), parts


def charged_names(generator: random.Random) -> Written:
    """Species called Fe3+ in flat objects."""

    def make(crystal: Crystal) -> Object:
        return flat_object(crystal) | {"species": [element + "2+" for element in crystal.elements]}

    items, parts = objects(generator, make)
    return arranged(generator, items), parts


def not_a_number(generator: random.Random) -> Written:
    """NaN and Infinity in fields that no one needs."""
    extra = {"energy": UNLIKE, "gap": float("inf"), "note": "NaN", "nested": {"x": [UNLIKE, -float("inf")]}}
    make = generator.choice((flat_object, pymatgen_object))
    items, parts = objects(generator, lambda crystal: extra | make(crystal))
    return arranged(generator, items), parts


def lost_coordinate(generator: random.Random) -> Written:
    """A coordinate that is NaN or null."""
    crystal = some_crystal(generator)
    value = flat_object(crystal)
    value["frac_coords"][0][1] = generator.choice((UNLIKE, None, "0.5x", [0.1]))
    return one_line(value), [refused_part(crystal)]


def partial(generator: random.Random) -> Written:
    """Sites that are shared or partly empty."""
    crystal = some_crystal(generator)
    if maybe(generator, 0.5):
        value = pymatgen_object(crystal)
        shares = ([{"element": "Fe", "occu": 0.5}, {"element": "Mg", "occu": 0.5}], [{"element": "Fe", "occu": 0.7}])
        value["sites"][0]["species"] = generator.choice(shares)
        return one_line(value), [refused_part(crystal)]
    value = optimade_object(crystal)
    kinds = (
        {"chemical_symbols": ["Fe", "Mg"], "concentration": [0.5, 0.5]},
        {"chemical_symbols": ["Fe", "vacancy"], "concentration": [0.9, 0.1]},
        {"chemical_symbols": ["Fe"], "concentration": [0.9]},
    )
    value["attributes"]["species"].append({"name": "shared"} | generator.choice(kinds))
    value["attributes"]["species_at_sites"][0] = "shared"
    return one_line(value), [refused_part(crystal)]


def mixed_valence(generator: random.Random) -> Written:
    """One element on a site in two charges, whose shares add up to one."""
    crystal = some_crystal(generator)
    value = pymatgen_object(crystal)
    element = crystal.elements[0]
    states = [{"element": element, "occu": 0.5, "oxidation_state": charge} for charge in (2, 3)]
    value["sites"][0]["species"] = states
    return one_line(value), [crystal_part(crystal)]


def optimade(generator: random.Random) -> Written:
    """OPTIMADE entries, with species that are called by elements or not."""
    name = generator.choice(("{}", "{}1", "species_{}", "{}-a"))
    items, parts = objects(generator, lambda crystal: optimade_object(crystal, name))
    if len(items) == 1 and maybe(generator, 0.4):
        single = maybe(generator, 0.5)
        return json.dumps({"data": items[0] if single else items, "meta": {"api_version": "1.1"}}) + "\n", parts
    return arranged(generator, items), parts


def optimade_swapped(generator: random.Random) -> Written:
    """An OPTIMADE entry whose species are called like other elements."""
    crystal = some_crystal(generator)
    value = optimade_object(crystal)
    elements = sorted(set(crystal.elements))
    names = dict(zip(elements, elements[1:] + elements[:1]))
    for species in value["attributes"]["species"]:
        species["name"] = names[species["chemical_symbols"][0]]
    value["attributes"]["species_at_sites"] = [names[element] for element in crystal.elements]
    return one_line(value), [crystal_part(crystal)]


def optimade_incomplete(generator: random.Random) -> Written:
    """An OPTIMADE entry that declares atoms or alternatives beyond its sites, or is no bulk."""
    crystal = some_crystal(generator)
    value = optimade_object(crystal)
    attributes = value["attributes"]
    match generator.randrange(4):
        case 0:
            attributes["species"][0] |= {"attached": ["H"], "nattached": [2]}
            attributes["structure_features"] = ["site_attachments"]
        case 1:
            attributes["structure_features"] = ["implicit_atoms"]
        case 2:
            attributes["structure_features"] = ["assemblies"]
            attributes["assemblies"] = [{"sites_in_groups": [[0], [1]], "group_probabilities": [0.5, 0.5]}]
        case _:
            attributes |= {"dimension_types": [0, 0, 0], "nperiodic_dimensions": 0}
    return one_line(value), [refused_part(crystal)]


def jarvis(generator: random.Random) -> Written:
    """Records of JARVIS."""
    items, parts = objects(generator, lambda crystal: jarvis_object(generator, crystal))
    return arranged(generator, items), parts


def pandas_table(generator: random.Random) -> Written:
    """A table of pandas in one of its orientations."""
    count = generator.randint(1, 3)
    crystals = [some_crystal(generator) for _ in range(count)]
    cells = [[pymatgen_object(crystal), round(generator.uniform(-3, 3), 3)] for crystal in crystals]
    columns = ["structure", "e_form"]
    match generator.choice(("split", "split", "columns", "index", "records", "values", "table")):
        case "split":
            table: object = {"columns": columns, "index": list(range(count)), "data": cells}
        case "columns":
            table = {name: {str(k): row[c] for k, row in enumerate(cells)} for c, name in enumerate(columns)}
        case "index":
            table = {str(k): dict(zip(columns, row)) for k, row in enumerate(cells)}
        case "records":
            table = [dict(zip(columns, row)) for row in cells]
        case "values":
            table = cells
        case _:
            rows = [{"index": k} | dict(zip(columns, row)) for k, row in enumerate(cells)]
            fields = [{"name": name, "type": "string"} for name in ("index", *columns)]
            table = {"schema": {"fields": fields, "primaryKey": ["index"]}, "data": rows}
    return json.dumps(table, indent=generator.choice((None, None, 1))) + "\n", [crystal_part(c) for c in crystals]


def marked(generator: random.Random) -> Written:
    """A byte-order mark before lines."""
    items, parts = objects(generator, flat_object)
    return "\ufeff" + "".join(one_line(item) for item in items), parts


def line_ends(generator: random.Random) -> Written:
    """Lines that end in CR LF, blank lines among them, no line end at the end."""
    items, parts = objects(generator, flat_object)
    end = generator.choice(("\r\n", "\n\n", "\n \n"))
    return end.join(json.dumps(item) for item in items), parts


def escaped(generator: random.Random) -> Written:
    """Keys and symbols written with escapes."""
    items, parts = objects(generator, flat_object)
    text = "".join(one_line(item) for item in items)
    return text.replace('"species"', '"\\u0073pecies"').replace('"Fe"', '"\\u0046e"').replace('"O"', '"\\u004f"'), parts


def whole_numbers(generator: random.Random) -> Written:
    """Keys in any order, with whole numbers and exponents among the coordinates."""
    crystal = some_crystal(generator)
    value = flat_object(crystal)
    value["frac_coords"] = [[int(x) if x == int(x) else x for x in point] for point in value["frac_coords"]]
    keys = list(value)
    generator.shuffle(keys)
    return one_line({"id": f"{NAME}.17"} | {key: value[key] for key in keys} | {"lattices": 3}), [crystal_part(crystal)]


def cut_short(generator: random.Random) -> Written:
    """Lines of which the last is cut."""
    crystals = [some_crystal(generator) for _ in range(2)]
    lines = [one_line(flat_object(crystal)) for crystal in crystals]
    cut = generator.randint(2, len(lines[1]) - 3)
    return lines[0] + lines[1][:cut], [crystal_part(crystals[0]), refused_part(crystals[1])]


def several_inside(generator: random.Random) -> Written:
    """A document that holds structures under other keys of its own."""
    crystals = [some_crystal(generator) for _ in range(2)]
    first, second = (pymatgen_object(crystal) for crystal in crystals)
    key, other = generator.choice((("primitive", "unitcell"), ("initial_structure", "final_structure"), ("a", "b")))
    return one_line({key: first, other: second}), [crystal_part(crystal) for crystal in crystals]


def only_cartesian(generator: random.Random) -> Written:
    """Coordinates given in Å alone."""
    crystal = some_crystal(generator)
    if maybe(generator, 0.5):
        value = pymatgen_object(crystal)
        for site in value["sites"]:
            del site["abc"]
        return one_line(value), [crystal_part(crystal)]
    value = flat_object(crystal)
    del value["frac_coords"]
    return one_line(value | {"cart_coords": crystal.cartesian.tolist()}), [crystal_part(crystal)]


def cell_numbers(generator: random.Random) -> Written:
    """A lattice given by lengths and angles alone."""
    crystal = some_crystal(generator)
    value = pymatgen_object(crystal)
    del value["lattice"]["matrix"]
    return one_line(value), [crystal_part(crystal)]


def no_element(generator: random.Random) -> Written:
    """A symbol that is no element."""
    crystal = some_crystal(generator)
    value = flat_object(crystal)
    value["species"][0] = generator.choice(("X", "Vac", "Qq", "fe", "", "Fe/Mg", "FeO"))
    return one_line(value), [refused_part(crystal)]


def counts_differ(generator: random.Random) -> Written:
    """More species than positions, or the reverse."""
    crystal = some_crystal(generator)
    value = flat_object(crystal)
    value[generator.choice(("species", "frac_coords"))].pop()
    return one_line(value), [refused_part(crystal)]


KINDS: dict[str, Callable[[random.Random], Written]] = {
    "flat": flat,
    "pymatgen": pymatgen,
    "pymatgen, within others": wrapped,
    "pymatgen, charges": charged,
    "flat, charges": charged_names,
    "NaN in other fields": not_a_number,
    "coordinate lost": lost_coordinate,
    "occupancy": partial,
    "occupancy of two charges": mixed_valence,
    "OPTIMADE": optimade,
    "OPTIMADE, names swapped": optimade_swapped,
    "OPTIMADE, incomplete": optimade_incomplete,
    "JARVIS": jarvis,
    "pandas": pandas_table,
    "byte-order mark": marked,
    "line ends": line_ends,
    "escapes": escaped,
    "keys in any order": whole_numbers,
    "cut": cut_short,
    "several inside": several_inside,
    "Cartesian alone": only_cartesian,
    "lengths and angles alone": cell_numbers,
    "no element": no_element,
    "counts differ": counts_differ,
}


def write_json(generator: random.Random) -> Text:
    """A JSON file in one dialect."""
    kind = generator.choice(list(KINDS))
    text, parts = KINDS[kind](generator)
    return Text(kind, text.encode(), parts)
