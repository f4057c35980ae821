"""A file of the test: what stands in it and what a reader should make of it."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field

from .crystal import Crystal


class Meaning(enum.Enum):
    """What a part of a file means to a reader that reads full crystals."""

    CRYSTAL = "crystal"
    """This crystal; a reader may also refuse it."""
    NO_CRYSTAL = "no crystal"
    """Something that must not be passed off as a full crystal, nor left out without a word."""


@dataclass(frozen=True, eq=False)
class Part:
    """One crystal, or what looks like one, of a file."""

    meaning: Meaning
    crystal: Crystal


@dataclass(frozen=True, eq=False)
class Case:
    """A file with its parts in their order."""

    name: str
    form: str
    kind: str
    suffix: str
    content: bytes
    parts: tuple[Part, ...]

    @property
    def file_name(self) -> str:
        """The file's name."""
        return self.name + self.suffix


@dataclass
class Text:
    """What a writer hands back: the bytes and the parts; the kind names the dialect."""

    kind: str
    content: bytes
    parts: list[Part] = field(default_factory=list)


def crystal_part(crystal: Crystal) -> Part:
    """A part that is a crystal."""
    return Part(Meaning.CRYSTAL, crystal)


def refused_part(crystal: Crystal) -> Part:
    """A part that is no full crystal; `crystal` is what a careless reader may take it for."""
    return Part(Meaning.NO_CRYSTAL, crystal)


def decimal(value: float, places: int) -> str:
    """A number with this many decimals, minus zero without its sign."""
    text = f"{value:.{places}f}"
    return text[1:] if text.startswith("-") and float(text) == 0 else text


def maybe(generator: random.Random, share: float) -> bool:
    """True with this probability."""
    return generator.random() < share
