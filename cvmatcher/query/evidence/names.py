"""Things with names: skills, employers, sectors; and free words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from cvmatcher.cvparse.words import is_about_employer
from cvmatcher.domain import Criterion
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
    quote,
    quote_value,
)
from cvmatcher.quotations import SHORTEST
from cvmatcher.vocabulary import sectors, skills
from cvmatcher.vocabulary.folding import Match, fold, stems

_DENIAL = re.compile(
    r"\b(?:no|aucune?|sans|without|lack(?:s|ing)?|nor|ni|not|never|pas|jamais)\s+"
    r"(?!(?:only|just|merely|limited|seulement|uniquement|less|doubt|oublier|compter|moins)\b)(?:[\w'’-]+\s+){0,4}"
    r"(?:[dl]['’]\s*)?$"
)
_DENIED_BEHIND = re.compile(r"\s*[:(–—-]\s*(?:no(?:ne|t)?(?!\s*sql)|non|aucune?|neant|never|jamais|pas)\b(?!-)")
_ANY_DENIAL = re.compile(r"\b(?:no|not|never|aucune?|jamais|pas)\s+(?!(?:only|just|seulement|uniquement|less)\b)")
# Who has notions of something does not have it as a skill.
_SLIGHT = re.compile(
    r"\b(?:notions?|rudiments?|initiation|debutant\w*|beginner|basic (?:knowledge|skills|understanding)|basics"
    r"|connaissances? de base|en cours d'apprentissage|currently learning)\s*"
    r"(?:(?:de|d['’]|du|des|en|of|in|a|au|with|:)\s*)?"
    r"(?:l['’])?$"
)
_SLIGHT_BEHIND = re.compile(
    r"\s*[:(–—-]\s*(?:quelques |bonnes |some )?(?:notions?|debutant\w*|beginner|basic|basics|bases|rudiments|initiation"
    r"|en cours d'apprentissage|learning)\b"
)


def skill(criterion: Criterion, cv: CV) -> Finding:
    """Met by the skill or a narrower one under any of its names; one that is only near answers partly."""
    inside_another, shown = "", skill_names(criterion.value)
    for name in shown:
        for line, first, last in _named(cv, name):
            another = _is_another(line, first, last, _skills_in(line.text), shown)
            if not another and not slight(line, line.words[first].start, line.words[last].end):
                return Finding(MET, _with_neighbour(cv, line, cut_line(line, first, last)))
            inside_another = inside_another or cut_line(line, first, last)
    for name in skills.near(criterion.value):
        for line, first, last in _named(cv, name):
            return Finding(PARTLY, cut_line(line, first, last))
    if inside_another:
        return Finding(PARTLY, inside_another)
    return _close_together(criterion.value, cv) if len(stems(criterion.value)) > 1 else NOTHING


def _with_neighbour(cv: CV, line: Line, quotation: str) -> str:
    """A line that is too short to prove anything, with the one before it: "Python R"."""
    at = cv.lines.index(line)
    if at and sum(map(str.isalnum, quotation)) < SHORTEST:
        return f"{cv.lines[at - 1].text} {quotation}"
    return quotation


def _named(cv: CV, name: str) -> Iterator[tuple[Line, int, int]]:
    """Lines that name it, other than to take it back, with the first and last word of the name."""
    key, spelt = stems(name), skills.spelt(name)  # who asks for "r" means R
    exact, other = _needs_capitals(spelt), _OTHER_SENSE.get(key)
    for line, at in phrase(cv, key):
        start, end = line.words[at].start, line.words[at + len(key) - 1].end
        if other is not None and other.match(fold(line.text[end : end + 20])):
            continue
        if (not exact or line.text[start:end] == spelt) and not denied(line, start, end):
            yield line, at, at + len(key) - 1


def _is_another(line: Line, first: int, last: int, named: Sequence[Match], shown: Sequence[str]) -> bool:
    """Whether the words are part of a longer name in the line that does not show the same: "risk assessment"."""
    start, end = line.words[first].start, line.words[last].end
    longer = [line.text[m.start : m.end] for m in named if m.start <= start and end <= m.end]
    return any(len(name) > end - start and stems(name) not in set(map(stems, shown)) for name in longer)


@lru_cache(maxsize=4096)
def _skills_in(text: str) -> tuple[Match, ...]:
    return tuple(skills.find(text))


@lru_cache(maxsize=4096)
def _sectors_in(text: str) -> tuple[Match, ...]:
    return tuple(sectors.find(text))


_BETWEEN = 2  # words that may stand among those of a skill of several words


def _close_together(value: str, cv: CV) -> Finding:
    """A skill of several words that no list knows: all of them within a few words; farther apart they say little."""
    finding = text_finding(value, cv)
    wanted = set(content_stems(value))
    for line in cv.lines if finding.state is MET else ():
        places = [i for i, stem in enumerate(line.stems) if stem in wanted]
        for at in places:
            window = line.stems[at : at + len(wanted) + _BETWEEN]
            if wanted <= set(window) and not _taken_back(line, wanted):
                return Finding(MET, cut_line(line, at, at + len(window) - 1))
    return Finding(PARTLY, finding.quotation) if finding.quotation else NOTHING


# Who would like to learn something, or has never done it, does not say that they can.
_WISH = re.compile(
    r"\b(?:souhait\w+|aimerai\w*|voudrai\w*|envie d[e']|desire\w*|would (?:like|love)|wish\w*|hop(?:e|es|ing)"
    r"|want\w*|keen|eager|looking|interested in|plan\w*)\b.{0,25}\b(?:apprendre|decouvrir|(?:me|se) former|learn\w*"
    r"|discover\w*)\b"
)


def _taken_back(line: Line, wanted: set[str]) -> bool:
    """Whether the line says of the first of these words that it was not done, or that someone would like to."""
    first = next((word for word in line.words if word.stem in wanted), None)
    return first is not None and denied(line, first.start, first.end)


def denied(line: Line, start: int, end: int) -> bool:
    """Whether what the sentence says before the name, or right behind it, takes it back."""
    before, behind = line.up_to(start), fold(line.text[end : end + 30])
    return any((_DENIAL.search(before), _WISH.search(before), _DENIED_BEHIND.match(behind)))


def slight(line: Line, start: int, end: int) -> bool:
    """Whether the line says that there is little of it: "notions de Python", "Python (débutant)"."""
    behind = fold(line.text[end : end + 40])
    return _SLIGHT.search(line.up_to(start)) is not None or _SLIGHT_BEHIND.match(behind) is not None


def taken_back(line: Line, names: Iterable[str]) -> bool:
    """Whether the line denies the names wherever it holds one, or gives them to someone else."""
    places = list(places_of(line, names))
    return bool(places) and all(denied(line, *at) or served(line, at[0]) for at in places)


def denies(line: Line) -> bool:
    """Whether the line denies anything at all: its meaning alone does not show that something was done."""
    return _ANY_DENIAL.search(fold(line.text)) is not None


def places_of(line: Line, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Start and end of each of the names in the line's text."""
    for key in map(stems, names):
        for at in range(len(line.stems) - len(key) + 1) if key else ():
            if line.stems[at : at + len(key)] == key:
                yield line.words[at].start, line.words[at + len(key) - 1].end


