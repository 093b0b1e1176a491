"""Whether someone is or was what a title asks, under that occupation's names in French and English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cvmatcher.domain import Criterion, CriterionKind, Experience, Need, Profile
from cvmatcher.query.evidence.names import denied, served
from cvmatcher.query.evidence.reading import (
    CV,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    Line,
    content_stems,
    cut_line,
    found,
    holds,
    is_bullet,
    phrase,
    quote_value,
)
from cvmatcher.vocabulary import titles
from cvmatcher.vocabulary.folding import Match, Token, stems, tokens

_FIRST = 12  # names of an occupation


def title(criterion: Criterion, cv: CV) -> Finding:
    names = title_names(criterion.value)
    held = [(cv.profile.headline, Experience()), *((job.title, job) for job in cv.profile.experiences)]
    held = [(own, job) for own, job in held if len(own.split()) <= _LONGEST]
    for own, job in held:
        if own and title_matches(own, names) == 1.0:
            return found(MET, _quote_title(cv, own, job))
    wider = (*title_names_inside(criterion.value), *titles.near(criterion.value))
    for own, job in held:
        if own and (title_matches(own, names) > 0 or (wider and title_matches(own, wider) == 1.0)):
            return found(PARTLY, _quote_title(cv, own, job))
    told = cv.profile.experiences  # then a mention elsewhere is little, and counts for the first names only
    if quotation := _in_text(cv, names[:_FIRST] if told else names):
        return Finding(PARTLY if told else MET, quotation)
    return NOTHING


def speaks_of(criterion: Criterion, cv: CV) -> bool:
    """Whether the CV names the occupation at all, be it as that of others: too little to be a reason."""
    own = {*stems(cv.profile.name)}
    for key in _keys(title_names(criterion.value)[:_FIRST]):
        if sum(map(len, key)) <= _LETTERS or own.issuperset(key):
            continue
        for line, at in phrase(cv, key):
            start, end = line.words[at].start, line.words[at + len(key) - 1].end
            if not (served(line, start) or denied(line, start, end)):
                return True
    return False


def _quote_title(cv: CV, own: str, job: Experience) -> str:
    """The line that says the title of that job: beside its firm or year, and not where others are led or trained."""
    key, facts = stems(own), {*stems(f"{job.employer} {(job.start or '')[:4]}")}
    lines = list(phrase(cv, key))
    best = max(lines, key=lambda one: (not is_bullet(one[0]), len(facts & {*one[0].stems}), -one[1]), default=None)
    return cut_line(best[0], best[1], best[1] + len(key) - 1) if best else quote_value(cv, own)


def _in_text(cv: CV, names: tuple[str, ...]) -> str:
    """A line that names the occupation, other than as a customer's, as a wish or in its person's own name.

    Names of two or three letters are too many other things: "PA" is a state as well.
    """
    own = {*stems(cv.profile.name)}
    for key in (one for one in _keys(names) if sum(map(len, one)) > _LETTERS and not own.issuperset(one)):
        for line, at in phrase(cv, key):
            start, end = line.words[at].start, line.words[at + len(key) - 1].end
            others = served(line, start) or denied(line, start, end) or _goes_on(line.text[start : start + 80], key)
            compound = len(key) == 1 and cv.profile.language == "en" and _COMPOUND.match(line.text, end)
            if not others and not compound and _of_the_person(cv, line, at, at + len(key) - 1):
                return cut_line(line, at, at + len(key) - 1)
    return ""


_LETTERS = 3
_FRONT = 1  # words of a line that may stand before the title that it gives its person
# An English noun of one word goes into compounds of other things: "pilot studies", "nurse delegations".
_COMPOUND = re.compile(r"\s+(?!(?:with|who|and|or|in|at|for|of|to|on|by|from|seeking|having|bringing|since)\b)[a-z]+")
_BEING = re.compile(
    r"\b(?:am|was|as|role|roles|position|worked|work|working|serving|served|acting|became|promoted|career|profession"
    r"|trained|qualified|licensed|certified|experienced|freelance|suis|etais|comme|qualite|poste|metier|fonctions?|role"
    r"|diplomee?|depuis|years?|ans)\b(?:\W+(?!(?:with|avec|and|et|to|a|for|pour|by|par|from)\b)\w+){0,3}\W*$"
    r"|\b(?:as|am|was) an?\W*$"
)


def _of_the_person(cv: CV, line: Line, first: int, last: int) -> bool:
    """Whether the words may be what its person is, and not whom the line only speaks of: "staff and farmers".

    Where no job could be read the CV may be prose, and each clause tells: "Ida Roche, correctrice, 12 ans de métier".
    """
    if line.words[last].text.endswith("s") and not line.stems[last].endswith("s"):
        return False  # several of them
    before = line.up_to(line.words[first].start)
    clause = before if cv.profile.experiences else re.split(r"[,;:(|.]", before)[-1]
    return (len(tokens(clause)) <= _FRONT and not is_bullet(line)) or _BEING.search(before) is not None


@lru_cache(maxsize=1024)
def _keys(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(stems(name) for name in names))


@lru_cache(maxsize=1024)
def title_names(value: str) -> tuple[str, ...]:
    """The value and the other names of that occupation, in both languages; narrower names as well."""
    return (value, *titles.names(value), *titles.special(value))


@lru_cache(maxsize=1024)
def title_names_inside(value: str) -> tuple[str, ...]:
    """Names of the wider occupation inside a value, of its family if known: "développeur" in "développeur Python"."""
    family, words = titles.families(value), value.split()
    parts = {" ".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, len(words) + 1)} - {value}
    wider = {
        title_id for part in parts for title_id in titles.ids(part) if not family or family & titles.families(part)
    }
    return tuple(name for title_id in sorted(wider) for name in titles.everything()[title_id].all_names)


@lru_cache(maxsize=20000)
def title_matches(title: str, names: tuple[str, ...]) -> float:
    """How far a CV's title answers the names: 1 holds one of them, 0.5 shares its words loosely, 0 does not."""
    return max(_matches(part, names) for part in (title, *_PARTS.split(title)))


