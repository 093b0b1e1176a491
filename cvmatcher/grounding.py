"""What a message names that only the pool knows: the firms, schools, titles, places and skills of its own CVs.

The rules know the vocabulary; the indexes know what stands in the fields of the CVs. Names found there say what a
stretch is that the rules could not use, or misread. Owns which reading wins; asks nothing but counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from cvmatcher.domain import Criterion, CriterionKind, Understanding
from cvmatcher.ports import WordIndex, WordQuery
from cvmatcher.query import either, wishes
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import places, skills, titles, words
from cvmatcher.vocabulary.folding import Token

MOST_WORDS = 60  # of a message: a longer one is an advert, which names much in passing
WIDEST = 7  # words of one name
TERSE = 5  # words of a stretch in which single words are names; a longer one is a description
_KINDS = {
    "title": CriterionKind.TITLE,
    "headline": CriterionKind.TITLE,
    "employers": CriterionKind.EMPLOYER,
    "places": CriterionKind.PLACE,
    "education": CriterionKind.EDUCATION,
    "sectors": CriterionKind.SECTOR,
    "skills": CriterionKind.SKILL,
}
_SILENT_WORDS = words.of("small") | words.of("filler") | words.of("articles")


@dataclass(frozen=True, slots=True)
class Named:
    """A stretch of the message and what the pool knows it as."""

    start: int
    end: int
    kind: CriterionKind


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """A stretch that the rules did not understand, or a criterion that they may have misread."""

    start: int
    end: int
    words: int
    criterion: Criterion | None = None
    whole: bool = False  # what it says is understood but for a name in it: no single word of it is one, but a place


def ground(text: str, understanding: Understanding, index: WordIndex) -> Understanding:
    """The understanding with what the pool's own names say of its doubtful stretches. Blocks for some milliseconds."""
    message = Message.of(text)
    if not 0 < len(message.words) <= MOST_WORDS:
        return understanding
    understanding = _with_whole_titles(message, _with_firms(understanding, index), index)
    doubtful = list(_doubtful(message, understanding))
    named = [name for stretch in doubtful for name in _names(message, stretch, index)]
    named += _wider_titles(message, understanding.criteria, index, doubtful)
    named = [n for n in named if not any(o != n and o.start <= n.start and n.end <= o.end for o in named)]
    if not named:
        return understanding
    kept = [c for c in understanding.criteria if not _replaced(message, c, doubtful, named)]
    found = [_criterion(message, name) for name in dict.fromkeys(named)]
    criteria = either.marked(message, sorted((_placed(text, one) for one in (*kept, *found)), key=lambda one: one[:2]))
    gone = [c for c in understanding.criteria if c not in kept]
    unused = tuple(part for part in understanding.not_understood if not _covered(text, part, named))
    unused += tuple(word for c in gone for word in _left(message, c, named))
    return understanding.model_copy(
        update={
            "criteria": tuple(c.model_copy(update={"id": f"c{n}"}) for n, c in enumerate(criteria, start=1)),
            "not_understood": unused,
        }
    )


def _with_firms(understanding: Understanding, index: WordIndex) -> Understanding:
    """What was read as a degree and is the whole name of a firm in the pool, and of no study: "CAP Empennage"."""
    criteria = [
        criterion.model_copy(update={"kind": CriterionKind.EMPLOYER, "value": criterion.label})
        if criterion.kind is CriterionKind.EDUCATION
        and index.count(WordQuery(((criterion.label, 1.0),), "employers", whole=True))
        and not index.count(WordQuery(((criterion.label, 1.0),), "education"))
        else criterion
        for criterion in understanding.criteria
    ]
    return understanding.model_copy(update={"criteria": tuple(criteria)})


def _placed(text: str, criterion: Criterion) -> either.Placed:
    start = text.find(criterion.label)
    return start, start + len(criterion.label), criterion


# ------------------------------------------------------------------------------------------------------- doubt


