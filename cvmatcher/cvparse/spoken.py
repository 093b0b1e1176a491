"""Languages a person speaks, with levels of the Common European Framework.

Owns which words belong to which language; the names of languages and what words say of a level are vocabulary's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cvmatcher.cvparse.lines import Line
from cvmatcher.domain import SpokenLanguage
from cvmatcher.folding import fold
from cvmatcher.vocabulary import languages
from cvmatcher.vocabulary.folding import Match
from cvmatcher.vocabulary.levels import level

_SPEAKS = re.compile(
    r"\b(?:fluent|bilingual|bilingue|native|speak(?:s|ing)?|spoken|courant|parle|parlant|couramment|"
    r"mother tongue|langue maternelle|"
    r"proficient in|conversational|trilingual|trilingue|languages? ?:|langues? ?:)"
)


def read_languages(lines: Sequence[Line]) -> list[SpokenLanguage]:
    """The languages of a section: each name with the level beside it, before it or on the next line."""
    joined = "\n".join(line.text for line in lines)
    found = [match for match in languages.find(joined) if len(match.canonical) <= 3]
    found = [m for at, m in enumerate(found) if at == 0 or m.start >= found[at - 1].end]
    if not found:
        return []
    if paired := _in_two_lists(joined, found):
        return paired
    before = level(joined[: found[0].start]) is not None and level(joined[found[-1].end :]) is None
    spoken: dict[str, SpokenLanguage] = {}
    for at, match in enumerate(found):
        left = found[at - 1].end if at else 0
        right = found[at + 1].start if at + 1 < len(found) else len(joined)
        stretch = joined[left : match.start] if before else _reach(joined[match.end : right])
        text = (
            f"{joined[match.start : match.end]} {stretch}"
            if not before
            else f"{stretch} {joined[match.start : match.end]}"
        )
        language = SpokenLanguage(code=match.canonical, level=level(stretch), text=_tidy(text))
        if language.code not in spoken or (spoken[language.code].level is None and language.level):
            spoken[language.code] = language
    return list(spoken.values())


def _in_two_lists(joined: str, found: Sequence[Match]) -> list[SpokenLanguage]:
    """Names in one column and as many levels in another, in the order of the names; [] where they do not pair so."""
    cells = [cell.strip() for cell in re.split(r"[\n\t]", joined) if cell.strip()]
    alone = [cell for cell in cells if not languages.find(cell) and level(cell)]
    beside = [cell for cell in cells if languages.find(cell) and level(cell)]
    if beside or len(alone) != len(found) or len({match.canonical for match in found}) != len(found):
        return []
    pairs = zip(found, alone, strict=True)
    return [
        SpokenLanguage(code=m.canonical, level=level(cell), text=_tidy(f"{joined[m.start : m.end]} {cell}"))
        for m, cell in pairs
    ]


def _reach(stretch: str) -> str:
    """What may tell of the language before it: its line and, when that says no level, the next one."""
    lines = stretch.split("\n")
    first = lines[0].strip(" :–—-()|·,")
    return stretch if len(lines) < 2 or not first else (lines[0] if level(lines[0]) else "\n".join(lines[:2]))


_OTHERS = re.compile(
    r"[- ]speaking\s+(?:customers?|clients?|clientele|patients?|people|populations?|communit\w+|countries|markets?"
    r"|public|students?|children|families|residents?|callers?|members?|areas?|employees|staff|candidates)\b"
)
_OWN = re.compile(r"\b(?:fluen\w+|bilingu\w+|native|courant\w*|couramment)\b")


def of_others(text: str) -> bool:
    """Whether a line says who else speaks a language: "assisted Spanish speaking customers"."""
    folded = fold(text)
    return _OTHERS.search(folded) is not None and _OWN.search(folded) is None


def mentioned(lines: Iterable[Line]) -> list[SpokenLanguage]:
    """Languages that sentences speak of, where a CV has no section for them: "Fluent in English and Spanish"."""
    spoken: dict[str, SpokenLanguage] = {}
    for line in lines:
        if len(line.text) >= 300 or of_others(line.text):
            continue
        if found := _SPEAKS.search(fold(line.text)):
            start = max(0, found.start() - 30)
            end = len(line.text) if found.group().endswith(":") else found.end() + 80  # a list goes to its end
            for language in _in_sentence(line.text[start:end]):
                spoken.setdefault(language.code, language)
    return list(spoken.values())


def _in_sentence(text: str) -> list[SpokenLanguage]:
    """As in "Fluent in English and Spanish": one level said of all of them."""
    found = read_languages([Line(text)])
    if len(found) > 1 and sum(language.level is not None for language in found) == 1:
        shared = next(language.level for language in found if language.level)
        said = _tidy(text[: languages.find(text)[-1].end])
        found = [
            language if language.level else language.model_copy(update={"level": shared, "text": said})
            for language in found
        ]
    return found


@lru_cache(maxsize=512)
def names_language(text: str) -> bool:
    """Whether a short text names a language and, beside its level, nothing much else."""
    return len(text) < 60 and bool(languages.find(text))


def _tidy(text: str) -> str:
    return re.sub(r"^(?:and|et|&)\s+", "", re.sub(r"\s+", " ", text).strip(" :–—-|·,;"))[:120]