def only_in_others(line: Line, value: str) -> bool:
    """Whether the skill stands in the line as part of other skills' names only, or as a thing hardly known."""
    shown = skill_names(value)
    known = [m for m in _skills_in(line.text) if stems(line.text[m.start : m.end]) not in set(map(stems, shown))]
    places = list(places_of(line, shown))
    longer = [
        any(m.start <= start and end <= m.end and m.end - m.start > end - start for m in known) for start, end in places
    ]
    return bool(places) and all(is_longer or slight(line, *at) for is_longer, at in zip(longer, places, strict=True))


@lru_cache(maxsize=1024)
def skill_names(value: str) -> tuple[str, ...]:
    """The value and the other names of the skill and of narrower ones, in both languages."""
    return skills.shown_by(value)


@lru_cache(maxsize=4096)
def _needs_capitals(name: str) -> bool:
    """Whether it is another word in small letters: by its length, or as the list says of "MES", "Tableau"."""
    return len(name) <= 2 or any(match.exact_case for match in skills.find(name))


# What follows a name where it is another word, capitals or not: "Reporting to the CEO", "Spring 2014".
_OTHER_SENSE = {
    stems(name): re.compile(behind)
    for name, behind in {
        "reporting": r"\s+(?:\w+ly\s+)?(?:to|into)\b",
        "Spring": r"\s+(?:\d{4}|semester|term|break|season|of)\b",
        "Access": r"\s+(?:to|control)\b",
        "Word": r"\s+of\b",
        "Teams": r"\s+of\b",
        "Excel": r"\s+(?:in|at)\b",
        "Sales": r"\s+(?:tax)\b",
    }.items()
}
_LABEL = re.compile(
    r"^(?:domaines?|secteurs?|sectors?|industry|industries|industrie|field|activite)(?: d'activites?"
    r"| professionnel\w*| of activity)?\s*[:\-–]\s*(?P<value>.{2,80})$"
)