def _doubtful(message: Message, understanding: Understanding) -> Iterator[_Doubtful]:
    for part in understanding.not_understood:
        if (start := message.text.find(part)) >= 0:
            yield _stretch(message, start, start + len(part))
    for criterion in understanding.criteria:
        if _unsure(criterion) and (start := message.text.find(criterion.label)) >= 0:
            known = criterion.kind is CriterionKind.TITLE and bool(titles.find(criterion.value))
            yield _stretch(message, start, start + len(criterion.label), criterion, whole=known)
    for start, end in _unread(message, understanding):
        yield _stretch(message, start, end, whole=True)


def _unread(message: Message, understanding: Understanding) -> Iterator[tuple[int, int]]:
    """Runs of words that no criterion holds: a name may reach over what was not understood and what is beside it."""
    held = [c.label for c in understanding.criteria]
    spans = [(start, start + len(part)) for part in held if (start := message.text.find(part)) >= 0]
    run: list[Token] = []
    for word in message.words:
        if any(start <= word.start < end for start, end in spans):
            if run:
                yield run[0].start, run[-1].end
            run = []
        else:
            run.append(word)
    if run:
        yield run[0].start, run[-1].end


def _unsure(criterion: Criterion) -> bool:
    """Whether the rules had the shape of the words to go by, and no vocabulary."""
    match criterion.kind:
        case CriterionKind.TEXT:
            return True
        case CriterionKind.TITLE:
            return not titles.ids(criterion.value)
        case CriterionKind.SKILL:
            return skills.canonical(criterion.value) is None
    return False


def _stretch(
    message: Message, start: int, end: int, criterion: Criterion | None = None, *, whole: bool = False
) -> _Doubtful:
    return _Doubtful(start, end, sum(map(_says, _within(message, start, end))), criterion, whole)


def _within(message: Message, start: int, end: int) -> list[Token]:
    return [word for word in message.words if start <= word.start and word.end <= end]


def _says(word: Token) -> bool:
    return word.text not in _SILENT_WORDS and len(word.text) > 1


# ------------------------------------------------------------------------------------------------------- titles

_JOINT = re.compile(r"\s*(?:de\s+(?:la\s+|l['’])?|d['’]|en\s+|des\s+|du\s+|of\s+|for\s+)\s*")


def _with_whole_titles(message: Message, understanding: Understanding, index: WordIndex) -> Understanding:
    """Titles with what a preposition ties to them and nothing else explains: "relecteur d'épreuves"."""
    understanding = _with_narrowing(message, understanding, index)
    criteria, unused = list(understanding.criteria), list(understanding.not_understood)
    for criterion in understanding.criteria:
        start = message.text.find(criterion.label)
        joint = _JOINT.match(message.text, start + len(criterion.label))
        if criterion.kind is not CriterionKind.TITLE or start < 0 or joint is None:
            continue
        tied = next((part for part in unused if message.text.startswith(part, joint.end())), None)
        read = next((c for c in criteria if _unsure(c) and message.text.startswith(c.label, joint.end())), None)
        words_behind = _said_first(message, joint.end(), len(tied or (read.label if read else "")))
        if not words_behind or _elsewhere(message, words_behind, index):
            continue
        whole = message.text[start : words_behind[-1].end]
        value = criterion.value if titles.ids(criterion.value) else whole
        criteria[criteria.index(criterion)] = criterion.model_copy(update={"value": value, "label": whole})
        if read is not None:
            criteria.remove(read)
            rest = message.text[words_behind[-1].end : joint.end() + len(read.label)].strip()
            unused += [rest] if rest else []
        elif tied is not None:
            unused.remove(tied)
    return understanding.model_copy(update={"criteria": tuple(criteria), "not_understood": tuple(unused)})


