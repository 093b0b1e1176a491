"""How far the rules' verdicts agree with the truth of invented CVs: `python -m cvmatcher.bench.judging --seeds N N…`.

Owns the drawing of criteria (from what the pool's CVs say, so that each is true of some and not of most) and the
counting. The truth's own answer is `cvmatcher.demo.meets`, which has not seen the rules.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.bench.intervals import wilson
from cvmatcher.demo import CVTruth, make_pool, meets
from cvmatcher.domain import Criterion, CriterionKind, LanguageLevel, VerdictState
from cvmatcher.query import evidence
from cvmatcher.quotations import prove
from cvmatcher.reading import read_cv

EACH = 40  # criteria of each kind drawn for a pool
COUNT = 60  # CVs of a pool


@dataclass(frozen=True, slots=True)
class Case:
    """One criterion asked of one CV."""

    criterion: Criterion
    truth: CVTruth
    true: bool
    finding: evidence.Finding
    proved: bool  # its quotations stand in the CV


async def cases(count: int, seed: int) -> AsyncIterator[Case]:
    """Every criterion drawn for the pool of the seed, asked of each of its CVs; none where the truth cannot tell."""
    with tempfile.TemporaryDirectory() as folder:
        paths = await asyncio.to_thread(make_pool, Path(folder), count, seed)
        pairs = [await _read(path) for path in paths]
    criteria = list(drawn([truth for truth, *_ in pairs], random.Random(seed)))  # noqa: S311 - no secret
    for truth, cv, pages in pairs:
        for criterion in criteria:
            if (true := meets(truth, criterion)) is not None:
                finding = evidence.judge(criterion, cv)
                proved = bool(finding.quotations) and all(prove(one, pages) for one in finding.quotations)
                yield Case(criterion, truth, true, finding, proved)


async def _read(path: Path) -> tuple[CVTruth, evidence.CV, tuple[str, ...]]:
    data = await asyncio.to_thread(path.read_bytes)
    truth = CVTruth.model_validate_json(path.with_suffix(".json").read_text(encoding="utf-8"))
    text = await read_cv(data, path.name)
    profile = await RulesStructurer().structure(text)
    return truth, evidence.read(profile, text.pages), text.pages


# ------------------------------------------------------------------------------------------------------- drawing

_DRAWN: dict[CriterionKind, Callable[[CVTruth], Sequence[str]]] = {
    CriterionKind.TITLE: lambda truth: [truth.profile.headline, *(job.title for job in truth.profile.experiences)],
    CriterionKind.SKILL: lambda truth: [*truth.profile.skills, *truth.skill_names],
    CriterionKind.LANGUAGE: lambda truth: [spoken.code for spoken in truth.profile.languages],
    CriterionKind.PLACE: lambda truth: [truth.profile.location.partition(",")[0].partition(" (")[0]],
    CriterionKind.YEARS: lambda truth: ["", "", *truth.profile.skills[:2], truth.profile.experiences[0].title],
    CriterionKind.SECTOR: lambda truth: truth.sectors,
    CriterionKind.EMPLOYER: lambda truth: [job.employer for job in truth.profile.experiences],
    CriterionKind.EDUCATION: lambda truth: [study.degree for study in truth.profile.education],
}


def drawn(truths: Sequence[CVTruth], draw: random.Random) -> Iterator[Criterion]:
    """EACH criteria of each kind (fewer where the pool says less), no two alike, each of some CV of the pool."""
    for kind, values in _DRAWN.items():
        seen: set[str] = set()
        for number in range(EACH * 3):
            truth = draw.choice(truths)
            value = draw.choice([*values(truth)] or [""])
            criterion = _criterion(f"{kind}{number}", kind, value, truth, draw)
            told = criterion.model_dump_json(exclude={"id"})
            if (value or kind is CriterionKind.YEARS) and told not in seen and len(seen) < EACH:
                seen.add(told)
                yield criterion


def _criterion(name: str, kind: CriterionKind, value: str, truth: CVTruth, draw: random.Random) -> Criterion:
    years = max(1.0, float(int(truth.profile.years_experience or 1)))
    return Criterion(
        id=name,
        kind=kind,
        value=value,
        label=value or "years",
        minimum=(years if not value else max(1.0, years // 2)) if kind is CriterionKind.YEARS else None,
        level=draw.choice([None, LanguageLevel.B1, LanguageLevel.C1]) if kind is CriterionKind.LANGUAGE else None,
        within_km=draw.choice([None, 30]) if kind is CriterionKind.PLACE else None,
    )


# ------------------------------------------------------------------------------------------------------- counting


async def measure(count: int, seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
    """`{kind or "all": figures}`: each share as [share, lower, upper] (Wilson, 95 %); `quoted` is of the true met."""
    counts: dict[str, Counter[str]] = {}
    for seed in seeds:
        async for case in cases(count, seed):
            for key in ("all", case.criterion.kind.value):
                counts.setdefault(key, Counter()).update(_counted(case))
    return {kind: _figures(counted) for kind, counted in sorted(counts.items())}


def _counted(case: Case) -> dict[str, int]:
    said = case.finding.state is VerdictState.MET
    return {
        "asked": 1,
        "true": case.true,
        "said": said,
        "hit": said and case.true,
        "shown": bool(case.finding.quotations),
        "proved": case.proved,
        "quoted": case.true and said and case.proved,
    }


def _figures(count: Counter[str]) -> dict[str, Any]:
    return {
        "precision": wilson(count["hit"], count["said"]),
        "recall": wilson(count["hit"], count["true"]),
        "quoted": wilson(count["quoted"], count["true"]),
        "proved": wilson(count["proved"], count["shown"]),
        "said": count["said"],
        "met": count["true"],
        "asked": count["asked"],
    }


def main() -> None:
    """Prints the figures, one kind a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    for kind, figures in asyncio.run(measure(options.count, options.seeds)).items():
        print(f"{kind:10} {json.dumps(figures)}")


if __name__ == "__main__":
    main()
