"""A candidate as blind mode shows it: no name, photo, contact, age, gender word or school year, in any of its texts.

Owns what is hidden beyond what no model sees (identity.mask): names in any case, school years, gendered words, file
names. Too much is hidden rather than too little. Pure; who is blind, and to whom, is the web's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import PurePath

from cvmatcher import identity, neutral
from cvmatcher.cvparse.sections import kinds_of
from cvmatcher.domain import Candidate, Criterion, Education, Hit, Profile, Quotation, Verdict, VerdictState
from cvmatcher.vocabulary.folding import fold

HIDDEN = neutral.HIDDEN
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is mistaken for another
_CODE = 4  # characters of a pseudonym: a million of them

_YEAR = re.compile(r"(?:\d{1,2}[/.-])?(?<!\d)(?:19|20)\d{2}(?!\d)|(?<=[-–—/])\s?\d{2}\b")
_STUDIES = re.compile(
    r"\b(?:bac|baccalaureat|dipl\w+|licence|master\w*|mba|bts|dut|cap|bep|doctorat|phd|ecole|lycee|"
    r"universit\w+|college|school|degree|bachelor\w*|b\.?sc|m\.?sc|graduat\w+|promotion|class of|a-levels?|gcse\w*|"
    r"formation|etudes|education|certifi\w+)\b"
)
_PRONOUN = re.compile(r"\b(?:she|he|her|hers|his|him|herself|himself)\b", re.IGNORECASE)
_FILE_WORDS = frozenset(
    {"cv", "resume", "curriculum", "vitae", "pdf", "docx", "txt", "final", "version", "copie", "copy"}
)


def code(candidate_id: str) -> str:
    """The same for everyone and always: "A7FK"."""
    number = int.from_bytes(hashlib.sha256(candidate_id.encode()).digest()[:8])
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_CODE))


def candidate(one: Candidate, name: str) -> Candidate:
    """The candidate under another name, with nothing left that tells who it is."""
    hide = _hider(one)
    return one.model_copy(
        update={
            "profile": _profile(one.profile, name, hide),
            "pages": tuple(_page(text, number, one.profile, hide) for number, text in enumerate(one.pages)),
            "passages": (),  # for the index only
            "file_key": one.file_key.partition(":")[0],
            "other_files": tuple(key.partition(":")[0] for key in one.other_files),
            "file_name": name,
        }
    )


def hit(shown: Hit, person: Candidate | None, name: str) -> Hit:
    """`person` is the candidate as stored; without it no text of the CV is shown: nobody knows what to hide."""
    hide = _hider(person) if person else _nothing
    return shown.model_copy(
        update={
            "name": name,
            "title": neutral.title(hide(shown.title), shown.language),
            "place": hide(shown.place),
            "file_name": name,
            "passage": hide(_years_gone(shown.passage, bool(_STUDIES.search(fold(shown.passage))))),
        }
    )


def verdict(shown: Verdict, asked: Criterion, person: Candidate | None) -> Verdict:
    """The quotations, hidden in part; none where the person is gone.

    What is shown by their identity only is not found: a search for a name would tell whose card it is.
    """
    if person is None:
        return shown.model_copy(update={"quotation": None, "also": ()})
    hide, quoted = _hider(person), shown.quotation
    if _names_them(asked, person) or (quoted and not re.search(r"\w", hide(quoted.text).replace(HIDDEN, ""))):
        return shown.model_copy(
            update={"state": VerdictState.NOT_FOUND, "quotation": None, "also": (), "years": None, "level": None}
        )
    if quoted is None:
        return shown
    first, *others = (_hidden(one, person) for one in shown.quotations)
    return shown.model_copy(update={"quotation": first, "also": tuple(others)})


def _hidden(quoted: Quotation, person: Candidate) -> Quotation:
    hide = _hider(person)
    whole = f"{quoted.before} {quoted.text} {quoted.after}"
    studies = _speaks_of_studies(whole, person.profile.education)
    before, said, after = (
        hide(_years_gone(part, studies)) for part in (_cut(quoted.before), quoted.text, _cut_end(quoted.after))
    )
    return Quotation(text=said, page=quoted.page, before=before, after=after)


def text(written: str, person: Candidate) -> str:
    """What someone wrote of the person (a note), without what identifies them."""
    return _hider(person)(written)


# ------------------------------------------------------------------------------------------------------------ parts


def _nothing(_text: str) -> str:
    return ""


def _profile(profile: Profile, name: str, hide: Callable[[str], str]) -> Profile:
    return Profile(
        name=name,
        location=hide(profile.location),
        headline=neutral.title(hide(profile.headline), profile.language),
        biography=hide(profile.biography),
        sectors=tuple(map(hide, profile.sectors)),
        skills=tuple(map(hide, profile.skills)),
        experiences=tuple(
            job.model_copy(
                update={
                    "title": neutral.title(hide(job.title), profile.language),
                    "employer": hide(job.employer),
                    "place": hide(job.place),
                    "text": hide(job.text),
                }
            )
            for job in profile.experiences
        ),
        education=tuple(
            Education(
                degree=hide(_years_gone(school.degree, True)),
                school=hide(_years_gone(school.school, True)),
                place=hide(school.place),
            )
            for school in profile.education
        ),
        languages=tuple(one.model_copy(update={"text": hide(one.text)}) for one in profile.languages),
        years_experience=profile.years_experience,
        cv_date=profile.cv_date,
        language=profile.language,
    )


def _page(written: str, number: int, profile: Profile, hide: Callable[[str], str]) -> str:
    """Years go from the section of studies and from every line that speaks of some, and of its neighbours."""
    lines = written.split("\n")
    if not profile.name and number == 0:
        lines = [HIDDEN, *_after_the_head(lines)]
    inside, marked = False, [False] * len(lines)
    for at, line in enumerate(lines):
        if kinds := kinds_of(line.strip()) if len(line) <= 60 else ():
            inside = "education" in kinds
        if inside:
            marked[at] = True
        elif _speaks_of_studies(line, profile.education):
            marked[max(0, at - 1) : at + 2] = [True] * len(marked[max(0, at - 1) : at + 2])
    return hide("\n".join(_years_gone(line, gone) for line, gone in zip(lines, marked, strict=True)))


def _after_the_head(lines: list[str]) -> list[str]:
    """Where no reader found the name, it stands among the first lines."""
    said = [at for at, line in enumerate(lines) if line.strip()]
    return lines[said[5] :] if len(said) > 5 else []


def _speaks_of_studies(line: str, studies: Iterable[Education]) -> bool:
    folded = fold(line)
    names = [fold(name) for one in studies for name in (one.degree, one.school) if len(name) > 3]
    return bool(_STUDIES.search(folded)) or any(
        name in folded or folded.strip() in name for name in names if folded.strip()
    )


def _years_gone(line: str, gone: bool) -> str:
    return _YEAR.sub(HIDDEN, line) if gone else line


def _cut(before: str) -> str:
    """Context begins anywhere, in the middle of a number or an address too: its first words go."""
    return re.sub(r"^[\s…]*\S*(?:\s+[\d().+/-]+(?=\s))*", "…", before, count=1) if before else ""


def _cut_end(after: str) -> str:
    return re.sub(r"(?:(?<=\s)[\d().+/-]+\s+)*\S*[\s…]*$", "…", after, count=1) if after else ""


# ------------------------------------------------------------------------------------------------------------ words


def _names_them(asked: Criterion, person: Candidate) -> bool:
    pattern = _names(person.profile.name, person.file_name)
    return pattern is not None and pattern.search(fold(asked.label)) is not None


@lru_cache(maxsize=256)
def _names(name: str, file_name: str) -> re.Pattern[str] | None:
    """Parts of the name in any case; where no reader found one, the words of the file's name."""
    parts = re.findall(r"[^\W\d_]+", name) or [
        one for one in re.findall(r"[^\W\d_]+", PurePath(file_name).stem) if fold(one) not in _FILE_WORDS
    ]
    wanted = sorted({fold(part) for part in parts if len(part) >= 3}, key=len, reverse=True)
    if not wanted:
        return None
    return re.compile("|".join(part if len(part) >= 6 else rf"(?<![a-z]){part}(?![a-z])" for part in wanted))


def _hider(person: Candidate) -> Callable[[str], str]:
    pattern, profile = _names(person.profile.name, person.file_name), person.profile

    def hide(written: str) -> str:
        if not written:
            return written
        shown = _PRONOUN.sub(HIDDEN, identity.mask(written, profile))
        shown = re.sub(r"\[(?:name|email|phone|link|address|birth|personal|photo)\]", HIDDEN, shown)
        shown = _without(pattern, shown) if pattern else shown
        return neutral.prose(shown, profile.language)

    return hide


def _without(pattern: re.Pattern[str], written: str) -> str:
    """By folded text, and only where folding keeps lengths; elsewhere word by word."""
    folded = fold(written)
    if len(folded) != len(written):
        return " ".join(HIDDEN if pattern.search(fold(word)) else word for word in written.split(" "))
    shown, at = [], 0
    for found in pattern.finditer(folded):
        shown += [written[at : found.start()], HIDDEN]
        at = found.end()
    return "".join([*shown, written[at:]])
