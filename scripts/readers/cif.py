"""CIF files in many dialects."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from . import symmetry
from .case import Part, Text, crystal_part, decimal, maybe, refused_part
from .cif_text import Block, Item, Layout, Loop, Pair, Raw
from .crystal import Crystal, formula_sum, formula_units
from .known import SYMBOLS, Known, Site, in_full, operations, orbit, random_known, random_setting

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
    """A label that names no element, without type symbols or formula."""
    relabel(block, lambda element, number: f"{element}{number}")
    block.atoms[0][LABEL] = generator.choice(("Va1", "HOH", "Sit1", "PO4", "CO3", "X1", "Q1", "Me1", "Cat1", "An1"))
    block.refuse()


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


# Layouts.


def layout_marks(generator: random.Random, layout: Layout) -> None:
    """A byte-order mark before UTF-8."""
    layout.byte_order_mark = b"\xef\xbb\xbf"


def layout_wide(generator: random.Random, layout: Layout) -> None:
    """UTF-16 with its mark."""
    little = maybe(generator, 0.5)
    layout.byte_order_mark = b"\xff\xfe" if little else b"\xfe\xff"
    layout.encoding = "utf-16-le" if little else "utf-16-be"


def layout_latin(generator: random.Random, layout: Layout) -> None:
    """Bytes of another encoding in a comment, a text, or a value without quotes."""
    layout.encoding = "latin-1"
    heads = ("# Müller, Ångström", "#\xa0 no break", "# 90\xb0")
    layout.head = generator.choice(heads)
    layout.latin_item = generator.choice(("'Mülheim, 20\xb0C'", "Müller", "\n;Ångström\n;", "\xb0C"))


def set_layout(**values: object) -> Callable[[random.Random, Layout], None]:
    """A layout with fixed choices."""

    def change(_: random.Random, layout: Layout) -> None:
        for name, value in values.items():
            setattr(layout, name, value)

    return change


def layout_case(generator: random.Random, layout: Layout) -> None:
    """Tags and reserved words in other cases."""
    layout.tag_case = generator.choice(("upper", "mixed", "lower"))
    layout.keyword_case = generator.choice(("upper", "title", "lower"))


def layout_quotes(generator: random.Random, layout: Layout) -> None:
    """Quotes around every value."""
    layout.quote = generator.choice(("'", '"'))
    layout.quotes_everything = True


def layout_blanks(generator: random.Random, layout: Layout) -> None:
    """Indented lines, blanks behind lines, blank lines, no line end at the end."""
    layout.indent = generator.choice(("", " ", "\t", "    "))
    layout.trailing_blanks = generator.choice(("", " ", "\t "))
    layout.blank_lines = maybe(generator, 0.6)
    layout.tail = generator.choice(("", "\n", "\n\n\n", "\n \n", "\n#END\n", "\n# end"))


def layout_version(generator: random.Random, layout: Layout) -> None:
    """A line that names the version of the format."""
    layout.head = generator.choice(("#\\#CIF_1.1", "#\\#CIF_2.0", "#\\#CIF_1.0", "#\\#CIF1.1\n# more"))


LAYOUTS: dict[str, Callable[[random.Random, Layout], None]] = {
    "lines end in CR LF": set_layout(newline="\r\n"),
    "lines end in CR": set_layout(newline="\r"),
    "byte-order mark": layout_marks,
    "UTF-16": layout_wide,
    "Latin-1": layout_latin,
    "comments": set_layout(comments=True),
    "case of tags and words": layout_case,
    "quotes around everything": layout_quotes,
    "values as text fields": set_layout(text_fields=True),
    "a value a line": set_layout(loop_layout="value a line"),
    "a loop on one line": set_layout(loop_layout="one line"),
    "a loop's head on one line": set_layout(loop_layout="head on one line"),
    "all rows on one line": set_layout(loop_layout="rows on one line"),
    "rows over several lines": set_layout(loop_layout="broken rows"),
    "tabs": set_layout(separator="\t"),
    "blanks and blank lines": layout_blanks,
    "version line": layout_version,
}


# Files of several blocks.


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


def known_for(generator: random.Random, statement: str | None) -> Known:
    """A crystal in a setting that a statement of symmetry suits; a standard one where that is not what is tried."""
    fits = symmetry.is_standard if statement is None else symmetry.KINDS[statement][1]
    return random_known(generator, symmetry.suitable_setting(generator, fits, random_setting))
