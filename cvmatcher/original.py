"""A document of the original CVmatcher (French keys) -> Profile and text. Pure; knows no database.

The original wrote what its model answered: a field may be a text, a list of texts or a list of objects, whatever its
name. Everything it says goes into the text; what has a place in a Profile goes there as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cvmatcher.career import find_range, newest_first, years_of_experience
from cvmatcher.domain import Education, Experience, Profile, SpokenLanguage
from cvmatcher.vocabulary import languages, levels

Document = Mapping[str, Any]

FIELDS = ("nom", "email", "competences", "formations", "experiences", "langues", "secteur", "biographie", "nomdupdf")
TITLE = ("titre", "poste", "intitule", "intitulé", "title", "position", "fonction")
EMPLOYER = ("entreprise", "societe", "société", "employeur", "company", "employer", "organisation")
DEGREE = ("diplome", "diplôme", "degree", "titre", "intitule", "intitulé", "formation")
SCHOOL = ("etablissement", "établissement", "ecole", "école", "universite", "université", "school", "institution")
PLACE = ("lieu", "ville", "place", "location")
DATES = ("periode", "période", "dates", "date", "duree", "durée", "annee", "année", "year")
START = ("debut", "début", "date_debut", "start", "start_date")
END = ("fin", "date_fin", "end", "end_date")


def unknown_fields(document: Document) -> list[str]:
    """Fields beside those the original is known to write."""
    return [name for name in document if name not in FIELDS and name != "_id"]


def texts(value: Any) -> list[str]:
    """Every text in a value, in order: a text split at its lines, a list's items, an object's values in one line."""
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if isinstance(value, Mapping):
        line = " - ".join(part for item in value.values() for part in texts(item))
        return [line] if line else []
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts(item)]
    return [str(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def profile_of(document: Document) -> Profile:
    """What the fields say, in their own words."""
    jobs = newest_first(_experience(item) for item in _items(document.get("experiences")))
    ends = [date for job in jobs for date in (job.end, job.start) if date]
    return Profile(
        name=" ".join(texts(document.get("nom"))),
        emails=tuple(re.findall(r"[^\s,;<>]+@[^\s,;<>]+", " ".join(texts(document.get("email"))))),
        headline=jobs[0].title if jobs else "",
        biography="\n".join(texts(document.get("biographie"))),
        sectors=_separate(document.get("secteur")),
        skills=_separate(document.get("competences")),
        experiences=jobs,
        education=tuple(_education(item) for item in _items(document.get("formations"))),
        languages=_languages(document.get("langues")),
        years_experience=years_of_experience(jobs, max(ends)) if ends else None,
        language="fr",
    )


def text_of(document: Document) -> str:
    """A page that says all the fields say, under headings; unknown texts come last."""
    head = [*texts(document.get("nom")), *texts(document.get("email"))]
    sections = [
        ("Profil", texts(document.get("biographie"))),
        ("Expériences", texts(document.get("experiences"))),
        ("Formations", texts(document.get("formations"))),
        ("Compétences", texts(document.get("competences"))),
        ("Langues", texts(document.get("langues"))),
        ("Secteur", texts(document.get("secteur"))),
    ]
    blocks = ["\n".join(head), *("\n".join([title, *lines]) for title, lines in sections if lines)]
    return "\n\n".join(block for block in blocks if block)


def file_name(document: Document) -> str:
    return " ".join(texts(document.get("nomdupdf")))


def _items(value: Any) -> list[Any]:
    """The entries of a list field; a text has one a line."""
    return list(value) if isinstance(value, (list, tuple)) else [value] if isinstance(value, Mapping) else texts(value)


def _separate(value: Any) -> tuple[str, ...]:
    """Short terms: a list as it is, a text at its commas, semicolons and bullets."""
    pieces = [piece.strip(" .-•*\t") for text in texts(value) for piece in re.split(r"[,;•|\n]", text)]
    return tuple({piece.casefold(): piece for piece in pieces if piece}.values())


def _experience(item: Any) -> Experience:
    whole = " - ".join(texts(item))
    span = find_range(whole)
    title, employer = _named(item, TITLE), _named(item, EMPLOYER)
    return Experience(
        title=title if isinstance(item, Mapping) else whole,
        employer=employer,
        place=_named(item, PLACE),
        start=_date(_named(item, START)) or (span.start if span else None),
        end=_date(_named(item, END)) or (span.end if span else None),
        current=bool(span and span.current),
        text=whole,
    )


def _education(item: Any) -> Education:
    degree = _named(item, DEGREE) if isinstance(item, Mapping) else " ".join(texts(item))
    when = " ".join(_named(item, (name,)) for name in (*DATES, *START, *END))
    span = find_range(when)
    end = _date(_named(item, END)) or (span.end if span else _date(when))
    return Education(degree=degree, school=_named(item, SCHOOL), place=_named(item, PLACE), end=end)


def _named(item: Any, names: Iterable[str]) -> str:
    """The first of an object's values under one of these keys."""
    if not isinstance(item, Mapping):
        return ""
    by_key = {str(key).casefold(): value for key, value in item.items()}
    return next((" ".join(texts(by_key[name])) for name in names if texts(by_key.get(name))), "")


def _date(text: str) -> str | None:
    """The first year of a text, with its month where it is written as a number before or behind it."""
    if found := re.search(r"\b(?:(0?[1-9]|1[0-2])[/.-])?((?:19|20)\d{2})(?:-(0[1-9]|1[0-2]))?\b", text):
        month = found[1] or found[3]
        return f"{found[2]}-{int(month):02d}" if month else found[2]
    return None


def _languages(value: Any) -> tuple[SpokenLanguage, ...]:
    pieces = [" ".join(texts(i)) for i in value] if isinstance(value, (list, tuple)) else _separate(value)
    spoken: dict[str, SpokenLanguage] = {}
    for piece in pieces:
        for found in languages.find(piece):
            code = found.canonical
            spoken.setdefault(code, SpokenLanguage(code=code, level=levels.level(piece), text=piece))
    return tuple(spoken.values())
