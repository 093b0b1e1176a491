"""What a form asks for -> a turn to run: a question, a chip, a candidate to resemble, a way back, a document.

Owns which fields the forms have. Knows no HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cvmatcher import reading
from cvmatcher.domain import Candidate, Criterion, CriterionKind, InvalidInput, Need, NotFound
from cvmatcher.query import advert, either
from cvmatcher.query.conversation import goes_back
from cvmatcher.query.phrases import understand
from cvmatcher.store import candidates
from cvmatcher.store import turns as store
from cvmatcher.store.turns import Change, Kept, NewTurn, Turn
from cvmatcher.web import likeness, links
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.request import MESSAGE_BYTES, clean, message_of
from cvmatcher.web.turnview import TurnView

ADDED_LETTERS = 200  # of a criterion written into the field beside the chips

ONE_OF_A_KIND = {CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS}

NOTHING_LEFT = _("A search needs at least one criterion. Ask a new question instead.")
NOTHING_ALIKE = _("This CV says too little to look for others like it.")
NOTHING_PECULIAR = _("Nothing tells this CV from the others found. Say in words what does not fit.")
NOTHING_BEFORE = _("There is no earlier search to go back to.")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, the process that will run it, and what it will run on."""

    user_id: str
    process: str
    kept: Kept

    async def turn(self, fields: dict[str, str]) -> NewTurn:
        """What the form's fields ask for. Opens a conversation if there is none yet. Raises InvalidInput, NotFound."""
        if fields.get("from"):
            return await self._changed(await store.turn(fields["from"], self.user_id), fields)
        if fields.get("criteria"):
            return await self._linked(links.decoded(fields["criteria"]))
        message = message_of(fields)
        if not fields.get("conversation"):
            place = await store.new_conversation(self.user_id, message)
            return NewTurn(place.id, self.user_id, message, self.process, kept=self.kept)
        place = await store.conversation(fields["conversation"], self.user_id)
        last = await store.last_of(place.id)
        if last is None:
            return NewTurn(place.id, self.user_id, message, self.process, kept=self.kept)
        if goes_back(message):
            return replace(await self._undone(last), message=message)
        return await self._pointed(last, message) or self._after(last, message)

    async def _linked(self, criteria: tuple[Criterion, ...]) -> NewTurn:
        """A new conversation with the criteria of a link."""
        message = ", ".join(one.label for one in criteria)
        place = await store.new_conversation(self.user_id, message)
        return NewTurn(place.id, self.user_id, message, self.process, criteria, kept=self.kept)

    async def document(self, data: bytes, name: str, conversation: str) -> NewTurn:
        """A job description as a file: its visible text becomes the message. Raises Unreadable, NotFound."""
        text = await reading.read_cv(data, name)
        message, whole = _within(clean(text.text).strip())
        new = await self.turn({"message": message, "conversation": conversation})
        return replace(new, criteria=None, change=Change(kind="document" if whole else "cut", label=clean(name)[:120]))

    # ---------------------------------------------------------------------------------------- from an earlier turn

    async def _changed(self, base: Turn, fields: dict[str, str]) -> NewTurn:
        """An act upon a turn: "drop:c2", "nice:c2", "like:<candidate>", "add" with `criterion`, "undo", "again",
        "mend:c2:infirmière" (with no id for a stretch that was not used at all).
        """
        act, _, target = fields.get("act", "").partition(":")
        if act == "again":
            again = self._after(base, base.message, base.criteria, Change(kind="again"))
            return replace(again, before=base.before)
        if act == "undo":
            return await self._undone(base)
        if act in {"like", "unlike"}:
            return await self._likened(base, target, alike=act == "like")
        if act == "add":
            return await self._added(base, fields.get("criterion", ""))
        if act == "mend":
            return await self._mended(base, *target.partition(":")[::2])
        return await self._chip(base, act, target)

    def _after(
        self, base: Turn, message: str, criteria: tuple[Criterion, ...] | None = None, change: Change | None = None
    ) -> NewTurn:
        return NewTurn(
            base.conversation, self.user_id, message, self.process, criteria, change, base.id, self.kept, base.since
        )

    async def _chip(self, base: Turn, act: str, ids: str) -> NewTurn:
        """`ids`: of one criterion, or of alternatives that go together ("c2,c3")."""
        criteria = await store.criteria_of(base.id)
        chosen = [one for one in criteria if one.id in ids.split(",")]
        if not chosen or act not in {"drop", *Need}:
            raise InvalidInput("no such criterion")
        changed = tuple(_flipped(one, act) if one in chosen else one for one in criteria)
        kept = tuple(one for one in changed if one is not None)
        if not kept:
            raise InvalidInput("no criterion left", sentence=NOTHING_LEFT)
        return self._after(base, base.message, kept, Change(kind=act, label=", ".join(one.label for one in chosen)))

    async def _mended(self, base: Turn, criterion_id: str, text: str) -> NewTurn:
        """With what a misspelt word means: in place of the criterion that it became, or beside those there are."""
        new, _ = understand(text)
        criteria = await store.criteria_of(base.id)
        wrong = next((one for one in criteria if one.id == criterion_id), None)
        if not new or len(text) > ADDED_LETTERS or (criterion_id and wrong is None):
            raise InvalidInput("nothing to mend")
        if wrong:
            new = tuple(one.model_copy(update={"need": wrong.need}) for one in new)
        rest = [one for one in criteria if one is not wrong]
        return self._after(base, base.message, likeness.joined(new, rest), Change(kind="mend", label=text))

    async def _added(self, base: Turn, text: str) -> NewTurn:
        """The criteria of a few words beside those there are; words that no rule knows are searched as they stand."""
        text = " ".join(text.split())
        if not text or len(text) > ADDED_LETTERS:
            raise InvalidInput("a criterion is a few words")
        new, _ = understand(text)
        new = new or (Criterion(id="c0", kind=CriterionKind.TEXT, value=text, label=text),)
        criteria = likeness.joined((), either.beside(text, new, await store.criteria_of(base.id)))
        return self._after(base, base.message, criteria, Change(kind="add", label=text))

    async def _undone(self, base: Turn) -> NewTurn:
        if not base.before:
            raise InvalidInput("nothing before this turn", sentence=NOTHING_BEFORE)
        target = await store.turn(base.before, self.user_id)
        criteria = await store.criteria_of(target.id) or target.criteria
        undone = self._after(base, target.message, criteria, Change(kind="undo"))
        return replace(undone, before=target.before)

    async def _likened(self, base: Turn, candidate_id: str, *, alike: bool, rest: str = "") -> NewTurn:
        view = TurnView(base).take(await store.events(base.id))
        if candidate_id not in view.order:
            raise NotFound("no such candidate in this list")
        found = await candidates.by_ids(view.order)
        person = found.get(candidate_id)
        if person is None:
            raise NotFound("this candidate is gone")
        criteria = _alike(person, view.criteria, alike=alike, found=found.values())
        if rest:
            criteria = _amended(criteria, understand(rest)[0])
        name = person.profile.name or person.file_name
        return self._after(
            base, base.message, criteria, Change(kind="like" if alike else "unlike", label=name, candidate=person.id)
        )

    async def _pointed(self, last: Turn, message: str) -> NewTurn | None:
        """The search for people like the row that the message points at, if it does: "more like the second one"."""
        view = TurnView(last).take(await store.events(last.id))
        found = likeness.pointed(message, [view.hits[one].name for one in view.order])
        if found is None:
            return None
        new = await self._likened(last, view.order[found.place], alike=found.alike, rest=found.rest)
        return replace(new, message=message)


