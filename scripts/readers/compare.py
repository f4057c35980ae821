"""Whether two crystals are the same, whatever their origin, orientation and order of sites.

Compared are the atoms of a cell, the lengths and angles of the cell, and for each pair of elements the sorted distances
up to a cutoff, periodic images included. Mirror images count as equal.
"""

from __future__ import annotations

import itertools

import numpy as np

from .crystal import Crystal, cell_parameters, plain_element

CUTOFF = 6.0
DISTANCE_TOLERANCE = 0.02
LENGTH_TOLERANCE = 0.005
ANGLE_TOLERANCE = 0.05

Distances = dict[tuple[str, str], np.ndarray]


def pair_distances(crystal: Crystal, cutoff: float) -> Distances:
    """Sorted distances (Å) below `cutoff` for each pair of elements; each pair of sites is seen from both ends."""
    # A sphere of the cutoff reaches this many cells along each axis.
    heights = 1 / np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
    reach = np.ceil(cutoff / heights + 1e-9).astype(int)
    wrapped = crystal.positions - np.floor(crystal.positions)
    images = np.array(list(itertools.product(*(range(-n, n + 1) for n in reach))), dtype=float)
    symbols = np.array([plain_element(element) for element in crystal.elements])
    points = wrapped @ crystal.lattice
    shifts = images @ crystal.lattice
    # Only images that may lie within the cutoff of some site.
    copies = (points[None, :, :] + shifts[:, None, :]).reshape(-1, 3)
    kinds = np.tile(symbols, len(images))
    center = points.mean(axis=0)
    radius = np.linalg.norm(points - center, axis=1).max() + cutoff
    near = np.linalg.norm(copies - center, axis=1) <= radius
    copies, kinds = copies[near], kinds[near]
    squares = (points**2).sum(axis=1)[:, None] + (copies**2).sum(axis=1)[None, :] - 2 * points @ copies.T
    distances = np.sqrt(np.maximum(squares, 0))
    found: Distances = {}
    names = sorted(set(symbols))
    for first, second in itertools.combinations_with_replacement(names, 2):
        block = distances[np.ix_(symbols == first, kinds == second)].ravel()
        # A site is no neighbor of its own; rounding leaves some 1e-6 there.
        found[first, second] = np.sort(block[(block < cutoff) & (block > 1e-4)])
    return found


def has_close_sites(crystal: Crystal, limit: float) -> bool:
    """Whether two sites, or a site and an image of itself, are closer than `limit` (Å)."""
    single = Crystal(crystal.lattice, ("H",) * len(crystal.elements), crystal.positions)
    return len(pair_distances(single, limit)["H", "H"]) > 0


def difference(truth: Crystal, answer: Crystal) -> str | None:
    """What tells `answer` from `truth`, in words; nil where they are the same crystal."""
    if truth.composition != answer.composition:
        return f"{composition_text(answer)} instead of {composition_text(truth)}"
    expected, found = cell_parameters(truth.lattice), cell_parameters(answer.lattice)
    if any(abs(x - y) > LENGTH_TOLERANCE for x, y in zip(expected[:3], found[:3])) or any(
        abs(x - y) > ANGLE_TOLERANCE for x, y in zip(expected[3:], found[3:])
    ):
        return f"cell {numbers(found)} instead of {numbers(expected)}"
    near = pair_distances(truth, CUTOFF)
    wide = pair_distances(answer, CUTOFF + 2 * DISTANCE_TOLERANCE)
    for pair, values in near.items():
        others = wide[pair]
        short = int(np.searchsorted(others, CUTOFF - 2 * DISTANCE_TOLERANCE))
        if len(others) < len(values) or short > len(values):
            return f"{len(others)} distances {'–'.join(pair)} instead of {len(values)}"
        gaps = np.abs(others[: len(values)] - values)
        if len(gaps) and gaps.max() > DISTANCE_TOLERANCE:
            k = int(gaps.argmax())
            return f"a distance {'–'.join(pair)} of {others[k]:.3f} instead of {values[k]:.3f} Å"
    return None


def composition_text(crystal: Crystal) -> str:
    """The atoms of the cell, as "Ca4 O4"."""
    return " ".join(f"{symbol}{count}" for symbol, count in sorted(crystal.composition.items()))


def numbers(values: tuple[float, ...]) -> str:
    """Numbers as a person reads them."""
    return " ".join(f"{value:.4g}" for value in values)
