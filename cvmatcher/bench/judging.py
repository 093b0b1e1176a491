"""How far the rules' verdicts agree with the truth of invented CVs: `python -m cvmatcher.bench.judging --seed N`.

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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.demo import CVTruth, make_pool, meets
from cvmatcher.domain import Criterion, CriterionKind, LanguageLevel, VerdictState
from cvmatcher.query import evidence
from cvmatcher.quotations import prove
from cvmatcher.reading import read_cv

CRITERIA = 90  # drawn for a pool


async def measure(count: int, seed: int) -> dict[str, Any]:
    """`{kind or "all": {"precision", "recall", "quoted", "proved", "met", "asked"}}`; `quoted` is of the true met."""
    with tempfile.TemporaryDirectory() as folder:
        paths = await asyncio.to_thread(make_pool, Path(folder), count, seed)
        pairs = [await _read(path) for path in paths]
    criteria = list(_criteria([truth for truth, _, _ in pairs], random.Random(seed)))  # noqa: S311 - no secret
    counts: dict[str, Counter[str]] = {}
    for truth, cv, pages in pairs:
        for criterion in criteria:
            _count(counts, criterion, meets(truth, criterion), evidence.judge(criterion, cv), pages)
    return {kind: _figures(count) for kind, count in sorted(counts.items())}


async def _read(path: Path) -> tuple[CVTruth, evidence.CV, tuple[str, ...]]:
    data = await asyncio.to_thread(path.read_bytes)
    truth = CVTruth.model_validate_json(path.with_suffix(".json").read_text(encoding="utf-8"))
    text = await read_cv(data, path.name)
    profile = await RulesStructurer().structure(text)
    return truth, evidence.read(profile, text.pages), text.pages


def _criteria(truths: Sequence[CVTruth], draw: random.Random) -> Iterator[Criterion]:
    """Each from one CV of the pool, kinds in turn."""
    for number in range(CRITERIA):
        truth = draw.choice(truths)
        profile = truth.profile
        kind, value = _drawn(number, truth, draw)
        if not value and kind is not CriterionKind.YEARS:
            continue
        yield Criterion(
            id=f"c{number}",
            kind=kind,
            value=value,
            label=value or "years",
            minimum=max(1.0, float(int(profile.years_experience or 1))) if kind is CriterionKind.YEARS else None,
            level=draw.choice([None, LanguageLevel.B1, LanguageLevel.C1]) if kind is CriterionKind.LANGUAGE else None,
            within_km=draw.choice([None, 30]) if kind is CriterionKind.PLACE else None,
        )


def _drawn(number: int, truth: CVTruth, draw: random.Random) -> tuple[CriterionKind, str]:
    profile = truth.profile
    values: list[tuple[CriterionKind, Sequence[str]]] = [
        (CriterionKind.SKILL, profile.skills),
        (CriterionKind.LANGUAGE, [spoken.code for spoken in profile.languages]),
        (CriterionKind.PLACE, [profile.location.split(",")[0]]),
        (CriterionKind.TITLE, [profile.headline or profile.experiences[0].title]),
        (CriterionKind.YEARS, []),
        (CriterionKind.SKILL, truth.skill_names),
        (CriterionKind.SECTOR, truth.sectors),
        (CriterionKind.EMPLOYER, [job.employer for job in profile.experiences]),
        (CriterionKind.EDUCATION, [study.degree for study in profile.education]),
    ]
    kind, among = values[number % len(values)]
    return kind, draw.choice(list(among)) if among else ""


def _count(
    counts: dict[str, Counter[str]],
    criterion: Criterion,
    true: bool | None,
    finding: evidence.Finding,
    pages: Sequence[str],
) -> None:
    if true is None:
        return
    said = finding.state is VerdictState.MET
    proved = bool(finding.quotation) and prove(finding.quotation, pages) is not None
    for key in ("all", criterion.kind.value):
        counts.setdefault(key, Counter()).update(
            asked=1,
            true=true,
            said=said,
            hit=said and true,
            shown=bool(finding.quotation),
            proved=proved,
            quoted=true and said and proved,
        )


def _figures(count: Counter[str]) -> dict[str, float]:
    return {
        "precision": round(count["hit"] / max(1, count["said"]), 3),
        "recall": round(count["hit"] / max(1, count["true"]), 3),
        "quoted": round(count["quoted"] / max(1, count["true"]), 3),
        "proved": round(count["proved"] / max(1, count["shown"]), 3),
        "met": count["true"],
        "asked": count["asked"],
    }


def main() -> None:
    """Prints the figures as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for kind, figures in asyncio.run(measure(options.count, options.seed)).items():
        print(f"{kind:10} {json.dumps(figures)}")


if __name__ == "__main__":
    main()
