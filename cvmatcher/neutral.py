"""The words that tell a woman from a man, brought to one form: the masculine, which in French stands for both.

Owns where such a word speaks of a person: the name of an occupation, what agrees with one, and what opens a clause with
no noun of its own ("Habituée à travailler seule"). What agrees with a thing stays ("comptabilité générale"). A thing's
word changed for nothing tells nobody anything, since it changes in every CV; a word left may. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from cvmatcher.vocabulary import genders, titles
from cvmatcher.vocabulary.folding import fold

HIDDEN = "[…]"

_WORD = re.compile(r"[^\W\d_]+")
_BREAK = re.compile(r"[.,;:!?•·|()\[\]…\n\t\"«»/–—\d]|\s-\s")
_SET = (
    (re.compile(r"\bfemmes? de (?:chambre|ménage)\b|\bhommes? de ménage\b", re.IGNORECASE), "agent d’entretien"),
    (re.compile(r"\b(cong[ée]s? )(?:de )?(?:mat|pat)ernité\b", re.IGNORECASE), r"\1parental"),
)
_SAID = (
    (re.compile(r"\b(?:elle|il|épouse|époux|fille de|fils de)\b", re.IGNORECASE), HIDDEN),
    (re.compile(r"\b[Nn]ée? (?=[A-ZÀ-Ý])[\w'’-]+"), HIDDEN),  # the name of before a marriage
)
_PERSONS = "sales|chair|business|spokes|crafts|fore|camera|trades|fire|police|repair|handy"
_ENGLISH = (
    (re.compile(rf"\b({_PERSONS})(?:wo)?m[ae]n\b", re.IGNORECASE), r"\1person"),
    (re.compile(r"\b(wait)ress", re.IGNORECASE), r"\1er"),
    (re.compile(r"\b(act)ress", re.IGNORECASE), r"\1or"),
    (re.compile(r"\b(steward|host)ess", re.IGNORECASE), r"\1"),
    (re.compile(r"\b(headm)istress", re.IGNORECASE), r"\1aster"),
    (re.compile(r"\b(?:mat|pat)ernity (?=leave|pay)", re.IGNORECASE), "parental "),
)


def title(written: str, language: str) -> str:
    """The name of a post: all of it speaks of a person, except what hangs on a thing ("communication externe")."""
    return _english(_changed(_replaced(written, _SET), _Of.PERSON) if _may_be_french(language) else written)


def prose(written: str, language: str) -> str:
    """Running text, a list or a whole page of a CV; lines stay lines."""
    if not _may_be_french(language):
        return _english(written)
    return _english(_changed(_replaced(written, (*_SET, *_SAID)), _Of.ITSELF))


def _may_be_french(language: str) -> bool:
    return language in {"fr", ""}


def _english(written: str) -> str:
    return _replaced(written, _ENGLISH)


def _replaced(written: str, every: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, other in every:
        written = pattern.sub(other, written)
    return written


# ------------------------------------------------------------------------------------------------------------ French


class _Of(Enum):
    """Whom or what an adjective at this place speaks of."""

    PERSON = "a person"
    ITSELF = "whoever the clause is about"
    THING = "a thing"
    NOUN = "the noun that is to come"


@dataclass(slots=True)
class _Word:
    """`begins` a clause; `stands` before the end of one, or before what no noun can be."""

    text: str
    start: int
    folded: str
    begins: bool
    is_person: bool = False
    stands: bool = False
    before_determiner: bool = False
    new: str = ""


def _changed(written: str, at_first: _Of) -> str:
    words = _words(written)
    of = at_first
    for place, word in enumerate(words):
        of = _read(word, at_first if word.begins else of)
        if word.is_person:
            _agree_before(words[max(0, place - 3) : place], word)
    shown, at = [], 0
    for word in words:
        if word.new:
            shown += [written[at : word.start], word.new]
            at = word.start + len(word.text)
    return "".join([*shown, written[at:]])


def _words(written: str) -> list[_Word]:
    words: list[_Word] = []
    end, spans = 0, {found.start for found in titles.find(written)}
    for found in _WORD.finditer(written):
        begins = not words or bool(_BREAK.search(written, end, found.start()))
        folded = fold(found.group())
        is_person = found.start() in spans or folded in genders.persons() or genders.noun(found.group()) is not None
        if folded in genders.of("also adjectives"):  # "une commerciale", not "une action commerciale"
            is_person = begins or words[-1].folded in genders.articles()
        if words:
            words[-1].stands = begins or folded in genders.of("follows")
            words[-1].before_determiner = not begins and folded in {"du", "des"}
        words.append(_Word(found.group(), found.start(), folded, begins, is_person))
        end = found.end()
    if words:
        words[-1].stands = True
    return words


def _read(word: _Word, of: _Of) -> _Of:
    """Gives the word its form, and says of whom the next one speaks."""
    if word.is_person and (of is not _Of.THING or genders.noun(word.text) or word.begins):  # not of "gestion comptable"
        word.new = genders.noun(word.text) or genders.adjective(word.text) or ""
        return _Of.PERSON
    if word.folded in genders.of("keeps") or (word.folded.endswith("ment") and len(word.folded) > 6):
        return of
    if word.folded in genders.of("being"):
        return _Of.ITSELF
    if word.folded in genders.of("function"):
        return of if of is _Of.PERSON else _Of.NOUN
    if (form := genders.adjective(word.text)) and _is_said(word, of):
        word.new = form
        return of
    return of if of is _Of.PERSON and not word.folded.endswith(genders.endings("things")) else _Of.THING


def _is_said(word: _Word, of: _Of) -> bool:
    """An adjective here says what a person is."""
    if word.folded in genders.of("of persons"):
        return True
    if of is not _Of.ITSELF:
        return of is _Of.PERSON
    loose = word.folded.endswith(genders.endings("loose endings"))
    return word.stands or (word.before_determiner and not loose)


def _agree_before(words: list[_Word], person: _Word) -> None:
    """The article and the adjectives right before the name of an occupation: "une excellente vendeuse"."""
    after = person
    for place in reversed(range(len(words))):
        word = words[place]
        article, form = genders.articles().get(word.folded), genders.adjective(word.text)
        if after.begins or not (article or form):
            return
        if form:
            word.new = form
        elif article and (place == 0 or words[place - 1].folded not in {"de", "a"}):  # nobody says "de le"
            word.new = article.capitalize() if word.text[0].isupper() else article
        after = word
