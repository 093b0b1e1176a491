"""A CV's text -> passages that fit the embedding model, none of it left out.

Owns where a CV is cut: at section headings and at the start of a job where that leaves enough words, between lines or
sentences otherwise; no overlap, as every word embedded costs time. Pure; knows no model, index or store.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from cvmatcher.domain import CVText, Experience, Passage, Profile

PASSAGES_VERSION = "2"
MOST_WORDS = 160
MOST_LETTERS = 1200  # models read about 4 letters a token, MiniLM 256 tokens, e5 512
ENOUGH_WORDS = 50  # a passage this long ends at the next heading or job
TITLE_WORDS, DIGEST_WORDS = 20, 90
HEADLINES = 2  # passages that stand before the text

Kind = Literal["headline", "summary", "experience", "education", "skills", "text"]

_HEADING_WORDS: dict[Kind, str] = {
    "summary": """summary profile profil objective objectif about highlights resume presentation propos accroche
        synthese overview bio biography biographie""",
    "experience": """experience experiences employment parcours career carriere history emplois missions stages
        internships projects projets background accomplishments realisations volunteer benevolat""",
    "education": """education formation formations diplomes diplome etudes scolarite studies academic qualifications
        degrees certifications certificates training cursus coursework""",
    "skills": """skills competences competencies expertise technologies outils tools langues languages savoir
        proficiencies aptitudes atouts informatique software logiciels stack""",
    "text": "interests loisirs hobbies interets references awards publications contact divers",
}
_HEADINGS = {word: kind for kind, words in _HEADING_WORDS.items() for word in words.split()}


def split(text: CVText, profile: Profile) -> tuple[Passage, ...]:
    """HEADLINES passages of kind "headline", then the visible text in order, nothing left out. Empty text gives ().

    The first says what the person is now, the second adds earlier titles, sectors and skills: strings of the profile,
    or the first words of the text where the profile is silent.
    """
    body = tuple(_packed(_lines(text.pages), _job_titles(profile)))
    if not body:
        return ()
    jobs = profile.experiences
    latest = next((job for job in jobs if job.current), jobs[0] if jobs else Experience())
    digest = (profile.headline, *(job.title for job in jobs), *profile.sectors, *profile.skills)
    headlines = _once((profile.headline, latest.title), TITLE_WORDS), _once(digest, DIGEST_WORDS)
    first = text.text.split()[:DIGEST_WORDS]
    said = (headlines[0] or " ".join(first[:TITLE_WORDS]), headlines[1] or " ".join(first))
    return (*(Passage(kind="headline", text=words[:MOST_LETTERS]) for words in said), *body)


def _once(strings: Iterable[str], most: int) -> str:
    """Each string once, in their order, as long as they stay under `most` words."""
    seen: dict[str, str] = {}
    for part in strings:
        seen.setdefault(part.strip().casefold(), part.strip())
    seen.pop("", None)
    kept: list[str] = []
    for part in seen.values():
        if kept and sum(len(done.split()) for done in kept) + len(part.split()) > most:
            break
        kept.append(part)
    return ", ".join(kept)


# ------------------------------------------------------------------------------------------------------- cutting


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(slots=True)
class _Draft:
    lines: list[_Line] = field(default_factory=list)
    kinds: Counter[Kind] = field(default_factory=Counter)

    @property
    def words(self) -> int:
        return self.kinds.total()

    def takes(self, line: _Line) -> bool:
        letters = sum(len(held.text) + 1 for held in self.lines) + len(line.text)
        return self.words + line.words <= MOST_WORDS and letters <= MOST_LETTERS

    def add(self, line: _Line, kind: Kind) -> None:
        self.lines.append(line)
        self.kinds[kind] += line.words

    def passage(self) -> Passage:
        kind = self.kinds.most_common(1)[0][0]
        return Passage(kind=kind, text="\n".join(line.text for line in self.lines), page=self.lines[0].page)


def _packed(lines: Iterable[_Line], job_titles: frozenset[str]) -> Iterator[Passage]:
    draft = _Draft()
    kind: Kind = "text"
    for line in lines:
        heading = _heading(line.text)
        opens = heading is not None or any(title in line.text.casefold() for title in job_titles)
        if draft.lines and (not draft.takes(line) or (opens and draft.words >= ENOUGH_WORDS)):
            yield draft.passage()
            draft = _Draft()
        kind = heading or kind
        draft.add(line, kind)
    if draft.lines:
        yield draft.passage()


def _lines(pages: Iterable[str]) -> Iterator[_Line]:
    """Lines with words on them; those too long for a passage come in pieces."""
    for number, page in enumerate(pages):
        for line in page.splitlines():
            yield from (_Line(piece, number) for piece in _pieces(line.strip()) if piece)


def _pieces(line: str) -> Iterator[str]:
    """Cut between sentences, else between words, else (no space at all) anywhere."""
    if len(line.split()) <= MOST_WORDS and len(line) <= MOST_LETTERS:
        yield line
        return
    for sentence in re.split(r"(?<=[.;!?•])\s+", line):
        words = [part for word in sentence.split() for part in _chunks(word)]
        while words:
            taken = _fitting(words)
            yield " ".join(words[:taken])
            words = words[taken:]


def _chunks(word: str) -> Iterator[str]:
    return (word[at : at + MOST_LETTERS] for at in range(0, len(word), MOST_LETTERS))


def _fitting(words: list[str]) -> int:
    """How many of the first words make a piece; at least one."""
    letters = 0
    for count, word in enumerate(words[:MOST_WORDS]):
        letters += len(word) + 1
        if letters > MOST_LETTERS + 1:
            return max(count, 1)
    return min(len(words), MOST_WORDS)


def _heading(line: str) -> Kind | None:
    """The section that a line opens, if it is a heading."""
    words = re.findall(r"[a-z]+", _folded(line))
    if not words or len(words) > 5 or line.rstrip()[-1] in ".,;":
        return None
    return next((_HEADINGS[word] for word in words if word in _HEADINGS), None)


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _job_titles(profile: Profile) -> frozenset[str]:
    return frozenset(job.title.strip().casefold() for job in profile.experiences if len(job.title.strip()) > 3)