def _with_narrowing(message: Message, understanding: Understanding, index: WordIndex) -> Understanding:
    """Titles with a word right behind them that nothing explains and that the pool's own titles hold: "chef sushi"."""
    criteria, unused = list(understanding.criteria), list(understanding.not_understood)
    for number, criterion in enumerate(criteria):
        end = message.text.find(criterion.label) + len(criterion.label)
        tied = next((part for part in unused if message.text.startswith(f" {part}", end)), "")
        if criterion.kind is not CriterionKind.TITLE or len(tied.split()) != 1:
            continue
        if index.count(WordQuery(((tied, 1.0),), "headline")):
            whole = f"{criterion.label} {tied}"
            criteria[number] = criterion.model_copy(update={"value": whole, "label": whole})
            unused.remove(tied)
    return understanding.model_copy(update={"criteria": tuple(criteria), "not_understood": tuple(unused)})


def _said_first(message: Message, start: int, length: int) -> list[Token]:
    """The first words of the stretch that say something, up to one that does not."""
    row = _within(message, start, start + length)
    end = next((i for i, word in enumerate(row) if not _says(word) or word.text in _TITLE_ENDS), len(row))
    return row[: min(end, 3)]


_TITLE_ENDS = words.of("title ends")


def _elsewhere(message: Message, row: Sequence[Token], index: WordIndex) -> bool:
    """Whether the pool knows these words as a firm, a place or a school."""
    name = _name(message, row, index, terse=True)
    return name is not None and name.kind in {CriterionKind.EMPLOYER, CriterionKind.PLACE, CriterionKind.EDUCATION}


# ------------------------------------------------------------------------------------------------------- names


def _names(message: Message, stretch: _Doubtful, index: WordIndex) -> Iterator[Named]:
    """The longest names of the pool in the stretch, from the left, not overlapping; then single words between them."""
    row = _within(message, stretch.start, stretch.end)
    gap: list[Token] = []
    at = 0
    while at < len(row):
        widths = range(min(WIDEST, len(row) - at), 1, -1)
        terse = stretch.words <= TERSE
        name = next((n for w in widths if (n := _name(message, row[at : at + w], index, terse=terse))), None)
        if name is None:
            gap.append(row[at])
            at += 1
            continue
        yield from _single(message, gap, index, whole=stretch.whole)
        yield name
        gap = []
        at = next((i for i, word in enumerate(row) if word.start >= name.end), len(row))
    yield from _single(message, gap, index, whole=stretch.whole)


def _single(message: Message, gap: Sequence[Token], index: WordIndex, *, whole: bool) -> Iterator[Named]:
    """Single words that are names of the pool. A longer run of words describes something and names nothing; of a run
    in which the pool does not know every word, only a place is sure: "green power" is not "Power BI".
    """
    said = [word for word in gap if _says(word) and len(word.text) > 2]
    if len(said) > TERSE:
        return
    found = [_name(message, [word], index, terse=True) for word in said]
    sure = all(found) and not whole
    for name in found:
        if name is None or name.kind is CriterionKind.TITLE:  # "director" alone is nobody's trade
            continue
        if sure or name.kind is CriterionKind.PLACE:
            yield name


def _name(message: Message, row: Sequence[Token], index: WordIndex, *, terse: bool) -> Named | None:
    """What the pool knows these words as; in a description a single word names no skill."""
    start, end = row[0].start, row[-1].end
    text = message.text[start:end]
    if not _says(row[-1]) or not index.count(WordQuery(((text, 1.0),))):
        return None
    if _says(row[0]) and any(place.kind != "city" for place in places.all_named(text)):
        return Named(start, end, CriterionKind.PLACE)
    field = _field(message, row, text, index)
    if not field or (_KINDS[field] is CriterionKind.SKILL and len(row) == 1 and not terse):
        return None
    if field == "title" and not index.count(WordQuery(((text, 1.0),), "headline")):
        return Named(start, end, CriterionKind.EMPLOYER)  # nobody is it now: a firm that stands where titles do
    return Named(start, end, _KINDS[field])


