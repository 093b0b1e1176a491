"""CVs as files: content set by a typst layout, and a whole pool of them from one seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

import typst

from cvmatcher.demo.people import PersonMaker
from cvmatcher.demo.truth import CVTruth
from cvmatcher.demo.words import LANGUAGES, SENIORITIES, Language, Seniority, occupations

LAYOUTS = ("classic", "two_columns", "sidebar_left", "sidebar_right", "timeline", "compact", "europass")
_ROLES = (*SENIORITIES, "mid", "senior")  # how often each seniority comes


@dataclass(frozen=True, slots=True)
class DemoCV:
    pdf: bytes
    truth: CVTruth


@cache
def _compiler(layout: str) -> typst.Compiler:
    """Kept: reading the fonts is most of the time of a first page."""
    folder = Path(str(files("cvmatcher.demo") / "layouts"))
    return typst.Compiler(input=str(folder / f"{layout}.typ"), root=str(folder))


def make_cv(
    seed: int | str = 1,
    *,
    occupation: str | None = None,
    language: Language | None = None,
    seniority: Seniority | None = None,
    layout: str | None = None,
) -> DemoCV:
    """One CV; what is not asked for is drawn from the seed. The same arguments give the same CV.

    Raises KeyError for an occupation and ValueError for a layout that there is not.
    """
    rng = Random(f"cv {seed}")  # noqa: S311  reproducible on purpose, nothing secret
    kind = occupations()[occupation or rng.choice(sorted(occupations()))]
    words = kind[rng.choice(LANGUAGES) if language is None else language]
    level = rng.choice(_ROLES) if seniority is None else seniority
    layout = layout or rng.choice(LAYOUTS)
    if layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}: there are {', '.join(LAYOUTS)}")
    sheet = PersonMaker(rng, words, level).make(layout)
    pdf = _compiler(layout).compile(format="pdf", sys_inputs={"cv": json.dumps(sheet.content, ensure_ascii=False)})
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave pages instead of one PDF")
    return DemoCV(pdf, sheet.truth)


def make_pool(
    directory: Path, count: int = 120, seed: int = 1, *, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Writes `count` PDFs into `directory` with the truth of each beside it (NAME.json); gives the PDFs' paths.

    Occupations, languages, seniorities and layouts come in equal shares; the same seed gives the same files.
    `progress(done, count)` is called after each CV.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rng = Random(f"pool {seed}")  # noqa: S311  as above
    kinds = sorted(occupations())
    rng.shuffle(kinds)
    paths: list[Path] = []
    taken: set[str] = set()
    for number in range(count):
        cv = make_cv(
            f"{seed}/{number}",
            occupation=kinds[number % len(kinds)],
            language=LANGUAGES[(number + number // len(kinds)) % 2],
            seniority=rng.choice(_ROLES),
            layout=LAYOUTS[number % len(LAYOUTS)],
        )
        paths.append(_write(directory, cv, taken))
        if progress:
            progress(number + 1, count)
    return paths


def _write(directory: Path, cv: DemoCV, taken: set[str]) -> Path:
    """Two people may bear one name: the second file gets a number, as people do it."""
    stem = cv.truth.file_name.removesuffix(".pdf")
    name, again = stem, 1
    while name.casefold() in taken:
        again += 1
        name = f"{stem}_{again}"
    taken.add(name.casefold())
    path = directory / f"{name}.pdf"
    truth = cv.truth.model_copy(update={"file_name": path.name})
    path.write_bytes(cv.pdf)
    path.with_suffix(".json").write_text(truth.model_dump_json(indent=1) + "\n", "utf-8")
    return path