def _labelled_sectors(cv: CV) -> Iterator[tuple[str, str]]:
    """(sector, line) of lines such as "Domaine : Énergie", whatever the structurer made of them."""
    for word in ("domaine", "secteur", "sector", "industry", "industrie", "field", "activite"):
        for number in cv.with_stem(stems(word)[0]):
            line = cv.lines[number]
            if found := _LABEL.match(fold(line.text)):
                yield line.text[found.start("value") :], line.text


_BRACKETS = re.compile(r"[(\[]([^()\[\]\d]{3,40})[)\]]")


def _bracketed(cv: CV) -> Iterator[tuple[str, str]]:
    """(sector, line) of what stands in brackets behind a firm: "Acme (insurance) 2019-2024"."""
    for line in cv.lines:
        for match in _BRACKETS.finditer(line.text):
            if stems(match[1]):
                at = next((i for i, word in enumerate(line.words) if word.start >= match.start(1)), 0)
                yield match[1], cut_line(line, at, at)


def sectors_of(cv: CV) -> list[str]:
    """The sectors that a CV names, in its own words."""
    return [*cv.profile.sectors, *(named for named, _ in (*_labelled_sectors(cv), *_bracketed(cv)))]


def sector(criterion: Criterion, cv: CV) -> Finding:
    """Met by the sector itself or a narrower one, in either language; a neighbour, or a mention, answers partly."""
    own = stems(criterion.value)
    held = [*((named, quote_value(cv, named)) for named in cv.profile.sectors), *_labelled_sectors(cv)]
    for named, quotation in (*held, *_bracketed(cv)):
        if quotation and _names_it(named, criterion.value):
            return Finding(MET, quotation)
    if quotation := _said_of_work(criterion.value, cv):
        return Finding(MET, quotation)
    jobs = cv.profile.experiences
    for value in (cv.profile.headline, *(job.title for job in jobs), *(job.employer for job in jobs)):
        if holds(stems(value), own):
            return found(PARTLY if held else MET, quote_value(cv, value))
    for named, quotation in held:
        if quotation and sectors.near_each_other(named, criterion.value):
            return Finding(PARTLY, quotation)
    return _told_sector(criterion, cv)


def _names_it(told: str, value: str) -> bool:
    """Whether the words a CV says of a sector name the one asked for, and not one whose name only holds it."""
    if sectors.shows(told, value):
        return True
    own = stems(value)
    longer = (stems(told[m.start : m.end]) for m in _sectors_in(told))
    others = any(len(key) > len(own) and holds(key, own) for key in longer)
    return holds(stems(told), own) and not others


