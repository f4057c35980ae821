"""The many ways in which CIF files state their symmetry."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from fractions import Fraction

from .cif_text import Item, Loop, Pair
from .known import Known, Operation, named_settings, operations, settings

OLD_SYMBOL = "_symmetry_space_group_name_H-M"
NEW_SYMBOL = "_space_group_name_H-M_alt"


def shift_text(shift: Fraction, decimals: bool) -> str:
    """A translation, as 1/2 or 0.5."""
    return f"{float(shift):.6g}" if decimals else f"{shift.numerator}/{shift.denominator}"


def row_text(generator: random.Random, row: tuple[int, int, int], shift: Fraction, style: str) -> str:
    """One of the three parts of an operation."""
    terms = [("-" if factor < 0 else "+") + letter for factor, letter in zip(row, "xyz") if factor]
    if style == "odd" and len(terms) > 1:
        generator.shuffle(terms)
    text = "".join(terms)
    if shift:
        number = shift_text(shift, decimals=style == "decimals")
        text = f"{number}{text}" if style in ("first", "odd") else f"{text}+{number}"
    if style != "plus":
        text = text.removeprefix("+")
    return text.upper() if style == "upper" else text


def operation_text(generator: random.Random, op: Operation, style: str, separator: str) -> str:
    """An operation as text."""
    return separator.join(row_text(generator, row, shift, style) for row, shift in zip(op.rotation, op.translation))


def operation_loop(generator: random.Random, known: Known, tag: str, style: str, separator: str) -> Loop:
    """The list of all operations, the identity first, with or without a column of numbers."""
    texts = [operation_text(generator, op, style, separator) for op in operations(known.setting)]
    if generator.random() < 0.3:
        number_tag = tag.replace("operation_xyz", "id").replace("pos_as_xyz", "pos_site_id")
        return Loop([number_tag, tag], [[str(k + 1), text] for k, text in enumerate(texts)])
    return Loop([tag], [[text] for text in texts])


def plain_operations(generator: random.Random, known: Known) -> list[Item]:
    """Operations as most programs write them."""
    tag = generator.choice(("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz"))
    style = generator.choice(("first", "last"))
    items: list[Item] = [operation_loop(generator, known, tag, style, generator.choice((",", ", ")))]
    if generator.random() < 0.5:
        items.insert(0, Pair(generator.choice((OLD_SYMBOL, NEW_SYMBOL)), known.group.xhm()))
    return items


def plain_statement(generator: random.Random, known: Known) -> list[Item]:
    """Operations with the short symbol: what every reader should understand."""
    tags = (("_symmetry_equiv_pos_as_xyz", OLD_SYMBOL), ("_space_group_symop_operation_xyz", NEW_SYMBOL))
    operation_tag, symbol_tag = generator.choice(tags)
    symbol = Pair(symbol_tag, shortened(known.group.hm))
    return [symbol, operation_loop(generator, known, operation_tag, "last", generator.choice((",", ", ")))]


def odd_operations(generator: random.Random, known: Known) -> list[Item]:
    """Operations with decimals, capitals, plus signs, or terms in any order."""
    tag = generator.choice(("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz"))
    style = generator.choice(("decimals", "upper", "plus", "odd"))
    return [operation_loop(generator, known, tag, style, generator.choice((",", ", ", " , ")))]


def dictionary_operations(generator: random.Random, known: Known) -> list[Item]:
    """Operations under the name of the newer dictionary language."""
    return [operation_loop(generator, known, "_space_group_symop.operation_xyz", "last", ",")]


def other_symbol(generator: random.Random, known: Known) -> list[Item]:
    """Operations beside the symbol of the group's standard setting, which is another one: the operations count."""
    standard = next(
        group for group in settings() if group.number == known.group.number and group.is_reference_setting()
    )
    return [Pair(OLD_SYMBOL, shortened(standard.hm)), *plain_statement(generator, known)[1:]]


def unfit_operations(generator: random.Random, known: Known) -> list[Item]:
    """Operations on hexagonal axes beside a rhombohedral cell, which they do not map on itself."""
    hexagonal = next(
        index for index in named_settings() if settings()[index].xhm() == known.group.xhm().replace(":R", ":H")
    )
    texts = [[operation_text(generator, op, "last", ",")] for op in operations(hexagonal)]
    return [Loop(["_symmetry_equiv_pos_as_xyz"], texts)]


