"""How well a message is understood: F1 over criteria against files of requests with their truth. Prints no sentence.

Run as `python -m tests.understanding [FILE…]` (default: tests/truth/requests.jsonl). The rule of counting is the one
written in tests/truth/README.md. A `.txt` file is in the short form that tests/truth/own.txt explains.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cvmatcher.domain import Criterion
from cvmatcher.query.phrases import understand

TRUTH = Path(__file__).parent / "truth" / "requests.jsonl"
OWN = TRUTH.with_name("own.txt")
LIMITS = ("minimum", "maximum", "level", "within_km", "or_remote")
Truth = dict[str, Any]


def folded(value: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", value.casefold().replace("œ", "oe").replace("æ", "ae"))
    words = re.sub(r"[-'’/]", " ", "".join(c for c in plain if not unicodedata.combining(c))).split()
    return [word[:-1] if len(word) >= 4 and word.endswith("s") else word for word in words]


def matches(found: Criterion, true: Truth) -> bool:
    return any(_equal(found, reading) for reading in (true, *true.get("also", ())))


def _equal(found: Criterion, reading: Truth) -> bool:
    if found.kind != reading["kind"] or found.need != reading["need"]:
        return False
    if any((getattr(found, name) or None) != (reading.get(name) or None) for name in LIMITS):
        return False
    ours, theirs = folded(found.value), folded(reading["value"])
    if found.kind == "text":
        return len({*ours} & {*theirs}) * 2 >= len({*ours} | {*theirs})
    return ours == theirs


# ------------------------------------------------------------------------------------------------------- the files


def requests(path: Path) -> Iterator[Truth]:
    """Each request as a line of requests.jsonl has it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from map(json.loads, lines) if path.suffix == ".jsonl" else _short(lines)


def _short(lines: list[str]) -> Iterator[Truth]:
    language = ""
    for number, line in enumerate(lines, start=1):
        if line.startswith("["):
            language = line.strip("[]")
        elif "=>" in line and not line.startswith("#"):
            request, _, criteria = line.partition(" => ")
            wanted = [_criterion(part.strip()) for part in criteria.split(";")]
            yield {"id": f"line {number}", "language": language, "request": request, "criteria": wanted}


_SHORT = re.compile(r"(?P<optional>\?)?(?P<need>[~!])?(?P<kinds>[a-z/]+):(?P<values>[^,]*)(?:,(?P<limits>.*))?")
_NAMES = {"min": "minimum", "max": "maximum", "km": "within_km", "level": "level"}


def _criterion(part: str) -> Truth:
    match = _SHORT.fullmatch(part)
    if match is None:
        raise ValueError(part)
    need = {"~": "nice", "!": "must_not"}.get(match["need"], "must")
    limits: list[Truth] = [{}]
    for limit in (match["limits"] or "").split(","):
        name, _, value = limit.partition("=")
        if name == "remote":
            limits = [known | {"or_remote": True} for known in limits]
        elif name:
            values: list[str | float | None] = (
                [level or None for level in value.split("/")] if name == "level" else [float(value)]
            )
            limits = [known | {_NAMES[name]: one} for known in limits for one in values]
    values_of = match["values"].split("|")
    if match["kinds"] == "language" and "level" not in (match["limits"] or ""):
        values_of = values_of[:1]
    readings = [
        {"kind": kind, "need": need, "value": value} | limit
        for kind in match["kinds"].split("/")
        for value in values_of
        for limit in limits
    ]
    return readings[0] | {"also": readings[1:], "optional": bool(match["optional"])}


def advert(path: Path) -> tuple[Truth, str]:
    """The truth of an invented advert, its first line, and its text."""
    truth, _, text = path.read_text(encoding="utf-8").partition("\n")
    wanted = [_criterion(part.strip()) for part in truth.removeprefix("=> ").split(";")]
    return {"id": path.stem, "language": path.stem[:2], "criteria": wanted}, text


# ------------------------------------------------------------------------------------------------------- counting


def measure(path: Path = TRUTH) -> dict[str, Counter[str]]:
    """Kind, language and "all" -> counts of true positives, found, wanted; optional criteria on neither side."""
    counts: dict[str, Counter[str]] = {}
    for request in requests(path):
        found, missed, extra = compared(request)
        for true, match in found:
            for key in () if true.get("optional") else ("all", request["language"], true["kind"]):
                counts.setdefault(key, Counter()).update(wanted=1, hit=1, found=int(match is not None))
        for true in missed:
            for key in ("all", request["language"], true["kind"]):
                counts.setdefault(key, Counter()).update(wanted=1)
        for criterion in extra:
            for key in ("all", request["language"], criterion.kind.value):
                counts.setdefault(key, Counter()).update(found=1)
    return counts


Reader = Callable[[str], tuple[tuple[Criterion, ...], tuple[str, ...]]]


def compared(
    request: Truth, reader: Reader = understand
) -> tuple[list[tuple[Truth, Criterion]], list[Truth], list[Criterion]]:
    """True criteria with what was found of them, those missed, and what was found without being true."""
    extra, found, missed = list(reader(request["request"])[0]), [], []
    for true in sorted(request["criteria"], key=lambda true: bool(true.get("optional"))):
        match = next((criterion for criterion in extra if matches(criterion, true)), None)
        if match is not None:
            extra.remove(match)
            found.append((true, match))
        elif not true.get("optional"):
            missed.append(true)
    return found, missed, extra


def f1(count: Counter[str]) -> float:
    return 2 * count["hit"] / max(1, count["found"] + count["wanted"])


def _print(path: Path) -> None:
    print(path.name)  # noqa: T201
    for key, count in sorted(measure(path).items()):
        precision, recall = count["hit"] / max(1, count["found"]), count["hit"] / max(1, count["wanted"])
        print(f"{key:10} P {precision:.3f}  R {recall:.3f}  F1 {f1(count):.3f}  wanted {count['wanted']}")  # noqa: T201


if __name__ == "__main__":
    for name in sys.argv[1:] or [str(TRUTH)]:
        _print(Path(name))
