"""How well a message is understood: F1 over criteria against `tests/truth/requests.jsonl`. Prints figures, no sentence.

Run as `python -m tests.understanding`. The rule of counting is the one written in tests/truth/README.md.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

from cvmatcher.domain import Criterion
from cvmatcher.query.phrases import understand

TRUTH = Path(__file__).parent / "truth" / "requests.jsonl"
LIMITS = ("minimum", "maximum", "level", "within_km", "or_remote")


def folded(value: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", value.casefold().replace("œ", "oe").replace("æ", "ae"))
    words = re.sub(r"[-'’/]", " ", "".join(c for c in plain if not unicodedata.combining(c))).split()
    return [word[:-1] if len(word) >= 4 and word.endswith("s") else word for word in words]


def matches(found: Criterion, true: dict[str, Any]) -> bool:
    return any(_equal(found, reading) for reading in (true, *true.get("also", ())))


def _equal(found: Criterion, reading: dict[str, Any]) -> bool:
    if found.kind != reading["kind"] or found.need != reading["need"]:
        return False
    if any((getattr(found, name) or None) != (reading.get(name) or None) for name in LIMITS):
        return False
    ours, theirs = folded(found.value), folded(reading["value"])
    if found.kind == "text":
        return len({*ours} & {*theirs}) * 2 >= len({*ours} | {*theirs})
    return ours == theirs


def measure() -> dict[str, Counter[str]]:
    """Kind, language and "all" -> counts of true positives, found, wanted; optional criteria on neither side."""
    counts: dict[str, Counter[str]] = {}
    for line in TRUTH.read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        found, wanted = list(understand(request["request"])[0]), list(request["criteria"])
        for true in sorted(wanted, key=lambda true: bool(true.get("optional"))):
            match = next((c for c in found if matches(c, true)), None)
            if match is not None:
                found.remove(match)
            if true.get("optional"):
                continue
            for key in ("all", request["language"], true["kind"]):
                counts.setdefault(key, Counter()).update(wanted=1, hit=match is not None, found=match is not None)
        for extra in found:
            for key in ("all", request["language"], extra.kind.value):
                counts.setdefault(key, Counter()).update(found=1)
    return counts


def f1(count: Counter[str]) -> float:
    return 2 * count["hit"] / max(1, count["found"] + count["wanted"])


if __name__ == "__main__":
    for key, count in sorted(measure().items()):
        precision, recall = count["hit"] / max(1, count["found"]), count["hit"] / max(1, count["wanted"])
        print(f"{key:10} P {precision:.3f}  R {recall:.3f}  F1 {f1(count):.3f}  wanted {count['wanted']}")  # noqa: T201
