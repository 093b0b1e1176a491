"""Who the person is and how to reach them: e-mails, phones, links, place, name, headline, date of the CV.

Owns the patterns of contact lines in both languages. Knows sections only as the lines it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import phonenumbers

from cvmatcher.career import find_dates, find_span
from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.words import is_country, is_region
from cvmatcher.folding import fold

_EMAIL = re.compile(
    r"[\w.+%'-]+(?:@| ?\((?:at|@|arobase)\) ?| ?\[(?:at|@|arobase)\] ?)[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}"
)
_AT = re.compile(r"@|\(at\)|\[at\]|arobase")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s|,;<>()·•]+|(?<![@\w.])(?:[\w-]+\.)+(?:com|fr|org|net|io|dev|me|eu|be|"
    r"ch|ca|uk|de|info|tech|app|"
    r"co|ai|pro|xyz|design|page|site|online|studio|art|blog|example|test|portfolio|gg|us)(?:/[^\s|"
    r",;<>()·•]*)?(?![\w@-])",
    re.IGNORECASE,
)
_NOT_LINKS = frozenset(
    [
        "node.js",
        "vue.js",
        "next.js",
        "asp.net",
        "vb.net",
        "ado.net",
        "socket.io",
        "d3.js",
        "three.js",
        "express.js",
        "react.js",
        "nuxt.js",
    ]
)
_REGIONS = {"fr": "FR", "en": "US", "de": "DE", "es": "ES", "it": "IT", "pt": "PT", "nl": "NL"}
_PHONE_LIKE = re.compile(r"(?:\+|00|\(|\d)[\d\s().\-/\u2010-\u2015]{6,22}\d")
_DATE_OF_CV = re.compile(
    r"\b(?:(?:last )?(?:updated?|modified|revised|revision)(?: (?:on|in))?|mise? a jour(?: le| en)?|"
    r"maj|dated|"
    r"derniere (?:mise a jour|maj|modification)|date du cv|cv date|resume date|cv (?:de|du|of|from|a jour au|au)|"
    r"as of|a jour (?:au|en|du|le)|actualise (?:le|en)|fait (?:a \w[\w' -]{1,30},? )?le|etabli (?:le|"
    r"en)|cree (?:le|en))\b"
    r"|^(?:date ?:|(?:version|edition)\b)"
)
_OTHER_DATE = re.compile(r"birth|naissance|\bnee?\b|graduat|dob\b|born|diplom|expir|disponib|availab")
_CITY_LINE = re.compile(r"\b(?:F-|FR-)?(\d{4,5})\s+([A-ZÀ-Ý][\w'’À-ÿ-]+(?:[ -](?:[A-ZÀ-Ý]?[\w'’À-ÿ-]+)){0,5})")
_ADDRESS_LABEL = re.compile(
    r"^(?:adresse|address|lieu|location|ville|city|residence|lives in|based in|base a|domicile|"
    r"localisation|located in|habite)\b ?:? ?"
)
_STREET = re.compile(
    r"^\d{1,5} ?(?:bis|ter|[a-d]\b)?,? +\S|\b(?:rue|avenue|boulevard|bd|impasse|chemin|allee|street|"
    r"st|road|rd|lane|drive|ave|blvd)\b"
)
_POSTCODE = re.compile(r"(?:^|\s)\d{5}$")
_PIECES = re.compile(r"\s*(?:[|·•∙◦●♦✉☎✆⌂★/]|\s[-–—]\s|\t|  +|;| / )\s*")


def emails(text: str) -> tuple[str, ...]:
    if not _AT.search(text):
        return ()
    found = (re.sub(r" ?[(\[](?:at|@|arobase)[)\]] ?", "@", m.group()).strip("'.-") for m in _EMAIL.finditer(text))
    return _once(found)


def phones(lines: Iterable[Line], language: str, country: str = "") -> tuple[str, ...]:
    """International form ("+33 6 12 34 56 78") of each possible number, in order.

    `country` (ISO 3166) is where the person lives, if known: numbers without a prefix are read as that country's first.
    """
    home = _REGIONS.get(language, "FR")
    texts = (_URL.sub(" ", line.text) for line in lines)
    stretches = (found.group() for text in texts for found in _PHONE_LIKE.finditer(text))
    return _once(_phone(stretch, (*([country] if country else []), home, "FR", "US", "GB")) for stretch in stretches)


def _phone(text: str, regions: Sequence[str]) -> str:
    digits = re.sub(r"\D", "", text)
    if not 8 <= len(digits) <= 15 or (find_span(text) and not text.startswith("+")):
        return ""
    for region in dict.fromkeys(regions):
        try:
            number = phonenumbers.parse(text.replace("(0)", ""), region)
        except phonenumbers.NumberParseException:
            continue
        enough = phonenumbers.is_valid_number(number)
        if enough or (
            text.startswith(("+", "0", "(")) and len(digits) >= 9 and phonenumbers.is_possible_number(number)
        ):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return ""


def links(lines: Iterable[Line]) -> tuple[str, ...]:
    """Addresses as written, without scheme-only or e-mail domains."""
    found = []
    for line in lines:
        without_mail = _EMAIL.sub(" ", line.text)
        found += [m.group().rstrip(".,;:") for m in _URL.finditer(without_mail)]
    return _once(link for link in found if fold(link) not in _NOT_LINKS)


def handles(lines: Iterable[Line], taken: Iterable[str]) -> tuple[str, ...]:
    """User names that stand alone beside the contact details, as behind a network's icon."""
    known = " ".join(taken).lower()
    found = []
    for line in lines:
        if is_contact(line.text) or len(line.text) < 32:
            words = [word for piece in places_and_more(line.text) for word in piece.split()]
            found += [w for w in words if re.fullmatch(r"@?[a-z][a-z0-9_-]{4,30}", w) and w.strip("@") in known]
    return _once(found)


