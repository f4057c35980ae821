"""What CIF files say of composition, atoms, labels, occupancies and numbers, in dialects."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

from . import symmetry
from .case import decimal, maybe
from .cif_draft import ANGLE_TAGS, CELL_TAGS, LABEL, OCCUPANCY, POINT_TAGS, SYMBOL, Draft
from .cif_text import Item, Loop, Pair
from .crystal import Crystal, formula_sum, formula_units
from .known import SYMBOLS, Known, Site, operations, orbit

# What a block says of its composition.


def formula_text(generator: random.Random, composition: list[tuple[str, int]]) -> str:
    """A formula sum."""
    parts = [f"{symbol}{'' if count == 1 and maybe(generator, 0.7) else count}" for symbol, count in composition]
    return " ".join(parts)


def formula(generator: random.Random, block: Draft) -> None:
    """The formula sum with or without Z."""
    whole = block.known.crystal.composition
    units = formula_units(whole)
    if maybe(generator, 0.3):
        units = generator.choice([n for n in range(1, units + 1) if units % n == 0])
    block.extra.append(Pair("_chemical_formula_sum", formula_text(generator, formula_sum(whole, units))))
    if maybe(generator, 0.7):
        block.extra.append(Pair("_cell_formula_units_Z", str(units)))


def multiplicities(generator: random.Random, block: Draft) -> None:
    """A column with the multiplicities of the sites."""
    tag = generator.choice(("_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity"))
    block.insert_column(generator, tag, [str(site.multiplicity) for site in block.known.sites])


def formula_and_multiplicities(generator: random.Random, block: Draft) -> None:
    """Both."""
    formula(generator, block)
    multiplicities(generator, block)


# Labels and type symbols.


def relabel(block: Draft, label: Callable[[str, int], str], keep_symbols: bool = False) -> None:
    """Gives all atoms labels made of element and number, and drops the type symbols."""
    for number, (atom, site) in enumerate(zip(block.atoms, block.known.sites)):
        atom[LABEL] = label(site.element, number + 1)
    if not keep_symbols:
        block.columns.remove(SYMBOL)


def label_plain(generator: random.Random, block: Draft) -> None:
    """Labels such as Fe1, Fe, Fe(1), Fe1A, Fe_1 without type symbols."""
    forms = ("{0}{1}", "{0}", "{0}({1})", "{0}{1}A", "{0}_{1}", "{0}0{1}", "{0}{1}'", "{0}-{1}")
    form = generator.choice(forms)
    relabel(block, lambda element, number: form.format(element, number))


def label_charge(generator: random.Random, block: Draft) -> None:
    """Labels with a charge."""
    form = generator.choice(("{0}3+{1}", "{0}2-", "{0}+", "{0}3+"))
    relabel(block, lambda element, number: form.format(element, number))


def label_capitals(generator: random.Random, block: Draft) -> None:
    """Labels in capitals or small letters."""
    upper = maybe(generator, 0.7)
    relabel(block, lambda element, number: f"{element.upper() if upper else element.lower()}{number}")


def reads_as_other(label: str, element: str) -> bool:
    """Whether the letters of a label are the symbol of another element, in whatever case."""
    letters = "".join(itertools.takewhile(str.isalpha, label))
    return letters.capitalize() in SYMBOLS and letters.capitalize() != element


def label_site_code(generator: random.Random, block: Draft) -> None:
    """Labels with the code of a site: NaM4, OA1, SiT2; beside a formula where one looks like another element."""
    codes = [generator.choice(("M", "A", "B", "T", "W", "X", "O", "H", "P", "C", "N", "S")) for _ in block.atoms]
    relabel(block, lambda element, number: f"{element}{codes[number - 1]}{number}")
    pairs = zip(block.atoms, block.known.sites)
    if any(reads_as_other(atom[LABEL], site.element) for atom, site in pairs) or maybe(generator, 0.3):
        formula(generator, block)


def label_anything(generator: random.Random, block: Draft) -> None:
    """Labels that mislead beside type symbols."""
    names = ["Ca{}", "X{}", "M{}", "A{}", "{}", "Co{}", "Va{}", "O{}", "Al,Cu{}", "T{}a"]
    chosen = [generator.choice(names).format(number + 1) for number in range(len(block.atoms))]
    relabel(block, lambda _, number: chosen[number - 1], keep_symbols=True)


def with_element(known: Known, element: str, place: int = 0) -> Known:
    """The same crystal with another element on one site."""
    sites = list(known.sites)
    sites[place] = Site(element, sites[place].position, sites[place].multiplicity)
    symbols: list[str] = [site.element for site in sites for _ in range(site.multiplicity)]
    crystal = Crystal(known.crystal.lattice, tuple(symbols), known.crystal.positions)
    return Known(known.setting, known.cell, tuple(sites), crystal)


def label_hydrogen(generator: random.Random, block: Draft) -> None:
    """Hydrogens called after oxygen: Ho1, HO1; carbons CA, CM; waters OW, Wat; with a formula where it decides."""
    element, label = generator.choice(
        (
            ("H", "Ho{}"),
            ("H", "HO{}"),
            ("H", "Hf{}"),
            ("C", "CA{}"),
            ("C", "CM{}"),
            ("O", "OW{}"),
            ("O", "Wat{}"),
            ("N", "NA{}"),
        )
    )
    block.known = with_element(block.known, element)
    relabel(block, lambda name, number: f"{name}{number}")
    block.atoms[0][LABEL] = label.format(1)
    if reads_as_other(block.atoms[0][LABEL], element) or maybe(generator, 0.5):
        formula(generator, block)


def label_two_species(generator: random.Random, block: Draft) -> None:
    """A label that names two species."""
    relabel(block, lambda element, number: f"{element}{number}")
    block.atoms[0][LABEL] = generator.choice(("Al,Cu1", "Fe/Mg1", "Al/Si", "(Fe,Mg)1", "FeMg1"))
    block.refuse()


def label_no_element(generator: random.Random, block: Draft) -> None:
    """A label that names no element, without type symbols: only a formula, if there is one, can tell what it is."""
    relabel(block, lambda element, number: f"{element}{number}")
    block.atoms[0][LABEL] = generator.choice(("Va1", "HOH", "Sit1", "PO4", "CO3", "X1", "Q1", "Me1", "Cat1", "An1"))


def symbol_charge(generator: random.Random, block: Draft) -> None:
    """Type symbols with charges."""
    for atom, site in zip(block.atoms, block.known.sites):
        charge = generator.choice(("3+", "2+", "0+", "1-", "2-", "+3", "+", "-", "0", "2.5+"))
        atom[SYMBOL] = site.element + charge


def symbol_capitals(generator: random.Random, block: Draft) -> None:
    """Type symbols in capitals or small letters."""
    upper = maybe(generator, 0.5)
    for atom, site in zip(block.atoms, block.known.sites):
        atom[SYMBOL] = site.element.upper() if upper else site.element.lower()


def symbol_missing(generator: random.Random, block: Draft) -> None:
    """Type symbols that are unknown, beside good labels."""
    for atom in block.atoms:
        atom[SYMBOL] = generator.choice(("?", "."))


def symbol_shared(_: random.Random, block: Draft) -> None:
    """A type symbol that names shares of two elements."""
    block.atoms[0][SYMBOL] = "0.75Si + 0.25Al"
    block.refuse()


def deuterium(generator: random.Random, block: Draft) -> None:
    """Deuterium and hydrogen."""
    place = generator.randrange(len(block.atoms))
    block.known = with_element(block.known, "H", place)
    block.atoms[place] |= {LABEL: "D1", SYMBOL: "D"}
    if maybe(generator, 0.4):
        block.columns.remove(SYMBOL)
    if maybe(generator, 0.4):
        formula(generator, block)


# Occupancies, disorder and what else makes a block less than a crystal.


def occupancy_full(generator: random.Random, block: Draft) -> None:
    """Occupancies that are one."""
    texts = ("1", "1.0", "1.000", "1.00(1)", ".", "?", "1.")
    block.insert_column(generator, OCCUPANCY, [generator.choice(texts) for _ in block.atoms])


def occupancy_zero(generator: random.Random, block: Draft) -> None:
    """A listed atom that is not there."""
    block.insert_column(generator, OCCUPANCY, ["1"] * len(block.atoms))
    point = {tag: decimal(generator.random(), 4) for tag in POINT_TAGS}
    block.atoms.append(block.atoms[0] | point | {LABEL: "H77", SYMBOL: "H", OCCUPANCY: generator.choice(("0", "0.0"))})


def occupancy_partial(generator: random.Random, block: Draft) -> None:
    """A site that is partly empty."""
    block.insert_column(generator, OCCUPANCY, ["1"] * len(block.atoms))
    generator.choice(block.atoms)[OCCUPANCY] = generator.choice(("0.5", "0.75", ".5", "0.3333", "0.90(2)", "5e-1"))
    block.refuse()


def occupancy_shared(generator: random.Random, block: Draft) -> None:
    """A site shared by two elements."""
    block.insert_column(generator, OCCUPANCY, ["1"] * len(block.atoms))
    first = block.atoms[0]
    share = generator.choice((0.5, 0.3, 0.25))
    other = "Mg" if first[SYMBOL] != "Mg" else "Fe"
    block.atoms.append(first | {LABEL: f"{other}99", SYMBOL: other, OCCUPANCY: f"{1 - share:g}"})
    first[OCCUPANCY] = f"{share:g}"
    block.refuse()


def occupancy_shared_silently(_: random.Random, block: Draft) -> None:
    """Two elements on one position, without occupancies."""
    first = block.atoms[0]
    other = "Mg" if first[SYMBOL] != "Mg" else "Fe"
    block.atoms.append(first | {LABEL: f"{other}99", SYMBOL: other})
    block.refuse()


def occupancy_of_charges(generator: random.Random, block: Draft) -> None:
    """One element on a site in two charges, whose shares add up to one."""
    block.insert_column(generator, OCCUPANCY, ["1"] * len(block.atoms))
    first = block.atoms[0]
    element = first[SYMBOL]
    block.atoms.append(first | {LABEL: f"{element}98", SYMBOL: f"{element}3+", OCCUPANCY: "0.5"})
    first |= {SYMBOL: f"{element}2+", OCCUPANCY: "0.5"}


def disorder_groups(generator: random.Random, block: Draft) -> None:
    """Groups of disorder without occupancies: two alternatives of one atom."""
    count = len(block.atoms)
    block.insert_column(generator, "_atom_site_disorder_assembly", ["."] * count)
    block.insert_column(generator, "_atom_site_disorder_group", ["."] * count)
    first = block.atoms[0]
    first |= {"_atom_site_disorder_assembly": "A", "_atom_site_disorder_group": "1"}
    moved = decimal(float(first[POINT_TAGS[0]]) + 0.06, 4)
    second = {LABEL: first[LABEL] + "B", POINT_TAGS[0]: moved, "_atom_site_disorder_group": "2"}
    block.atoms.append(first | second)
    block.refuse()


def disorder_none(generator: random.Random, block: Draft) -> None:
    """Columns of disorder that say there is none."""
    value = generator.choice((".", "?"))
    block.insert_column(generator, "_atom_site_disorder_group", [value] * len(block.atoms))


def attached_hydrogens(generator: random.Random, block: Draft) -> None:
    """Hydrogens that are counted and not listed, or none of them."""
    counts = ["0"] * len(block.atoms)
    if maybe(generator, 0.6):
        counts[0] = generator.choice(("1", "2", "3"))
        block.refuse()
    block.insert_column(generator, "_atom_site_attached_hydrogens", counts)


def dummy_atom(generator: random.Random, block: Draft) -> None:
    """An atom that is only there for the program, and says so."""
    block.insert_column(generator, "_atom_site_calc_flag", ["d"] * len(block.atoms))
    dummy = {LABEL: "Cg1", SYMBOL: generator.choice(("C", ".", "X")), "_atom_site_calc_flag": "dum"}
    block.atoms.append(block.atoms[0] | dummy | {tag: "0.1234" for tag in POINT_TAGS})


def unknown_coordinate(generator: random.Random, block: Draft) -> None:
    """An atom whose position is not known."""
    other = {LABEL: "H99", SYMBOL: "H"} | {tag: generator.choice(("?", ".")) for tag in POINT_TAGS}
    block.atoms.append(block.atoms[0] | other)
    block.refuse()


def modulated(generator: random.Random, block: Draft) -> None:
    """A modulated structure: the average of a crystal."""
    block.extra.append(Pair("_cell_modulation_dimension", "1"))
    block.extra.append(Loop(["_cell_wave_vector_seq_id", "_cell_wave_vector_x"], [["1", "0.3137(2)"]]))
    texts = [symmetry.operation_text(generator, op, "last", ",") for op in operations(block.known.setting)]
    for old, new in (("x", "x1"), ("y", "x2"), ("z", "x3")):
        texts = [text.replace(old, new) for text in texts]
    tag = "_space_group_symop_ssg_operation_algebraic"
    block.symmetry = [Loop(["_space_group_symop_ssg_id", tag], [[str(k + 1), f"{t},x4"] for k, t in enumerate(texts)])]
    block.refuse()


# Atoms and numbers.


def listed_again(generator: random.Random, block: Draft) -> None:
    """Some atoms that symmetry makes of others, listed too."""
    for number, site in enumerate(block.known.sites):
        images = orbit(site.position, block.known.setting)[1:]
        for point in generator.sample(images, min(len(images), generator.randint(0, 3))):
            again = {tag: decimal(float(value), 6) for tag, value in zip(POINT_TAGS, point)}
            block.atoms.append(block.atoms[number] | again | {LABEL: f"{site.element}{len(block.atoms) + 50}"})


def other_images(generator: random.Random, block: Draft) -> None:
    """Sites given by another of their images, or outside the cell."""
    for number, site in enumerate(block.known.sites):
        point = generator.choice(orbit(site.position, block.known.setting))
        moved = [value + generator.randint(-2, 2) for value in point]
        block.atoms[number] |= {tag: decimal(float(value), 6) for tag, value in zip(POINT_TAGS, moved)}


def number_styles(generator: random.Random, block: Draft) -> None:
    """Numbers with uncertainties, without a leading zero, with a sign or an exponent."""

    def styled(text: str) -> str:
        value = float(text)
        bare = text.replace("0.", ".", 1) if text.startswith("0.") else text
        forms = [f"{text}({generator.randint(1, 30)})", bare, f"+{text}", f"{value:.6e}", f"{value:.7E}", f"{bare}(3)"]
        return generator.choice(forms)

    for atom in block.atoms:
        for tag in POINT_TAGS:
            atom[tag] = styled(atom[tag])
    for tag in CELL_TAGS[:3]:
        block.cell[tag] = f"{block.cell[tag]}({generator.randint(1, 15)})"


def cut_thirds(_: random.Random, block: Draft) -> None:
    """Thirds cut off after four digits: 0.3333, 0.6666."""
    for atom, site in zip(block.atoms, block.known.sites):
        for tag, value in zip(POINT_TAGS, site.position):
            if value.denominator in (3, 6):
                atom[tag] = decimal(int(value * 10_000) / 10_000, 4)


def fractions(_: random.Random, block: Draft) -> None:
    """Coordinates as fractions, which the format does not know."""
    for atom, site in zip(block.atoms, block.known.sites):
        for tag, value in zip(POINT_TAGS, site.position):
            if 1 < value.denominator <= 24:
                atom[tag] = f"{value.numerator}/{value.denominator}"


def decimal_commas(_: random.Random, block: Draft) -> None:
    """Coordinates with a decimal comma, which the format does not know."""
    for atom in block.atoms:
        for tag in POINT_TAGS:
            atom[tag] = atom[tag].replace(".", ",")


def right_angles(_: random.Random, block: Draft) -> None:
    """Angles left out, or unknown, where they are 90 degrees."""
    for tag, value in zip(ANGLE_TAGS, block.known.cell[3:]):
        if value == 90:
            del block.cell[tag]


def cell_in_text(_: random.Random, block: Draft) -> None:
    """Lengths of the cell as text fields."""
    for tag in CELL_TAGS[:3]:
        block.cell[tag] = "\n" + block.cell[tag]


def column_order(generator: random.Random, block: Draft) -> None:
    """Columns in any order, with others among them."""
    count = len(block.atoms)
    others = (
        ("_atom_site_U_iso_or_equiv", "0.0123(4)"),
        ("_atom_site_adp_type", "Uani"),
        ("_atom_site_Wyckoff_symbol", "a"),
        ("_atom_site_calc_flag", "d"),
        ("_atom_site_refinement_flags", "."),
        ("_atom_site_B_iso_or_equiv", "."),
        ("_atom_site_description", "it's an 'atom' # 1"),
    )
    for tag, value in generator.sample(others, generator.randint(0, 4)):
        block.insert_column(generator, tag, [value] * count)
    generator.shuffle(block.columns)


def dotted_tags(_: random.Random, block: Draft) -> None:
    """The tags of the newer dictionary language: _cell.length_a."""
    renamed = {tag: tag.replace("_atom_site_", "_atom_site.") for tag in block.columns}
    block.columns = list(renamed.values())
    block.atoms = [{renamed.get(tag, tag): value for tag, value in atom.items()} for atom in block.atoms]
    block.cell = {tag.replace("_cell_", "_cell."): value for tag, value in block.cell.items()}
    for item in block.symmetry:
        if isinstance(item, Loop) and "." not in item.tags[-1]:
            item.tags = [
                "_space_group_symop.operation_xyz" if "xyz" in tag else "_space_group_symop.id" for tag in item.tags
            ]


def other_loops(generator: random.Random, block: Draft) -> None:
    """Loops and items around the atoms: displacements, bonds, authors, a list of atom types."""
    labels = [atom[LABEL] for atom in block.atoms]
    elements = sorted({site.element for site in block.known.sites})
    items: list[Item] = [
        Loop(["_atom_site_aniso_label", "_atom_site_aniso_U_11"], [[label, "0.01(1)"] for label in labels]),
        Loop(["_geom_bond_atom_site_label_1", "_geom_bond_atom_site_label_2"], [[labels[0], labels[-1]]]),
        Loop(["_publ_author_name", "_publ_author_address"], [["O'Neil, A.", "\nHere\n loop_\nthere"]]),
        Loop(["_atom_type_symbol", "_atom_type_oxidation_number"], [[element, "0"] for element in elements]),
        Pair("_chemical_name_systematic", "\nsome name\ndata_not_a_block\n_atom_site_fract_x"),
        Pair("_audit_creation_method", "written by 'hand'"),
        Pair("_cell_volume", "123.4(5)"),
        Pair("_exptl_crystal_density_diffrn", "?"),
    ]
    generator.shuffle(items)
    half = generator.randint(0, len(items))
    block.extra += items[:half]
    block.behind += items[half:]


def atoms_before_cell(_: random.Random, block: Draft) -> None:
    """The atoms before cell and symmetry."""
    block.atoms_first = True


def row_cut(_: random.Random, block: Draft) -> None:
    """A file that ends within the row of an atom."""
    block.ends_in_row = True
    block.refuse()


Change = Callable[[random.Random, Draft], None]

CONTENTS: dict[str, Change] = {
    "formula, Z": formula,
    "multiplicities": multiplicities,
    "formula and multiplicities": formula_and_multiplicities,
    "labels alone": label_plain,
    "labels with charges": label_charge,
    "labels in capitals or small letters": label_capitals,
    "labels with site codes": label_site_code,
    "labels that mislead, with symbols": label_anything,
    "labels such as Ho1, CA1, OW1": label_hydrogen,
    "labels of two species": label_two_species,
    "labels of no element": label_no_element,
    "symbols with charges": symbol_charge,
    "symbols in capitals or small letters": symbol_capitals,
    "symbols unknown": symbol_missing,
    "symbols with shares": symbol_shared,
    "deuterium": deuterium,
    "occupancy one": occupancy_full,
    "occupancy zero": occupancy_zero,
    "occupancy below one": occupancy_partial,
    "occupancy shared": occupancy_shared,
    "two elements on one position": occupancy_shared_silently,
    "occupancy of two charges": occupancy_of_charges,
    "disorder groups": disorder_groups,
    "no disorder": disorder_none,
    "attached hydrogens": attached_hydrogens,
    "dummy atom": dummy_atom,
    "atom without position": unknown_coordinate,
    "modulated": modulated,
    "images listed again": listed_again,
    "images outside the cell": other_images,
    "numbers in many styles": number_styles,
    "thirds cut off": cut_thirds,
    "coordinates as fractions": fractions,
    "decimal commas": decimal_commas,
    "angles left out": right_angles,
    "cell in text fields": cell_in_text,
    "columns in any order": column_order,
    "dotted tags": dotted_tags,
    "other loops": other_loops,
    "atoms before the cell": atoms_before_cell,
    "cut in a row": row_cut,
}
