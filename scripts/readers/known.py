"""Known crystals: random sites in random settings of the space groups, expanded in exact arithmetic.

The operations are those of gemmi's table: every setting it knows, with both origins, hexagonal and rhombohedral axes,
and the choices of cell of the monoclinic groups.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import gemmi
import numpy as np

from .compare import has_close_sites
from .crystal import CellParameters, Crystal, lattice_rows

Point = tuple[Fraction, Fraction, Fraction]

MOST_SITES = 100
LEAST_DISTANCE = 1.2

# Groups and settings that real files hold most.
COMMON = [1, 2, 4, 5, 9, 12, 14, 15, 19, 29, 33, 36, 38, 43, 61, 62, 63, 64, 70, 88, 129, 136, 139, 141, 146, 148, 160]
COMMON += [161, 164, 166, 167, 186, 191, 194, 198, 205, 216, 221, 225, 227, 230]
# Elements whose symbols are easily taken for others, and plain ones.
CONFUSED = (
    "H B C N O F Na Mg Al Si P S Cl K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga As Se Br Y Zr Nb Mo Ru Rh Pd Ag Cd In Sn "
    "Sb Te I Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po Ac Th Pa U No "
    "Cm Cf Li Be Ge Rb Sr"
).split()


# All elements up to lawrencium, in order of their numbers.
SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr"
).split()


@dataclass(frozen=True)
class Operation:
    """A symmetry operation: integer rotation and exact translation."""

    rotation: tuple[tuple[int, int, int], ...]
    translation: Point

    def apply(self, point: Point) -> Point:
        """The image of a point, not brought back into the cell."""
        rows = zip(self.rotation, self.translation)
        x, y, z = (sum((r * p for r, p in zip(row, point)), shift) for row, shift in rows)
        return (x, y, z)


@dataclass(frozen=True)
class Site:
    """A site of the asymmetric unit: its exact position and its multiplicity."""

    element: str
    position: Point
    multiplicity: int


@dataclass(frozen=True)
class Known:
    """A crystal as a file describes it, and the full cell that this means."""

    setting: int
    cell: CellParameters
    sites: tuple[Site, ...]
    crystal: Crystal

    @property
    def group(self) -> gemmi.SpaceGroup:
        """The setting of the space group."""
        return settings()[self.setting]


@cache
def settings() -> list[gemmi.SpaceGroup]:
    """All settings of gemmi's table."""
    return list(gemmi.spacegroup_table())


@cache
def named_settings() -> list[int]:
    """The settings that go by a Hermann–Mauguin symbol; a few of the table have names that only one program knows."""
    return [index for index, group in enumerate(settings()) if not re.search(r"\(|\da\)?$", group.hm)]


@cache
def settings_of(number: int) -> list[int]:
    """The settings of a space group, as indices of the table."""
    return [index for index, group in enumerate(settings()) if group.number == number]