def magnetic_operations(generator: random.Random, known: Known) -> list[Item]:
    """Operations and centerings of a magnetic group that leaves all moments as they are."""
    everything = operations(known.setting)
    centerings = [op for op in everything if op.rotation == everything[0].rotation]
    cosets: dict[tuple[tuple[int, int, int], ...], Operation] = {}
    for op in everything:
        cosets.setdefault(op.rotation, op)
    newer = generator.random() < 0.7
    tags = ("_space_group_symop_magn_operation", "_space_group_symop_magn_centering")
    if not newer:
        tags = ("_space_group_symop.magn", "_space_group_symop.magn_centering")
    suffix = (".xyz", ".xyz") if newer else ("_operation_xyz", "_xyz")
    identifiers = (".id", ".id") if newer else ("_id", "_id")
    items: list[Item] = [Pair("_space_group_magn.number_BNS", "1.1"), Pair("_space_group_magn.name_BNS", "P1")]
    for tag, end, identifier, group in zip(tags, suffix, identifiers, (list(cosets.values()), centerings)):
        rows = [[str(k + 1), operation_text(generator, op, "last", ",") + ",+1"] for k, op in enumerate(group)]
        items.append(Loop([tag + identifier, tag + end], rows))
    return items


def symbol_items(generator: random.Random, known: Known, symbol: str) -> list[Item]:
    """A Hermann–Mauguin symbol, often with the number."""
    old = generator.random() < 0.5
    items: list[Item] = [Pair(OLD_SYMBOL if old else NEW_SYMBOL, symbol)]
    if generator.random() < 0.5:
        number = "_symmetry_Int_Tables_number" if old else "_space_group_IT_number"
        items.insert(generator.randint(0, 1), Pair(number, str(known.group.number)))
    return items


def suffix(known: Known) -> str:
    """The suffix of the table for a choice of origin or axes, as ":2"; empty where there is no choice."""
    text = known.group.xhm()
    return text[text.index(":") :] if ":" in text else ""


def full_symbol(generator: random.Random, known: Known) -> list[Item]:
    """The full symbol with blanks, as in the International Tables."""
    return symbol_items(generator, known, known.group.xhm())


def short_symbol(generator: random.Random, known: Known) -> list[Item]:
    """The short symbol of monoclinic groups with unique axis b, with blanks."""
    return symbol_items(generator, known, shortened(known.group.hm) + suffix(known))


def shortened(symbol: str) -> str:
    """P 21/c for P 1 21/c 1."""
    return re.sub(r"^(\S) 1 (\S+) 1$", r"\1 \2", symbol)


def compact_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol without blanks."""
    symbol = generator.choice((known.group.hm, shortened(known.group.hm)))
    return symbol_items(generator, known, symbol.replace(" ", "") + suffix(known))


def underscore_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol with underscores for blanks or before the subscript of a screw axis."""
    symbol = generator.choice((known.group.hm, shortened(known.group.hm)))
    if generator.random() < 0.5:
        return symbol_items(generator, known, symbol.replace(" ", "_") + suffix(known))
    marked = re.sub(r"([2346])([1-5])", r"\1_\2", symbol)
    return symbol_items(generator, known, generator.choice((marked, marked.replace(" ", ""))) + suffix(known))


def bracket_symbol(generator: random.Random, known: Known) -> list[Item]:
    """The subscript of a screw axis in brackets, as SHELX writes it."""
    symbol = re.sub(r"([2346])([1-5])", r"\1(\2)", shortened(known.group.hm))
    return symbol_items(generator, known, generator.choice((symbol, symbol.replace(" ", ""))) + suffix(known))


def case_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol in capitals or small letters."""
    symbol = generator.choice((known.group.hm, shortened(known.group.hm), known.group.hm.replace(" ", "")))
    return symbol_items(generator, known, generator.choice((symbol.upper(), symbol.lower())) + suffix(known))


def worded_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol with its number in brackets behind."""
    symbol = generator.choice((known.group.hm, shortened(known.group.hm), known.group.hm.replace(" ", "")))
    number = known.group.number
    words = generator.choice((f"({number})", f"(No. {number})", f"(no. {number})", f"(#{number})", f"[{number}]"))
    return symbol_items(generator, known, f"{symbol}{suffix(known)} {words}")


OLD_NAMES = {
    "C m c e": "C m c a",
    "C m m e": "C m m a",
    "C c c e": "C c c a",
    "A e m 2": "A b m 2",
    "A e a 2": "A b a 2",
}
OTHER_NAMES = OLD_NAMES | {old: new for new, old in OLD_NAMES.items()}


def is_renamed(index: int) -> bool:
    """Whether a setting has an older or newer name: cubic ones without the bar, groups with the letter e."""
    group = settings()[index]
    return (group.number > 194 and " -3" in group.hm) or group.hm in OTHER_NAMES


def other_name(generator: random.Random, known: Known) -> list[Item]:
    """The name of older or newer editions: F m 3 m, C m c e."""
    symbol = known.group.hm
    renamed = OTHER_NAMES.get(symbol) or symbol.replace("-3", "3")
    renamed = generator.choice((renamed, renamed.replace(" ", "")))
    return symbol_items(generator, known, renamed + suffix(known))


def has_choice(index: int) -> bool:
    """Whether the symbol of a setting needs a choice of origin or axes."""
    return ":" in settings()[index].xhm()


def is_choice_of_standard(index: int) -> bool:
    """Whether a setting is the standard one but for the choice of origin or axes: all that a number can mean."""
    group = settings()[index]
    standard = next(other for other in settings() if other.number == group.number and other.is_reference_setting())
    return has_choice(index) and group.hm == standard.hm


