"""Text brought to a form in which spellings compare equal, with the way back to the original's offsets.

Folding drops accents and case; stems drop plural and feminine endings of French and English. Both are for comparing
only: what people read is always the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(r"(?:(?<![\w.])\.(?=[a-z]{3}))?[a-z0-9]+(?:[+#]+(?![a-z0-9]))?")
_SPECIAL = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
_FEMININE = (
    ("woman", "man"),
    ("women", "man"),
    ("trice", "teur"),
    ("euse", "eur"),
    ("eure", "eur"),
    ("iere", "ier"),
    ("ere", "er"),
    ("ienne", "ien"),
    ("onne", "on"),
    ("elle", "el"),
    ("ive", "if"),
    ("ante", "ant"),
    ("ee", "e"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its folded text, its stem, and where it stands in the original."""

    text: str
    stem: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    lower = character.lower()
    if lower in _SPECIAL:
        return _SPECIAL[lower]
    return "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Lower case, without accents; may be longer than the original ("œ" becomes "oe")."""
    return "".join(map(_fold_character, text))


def fold_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the index in the original."""
    if text.isascii():
        return text.lower(), range(len(text))
    pieces: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        folded = _fold_character(character)
        pieces.append(folded)
        offsets.extend([index] * len(folded))
    return "".join(pieces), offsets


@lru_cache(maxsize=65536)
def stem(token: str) -> str:
    """A folded word without its plural and feminine ending: "developpeuses" and "developpeur" share one."""
    if len(token) <= 3:
        return token
    if token.endswith(("s", "x")) and not token.endswith("ss"):
        token = token[:-1]
    for feminine, masculine in _FEMININE:
        if token.endswith(feminine) and len(token) > len(feminine) + 2:
            return token[: -len(feminine)] + masculine
    return token


def tokens(text: str) -> list[Token]:
    """The words of a text in order; "C++", "C#" and ".NET" are words, "front-end" is two."""
    folded, offsets = fold_with_offsets(text)
    return [
        Token(m.group(), stem(m.group()), offsets[m.start()], offsets[m.end() - 1] + 1) for m in _TOKEN.finditer(folded)
    ]


@lru_cache(maxsize=8192)  # the jobs of a pool are asked again with every criterion
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words: two spellings of one name have the same."""
    return tuple(token.stem for token in tokens(text))


@dataclass(frozen=True, slots=True)
class Match:
    """One name found in a text: `text[start:end]` names `canonical`."""

    canonical: str
    start: int
    end: int
    exact_case: bool = False


@dataclass(slots=True)
class Lexicon:
    """Names -> canonical names, found in running text, longest first. Names sharing a stem share an entry."""

    _entries: dict[tuple[str, ...], list[tuple[str, str | None]]] = field(default_factory=dict)
    _widths: dict[str, list[int]] = field(
        default_factory=dict
    )  # first word's stem -> lengths of its names, longest first

    def add(self, name: str, canonical: str, *, exact: bool = False) -> None:
        """`exact`: the name counts only with these very capitals."""
        key = stems(name)
        if not key:
            return
        entry = (canonical, name if exact else None)
        known = self._entries.setdefault(key, [])
        if entry not in known:
            known.append(entry)
        if len(key) not in (widths := self._widths.setdefault(key[0], [])):
            widths.append(len(key))
            widths.sort(reverse=True)

    def get(self, name: str) -> tuple[str, ...]:
        """All that the whole of `name` may name; capitals do not matter here."""
        return tuple(dict.fromkeys(canonical for canonical, _ in self._entries.get(stems(name), ())))

    def find(self, text: str) -> Iterator[Match]:
        """Every name in the text, longest first, not overlapping; a name of several things gives one match each."""
        yield from self.find_in(tokens(text), text)

    def find_in(self, words: Sequence[Token], text: str) -> Iterator[Match]:
        """As `find`, of words already cut from `text`."""
        position = 0
        while position < len(words):
            matches, width = self._at(words, position, text)
            yield from matches
            position += width

    def _at(self, words: Sequence[Token], position: int, text: str) -> tuple[list[Match], int]:
        for width in self._widths.get(words[position].stem, ()):
            key = tuple(word.stem for word in words[position : position + width])
            entries = self._entries.get(key)
            if not entries or len(key) < width:
                continue
            start, end = words[position].start, words[position + width - 1].end
            found = [
                Match(canonical, start, end, exact is not None)
                for canonical, exact in entries
                if exact is None or text[start:end] == exact
            ]
            if found:
                return found, width
        return [], 1


def read_lines(text: str) -> Iterator[tuple[str, str]]:
    """(heading, line) of a data file: `#` comments, `[heading]` lines."""
    heading = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1]
        elif line and not line.startswith("#"):
            yield heading, line


def names_in(part: str) -> list[str]:
    """The names of one `;`-separated part."""
    return [name.strip() for name in part.split(";") if name.strip()]


def read_lexicon(text: str) -> Lexicon:
    """The names of a data file, the first of a line canonical; `=` before a name asks for its very capitals."""
    lexicon = Lexicon()
    for _, line in read_lines(text):
        names = names_in(line)
        for name in names:
            lexicon.add(name.removeprefix("="), names[0].removeprefix("="), exact=name.startswith("="))
    return lexicon
