"""What a CV says to a criterion, by rules: met, partly or not found, with the line of the CV that shows it.

Owns what counts as showing a criterion of each kind. Reads the structured profile first and the visible text for the
quotation; a line that reads like an instruction to a judge shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cvmatcher import career
from cvmatcher.domain import Criterion, CriterionKind, Experience, LanguageLevel, Need, Profile, VerdictState
from cvmatcher.quotations import reads_like_an_order
from cvmatcher.vocabulary import languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token, fold, stems, tokens

MET, PARTLY, NOT_FOUND = VerdictState.MET, VerdictState.PARTLY, VerdictState.NOT_FOUND
_LONGEST_QUOTATION = 200  # characters
_NEAR_KM = 30.0  # a neighbouring town answers a place partly


@dataclass(frozen=True, slots=True)
class Finding:
    """A state with the words of the CV that show it; "" only for not found."""

    state: VerdictState
    quotation: str = ""


NOTHING = Finding(NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page, white space normalised."""

    text: str
    words: tuple[Token, ...]
    stems: tuple[str, ...]


@dataclass(frozen=True)
class CV:
    """A profile and its pages, cut into lines once. Lines that read like orders are left out."""

    profile: Profile
    lines: tuple[Line, ...]
    places_of: dict[str, list[int]] = field(default_factory=dict)  # stem -> numbers of lines

    def with_stem(self, stem: str) -> list[int]:
        return self.places_of.get(stem, [])


def read(profile: Profile, pages: tuple[str, ...]) -> CV:
    """The CV ready for judging. Cutting it costs a millisecond or two and is kept for the CVs judged last."""
    lines, index = _lines(pages)
    return CV(profile, lines, index)


@lru_cache(maxsize=600)
def _lines(pages: tuple[str, ...]) -> tuple[tuple[Line, ...], dict[str, list[int]]]:
    lines: list[Line] = []
    index: dict[str, list[int]] = {}
    for page in pages:
        for raw in page.splitlines():
            text = " ".join(raw.split())
            if not text or reads_like_an_order(text):
                continue
            words = tuple(tokens(text))
            lines.append(Line(text, words, tuple(word.stem for word in words)))
            for stem in set(lines[-1].stems):
                index.setdefault(stem, []).append(len(lines) - 1)
    return tuple(lines), index


def judge(criterion: Criterion, cv: CV) -> Finding:
    """What the CV says to one criterion; `need` plays no part."""
    return _JUDGES[criterion.kind](criterion, cv)


def silent(criterion: Criterion, profile: Profile) -> bool:
    """Whether the CV says nothing on the subject at all: then not found means unknown, not no."""
    says = {
        CriterionKind.PLACE: bool(profile.location) or any(job.place for job in profile.experiences),
        CriterionKind.LANGUAGE: bool(profile.languages),
        CriterionKind.YEARS: profile.years_experience is not None,
        CriterionKind.SKILL: bool(profile.skills),
        CriterionKind.SECTOR: bool(profile.sectors),
        CriterionKind.EDUCATION: bool(profile.education),
    }
    return not says.get(criterion.kind, True)


# ------------------------------------------------------------------------------------------------------- quoting


