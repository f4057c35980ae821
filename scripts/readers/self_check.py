"""Whether the comparison of crystals itself tells right from wrong, on crystals of a seed."""

from __future__ import annotations

import random

import numpy as np

from .compare import difference
from .crystal import Crystal
from .known import random_known


def disguised(generator: random.Random, crystal: Crystal) -> Crystal:
    """The same crystal with another origin, orientation and order of sites, and images of its sites."""
    numbers = np.random.default_rng(generator.randrange(2**32))
    order = numbers.permutation(len(crystal.elements))
    rotation, _ = np.linalg.qr(numbers.normal(size=(3, 3)))
    positions = crystal.positions[order] + numbers.random(3) + numbers.integers(-2, 3, (len(order), 3))
    return Crystal(crystal.lattice @ rotation, tuple(crystal.elements[k] for k in order), positions)


def with_moved_site(generator: random.Random, crystal: Crystal) -> Crystal:
    """The crystal with one site moved by 0.3 Å."""
    direction = np.array([generator.gauss(0, 1) for _ in range(3)])
    step = 0.3 * direction / np.linalg.norm(direction)
    positions = crystal.positions.copy()
    positions[generator.randrange(len(positions))] += step @ np.linalg.inv(crystal.lattice)
    return Crystal(crystal.lattice, crystal.elements, positions)


def check_comparison(seed: int) -> None:
    """Raises where a disguised crystal is told from itself, or one with a moved site is not."""
    generator = random.Random(f"{seed} comparison")
    for _ in range(50):
        crystal = random_known(generator).crystal
        words = difference(crystal, disguised(generator, crystal))
        if words is not None:
            raise RuntimeError(f"the comparison tells a crystal from itself: {words}")
        if len(crystal.elements) > 1 and difference(crystal, with_moved_site(generator, crystal)) is None:
            raise RuntimeError("the comparison does not see a site that moved by 0.3 Å")