def _field(message: Message, row: Sequence[Token], text: str, index: WordIndex) -> str:
    """The field that has the text as a name, or as part of one where that is enough; "" if none has."""
    if len(row) > 1 and (field := _most(index, text, _NAMES, whole=True)):
        return field  # it may begin with a word that says nothing: "La Page Bleue"
    if not _says(row[0]) and not (len(row) > 1 and text[0].isupper()):
        return ""
    field = _most(index, text, _KINDS.keys())
    if _part_is_enough(field, row, text) or _most(index, text, {field} & _NAMES, whole=True):
        return field
    return _most(index, text, {"sectors"}) if len(message.words) <= TERSE else ""


_NAMES = _KINDS.keys() - {"places"}


def _most(index: WordIndex, text: str, fields: Collection[str], *, whole: bool = False) -> str:
    """The field that most CVs have the text in, "" if none has."""
    counts = {field: index.count(WordQuery(((text, 1.0),), field, whole=whole)) for field in sorted(fields)}
    field = max(counts, key=lambda name: counts[name], default="")
    return field if field and counts[field] else ""


def _part_is_enough(field: str, row: Sequence[Token], text: str) -> bool:
    """Whether part of a name names: of a place or title, of a firm or school in several words or with a capital. A word
    inside a skill names none.
    """
    match field:
        case "places" | "title" | "headline":
            return True
        case "employers" | "education":
            return len(row) > 1 or text[0].isupper()
    return False


def _wider_titles(
    message: Message, criteria: Sequence[Criterion], index: WordIndex, doubtful: Sequence[_Doubtful]
) -> Iterator[Named]:
    """Titles of the pool that begin with one the rules found and hold the doubtful words behind it."""
    for criterion in criteria:
        start = message.text.find(criterion.label)
        if criterion.kind is not CriterionKind.TITLE or start < 0:
            continue
        end = start + len(criterion.label)
        behind = next((s for s in doubtful if 0 <= s.start - end <= 4 and s.criterion is not criterion), None)
        if behind is None:
            continue
        row = _within(message, start, behind.end)
        for width in range(min(WIDEST, len(row)), 1, -1):
            name = _name(message, row[:width], index, terse=True)
            if name and name.end > end and name.kind is CriterionKind.TITLE:
                yield name
                break


# ------------------------------------------------------------------------------------------------------- readings


def _replaced(message: Message, criterion: Criterion, doubtful: Sequence[_Doubtful], named: Sequence[Named]) -> bool:
    """Whether names stand where the criterion was read, and little else is left of it."""
    start = message.text.find(criterion.label)
    end = start + len(criterion.label)
    inside = [name for name in named if name.start < end and start < name.end]
    if start < 0 or not inside:
        return False
    if any(stretch.criterion is criterion for stretch in doubtful):
        left = [
            w for w in _within(message, start, end) if _says(w) and not any(n.start <= w.start < n.end for n in inside)
        ]
        return len(left) <= 2
    return criterion.kind is CriterionKind.TITLE and any(n.start <= start and end < n.end for n in inside)


def _left(message: Message, criterion: Criterion, named: Sequence[Named]) -> list[str]:
    """The words of a criterion that made way for names, but for those names: they are not used, and that is said."""
    start = message.text.find(criterion.label)
    row = _within(message, start, start + len(criterion.label))
    left = [w for w in row if _says(w) and not any(name.start <= w.start < name.end for name in named)]
    return [message.text[word.start : word.end] for word in left]


def _covered(text: str, part: str, named: Sequence[Named]) -> bool:
    start = text.find(part)
    return any(name.start < start + len(part) and start < name.end for name in named)


def _criterion(message: Message, name: Named) -> Criterion:
    label = message.text[name.start : name.end]
    place = next(iter(places.all_named(label)), None) if name.kind is CriterionKind.PLACE else None
    return Criterion(
        id="c0",
        kind=name.kind,
        need=wishes.need(wishes.scopes(Message.of(message.text)), name.start, name.end),
        value=place.name if place else label,
        label=label,
    )
