"""What a reader's answer to a file is worth."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .case import Case, Meaning, Part
from .compare import difference
from .programs import Answer


class Verdict(enum.Enum):
    """What an answer is worth, from best to worst."""

    RIGHT = "right"
    """Every crystal of the file, and no word of a crystal where there is none."""
    OTHER = "other"
    """A structure with shared sites, where the file holds no full crystal."""
    REJECTED = "rejected"
    """Something was refused that could have been read."""
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
    strangers: list[str] = []
    for crystal in answer.crystals:
        match = next((part for part in open_parts if difference(part.crystal, crystal) is None), None)
        if match is None:
            strangers.append(nearest(open_parts, crystal, case))
            continue
        open_parts.remove(match)
        if match.meaning is Meaning.NO_CRYSTAL:
            return Judgment(Verdict.WRONG, "read as a full crystal")
    if strangers:
        return Judgment(Verdict.WRONG, strangers[0])
    if open_parts and not answer.refusals:
        return Judgment(Verdict.WRONG, f"{len(open_parts)} of {len(case.parts)} left out without a word")
    if any(part.meaning is Meaning.CRYSTAL for part in open_parts):
        return Judgment(Verdict.REJECTED, answer.refusals[0])
    return Judgment(Verdict.RIGHT)


def nearest(parts: list[Part], crystal: object, case: Case) -> str:
    """How an answer differs from the part that it seems to stand for."""
    if not parts:
        return f"more than the {len(case.parts)} of the file"
    return difference(parts[0].crystal, crystal) or "another crystal"