def _cut_line(line: Line, first: int, last: int) -> str:
    """The line, or as much of it around words first..last as a quotation may hold."""
    if len(line.text) <= _LONGEST_QUOTATION:
        return line.text
    start, end = line.words[first].start, line.words[last].end
    room = max(0, (_LONGEST_QUOTATION - (end - start)) // 2)
    left = max(0, start - room)
    right = min(len(line.text), end + room)
    left = (
        line.text.find(" ", left) + 1
        if 0 < left < start and " " in line.text[left:start]
        else (0 if left == 0 else start)
    )
    right = (
        line.text.rfind(" ", end, right)
        if right < len(line.text) and " " in line.text[end:right]
        else (right if right == len(line.text) else end)
    )
    return line.text[left:right].strip()


def _phrase(cv: CV, key: tuple[str, ...]) -> Iterator[tuple[Line, int]]:
    """Lines where the stems stand in a row, and where in the line."""
    if not key:
        return
    rarest = min(key, key=lambda stem: len(cv.with_stem(stem)))
    for number in cv.with_stem(rarest):
        line = cv.lines[number]
        for at in range(len(line.stems) - len(key) + 1):
            if line.stems[at : at + len(key)] == key:
                yield line, at
                break


def _quote(cv: CV, names: Iterable[str], *, exact: bool = False) -> str:
    """The first line that holds one of the names; `exact`: with its capitals."""
    for name in names:
        key = stems(name)
        for line, at in _phrase(cv, key):
            start, end = line.words[at].start, line.words[at + len(key) - 1].end
            if not exact or line.text[start:end] == name:
                return _cut_line(line, at, at + len(key) - 1)
    return ""


def _quote_value(cv: CV, *values: str) -> str:
    """The line that holds most of a profile's own value, e.g. an experience's title."""
    for value in values:
        if value and (found := _quote(cv, [value])):
            return found
    for value in values:
        wanted = set(stems(value))
        numbers = {n for stem in wanted for n in cv.with_stem(stem)}
        best = max(numbers, key=lambda n: (len(wanted & set(cv.lines[n].stems)), -n), default=None)
        if best is not None and len(wanted & set(cv.lines[best].stems)) * 2 >= len(wanted):
            line = cv.lines[best]
            at = next(i for i, stem in enumerate(line.stems) if stem in wanted)
            return _cut_line(line, at, at)
    return ""


def _found(state: VerdictState, quotation: str) -> Finding:
    """Without words of the CV there is no reason to show, so nothing counts as found."""
    return Finding(state, quotation) if quotation else NOTHING


# ------------------------------------------------------------------------------------------------------- skills

_DENIAL = re.compile(r"\b(?:no|not|aucune?|sans|pas d[e'])\s+(?:\w+\s+){0,2}$")


def _skill(criterion: Criterion, cv: CV) -> Finding:
    for name in skill_names(criterion.value):
        key = stems(name)
        exact = _needs_capitals(name)
        for line, at in _phrase(cv, key):
            start, end = line.words[at].start, line.words[at + len(key) - 1].end
            if (exact and line.text[start:end] != name) or _DENIAL.search(fold(line.text[:start])):
                continue
            return Finding(MET, _cut_line(line, at, at + len(key) - 1))
    return _text(criterion, cv) if len(stems(criterion.value)) > 1 else NOTHING


@lru_cache(maxsize=1024)
def skill_names(value: str) -> tuple[str, ...]:
    """The value and the other names of the skill, in both languages."""
    return skills.names(value)


def _needs_capitals(name: str) -> bool:
    return len(name) <= 2 or (len(name) <= 5 and name in _AMBIGUOUS)


_AMBIGUOUS = frozenset(
    [
        "Go",
        "Word",
        "Excel",
        "Chef",
        "Node",
        "Vue",
        "Sage",
        "Ciel",
        "Dart",
        "Swift",
        "Rust",
        "Helm",
        "Teams",
        "Julia",
        "Hive",
    ]
)


# ------------------------------------------------------------------------------------------------------- titles


def _title(criterion: Criterion, cv: CV) -> Finding:
    names = title_names(criterion.value)
    held = [cv.profile.headline, *(job.title for job in cv.profile.experiences)]
    for title in held:
        if title and title_matches(title, names) == 1.0:
            return _found(MET, _quote_value(cv, title))
    inside = title_names_inside(criterion.value)
    for title in held:
        if title and (title_matches(title, names) > 0 or (inside and title_matches(title, inside) == 1.0)):
            return _found(PARTLY, _quote_value(cv, title))
    quotation = _quote(cv, names[:12])
    if quotation:
        return Finding(MET if not cv.profile.experiences else PARTLY, quotation)
    return NOTHING


@lru_cache(maxsize=1024)
def title_names(value: str) -> tuple[str, ...]:
    """The value and the other names of that occupation, in both languages; narrower names as well."""
    narrower = (name for title_id in titles.ids(value) for name in titles.everything()[title_id].narrower)
    return (value, *titles.names(value), *narrower)


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
    held = stems(title)
    for name in names:
        key = stems(name)
        if key and any(held[at : at + len(key)] == key for at in range(len(held) - len(key) + 1)):
            return 1.0
    asked = set(_content_stems(names[0]))
    if asked and asked <= set(held):
        return 1.0
    shared = asked & set(held)
    return 0.5 if len(asked) > 1 and len(shared) * 2 > len(asked) else 0.0


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


_FADING = 0.6  # of a job's weight, for each job since


_SMALL = words.of("small")


@lru_cache(maxsize=4096)
def _content_stems(text: str) -> tuple[str, ...]:
    return tuple(token.stem for token in tokens(text) if token.text not in _SMALL)


# ------------------------------------------------------------------------------------------------------- years

_STATED_YEARS = re.compile(
    r"\b(\d{1,2})\s*\+?\s*(?:ans|annees|years|yrs)\b(?:\s+(?:d'|of\s+)?(?:\w+\s+){0,2}experience)?"
)


def _years(criterion: Criterion, cv: CV) -> Finding:
    if criterion.value:
        return _years_with(criterion, cv)
    return _compared(criterion, cv.profile.years_experience, _quote_years(cv, cv.profile.experiences))


def _years_with(criterion: Criterion, cv: CV) -> Finding:
    """Years of the jobs that name the skill or the title; a skill that no job names counts the whole career, partly."""
    names = skill_names(criterion.value) if skills.canonical(criterion.value) else title_names(criterion.value)
    keys = [stems(name) for name in names[:40]]
    jobs = [
        job for job in cv.profile.experiences if any(_holds(stems(f"{job.title}\n{job.text}"), key) for key in keys)
    ]
    as_of = cv.profile.cv_date or max((job.end or job.start or "" for job in cv.profile.experiences), default="")
    if jobs and as_of:
        return _compared(criterion, career.years_of_experience(jobs, as_of), _quote_years(cv, jobs))
    if _quote(cv, names):
        whole = _compared(criterion, cv.profile.years_experience, _quote(cv, names))
        return Finding(PARTLY, whole.quotation) if whole.state is MET else whole
    return NOTHING


def _holds(held: Sequence[str], key: tuple[str, ...]) -> bool:
    return bool(key) and any(tuple(held[at : at + len(key)]) == key for at in range(len(held) - len(key) + 1))


def _compared(criterion: Criterion, years: float | None, quotation: str) -> Finding:
    if years is None:
        return NOTHING
    low, high = criterion.minimum or 0.0, criterion.maximum if criterion.maximum is not None else float("inf")
    if low <= years + 0.05 and years <= high + 0.95:  # "at most 5 years" takes someone in the sixth
        return _found(MET, quotation)
    if years >= low * 0.75 and years <= high * 1.25 + 1:
        return _found(PARTLY, quotation)
    return NOTHING


def _quote_years(cv: CV, jobs: Sequence[Experience]) -> str:
    """A line that states years, else the line that dates the earliest of the jobs."""
    if len(jobs) == len(cv.profile.experiences):
        for number in {n for stem in ("an", "annee", "year", "yr") for n in cv.with_stem(stem)}:
            line = cv.lines[number]
            if _STATED_YEARS.search(fold(line.text)) and "xperience" in fold(line.text):
                return _cut_line(line, 0, 0)
    dated = sorted((job for job in jobs if job.start), key=lambda job: job.start or "")
    for job in dated:
        if quotation := _quote_dates(cv, job):
            return quotation
    return next((q for job in dated if (q := _quote_value(cv, job.title, job.employer))), "")


def _quote_dates(cv: CV, job: Experience) -> str:
    year = (job.start or "")[:4]
    end = (job.end or "")[:4]
    numbers = cv.with_stem(year)
    best = max(numbers, key=lambda n: (end in cv.lines[n].stems, _shared(cv.lines[n], job), -n), default=None)
    if best is None:
        return ""
    line = cv.lines[best]
    at = line.stems.index(year)
    return _cut_line(line, at, at)


def _shared(line: Line, job: Experience) -> int:
    return len({*stems(f"{job.title} {job.employer}")} & {*line.stems})


# ------------------------------------------------------------------------------------------------------- places

_REMOTE_NAMES = ("télétravail", "remote", "full remote", "à distance", "home office", "remotely")


def _place(criterion: Criterion, cv: CV) -> Finding:
    from_afar = _quote(cv, _REMOTE_NAMES) if criterion.or_remote or not criterion.value else ""
    if from_afar or not criterion.value:
        return _found(MET, from_afar)
    asked, home = places.get(criterion.value), _lives(cv.profile.location)
    if asked is not None and home:
        return _home(criterion, asked, home, cv)
    latest = next((job for job in cv.profile.experiences if job.place), None)
    if (
        asked
        and latest
        and any(places.covers(asked, place, criterion.within_km or 0.0) for place in _lives(latest.place))
    ):
        return _found(PARTLY, _quote_value(cv, latest.place))
    return _named_place(criterion.value, cv)


def _home(criterion: Criterion, asked: places.Place, home: Sequence[places.Place], cv: CV) -> Finding:
    quotation = _quote_value(cv, cv.profile.location)
    if any(places.covers(asked, place, criterion.within_km or 0.0) for place in home):
        return _found(MET, quotation)
    near = max(criterion.within_km or 0, _NEAR_KM)
    if asked.kind != "country" and any(places.covers(asked, place, near) for place in home):
        return _found(PARTLY, quotation)
    return NOTHING


@lru_cache(maxsize=4096)
def _lives(location: str) -> tuple[places.Place, ...]:
    return tuple(place for place, _ in places.find(location, capitals=False)[:3])


def _named_place(value: str, cv: CV) -> Finding:
    if any(_holds(stems(held), stems(value)) for held in (cv.profile.location,)):
        return _found(MET, _quote_value(cv, cv.profile.location))
    return _found(PARTLY, _quote(cv, [value]))


# ------------------------------------------------------------------------------------------------------- languages


def _language(criterion: Criterion, cv: CV) -> Finding:
    spoken = next((s for s in cv.profile.languages if s.code == criterion.value), None)
    names = _language_names(criterion.value)
    if spoken is not None:
        quotation = _quote_value(cv, spoken.text) or _quote(cv, names)
        return _found(_level_state(criterion.level, spoken.level), quotation)
    if cv.profile.languages:
        return NOTHING  # it lists what it speaks
    for line in _lines_with(cv, names):
        level = languages.level(line.text)
        if level is not None and len(line.text) < 80:
            return Finding(_level_state(criterion.level, level), line.text)
    if cv.profile.language == criterion.value:
        sentence = max(
            (line for line in cv.lines[:60] if len(line.text) <= _LONGEST_QUOTATION),
            key=lambda line: len(line.text),
            default=None,
        )
        return Finding(PARTLY, sentence.text) if sentence else NOTHING
    return NOTHING


def _level_state(asked: LanguageLevel | None, held: LanguageLevel | None) -> VerdictState:
    if asked is None:
        return MET
    return MET if held is not None and held.rank >= asked.rank else PARTLY


@lru_cache(maxsize=512)
def _language_names(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((languages.name(code, "fr"), languages.name(code, "en"))))


def _lines_with(cv: CV, names: Iterable[str]) -> Iterator[Line]:
    for name in names:
        for line, _ in _phrase(cv, stems(name)):
            yield line


# ------------------------------------------------------------------------------------------------------- the others


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


def _sector(criterion: Criterion, cv: CV) -> Finding:
    """Met by the sector itself, in either language; a neighbour, or a mention somewhere, answers partly."""
    held = [*((sector, _quote_value(cv, sector)) for sector in cv.profile.sectors), *_labelled_sectors(cv)]
    for sector, quotation in held:
        if quotation and sectors.same(criterion.value, sector):
            return Finding(MET, quotation)
    own = stems(criterion.value)
    jobs = cv.profile.experiences
    for value in (cv.profile.headline, *(job.title for job in jobs), *(job.employer for job in jobs)):
        if _holds(stems(value), own):
            return _found(PARTLY if held else MET, _quote_value(cv, value))
    for sector, quotation in held:
        if quotation and set(sectors.ids(sector)) & set(sectors.ids(criterion.value)):
            return Finding(PARTLY, quotation)
    return _told_sector(criterion, cv)


def _told_sector(criterion: Criterion, cv: CV) -> Finding:
    """The sector's own name anywhere, or another name of it where the CV says for whom: never a stray word."""
    quotation = _quote(cv, [criterion.value])
    if quotation:
        return Finding(PARTLY, quotation)
    keys = [stems(name) for name in sectors.names(criterion.value)]
    sentences = _SENTENCE.split(cv.profile.biography)
    for value in (*sentences, *(job.employer for job in cv.profile.experiences)):
        if any(key and _holds(stems(value), key) for key in keys):
            return _found(PARTLY, _quote_value(cv, value))
    return NOTHING


def _employer(criterion: Criterion, cv: CV) -> Finding:
    key = stems(criterion.value)
    for job in cv.profile.experiences:
        if _holds(stems(job.employer), key):
            return _found(MET, _quote_value(cv, job.employer))
    quotation = _quote(cv, [criterion.value], exact=True)
    return Finding(MET, quotation) if quotation else NOTHING


_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_DEGREES: tuple[tuple[int, str], ...] = (
    (8, r"doctorat\w*|ph\.?d|doctorate|these\b|bac\s?\+\s?8"),
    (5, (
        r"masters?|mba|msc|m\.sc|dess|dea|ingenieur\w*|engineering (?:degree|school)|grande ecole|ecole de commerce"
        r"|business school|bac\s?\+\s?5|diplome d'etudes approfondies|maitrise|meng|bac\s?\+\s?4")),
    (3, (
        r"licence|bachelor\w*|bsc|b\.sc|b\.?a\b|bac\s?\+\s?3|undergraduate|but\b|university degree|college degree"
        r"|degree")),
    (2, r"bts|dut|deug|deust|associate\w*|hnd|bac\s?\+\s?2"),
    (1, r"bac(?:calaureat)?\b(?!\s?\+)|high school|ged|a-levels?|bac pro\w*"),
    (0, r"cap\b|bep\b"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def _degree(text: str) -> int | None:
    folded = fold(text)
    return next((level for level, pattern in _DEGREES if re.search(rf"\b(?:{pattern})", folded)), None)


def _education(criterion: Criterion, cv: CV) -> Finding:
    quotation = _quote(cv, [criterion.value])
    if quotation:
        return Finding(MET, quotation)
    asked = _degree(criterion.value)
    subject = {
        stem
        for stem in _content_stems(criterion.value)
        if _degree(stem) is None and not stem.isdigit() and stem not in {"bac", "diplome", "ecole"}
    }
    for study in cv.profile.education:
        held = _degree(study.degree)
        enough = asked is None or (held is not None and held >= asked)
        on_subject = not subject or bool(subject & set(stems(f"{study.degree} {study.school}")))
        if enough and on_subject and (asked is not None or subject):
            return _found(MET, _quote_value(cv, study.degree, study.school))
        if asked is not None and enough and not on_subject:
            return _found(PARTLY, _quote_value(cv, study.degree, study.school))
    return NOTHING


def _text(criterion: Criterion, cv: CV) -> Finding:
    """Free words: all of them in one line is met, most of them partly."""
    wanted = set(_content_stems(criterion.value))
    if not wanted:
        return NOTHING
    numbers = {n for stem in wanted for n in cv.with_stem(stem)}
    best = max(numbers, key=lambda n: (len(wanted & set(cv.lines[n].stems)), -n), default=None)
    if best is None:
        return NOTHING
    line = cv.lines[best]
    share = len(wanted & set(line.stems)) / len(wanted)
    at = next(i for i, stem in enumerate(line.stems) if stem in wanted)
    if share == 1.0:
        return Finding(MET, _cut_line(line, at, at))
    return Finding(PARTLY, _cut_line(line, at, at)) if share >= 0.6 else NOTHING


_JUDGES: dict[CriterionKind, Callable[[Criterion, CV], Finding]] = {
    CriterionKind.TITLE: _title,
    CriterionKind.SKILL: _skill,
    CriterionKind.YEARS: _years,
    CriterionKind.PLACE: _place,
    CriterionKind.LANGUAGE: _language,
    CriterionKind.SECTOR: _sector,
    CriterionKind.EMPLOYER: _employer,
    CriterionKind.EDUCATION: _education,
    CriterionKind.TEXT: _text,
}


# ------------------------------------------------------------------------------------------------------- the guard


def speaks_of(criterion: Criterion, quotation: str) -> bool:
    """Whether a quotation has words of the criterion: its terms, their other names or translations."""
    held = set(stems(quotation))
    match criterion.kind:
        case CriterionKind.LANGUAGE:
            return any(set(stems(name)) <= held for name in _language_names(criterion.value))
        case CriterionKind.YEARS:
            return any(character.isdigit() for character in quotation)
        case CriterionKind.PLACE:
            asked = places.get(criterion.value) if criterion.value else None
            if criterion.or_remote and any(set(stems(name)) <= held for name in _REMOTE_NAMES):
                return True
            found = places.find(quotation, capitals=False)
            return asked is not None and any(
                places.covers(asked, p, max(criterion.within_km or 0, _NEAR_KM)) for p, _ in found
            )
        case CriterionKind.SKILL:
            names = skill_names(criterion.value)
        case CriterionKind.TITLE:
            names = title_names(criterion.value)
        case CriterionKind.SECTOR:
            names = sectors.names(criterion.value)
        case _:
            names = (criterion.value,)
    if any(set(stems(name)) <= held for name in names if name):
        return True
    content = set(_content_stems(criterion.value))
    return bool(content) and len(content & held) * 2 >= len(content)
