"""Who a reader may see: blind mode, held on the server. Whatever shows a candidate asks here first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from cvmatcher import blind
from cvmatcher.domain import Candidate, Criterion, NotAllowed, NotFound, Verdict
from cvmatcher.store import audit, candidates, people, unmasked
from cvmatcher.store.candidates import by_ids
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.web.auth import signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.catalogs import translations
from cvmatcher.web.render import Viewer
from cvmatcher.web.request import WebRequest, own_path, path_of
from cvmatcher.web.turnview import Card, TurnView


@dataclass(slots=True)
class Sight:
    """What one reader sees. In blind mode every candidate but `seen` is under a pseudonym."""

    is_blind: bool = False
    seen: frozenset[str] = frozenset()
    language: str = "en"
    _known: dict[str, Candidate | None] = field(default_factory=dict)

    def hides(self, candidate_id: str) -> bool:
        return self.is_blind and candidate_id not in self.seen

    def check(self, candidate_id: str) -> None:
        """Raises NotAllowed where the identity is hidden: a file cannot be shown in part."""
        if self.hides(candidate_id):
            raise NotAllowed("hidden by blind mode", sentence="masked")

    def pseudonym(self, candidate_id: str) -> str:
        return translations(self.language).gettext(PSEUDONYM) % {"code": blind.code(candidate_id)}

    def name(self, one: Candidate) -> str:
        return self.pseudonym(one.id) if self.hides(one.id) else one.profile.name or one.file_name

    def candidate(self, one: Candidate) -> Candidate:
        return blind.candidate(one, self.pseudonym(one.id)) if self.hides(one.id) else one

    def text(self, written: str, about: Candidate | None) -> str:
        """A note on someone; on someone who is gone, nobody can say what in it names them."""
        if not self.is_blind or (about and not self.hides(about.id)):
            return written
        return blind.text(written, about) if about else ""

    async def turn(self, view: TurnView) -> TurnView:
        """The view with what this reader may see; it may go on taking events."""
        view.seen_as = self
        if self.is_blind:
            await self.learn(view.order)
        return view

    async def learn(self, candidate_ids: Iterable[str]) -> None:
        """Reads those whose cards `card` will be asked for."""
        new = [one for one in candidate_ids if self.hides(one) and one not in self._known]
        if new:
            self._known |= dict.fromkeys(new) | await by_ids(new)

    def card(self, card: Card) -> Card:
        person_id = card.hit.candidate_id
        if not self.hides(person_id):
            return card
        person = self._known.get(person_id)
        return replace(
            card,
            hit=blind.hit(card.hit, person, self.pseudonym(person_id)),
            marks=tuple((one, blind.verdict(said, one, person) if said else None) for one, said in card.marks),
            is_masked=True,
        )

    def verdicts(
        self, said: Mapping[str, Verdict], criteria: Iterable[Criterion], person: Candidate
    ) -> dict[str, Verdict]:
        """By criterion: what the person's CV shows, as far as this reader may know it."""
        if not self.hides(person.id):
            return dict(said)
        return {one.id: blind.verdict(said[one.id], one, person) for one in criteria if one.id in said}

    def file(self, row: LedgerRow) -> LedgerRow:
        """A file mostly bears its person's name. One that is hidden has no key either: the key holds the name."""
        if not self.is_blind or (row.candidate_id and not self.hides(row.candidate_id)):
            return row
        gettext = translations(self.language).gettext
        name = self.pseudonym(row.candidate_id) if row.candidate_id else gettext(FILE) % {"code": blind.code(row.key)}
        return row.model_copy(update={"name": name, "path": "", "detail": "", "key": ""})

    def named(self, candidate_id: str, name: str) -> str:
        """A stored name of someone; of turns from before candidates were noted, none in blind mode."""
        if not self.is_blind or (candidate_id and not self.hides(candidate_id)):
            return name
        return self.pseudonym(candidate_id) if candidate_id else blind.HIDDEN


PSEUDONYM = _("Candidate %(code)s")
FILE = _("File %(code)s")


async def sight(viewer: Viewer) -> Sight:
    """What the viewer may see."""
    if viewer.user is None or not viewer.user.blind:
        return Sight(language=viewer.language)
    return Sight(is_blind=True, seen=await unmasked.unmasked_by(viewer.user.id), language=viewer.language)


# ---------------------------------------------------------------------------------------------------------- handlers


async def _back(request: WebRequest) -> Response[Any]:
    """A whole page: everything on it may change."""
    referrer = path_of(request.headers.get("referer", ""))
    target = referrer if referrer != "/" else own_path((await request.fields()).get("back", "/"))
    return Redirect(target, status_code=303)


@post("/settings/blind", guards=[signed_in], status_code=200)
async def switch(request: WebRequest) -> Response[Any]:
    """Turns blind mode on or off. Off shows everyone to this person: the audit log keeps it."""
    on = (await request.fields()).get("blind") == "on"
    await people.set_blind(request.person.id, on=on)
    await audit.append(request.person.id, "blind on" if on else "blind off", request.person.id)
    return await _back(request)


@post("/cv/{candidate_id:str}/unmask", guards=[signed_in], status_code=200)
async def unmask(request: WebRequest, candidate_id: FromPath[str]) -> Response[Any]:
    """Shows one candidate's identity to this person; the audit log keeps it."""
    if await candidates.get(candidate_id) is None:
        raise NotFound("no such candidate")
    await audit.append(request.person.id, "unmasked", candidate_id)
    await unmasked.unmask(request.person.id, candidate_id)
    return await _back(request)


@post("/cv/{candidate_id:str}/mask", guards=[signed_in], status_code=200)
async def mask(request: WebRequest, candidate_id: FromPath[str]) -> Response[Any]:
    await unmasked.mask(request.person.id, candidate_id)
    await audit.append(request.person.id, "masked", candidate_id)
    return await _back(request)


HANDLERS = (switch, unmask, mask)