def pieces(text: str) -> list[str]:
    """The parts of a contact line: "Lyon · 06… | a@b.fr"."""
    return [piece.strip(" ,") for piece in _PIECES.split(text) if piece and piece.strip(" ,")]


def places_and_more(text: str) -> list[str]:
    """The parts of a contact line that are no address, link or number, even where nothing separates them."""
    for pattern in (_EMAIL, _URL):
        text = pattern.sub(" | ", text)
    text = _PHONE_LIKE.sub(lambda m: m.group() if _POSTCODE.search(m.group()) or find_dates(m.group()) else " | ", text)
    return pieces(text)


def is_contact(text: str) -> bool:
    return bool(_EMAIL.search(text) or _URL.search(text) or _phone_in(text))


def _phone_in(text: str) -> bool:
    return any(sum(c.isdigit() for c in m.group()) > 7 for m in _PHONE_LIKE.finditer(text) if not find_dates(m.group()))


def location(lines: Iterable[Line], is_place: Callable[[str], bool]) -> str:
    """The first place of the contact lines, as written, without street and postcode."""
    read = list(lines)
    for number, line in enumerate(read):
        for piece in places_and_more(line.text):
            if place := _place(piece, is_place):
                return _closed(place, read[number + 1].text if number + 1 < len(read) else "")
    return ""


def _closed(place: str, next_line: str) -> str:
    """A place whose brackets wrap onto the next line, whole: "Manchester (United" and "Kingdom)"."""
    if place.count("(") <= place.count(")"):
        return place
    rest = re.match(r"[^\W\d][\w'’ .-]{0,30}\)", next_line)
    return f"{place} {rest[0]}" if rest else _tidy(place.partition("(")[0])


def _place(piece: str, is_place: Callable[[str], bool]) -> str:
    if _OTHER_DATE.search(fold(piece)):
        return ""
    label = _ADDRESS_LABEL.match(fold(piece))
    rest = piece[label.end() :].strip(" :-") if label else piece
    if is_contact(rest) or len(rest) > 100 or not rest:
        return ""
    if found := _CITY_LINE.search(rest):
        return _tidy(rest[found.start(2) :])
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    if len(parts) > 1 and _STREET.search(fold(parts[0])):
        parts = parts[1:]
    if parts and (
        is_place(parts[0].partition("(")[0].strip())
        or (len(parts) in {2, 3} and is_region(parts[-1]) and _short_name(parts[0]))
    ):
        return _tidy(", ".join(parts[:3]))
    found = re.match(r"([A-ZÀ-Ý][\w'’À-ÿ -]{2,40}?) ?\(([^()]{2,30})\)", rest)
    if found and (is_place(found[1]) or is_region(found[2])):
        return _tidy(found.group())
    return rest if label and _short_name(rest) and not _STREET.search(fold(rest)) else ""


def _short_name(text: str) -> bool:
    return (
        0 < len(text.split()) <= 4
        and text[:1].isupper()
        and not any(c.isdigit() for c in text)
        and not is_country(text)
    )


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,.;")


def cv_date(lines: Sequence[Line]) -> str | None:
    """The date a CV states of itself: "Last updated in Mar 2026", "Fait à Lyon, le 3 mars 2026"."""
    short = (line for line in lines[25:-8] if len(line.text) <= 40)  # a footer that stands between two columns
    for line in (*lines[:25], *lines[-8:], *short):
        folded = fold(line.text)
        if len(line.text) > 90 or _OTHER_DATE.search(folded):
            continue
        if found := _DATE_OF_CV.search(folded):
            dates = find_dates(line.text[found.end() :])
            if len(dates) == 1 and found.start() <= 40 and _only_date(line.text, found.start()):
                return dates[0]
    return None


def says_date(line: Line) -> bool:
    """Whether the line is nothing but the date of the CV."""
    return len(line.text) <= 60 and cv_date([line]) is not None and not is_contact(line.text) and "\t" not in line.text


def _only_date(text: str, start: int) -> bool:
    """The statement stands on its own, or at the end of its line: not inside a sentence."""
    return start == 0 or (text[start - 1] in "\t (|·-–—:," and len(text) - start <= 50)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
