"""The person's name and the headline below it.

Owns what a name looks like and the evidence that a line is one: the e-mail address, a first name, its place on
the page.
A line without evidence is no name: a CV without a name has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cvmatcher.cvparse.contact import is_contact, pieces
from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.lists import words
from cvmatcher.cvparse.sections import kinds_of
from cvmatcher.cvparse.words import is_degree, is_school, org_score, title_score, title_words_score
from cvmatcher.folding import fold
from cvmatcher.vocabulary import skills

_LABEL = re.compile(
    r"^(?:nom(?: (?:et|&) prenoms?| complet)?|prenoms? ?(?:et|&|/)? ?nom|full name|name|"
    r"candidate?)(?: ?: ?|\t|\s+(?=\S+\s+\S))",
    re.IGNORECASE,
)
_TITLES_BEFORE = re.compile(
    r"^(?:(?:curriculum vitae|cv|resume|résumé)(?: (?:de|of|d['’]))?|mr|mrs|ms|mme|mlle|m|dr|madame|"
    r"monsieur)\b\.?\s*[-–—:|]?\s*",
    re.IGNORECASE,
)
_TITLES_AFTER = re.compile(
    r"\s*(?:,\s*|\s)(?:ph\.?d\.?|m\.?sc\.?|mba|m\.?d\.?|r\.?n\.?|cpa|pmp|resume|cv|curriculum vitae|"
    r"b\.?sc\.?|jr\.?|esq\.?|\([^)]*\))$",
    re.IGNORECASE,
)
_ROLE_LABEL = re.compile(
    r"^(?:fonction|poste(?: (?:actuel|recherche|vise|souhaite))?|titre|metier|profession|intitule|"
    r"emploi (?:recherche|vise)|"
    r"position|title|job title|current (?:position|role|title)|occupation|role|desired (?:position|"
    r"job)|job applied for)"
    r"\s*[:\t]\s*"
)
_LABELLED = re.compile(r"^[\w' ]{2,20}\s?:")
_PARTICLES = frozenset(
    [
        "de",
        "la",
        "le",
        "du",
        "des",
        "d",
        "von",
        "van",
        "der",
        "den",
        "di",
        "da",
        "del",
        "della",
        "dos",
        "al",
        "el",
        "ben",
        "bin",
        "y",
        "e",
        "st",
        "mc",
        "o",
    ]
)
_PART = re.compile(r"(?:[^\W\d_]+\.?|[^\W\d_]['’][^\W\d_]+)(?:[-'’][^\W\d_]+)*\.?")
_NOT_NAMES = words("never in a name")
_FIRST_NAMES = words("first name")


@dataclass(frozen=True, slots=True)
class Named:
    """A name and the index of its last line; -1 when it does not stand on a line of its own."""

    name: str = ""
    at: int = -1


def find_name(lines: Sequence[Line], mails: Iterable[str], is_place: Callable[[str], bool]) -> Named:
    """The best-evidenced name of a CV, or none."""
    locals_ = [fold(mail.split("@")[0]) for mail in mails]
    reachable = bool(locals_) or any(is_contact(line.text) for line in lines[:30])
    career = next(
        (at for at, line in enumerate(lines) if {"experience", "education"} & set(kinds_of(line.text))), len(lines)
    )
    best, best_score = Named(), 0.0
    for at in range(min(len(lines), 400)):
        if at > 60 and not locals_:
            break
        for text, last in _candidates(lines, at):
            name, labelled = _bare(text)
            if not _looks_like_a_name(name) or (is_place(name) and not labelled):
                continue
            score = _evidence(name, at, locals_, reachable=reachable) + 10 * labelled
            score += 3 * (reachable and last < career and _headline_below(lines, last))
            if score > best_score + (0.01 if last == at else 0):
                best, best_score = Named(_cased(name), last), score
    return best if best_score >= 3 else Named()


def _headline_below(lines: Sequence[Line], at: int) -> bool:
    """Whether the line after `at` is a job title and nothing more."""
    return (
        at + 1 < len(lines)
        and title_score(lines[at + 1].text) >= 0.9
        and _is_headline(lines[at + 1].text, below_name=True)
    )


def _candidates(lines: Sequence[Line], at: int) -> list[tuple[str, int]]:
    line = lines[at]
    found = [] if "\t" in line.text else [(line.text, at)]
    parts = pieces(line.text)
    if len(parts) > 1 and len(line.text) < 160:
        found += [(part, at) for part in parts[:3]]
    if at + 1 < len(lines) and at < 12 and _halves(line.text, lines[at + 1].text):
        found.append((f"{line.text} {lines[at + 1].text}", at + 1))
    return found


def _halves(first: str, second: str) -> bool:
    """Whether two lines may hold one name; a list's last skill above a whole name is none of it."""
    short = len(first.split()) <= 2 and len(second.split()) <= 2
    return short and not skills.canonical(first) and not _looks_like_a_name(second)


