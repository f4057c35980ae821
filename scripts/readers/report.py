"""The table of verdicts, as Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from .judge import Judgment, Verdict


@dataclass(frozen=True)
class Result:
    """What the readers made of one file."""

    name: str
    file_name: str
    form: str
    kind: str
    judgments: dict[str, Judgment]


@dataclass
class Report:
    """The results of a run. Nothing in it depends on time or machine."""

    seed: int
    versions: dict[str, str]
    results: list[Result]

    @property
    def readers(self) -> list[str]:
        """The readers in their order."""
        return list(self.versions)

    def counts(self, reader: str, form: str | None = None, kind: str | None = None) -> Counter[Verdict]:
        """How often each verdict was given."""
        return Counter(
            result.judgments[reader].verdict
            for result in self.results
            if reader in result.judgments and form in (None, result.form) and kind in (None, result.kind)
        )

    def kinds(self) -> list[tuple[str, str]]:
        """All forms and kinds, in order of names."""
        return sorted({(result.form, result.kind) for result in self.results})

    def wrong(self, reader: str) -> list[Result]:
        """The files that a reader read wrongly in silence."""
        return [r for r in self.results if reader in r.judgments and r.judgments[reader].verdict is Verdict.WRONG]

    def refusals(self, reader: str) -> dict[str, Counter[str]]:
        """Why crystals were refused: for each reason the kinds of files."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for result in self.results:
            judgment = result.judgments.get(reader)
            if judgment is not None and judgment.verdict is Verdict.REJECTED:
                found[judgment.words.split(":")[0]][f"{result.form}, {result.kind}"] += 1
        return found

    def markdown(self) -> str:
        """The tables."""
        names = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        lines = [f"{len(self.results)} files, seed {self.seed}; {names}.", ""]
        lines += self.overview()
        lines += ["", "By dialect: right or other / rejected, or wrong with a warning / wrong in silence.", ""]
        lines += self.by_kind()
        lines += ["", "Why Sluice refused crystals that could have been read, or that their file leaves open:", ""]
        lines += self.strictness()
        return "\n".join(lines) + "\n"

    def overview(self) -> list[str]:
        """Verdicts by form and reader."""
        lines = [
            "| form | reader | files | right | other | rejected | wrong, with a warning | wrong in silence |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for form in [*sorted({result.form for result in self.results}), None]:
            for reader in self.readers:
                counts = self.counts(reader, form)
                if total := sum(counts.values()):
                    numbers = " | ".join(str(counts[verdict]) for verdict in Verdict)
                    lines.append(f"| {form or 'all'} | {reader} | {total} | {numbers} |")
        return lines

    def by_kind(self) -> list[str]:
        """Verdicts by dialect; warnings count as rejections, other structures as right."""
        lines = [f"| dialect | {' | '.join(self.readers)} |", "|---|" + "---|" * len(self.readers)]
        for form, kind in self.kinds():
            cells = []
            for reader in self.readers:
                counts = self.counts(reader, form, kind)
                right = counts[Verdict.RIGHT] + counts[Verdict.OTHER]
                text = f"{right} / {counts[Verdict.REJECTED] + counts[Verdict.WARNED]} / {counts[Verdict.WRONG]}"
                cells.append(text if counts else "–")
            lines.append(f"| {form}: {kind} | {' | '.join(cells)} |")
        return lines

    def strictness(self) -> list[str]:
        """Why Sluice refused crystals that could have been read, most frequent reasons first."""
        lines = ["| Sluice's reason | files | most of them |", "|---|---|---|"]
        refusals = self.refusals("Sluice")
        for reason in sorted(refusals, key=lambda reason: (-refusals[reason].total(), reason)):
            kinds = sorted(refusals[reason].items(), key=lambda item: (-item[1], item[0]))[:4]
            lines.append(f"| `{reason}` | {refusals[reason].total()} | {'; '.join(f'{k} ({n})' for k, n in kinds)} |")
        return lines

    def json(self) -> str:
        """Everything that is not plainly right, file by file, with the counts."""
        files: list[dict[str, Any]] = []
        for result in self.results:
            judgments = {
                reader: {"verdict": judgment.verdict.value, "words": judgment.words}
                for reader, judgment in result.judgments.items()
                if judgment.verdict is not Verdict.RIGHT
            }
            if judgments:
                files.append({"file": result.file_name, "form": result.form, "kind": result.kind, "readers": judgments})
        totals = {
            reader: {verdict.value: self.counts(reader)[verdict] for verdict in Verdict} for reader in self.readers
        }
        head = {"seed": self.seed, "files": len(self.results), "versions": self.versions, "totals": totals}
        return json.dumps(head | {"not_right": files}, indent=1, ensure_ascii=False) + "\n"