_PARTS = re.compile(r"\s*(?:[,;/|()&]|\s[-–—]\s|\b(?:and|et)\b)\s*")  # one job may be told by several titles


def _matches(title: str, names: tuple[str, ...]) -> float:
    held = stems(title)
    keys = _keys(names)
    shortest = 2 if _another(title, keys) else 1  # no chef leads a "chef d'équipe", no principal a "principal engineer"
    named = [key for key in keys if len(key) >= shortest and holds(held, key)]
    if named:
        whole = [key for key in named if not _goes_on(title, key)]
        return 0.0 if not whole else 1.0 if any(not _helps(held, key) for key in whole) else 0.5
    asked = set(content_stems(names[0]))
    apart = len(content_stems(title)) - len(asked)
    if shortest == 1 and asked <= set(held) and apart <= _BETWEEN and not _PARTS.search(title):
        return 1.0
    shared = asked & set(held)
    return 0.5 if len(asked) > 1 and len(shared) * 2 > len(asked) else 0.0


# Who helps someone, or learns to be one, is not one yet: "assistant chef de projet", "project manager trainee".
_HELPERS = frozenset(stems("assistant aide adjoint apprenti apprentie apprentice trainee stagiaire intern alternant"))


def _helps(held: Sequence[str], key: tuple[str, ...]) -> bool:
    """Whether every place of the name has a helper's word beside it that is not a part of the name itself."""
    places = [at for at in range(len(held) - len(key) + 1) if tuple(held[at : at + len(key)]) == key]
    return all(_HELPERS & {*held[max(0, at - 1) : at], *held[at + len(key) : at + len(key) + 1]} for at in places)


def of_a_helper(text: str, names: tuple[str, ...]) -> bool:
    """Whether the text has the names only as what someone helps with or learns."""
    named = [key for key in _keys(names) if holds(stems(text), key)]
    return bool(named) and all(_helps(stems(text), key) for key in named)


def _goes_on(title: str, key: tuple[str, ...]) -> bool:
    """Whether the name's end begins a longer one, another's: "assistant chef" in "assistant chef de projet"."""
    words = tokens(title)
    at = next(i for i in range(len(words)) if tuple(word.stem for word in words[i : i + len(key)]) == key)
    end = words[at + len(key) - 1].end
    inner = words[at + 1 : at + len(key)]
    return any(m.start in {word.start for word in inner} and m.end > end for m in _from(title, inner))


def names_another(text: str, names: tuple[str, ...]) -> bool:
    """Whether all that a text has of the names is a part of other occupations' names."""
    named = [key for key in _keys(names) if holds(stems(text), key)]
    return bool(named) and all(_goes_on(text, key) for key in named)


def _from(title: str, inner: Sequence[Token]) -> Iterator[Match]:
    for word in inner:
        yield from (
            Match(m.canonical, m.start + word.start, m.end + word.start) for m in titles.find(title[word.start :])
        )


def _another(title: str, keys: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the title holds an occupation's name of several words that is none of those asked for."""
    named = (stems(title[match.start : match.end]) for match in titles.find(title))
    return any(len(key) > 1 and key not in keys for key in named)


def has_been(criteria: Sequence[Criterion], profile: Profile) -> float:
    """How much someone is what the titles ask: 1 now, less the longer ago the job was, 0 never. The titles' mean."""
    asked = [c for c in criteria if c.kind is CriterionKind.TITLE and c.need is not Need.MUST_NOT]
    if not asked:
        return 0.0
    held = [profile.headline, *(job.title for job in profile.experiences)]
    total = 0.0
    for criterion in asked:
        names = title_names(criterion.value)
        total += max((title_matches(t, names) * _FADING ** max(0, n - 1) for n, t in enumerate(held) if t), default=0.0)
    return total / len(asked)


_BETWEEN = 2  # words that may stand among those of a title: "project and office manager"
_LONGEST = 9  # words of a title; a longer one is a sentence that was read as one
_FADING = 0.6  # of a job's weight, for each job since