def _bare(text: str) -> tuple[str, bool]:
    label = _LABEL.match(fold(text))
    text = text[label.end() :] if label else text
    text = _TITLES_BEFORE.sub("", text)
    for _ in range(2):
        text = _TITLES_AFTER.sub("", text)
    return text.strip(" ,.-–—|"), label is not None


def _looks_like_a_name(text: str) -> bool:
    words_ = text.split()
    if not 2 <= len(words_) <= 5 or len(text) > 45 or any(not _PART.fullmatch(w) for w in words_):
        return False
    strong = [w for w in words_ if fold(w) not in _PARTICLES]
    if len(strong) < 2 or any(not w[0].isupper() for w in strong) or max(map(len, strong)) < 3 or len(words_[-1]) < 2:
        return False
    if any(fold(w).strip(".") in _NOT_NAMES for w in words_) or kinds_of(text):
        return False
    occupation = title_words_score(text) >= 0.6 and fold(words_[0]) not in _FIRST_NAMES  # "Jane Cook" is a name
    if occupation or skills.canonical(text):
        return False
    return not (org_score(text) >= 0.8 or is_school(text) or is_degree(text))


def _evidence(name: str, at: int, locals_: Iterable[str], *, reachable: bool) -> float:
    parts = [p for p in re.split(r"[\s'’.-]+", fold(name)) if len(p) >= 3]
    score = max(
        (1.5 + 2 * sum(p in local for p in parts) for local in locals_ if any(p in local for p in parts)), default=0.0
    )
    score += 3.0 * any(p in _FIRST_NAMES for p in re.split(r"[\s-]+", fold(name)))
    if reachable:
        score += max(0.0, 3.2 - 0.4 * at)
    return score + 0.3 * any(w.isupper() and len(w) > 2 for w in name.split())


def _cased(name: str) -> str:
    """As in "CAMILLE LE GOFF" -> "Camille Le Goff"; mixed case stays as written."""
    if sum(c.islower() for c in name) > 1:
        return name
    return re.sub(r"[^\W\d_]+", lambda m: m.group().capitalize(), name)


def find_headline(lines: Sequence[Line], named: Named) -> str:
    """What the person calls themselves: a labelled line, else beside or below the name, else a title on top."""
    for line in lines[:40]:
        if found := _ROLE_LABEL.match(fold(line.text)):
            return _tidy(line.text[found.end() :])
    if beside := _beside_name(lines, named):
        return beside
    after = lines[named.at + 1 : named.at + 5] if named.name else lines[:4]
    for line in after:
        if kinds_of(line.text):
            break
        for piece in _stretches(line.text):
            if _is_headline(piece, below_name=bool(named.name)):
                return _tidy(piece)
    if named.name and named.at > 0 and _is_headline(lines[named.at - 1].text, below_name=False):
        return _tidy(lines[named.at - 1].text)
    return ""


def _beside_name(lines: Sequence[Line], named: Named) -> str:
    """A title that shares the name's row."""
    parts = pieces(lines[named.at].text) if named.at >= 0 else []
    return next((_tidy(part) for part in parts[1:4] if _is_headline(part, below_name=True)), "")


def _stretches(text: str) -> list[str]:
    return [text] if not is_contact(text) else pieces(text)


def _is_headline(text: str, *, below_name: bool) -> bool:
    """A title by its words; below the name, also any short line that starts like a title and is nothing else."""
    if not 3 <= len(text) <= 110 or is_contact(text) or text.endswith((".", ":")) or _LABELLED.match(text):
        return False
    return title_score(text) >= 0.6 and (below_name or len(text.split()) <= 9)


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,;|-–—·")
