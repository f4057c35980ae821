"""What a reader's answer to a file is worth."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .case import Case, Meaning, Part
from .compare import difference
from .crystal import Crystal
from .programs import Answer


class Verdict(enum.Enum):
    """What an answer is worth, from best to worst."""

    RIGHT = "right"
    """Every crystal of the file, and no word of a crystal where there is none."""
    OTHER = "other"
    """A structure with shared sites, which may be what the file says and is no full crystal."""
    REJECTED = "rejected"
    """Something was refused that could have been read."""
    WARNED = "warned"
    """As wrong, with a warning of some kind."""
    WRONG = "wrong"
    """Another crystal than the file's, one where there is none, or one left out without a word."""


@dataclass(frozen=True)
class Judgment:
    """A verdict and its reason in words."""

    verdict: Verdict
    words: str = ""


def judge(case: Case, answer: Answer) -> Judgment:
    """The worst that holds of an answer."""
    open_parts = list(case.parts)
    fault: str | None = None
    for crystal in answer.crystals:
        match = next((part for part in open_parts if difference(part.crystal, crystal) is None), None)
        if match is None:
            fault = fault or nearest(open_parts, crystal, case)
            continue
        open_parts.remove(match)
        if match.meaning is Meaning.NO_CRYSTAL:
            fault = fault or "read as a full crystal"
    if open_parts and not answer.refusals:
        fault = fault or f"{len(open_parts)} of {len(case.parts)} left out without a word"
    if fault is not None:
        return Judgment(Verdict.WARNED if answer.warnings else Verdict.WRONG, fault)
    if any(part.meaning is Meaning.CRYSTAL for part in open_parts):
        return Judgment(Verdict.REJECTED, answer.refusals[0])
    return Judgment(Verdict.RIGHT)


def nearest(parts: list[Part], crystal: Crystal, case: Case) -> str:
    """How an answer differs from the part that it seems to stand for."""
    if not parts:
        return f"more than the {len(case.parts)} of the file"
    return difference(parts[0].crystal, crystal) or "another crystal"
