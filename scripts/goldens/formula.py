"""Numbers that follow from a name and an index: SplitMix64, started at the FNV-1a hash of the name."""

import struct

MASK = 2**64 - 1


def uniform(name, count):
    """`count` numbers in [0, 1)."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(((z ^ (z >> 31)) >> 11) * 2.0**-53)
    return numbers


def single(number):
    """The nearest number of single precision, which is what graphs and weight files hold."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def weight(name, shape, inputs):
    """The entries of a tensor, row-major and rounded to single precision.

    `inputs` is the width of what a linear layer sees; normalizations do not use it.
    """
    count = 1
    for length in shape:
        count *= length
    owner, kind = name.rsplit(".", 1)
    normalizes = owner.endswith(("normalization", "bn1", "bn2"))
    if kind == "running_mean":
        rule = lambda u: 0.6 * u - 0.3
    elif kind == "running_var":
        rule = lambda u: 0.5 + 1.5 * u
    elif normalizes:
        rule = (lambda u: 0.5 + u) if kind == "weight" else (lambda u: 0.4 * u - 0.2)
    else:
        rule = lambda u: (2 * u - 1) / inputs**0.5
    return [single(rule(u)) for u in uniform(name, count)]
