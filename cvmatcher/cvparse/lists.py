"""The word lists of `data/`, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sections_of(name: str) -> dict[str, str]:
    """`[heading]` -> the text below it, of one data file; `#` starts a comment line."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (files("cvmatcher.cvparse") / "data" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line[1 : line.index("]")]
        elif line.strip() and not line.startswith("#"):
            found.setdefault(heading, []).append(line)
    return {heading: " ".join(lines) for heading, lines in found.items()}


@cache
def words(heading: str) -> frozenset[str]:
    """The words of one list."""
    return frozenset(sections_of("words.txt")[heading].split())


@cache
def phrases(name: str, heading: str) -> tuple[str, ...]:
    """The `|`-separated phrases of one list."""
    return tuple(phrase.strip() for phrase in sections_of(name)[heading].split("|") if phrase.strip())