def _alike(
    person: Candidate, criteria: Sequence[Criterion], *, alike: bool, found: Iterable[Candidate]
) -> tuple[Criterion, ...]:
    if alike:
        made = likeness.like(person.profile, criteria)
        if not any(one.need is not Need.MUST_NOT for one in made):
            raise InvalidInput("nothing to look for", sentence=NOTHING_ALIKE)
        return made
    others = [one.profile for one in found if one.id != person.id]
    made = likeness.unlike(person.profile, criteria, others)
    if not made:
        raise InvalidInput("nothing to refuse", sentence=NOTHING_PECULIAR)
    return made


def _amended(criteria: Sequence[Criterion], new: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """A place, title or years said beside ("but in Nantes") go before those of the person pointed at."""
    said = {one.kind for one in new if one.need is not Need.MUST_NOT} & ONE_OF_A_KIND
    return likeness.joined([one for one in criteria if one.need is Need.MUST_NOT or one.kind not in said], new)


def _flipped(criterion: Criterion, act: str) -> Criterion | None:
    return None if act == "drop" else criterion.model_copy(update={"need": Need(act)})


def _within(text: str) -> tuple[str, bool]:
    """As much of the text as a message may be, and whether that is all."""
    data = text.encode()
    if len(data) <= MESSAGE_BYTES:
        return text, True
    if advert.is_advert(text):
        return advert.essence(text, MESSAGE_BYTES)
    return data[:MESSAGE_BYTES].decode("utf-8", "ignore").rsplit(None, 1)[0], False
