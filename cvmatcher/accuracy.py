"""How well a Structurer reads CVs whose truth is known: accuracy per field over a folder.

A truth stands beside its PDF: `NAME.json` with Profile fields, or `NAME.yaml` as rendercv writes CVs. The PDFs go
through the reader that ingest uses. A field counts only where the truth has it.

The scores, each 0 to 1, are averaged over CVs; `likeness` says what they are.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml  # type: ignore[import-untyped]  # read of other people's truths only

from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.cvparse.likeness import scores_of
from cvmatcher.domain import Education, Experience, Profile
from cvmatcher.ports import Structurer
from cvmatcher.reading import read_cv

Report = dict[str, Any]
Scores = dict[str, list[float]]


async def measure(directory: Path, structurer: Structurer | None = None) -> Report:
    """`{"structurer", "cvs", "fields": {name: {"score", "n"}}, "by_language": {lang: {field: score}}}`.

    Raises FileNotFoundError where no PDF has its truth beside it.
    """
    pairs = await asyncio.to_thread(_pairs, directory)
    if not pairs:
        raise FileNotFoundError(f"no PDF with its truth (.json or .yaml) beside it in {directory}")
    everything: Scores = defaultdict(list)
    by_language: dict[str, Scores] = defaultdict(lambda: defaultdict(list))
    for pdf, truth_file in pairs:
        truth, as_of = await asyncio.to_thread(_truth, truth_file)
        reader = structurer or _rules_of(as_of)
        data = await asyncio.to_thread(pdf.read_bytes)
        profile = await reader.structure(await read_cv(data, pdf.name))
        for field, score in scores_of(profile, truth).items():
            everything[field].append(score)
            by_language[profile.language or "?"][field].append(score)
    return {
        "structurer": reader.version,
        "cvs": len(pairs),
        "fields": {field: {"score": round(fmean(s), 4), "n": len(s)} for field, s in everything.items()},
        "by_language": {
            language: {field: round(fmean(s), 4) for field, s in scores.items()}
            for language, scores in by_language.items()
        },
    }


def _rules_of(day: date | None) -> RulesStructurer:
    """The rules on the day a truth speaks of: running jobs of a CV without a date end then."""
    return RulesStructurer() if day is None else RulesStructurer(today=lambda: day)


def as_text(report: Report) -> str:
    """The table for people."""
    languages = sorted(report["by_language"])
    head = f"{'field':<22}{'all':>7}{'n':>6}" + "".join(f"{language:>8}" for language in languages)
    rows = [
        f"{field:<22}{cell['score']:>7.3f}{cell['n']:>6}"
        + "".join(_cell(report["by_language"][language].get(field)) for language in languages)
        for field, cell in report["fields"].items()
    ]
    return "\n".join([f"{report['structurer']}: {report['cvs']} CVs", head, *rows])


def _cell(score: float | None) -> str:
    return f"{score:>8.3f}" if score is not None else f"{'-':>8}"


# -------------------------------------------------------------------------------------------------------------- truths


def _pairs(directory: Path) -> list[tuple[Path, Path]]:
    found = []
    for pdf in sorted(directory.rglob("*.pdf")):
        truth = next((t for suffix in (".json", ".yaml") if (t := pdf.with_suffix(suffix)).exists()), None)
        if truth:
            found.append((pdf, truth))
    return found


def _truth(path: Path) -> tuple[Mapping[str, Any], date | None]:
    """Profile fields of the truth, only those it says something of, and the day it was true, where it says so."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return _of_rendercv(yaml.safe_load(text)["cv"]), None
    found: dict[str, Any] = json.loads(text)
    as_of = date.fromisoformat(f"{found['as_of']}-01") if "as_of" in found else None
    found = found.get("profile", found)
    known = {field: value for field, value in found.items() if field in Profile.model_fields}
    profile = Profile.model_validate(known)
    return {field: getattr(profile, field) for field in known}, as_of


def _of_rendercv(cv: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a page made by rendercv shows of its YAML: social networks by user name, skills as their details' items."""
    sections: Mapping[str, Sequence[Any]] = cv["sections"]
    jobs = [
        Experience(
            title=_plain(job["position"]),
            employer=_plain(job["company"]),
            place=_plain(job["location"]),
            start=str(job["start_date"]),
            end=None if job["end_date"] == "present" else str(job["end_date"]),
            current=job["end_date"] == "present",
            text=" ".join(_highlights(job["highlights"])),
        )
        for job in sections["experience"]
    ]
    studies = [
        Education(
            degree=f"{_plain(s['degree'])} {_plain(s['area'])}",
            school=_plain(s["institution"]),
            place=_plain(s["location"]),
            start=str(s["start_date"]),
            end=str(s["end_date"]),
        )
        for s in sections["education"]
    ]
    truth: dict[str, Any] = {
        "name": cv["name"],
        "emails": (cv["email"],),
        "phones": (cv["phone"],) if cv["phone"] else (),
        "links": (cv["website"], *(n["username"] for n in cv["social_networks"])),
        "location": cv["location"],
        "headline": cv["headline"] or "",
        "skills": tuple(item.strip() for group in sections["skills"] for item in group["details"].split(",")),
        "experiences": tuple(jobs),
        "education": tuple(studies),
        "languages": (),
        "language": "en",
    }
    return truth


def _plain(text: str | None) -> str:
    return re.sub(r"\*+|\[([^\]]*)\]\([^)]*\)", r"\1", text or "")


def _highlights(lines: Iterable[Any]) -> list[str]:
    return [re.sub(r"\s+-\s+", " ", str(line)) for line in lines]