# Words before a sector's name by which a CV says that its person worked there, and not for its customers.
_WORKED_IN = re.compile(
    r"\b(?:secteurs?|sectors?|industr(?:y|ies|ie)|domaines?|experience|ans|annees|years?|career|carriere|parcours"
    r"|results|resultats|background|track record)(?:\s+(?!(?:client|customer))[a-z']+){0,4}?\s+"
    r"(?:in|of|dans|en|du|de|d')\s*(?:(?:the|le|la|les|l'|du|des|secteur|sector)\s*)*$"
)


def _said_of_work(value: str, cv: CV) -> str:
    """A line that names the sector behind such words, or on which a firm is described: "Défense, 40 salariés"."""
    shown = sectors.shown_by(value)
    for name in shown:
        key = stems(name)
        for line, at in phrase(cv, key):
            before, last = fold(line.text[: line.words[at].start]), at + len(key) - 1
            if denied(line, line.words[at].start, line.words[last].end) or _is_another(
                line, at, last, _sectors_in(line.text), shown
            ):
                continue
            if (is_about_employer(line.text) and not is_bullet(line)) or _WORKED_IN.search(before):
                return cut_line(line, at, at + len(key) - 1)
    return ""


def _told_sector(criterion: Criterion, cv: CV) -> Finding:
    """The sector's own name anywhere, or another name of it where the CV says for whom: never a stray word."""
    quotation = quote(cv, [criterion.value])
    if quotation:
        return Finding(PARTLY, quotation)
    keys = [stems(name) for name in sectors.shown_by(criterion.value)]
    sentences = _SENTENCE.split(cv.profile.biography)
    for value in (*sentences, *(job.employer for job in cv.profile.experiences)):
        if any(key and holds(stems(value), key) for key in keys):
            return found(PARTLY, quote_value(cv, value))
    return NOTHING


def served(line: Line, start: int) -> bool:
    """Whether the line names what begins at `start` as someone's customer, supplier or the like."""
    return _SERVED.search(fold(line.text[:start])) is not None


def employer(criterion: Criterion, cv: CV) -> Finding:
    """Met by the firm of a job; named elsewhere it counts where no job's firm could be read, unless as a customer."""
    key = stems(criterion.value)
    for job in cv.profile.experiences:
        if holds(stems(job.employer), key) or holds(stems(job.title), key):
            return found(MET, quote_value(cv, job.employer if holds(stems(job.employer), key) else job.title))
    for line, at in phrase(cv, key):
        start, end = line.words[at].start, line.words[at + len(key) - 1].end
        if line.text[start].islower() or served(line, start) or denied(line, start, end):
            continue
        return Finding(MET, cut_line(line, at, at + len(key) - 1))
    return NOTHING


# Whom someone worked with is not for whom they worked.
_SERVED = re.compile(
    r"\b(?:clients?|clientele|customers?|accounts?|fournisseurs?|suppliers?|vendors?|partenaires?|partners?"
    r"|concurrents?|competitors?)\b[^.;!?]{0,40}$"
)


_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def text(criterion: Criterion, cv: CV) -> Finding:
    """Free words: all of them in one line is met, most of them partly."""
    return text_finding(criterion.value, cv)


def text_finding(value: str, cv: CV) -> Finding:
    wanted = set(content_stems(value))
    if not wanted:
        return NOTHING
    numbers = {n for stem in wanted for n in cv.with_stem(stem) if not _taken_back(cv.lines[n], wanted)}
    best = max(numbers, key=lambda n: (len(wanted & set(cv.lines[n].stems)), -n), default=None)
    if best is None:
        return NOTHING
    line = cv.lines[best]
    share = len(wanted & set(line.stems)) / len(wanted)
    at = next(i for i, stem in enumerate(line.stems) if stem in wanted)
    if share == 1.0:
        return Finding(MET, cut_line(line, at, at))
    return Finding(PARTLY, cut_line(line, at, at)) if share >= 0.6 else NOTHING
