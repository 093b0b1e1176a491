"""More like this one, not like this one: a candidate -> criteria. Pure; knows profiles and criteria, no request.

Owns what makes two people alike for a recruiter (trade, main skills, place), and the words by which a message points at
a row of the list before it ("more like the second one", "pas comme Claire").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cvmatcher.domain import Criterion, CriterionKind, Need, Profile
from cvmatcher.folding import fold
from cvmatcher.vocabulary import skills, titles
from cvmatcher.vocabulary.folding import stems

MAIN_SKILLS = 4
REFUSED_SKILLS = 2


def title_of(profile: Profile) -> str:
    """What the person is: the latest job's title where the vocabulary knows it, else the headline, else any title."""
    jobs = [job.title for job in profile.experiences if job.title]
    named = [one for one in (profile.headline, *jobs[:1]) if one]
    return next((one for one in named if titles.ids(one)), named[0] if named else "")


def like(profile: Profile, asked: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """The person's trade as a must, main skills and place as wishes; what the search refuses stays refused."""
    made = []
    if title := title_of(profile):
        made.append(_criterion(CriterionKind.TITLE, title, Need.MUST))
    made += [_criterion(CriterionKind.SKILL, one, Need.NICE) for one in _main_skills(profile, asked)]
    if profile.location:
        made.append(_criterion(CriterionKind.PLACE, profile.location.split(",")[0].strip(), Need.NICE))
    return joined(tuple(one for one in asked if one.need is Need.MUST_NOT), made)


def unlike(profile: Profile, asked: Sequence[Criterion], others: Sequence[Profile]) -> tuple[Criterion, ...]:
    """What was asked, without what tells this person from the others found; () where nothing does."""
    refused = [_criterion(kind, value, Need.MUST_NOT) for kind, value in _peculiar(profile, asked, others)]
    return joined(asked, refused) if refused else ()


def joined(criteria: Sequence[Criterion], new: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """Both, numbered anew; a new one takes the place of an old one that means the same."""
    kept = {_meaning(one): one for one in criteria}
    for one in new:
        kept[_meaning(one)] = one
    return tuple(one.model_copy(update={"id": f"c{number}"}) for number, one in enumerate(kept.values(), start=1))


def _criterion(kind: CriterionKind, value: str, need: Need) -> Criterion:
    value = " ".join(value.split())[:80]
    return Criterion(id="c0", kind=kind, need=need, value=value, label=value)


def _meaning(criterion: Criterion) -> tuple[object, ...]:
    known = skills.canonical(criterion.value) if criterion.kind is CriterionKind.SKILL else None
    return criterion.kind, known or stems(criterion.value), criterion.or_remote and not criterion.value


def _main_skills(profile: Profile, asked: Sequence[Criterion]) -> list[str]:
    """Those asked for first, then those that the vocabulary knows, in the CV's order."""
    wanted = {_meaning(one)[1] for one in asked if one.need is not Need.MUST_NOT}
    refused = {_meaning(one)[1] for one in asked if one.need is Need.MUST_NOT}
    named = [one for one in profile.skills if len(one) <= 40 and _skill(one) not in refused]
    return sorted(named, key=lambda one: (_skill(one) not in wanted, skills.canonical(one) is None))[:MAIN_SKILLS]


def _skill(name: str) -> object:
    return skills.canonical(name) or stems(name)


def _peculiar(
    profile: Profile, asked: Sequence[Criterion], others: Sequence[Profile]
) -> list[tuple[CriterionKind, str]]:
    """Another trade than the one asked for; else skills that nobody asked for and that few of the others have."""
    wanted = {trade for one in asked if one.kind is CriterionKind.TITLE for trade in _trade(one.value)}
    title = title_of(profile)
    shared = sum(bool(_trade(title) & _trade(title_of(one))) for one in others)
    if title and not _trade(title) & wanted and shared * 2 <= len(others):
        return [(CriterionKind.TITLE, title)]
    known = {_meaning(one)[1] for one in asked}
    counts = {
        one: sum(_skill(one) in {_skill(other) for other in person.skills} for person in others)
        for one in profile.skills
        if _skill(one) not in known and len(one) <= 40
    }
    rare = sorted((one for one in counts if counts[one] * 2 <= len(others)), key=lambda one: counts[one])
    return [(CriterionKind.SKILL, one) for one in rare[:REFUSED_SKILLS]]


def _trade(title: str) -> set[object]:
    return set(titles.ids(title)) or {stems(title)}


# --------------------------------------------------------------------------------------------------- words that point


@dataclass(frozen=True, slots=True)
class Pointed:
    """A message that points at row `place` (from 0) of the list before it; `rest` is what else it says."""

    alike: bool
    place: int
    rest: str


_LIKE = re.compile(
    r"\b(?P<unlike>not like|nothing like|unlike|nobody like|no one like|(?:pas|personne|rien) (?:comme|de semblable a)"
    r"|different (?:from|than)|differents? (?:de|du)|au contraire (?:de|du))\b"
    r"|\b(?:(?:some(?:one|body)|people|others?|candidates?|more|mostly|d'autres|quelqu'un|(?:de )?profils?|plutot|plus)"
    r" )*(?:like|similar to|(?:du meme|le meme) (?:genre|profil) que|comme|semblables? (?:a|au)|similaires? (?:a|au))\b"
)
_ORDINALS = (
    r"1st|first|1ere?|premiere?",
    r"2nd|second|2e(?:me)?|deuxieme|seconde?",
    r"3rd|third|3e(?:me)?|troisieme",
    r"4th|fourth|4e(?:me)?|quatrieme",
    r"5th|fifth|5e(?:me)?|cinquieme",
    r"6th|sixth|6e(?:me)?|sixieme",
    r"7th|seventh|7e(?:me)?|septieme",
    r"8th|eighth|8e(?:me)?|huitieme",
    r"9th|ninth|9e(?:me)?|neuvieme",
    r"10th|tenth|10e(?:me)?|dixieme",
)
_ARTICLE = r"\s+(?:(?:the|le|la|l'|celui|celle|number|numero|candidate?|profile?|person|no\.?|n°|#)\s*)*"
_ALONE = r"(?=\s*(?:$|[,;.!?]|but\b|mais\b|and\b|et\b|one\b))"
_ROW = re.compile(
    _ARTICLE
    + r"(?:(?P<last>last|dernier|derniere)|"
    + "|".join(f"(?P<o{number}>{words})" for number, words in enumerate(_ORDINALS))
    + rf"|(?P<digits>\d{{1,2}}){_ALONE})\b"
    + r"(?:\s+(?:one|candidate?|profile?|person(?:ne)?|cv|resume|de la liste|of the list))*"
)


def pointed(message: str, names: Sequence[str]) -> Pointed | None:
    """At whom the message points in the list of `names`, by place or by name; None where it points at nobody there."""
    folded = fold(message).replace("’", "'")
    found = _LIKE.search(folded)
    if found is None:
        return None
    row, end = _row(folded, found.end(), names)
    if row is None or not 0 <= row < len(names):
        return None
    rest = f"{message[: found.start()]} {message[end:]}".strip(" \t\n,;:.!?")
    return Pointed(found.group("unlike") is None, row, rest)


def _row(folded: str, start: int, names: Sequence[str]) -> tuple[int | None, int]:
    if match := _ROW.match(folded, start):
        if match["last"]:
            return len(names) - 1, match.end()
        if match["digits"]:
            return int(match["digits"]) - 1, match.end()
        return next(number for number in range(len(_ORDINALS)) if match[f"o{number}"]), match.end()
    said = folded[start:].lstrip()
    begin = len(folded) - len(said)
    for row, name in enumerate(map(fold, names)):
        for known in (name, name.split(" ")[0]):
            if len(known) > 2 and re.match(rf"{re.escape(known)}\b", said):
                return row, begin + len(known)
    return None, start
