"""An admin's word on two CVs with a contact in common: the same person or not. Kept, told to the audit log, undone."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from cvmatcher.domain import InvalidInput, NotFound
from cvmatcher.store import audit, candidates, same_person
from cvmatcher.store.same_person import Word
from cvmatcher.web.auth import admin
from cvmatcher.web.request import WebRequest, path_of

ACTS = {Word.SAME: "same person", Word.DIFFERENT: "not the same person"}


@post("/cv/{candidate_id:str}/others/{other_id:str}", guards=[admin], status_code=200)
async def say(request: WebRequest, candidate_id: FromPath[str], other_id: FromPath[str]) -> Response[Any]:
    """Field `word`: "same", "different", or empty to take the word back."""
    if candidate_id == other_id or len(await candidates.by_ids([candidate_id, other_id])) < 2:
        raise NotFound("no such pair")
    word = (await request.fields()).get("word", "")
    if word and word not in set(Word):
        raise InvalidInput("no such word")
    if word:
        await same_person.say(candidate_id, other_id, Word(word), request.person.id)
    else:
        await same_person.unsay(candidate_id, other_id)
    act = ACTS[Word(word)] if word else "took a word back"
    for one in (candidate_id, other_id):  # an audit row has one subject
        await audit.append(request.person.id, act, one)
    back = path_of(request.headers.get("referer", ""))
    return Redirect(back if back != "/" else f"/cv/{candidate_id}", status_code=303)


HANDLERS = (say,)