def operation(op: gemmi.Op) -> Operation:
    """An operation of gemmi."""
    x, y, z = (Fraction(t, gemmi.Op.DEN) % 1 for t in op.tran)
    first, second, third = ((a // gemmi.Op.DEN, b // gemmi.Op.DEN, c // gemmi.Op.DEN) for a, b, c in op.rot)
    return Operation((first, second, third), (x, y, z))


@cache
def operations(setting: int) -> tuple[Operation, ...]:
    """All operations of a setting, those of its centering included."""
    return tuple(operation(op) for op in settings()[setting].operations())


def wrap(point: Point) -> Point:
    """The point brought into the cell."""
    x, y, z = (value % 1 for value in point)
    return (x, y, z)


@cache
def whole_operations(setting: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotations and translations of a setting as arrays of whole numbers, the translations in 24ths of the cell."""
    group = operations(setting)
    rotations = np.array([op.rotation for op in group], dtype=object)
    translations = np.array([[int(24 * t) for t in op.translation] for op in group], dtype=object)
    return rotations, translations


def orbit(point: Point, setting: int) -> list[Point]:
    """The different images of a point in the cell, itself first, without rounding."""
    denominator = math.lcm(24, *(value.denominator for value in point))
    rotations, translations = whole_operations(setting)
    whole = np.array([int(value * denominator) for value in point], dtype=object)
    images = (rotations @ whole + translations * (denominator // 24)) % denominator
    different = dict.fromkeys([tuple(whole % denominator), *map(tuple, images)])
    return [(Fraction(x, denominator), Fraction(y, denominator), Fraction(z, denominator)) for x, y, z in different]


def random_point(generator: random.Random, group: tuple[Operation, ...]) -> Point:
    """A general point of four decimals, one on the fixed set of an operation, or one with simple fractions."""
    x, y, z = (Fraction(generator.randrange(10_000), 10_000) for _ in range(3))
    choice = generator.random()
    if choice < 0.35:
        return (x, y, z)
    if choice < 0.7:
        return fixed_point(generator, (x, y, z), generator.choice(group))
    simple = [Fraction(n, d) for d in (1, 2, 3, 4, 6, 8) for n in range(d)]
    a, b, c = (value if generator.random() < 0.25 else generator.choice(simple) for value in (x, y, z))
    patterns = [(a, b, c), (a, a, c), (a, a, a), (a, -a, c), (a, 2 * a, c), (a, b, b)]
    return wrap(generator.choice(patterns))


def fixed_point(generator: random.Random, point: Point, op: Operation) -> Point:
    """The mean of a point's images under the powers of an operation, which that operation fixes if any point is."""
    x, y, z = (t + generator.randint(-1, 1) for t in op.translation)
    shifted = Operation(op.rotation, (x, y, z))
    images = [point]
    while len(images) < 6:
        image = shifted.apply(images[-1])
        if image == point:
            break
        images.append(image)
    if shifted.apply(images[-1]) != point:
        return point
    sums = [sum((image[k] for image in images), Fraction(0)) / len(images) for k in range(3)]
    return wrap((sums[0], sums[1], sums[2]))


def random_cell(generator: random.Random, group: tuple[Operation, ...], volume: float) -> CellParameters:
    """A random cell of about `volume` Å³ that the operations map on itself, rounded to four decimals."""
    ratios = [generator.uniform(0.7, 1.7) for _ in range(3)]
    square = generator.random() < 0.05
    angles = [90.0 if square else generator.uniform(72, 112) for _ in range(3)]
    rows = lattice_rows((ratios[0], ratios[1], ratios[2], angles[0], angles[1], angles[2]))
    metric = rows @ rows.T
    rotations = np.array(sorted({op.rotation for op in group}), dtype=float)
    metric = np.mean(rotations.transpose(0, 2, 1) @ metric @ rotations, axis=0)
    metric *= (volume / math.sqrt(np.linalg.det(metric))) ** (2 / 3)
    lengths = np.sqrt(np.diag(metric))
    places = generator.choice((2, 3, 4))
    degrees = [math.degrees(math.acos(metric[i, j] / (lengths[i] * lengths[j]))) for i, j in ((1, 2), (0, 2), (0, 1))]
    a, b, c, alpha, beta, gamma = (round(float(value), places) for value in (*lengths, *degrees))
    return (a, b, c, alpha, beta, gamma)


def random_setting(generator: random.Random) -> int:
    """A setting: any of all, any of a random group, or one of a common group."""
    choice = generator.random()
    if choice < 0.3:
        return generator.choice(named_settings())
    number = generator.randint(1, 230) if choice < 0.55 else generator.choice(COMMON)
    options = [index for index in settings_of(number) if index in named_settings()]
    return options[0] if generator.random() < 0.4 else generator.choice(options)


def random_known(generator: random.Random, setting: int | None = None, elements: list[str] | None = None) -> Known:
    """A random crystal of 1 to 100 sites, in a random setting unless one is named, with some of the elements named."""
    while True:
        chosen = random_setting(generator) if setting is None else setting
        for _ in range(12):
            known = try_known(generator, chosen, elements)
            if known is not None:
                return known


def try_known(generator: random.Random, setting: int, elements: list[str] | None) -> Known | None:
    """A random crystal in a setting, unless atoms come too close."""
    group = operations(setting)
    count = generator.choice((1, 2, 2, 3, 3, 4, 5, 8))
    most = generator.choice((20, 40, MOST_SITES))
    palette = generator.sample(elements or CONFUSED, min(count, 4, len(elements or CONFUSED)))
    sites: list[Site] = []
    symbols: list[str] = []
    points: list[Point] = []
    for _ in range(60):
        point = random_point(generator, group)
        images = orbit(point, setting)
        if len(points) + len(images) > most or set(images) & set(points):
            continue
        element = palette[len(sites)] if len(sites) < len(palette) else generator.choice(palette)
        sites.append(Site(element, point, len(images)))
        symbols += [element] * len(images)
        points += images
        if len(sites) == count:
            break
    if not sites:
        return None
    cell = random_cell(generator, group, generator.uniform(14, 30) * len(points))
    if min(cell[:3]) < 2:
        return None
    positions = np.array([[float(value) for value in point] for point in points])
    crystal = Crystal(lattice_rows(cell), tuple(symbols), positions)
    if has_close_sites(crystal, LEAST_DISTANCE):
        return None
    return Known(setting, cell, tuple(sites), crystal)


def composition(known: Known) -> Counter[str]:
    """The atoms of the cell."""
    return known.crystal.composition


def in_full(known: Known) -> Known:
    """The same crystal with every atom listed, in P 1."""
    sites = [
        Site(element, point, 1)
        for site in known.sites
        for element, point in ((site.element, image) for image in orbit(site.position, known.setting))
    ]
    return Known(0, known.cell, tuple(sites), known.crystal)