SUFFIXES = {
    ":1": (" S", "S", " :1", ":1", " (origin choice 1)", " (origin 1)", " O1", " (O1)"),
    ":2": (" Z", "Z", " :2", ":2", " (origin choice 2)", " (origin 2)", " O2", " (O2)"),
    ":H": (" H", "H", " :H", ":H", ":h", " (hexagonal axes)", " (H)"),
    ":R": (" R", " RS", " :R", ":R", ":r", " (rhombohedral axes)", " (R)"),
}


def chosen_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol with its choice of origin or axes in one of many spellings."""
    symbol = generator.choice((known.group.hm, known.group.hm.replace(" ", "")))
    return symbol_items(generator, known, symbol + generator.choice(SUFFIXES[suffix(known)]))


def open_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A symbol that leaves the choice of origin or axes open."""
    return symbol_items(generator, known, generator.choice((known.group.hm, known.group.hm.replace(" ", ""))))


def hall_symbol(generator: random.Random, known: Known) -> list[Item]:
    """A Hall symbol."""
    tag = generator.choice(("_symmetry_space_group_name_Hall", "_space_group_name_Hall"))
    symbol = known.group.hall
    if generator.random() < 0.2:
        symbol = symbol.replace(" ", "_")
    return [Pair(tag, symbol)]


def number_alone(generator: random.Random, known: Known) -> list[Item]:
    """Nothing but the number of the group."""
    return [Pair(generator.choice(("_symmetry_Int_Tables_number", "_space_group_IT_number")), str(known.group.number))]


def unknown_symbol(generator: random.Random, known: Known) -> list[Item]:
    """The number with a symbol that no one understands."""
    symbol = generator.choice(("nonsense", "?", "unknown", "P 1 21/q 1", "see text"))
    return [Pair(OLD_SYMBOL, symbol), *number_alone(generator, known)]


def nothing(_: random.Random, __: Known) -> list[Item]:
    """No word of symmetry, for files that list every atom."""
    return []


def is_standard(index: int) -> bool:
    """Whether a setting is the standard one of its group, without a choice of origin or axes."""
    return settings()[index].is_reference_setting() and not has_choice(index)


def is_short_monoclinic(index: int) -> bool:
    """Whether a setting has a short symbol."""
    return shortened(settings()[index].hm) != settings()[index].hm


def is_other_setting(index: int) -> bool:
    """Whether a setting is not the standard one, and no mere choice of origin or axes."""
    return not settings()[index].is_reference_setting() and not has_choice(index)


def is_rhombohedral(index: int) -> bool:
    """Whether a setting has rhombohedral axes."""
    return settings()[index].ext == "R"


def has_screw(index: int) -> bool:
    """Whether a symbol has a screw axis."""
    return re.search(r"[2346][1-5]", settings()[index].hm) is not None


def anything(_: int) -> bool:
    """Any setting."""
    return True


Writer = Callable[[random.Random, Known], list[Item]]
Filter = Callable[[int], bool]

NOTHING_STATED = "nothing, every atom listed"
UNFIT = "operations that do not fit the cell"

# Kinds of statements of symmetry: the settings that they suit, and their weight.
KINDS: dict[str, tuple[Writer, Filter, int]] = {
    "operations": (plain_operations, anything, 2),
    "operations, odd spelling": (odd_operations, anything, 2),
    "operations, dotted tag": (dictionary_operations, anything, 1),
    "operations, symbol of another setting": (other_symbol, is_other_setting, 2),
    UNFIT: (unfit_operations, is_rhombohedral, 1),
    "operations of a magnetic group": (magnetic_operations, anything, 2),
    "symbol": (full_symbol, anything, 3),
    "symbol, short": (short_symbol, is_short_monoclinic, 2),
    "symbol without blanks": (compact_symbol, anything, 2),
    "symbol with underscores": (underscore_symbol, anything, 2),
    "symbol, screw in brackets": (bracket_symbol, has_screw, 2),
    "symbol in capitals or small letters": (case_symbol, anything, 2),
    "symbol with words behind": (worded_symbol, anything, 2),
    "symbol of another edition": (other_name, is_renamed, 2),
    "symbol with choice of origin or axes": (chosen_symbol, has_choice, 4),
    "symbol, choice left open": (open_symbol, has_choice, 4),
    "Hall symbol": (hall_symbol, anything, 2),
    "number alone": (number_alone, is_standard, 2),
    "number alone, choice left open": (number_alone, is_choice_of_standard, 4),
    "number and unknown symbol": (unknown_symbol, is_standard, 1),
    NOTHING_STATED: (nothing, anything, 1),
}


def suitable_setting(generator: random.Random, fits: Filter, random_setting: Callable[[random.Random], int]) -> int:
    """A random setting that a kind of statement suits."""
    for _ in range(50):
        index = random_setting(generator)
        if fits(index):
            return index
    return generator.choice([index for index in named_settings() if fits(index)])
