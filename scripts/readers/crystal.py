"""Crystals as all cells, sites and forms of this test see them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import reduce

import numpy as np

CellParameters = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, eq=False)
class Crystal:
    """A full cell: lattice rows a, b, c in Å, one element symbol and one fractional position a site."""

    lattice: np.ndarray
    elements: tuple[str, ...]
    positions: np.ndarray

    @property
    def composition(self) -> Counter[str]:
        """How many atoms of each element the cell holds; deuterium and tritium count as hydrogen."""
        return Counter(plain_element(element) for element in self.elements)

    @property
    def cartesian(self) -> np.ndarray:
        """The positions in Å."""
        points: np.ndarray = self.positions @ self.lattice
        return points


def plain_element(symbol: str) -> str:
    """The element of a symbol: hydrogen for its isotopes."""
    return "H" if symbol in ("D", "T") else symbol


def lattice_rows(cell: CellParameters) -> np.ndarray:
    """The rows a, b, c (Å) of a cell given by lengths (Å) and angles (degrees), a along x and b in the plane x, y."""
    a, b, c = cell[:3]
    cosines = [round(math.cos(math.radians(angle)), 15) for angle in cell[3:]]
    alpha, beta, gamma = cosines
    sine = math.sqrt(1 - gamma * gamma)
    x, y = c * beta, c * (alpha - beta * gamma) / sine
    return np.array([[a, 0, 0], [b * gamma, b * sine, 0], [x, y, math.sqrt(c * c - x * x - y * y)]])


def cell_parameters(lattice: np.ndarray) -> CellParameters:
    """Lengths (Å) and angles (degrees) of lattice rows."""
    lengths = np.linalg.norm(lattice, axis=1)
    angles = []
    for i, j in ((1, 2), (0, 2), (0, 1)):
        cosine = lattice[i] @ lattice[j] / (lengths[i] * lengths[j])
        angles.append(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))))
    a, b, c = (float(length) for length in lengths)
    return (a, b, c, angles[0], angles[1], angles[2])


def formula_units(composition: Counter[str]) -> int:
    """The greatest common divisor of the numbers of atoms."""
    return reduce(math.gcd, composition.values())


def formula_sum(composition: Counter[str], units: int = 1) -> list[tuple[str, int]]:
    """Elements and numbers of a formula unit in Hill's order."""
    symbols = sorted(composition)
    if "C" in symbols:
        symbols = sorted(symbols, key=lambda symbol: (symbol != "C", symbol != "H", symbol))
    return [(symbol, composition[symbol] // units) for symbol in symbols]
