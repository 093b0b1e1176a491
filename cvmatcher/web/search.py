"""The chat: conversations, turns, and the stream of a turn. GET replays what is saved; only POST starts work."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Stream

from cvmatcher.domain import Criterion, EarlierTurn, InvalidInput
from cvmatcher.search import SearchRequest
from cvmatcher.store import audit, candidates, saved_searches
from cvmatcher.store import turns as store
from cvmatcher.store.turns import Conversation, Kept, NewTurn, Turn
from cvmatcher.web import links
from cvmatcher.web.asking import Asker
from cvmatcher.web.auth import signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.compare import tray_of
from cvmatcher.web.cvs import Opened, Tab, opened
from cvmatcher.web.live import Live
from cvmatcher.web.marks import marks
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial, Viewer
from cvmatcher.web.request import WebRequest, clean
from cvmatcher.web.sight import sight
from cvmatcher.web.turnview import TurnView
from cvmatcher.web.welcome import first_progress

FIRST_ANSWER = 0.08  # seconds a POST waits for hits in order before it answers with what is there
DOCUMENT_LIMIT = 8 << 20  # bytes of a file dropped onto the composer, with its form
WITHOUT_SCRIPT = 25.0  # seconds a browser without JavaScript waits for the whole turn

EXAMPLES = (
    _("Python developer in Lyon who speaks German"),
    _("Nurse with at least 5 years of experience"),
    _("Accountant with SAP, French and English"),
    _("Project manager, not in Paris"),
)


# ----------------------------------------------------------------------------------------------------------- pages


@get("/", guards=[signed_in])
async def home(
    request: WebRequest, web: Web, criteria: Annotated[str, QueryParameter(name="criteria", max_length=4000)] = ""
) -> Response[Any]:
    """A new conversation; with `criteria`, those of a link, ready to be sent. Admins of an empty app: first steps."""
    if request.person.is_admin and await candidates.is_empty():
        return Redirect("/welcome", status_code=303)
    return await _page(request, web, None, [], linked=links.decoded(criteria))


@get("/c/{conversation_id:str}", guards=[signed_in])
async def conversation(
    request: WebRequest,
    web: Web,
    conversation_id: FromPath[str],
    *,
    upto: Annotated[str, QueryParameter(name="t", max_length=64)] = "",
    beside: Annotated[str, QueryParameter(name="cv", max_length=64)] = "",
    tab: Tab = "profile",
) -> Response[Any]:
    """The conversation as saved; with `t`, up to that turn, so that Back goes back; with `cv`, a profile beside it."""
    found = await store.conversation(conversation_id, request.person.id)
    turns = await store.turns_of(conversation_id)
    shown = turns[: next((place for place, one in enumerate(turns, 1) if one.id == upto), len(turns))]
    candidate = await candidates.get(beside) if beside and upto else None
    if candidate:
        await audit.append(request.person.id, "viewed", candidate.id)
    return await _page(
        request,
        web,
        found,
        shown,
        later=len(turns) - len(shown),
        profile=await opened(web, request.viewer, candidate, upto, tab) if candidate else None,
    )


async def _page(
    request: WebRequest,
    web: Web,
    shown: Conversation | None,
    turns: list[Turn],
    *,
    later: int = 0,
    profile: Opened | None = None,
    linked: tuple[Criterion, ...] = (),
) -> Response[Any]:
    seen_as = await sight(request.viewer)
    views = [await seen_as.turn(TurnView(one).take(await store.events(one.id))) for one in turns]
    user_id = request.person.id
    return web.render.page(
        request.viewer,
        "search/conversation.html",
        conversation=shown,
        views=views,
        later=later,
        opened=profile,
        running=next((view for view in reversed(views) if view.running), None),
        conversations=await store.conversations(user_id),
        searches=await saved_searches.of(user_id),
        tray=await tray_of(request, shown.id if shown else ""),
        examples=EXAMPLES,
        empty=not views and await candidates.is_empty(),
        progress=None if views else await first_progress(),
        linked=linked,
        **await marks(user_id, views),
    )


# ----------------------------------------------------------------------------------------------------------- turns


@post("/turns", guards=[signed_in], status_code=200)
async def new_turn(request: WebRequest, web: Web) -> Response[Any]:
    """A question, or a change to an earlier turn. Answers with the turn's article, hits included if they are there."""
    return await _begun(request, web, await (await _asker(request, web)).turn(await request.fields()))


@post("/turns/document", guards=[signed_in], status_code=200, request_max_body_size=DOCUMENT_LIMIT)
async def new_turn_of_document(request: WebRequest, web: Web) -> Response[Any]:
    """A job description as a file, dropped onto the composer: its text is the question."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInput("no file")
    conversation_id = clean(str(form.get("conversation") or ""))
    new = await (await _asker(request, web)).document(await file.read(), file.filename, conversation_id)
    return await _begun(request, web, new)


async def _asker(request: WebRequest, web: Web) -> Asker:
    return Asker(request.person.id, web.turns.process, await kept(web))


async def kept(web: Web) -> Kept:
    """What a turn that starts now runs on."""
    services = web.services
    off = await services.ai_is_off()
    return Kept(
        position=services.follower.position,
        embedder=services.embedder.model_id,
        reader=(services.rules_structurer if off else services.structurer).version,
        off="ai" if off else "",
    )


async def _begun(request: WebRequest, web: Web, new: NewTurn) -> Response[Any]:
    if not request.htmx:
        return await elsewhere(request, web, new)
    turn = await _started(request, web, new)
    await web.turns.settled(turn.id, FIRST_ANSWER, in_order=True)
    return await _article(request, web, turn, _address(turn))


async def elsewhere(request: WebRequest, web: Web, new: NewTurn) -> Response[Any]:
    """Starts a turn and leads to its page. A browser that has no JavaScript waits for the whole turn first."""
    turn = await _started(request, web, new)
    if request.htmx:
        await web.turns.settled(turn.id, FIRST_ANSWER, in_order=True)
        return _after_change(request, _address(turn))
    await web.turns.settled(turn.id, WITHOUT_SCRIPT)
    return _after_change(request, _address(turn))


def _address(turn: Turn) -> str:
    return f"/c/{turn.conversation}?t={turn.id}"


async def _started(request: WebRequest, web: Web, new: NewTurn) -> Turn:
    for running in await store.running_in(new.conversation):
        await web.turns.stop(running)
    earlier = [
        EarlierTurn(message=one.message, criteria=await store.criteria_of(one.id))
        for one in await store.turns_of(new.conversation)
    ]
    turn = await store.add(replace(new, blind=request.person.blind))
    web.turns.begin(
        turn,
        SearchRequest(
            message=turn.message,
            conversation=tuple(earlier),
            criteria=turn.criteria,
            k=web.services.settings.top_k,
            blind=turn.blind,
        ),
    )
    return turn


async def _article(request: WebRequest, web: Web, turn: Turn, address: str) -> Response[Any]:
    viewer, render = request.viewer, web.render
    view = await (await sight(request.viewer)).turn(TurnView(turn).take(await store.events(turn.id)))
    place = await store.conversation(turn.conversation, turn.owner)
    go = "search/_stop.html" if view.running else "search/_send.html"
    # the first one takes the place of the welcome, which goes after it came: the page is at its top already
    shown = f" show:top showTarget:#t-{turn.id}" if turn.number > 1 else ""
    partials = (
        Partial("#composer-go", render.text(viewer, go, view=view)),
        Partial("#composer-text", render.text(viewer, "search/_message.html", conversation=place), "innerHTML"),
        Partial("#conversations", await _rail(web, viewer, turn.owner, place), "innerMorph"),
        Partial("#welcome", "", "delete"),
        Partial("#dialog", ""),
    )
    return render.fragment(
        viewer,
        "search/_turn.html",
        view=view,
        **await marks(turn.owner, [view]),
        partials=partials,
        title=place.title,
        headers={"HX-Push-Url": address, "HX-Reswap": f"beforeend{shown}"},
    )


async def _rail(web: Web, viewer: Viewer, user_id: str, shown: Conversation | None) -> str:
    found = await store.conversations(user_id)
    return web.render.text(viewer, "search/_conversations.html", conversations=found, conversation=shown)


@get("/turns/{turn_id:str}/events", guards=[signed_in])
async def events(
    request: WebRequest, web: Web, turn_id: FromPath[str], after: Annotated[int, QueryParameter(name="after", ge=0)] = 0
) -> Stream:
    """The turn's stream from max(after, Last-Event-ID) on; ends with the event `done`."""
    turn = await store.turn(turn_id, request.person.id)
    seen = request.headers.get("last-event-id", "")
    start = max(after, int(seen) if seen.isdecimal() and len(seen) < 10 else 0)
    return Stream(
        Live(web, request.viewer, turn, await sight(request.viewer)).messages(start),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


@get("/turns/{turn_id:str}/list", guards=[signed_in])
async def ordered_list(request: WebRequest, web: Web, turn_id: FromPath[str]) -> Response[Any]:
    """The cards in their newest order: what "Apply" fetches."""
    turn = await store.turn(turn_id, request.person.id)
    if not request.is_partial:
        return Redirect(f"/c/{turn.conversation}?t={turn.id}", status_code=303)
    view = await (await sight(request.viewer)).turn(TurnView(turn).take(await store.events(turn.id)))
    own = await marks(turn.owner, [view])
    return web.render.fragment(request.viewer, "search/_cards.html", view=view, cards=view.cards(), **own)


@post("/turns/{turn_id:str}/stop", guards=[signed_in], status_code=200)
async def stop(request: WebRequest, web: Web, turn_id: FromPath[str]) -> Response[Any]:
    """Ends the turn; its stream tells every reader."""
    turn = await store.turn(turn_id, request.person.id)
    await web.turns.stop(turn.id)
    if request.htmx:
        return web.render.partials()
    await web.turns.settled(turn.id, 2.0)
    return Redirect(f"/c/{turn.conversation}?t={turn.id}", status_code=303)


# --------------------------------------------------------------------------------------------------- conversations


@post("/c/{conversation_id:str}/rename", guards=[signed_in], status_code=200)
async def rename(request: WebRequest, conversation_id: FromPath[str]) -> Response[Any]:
    title = (await request.fields()).get("title", "").strip()
    if not title:
        raise InvalidInput("a conversation needs a title")
    await store.rename(conversation_id, request.person.id, title)
    return _after_change(request, f"/c/{conversation_id}")


@post("/c/{conversation_id:str}/delete", guards=[signed_in], status_code=200)
async def delete(request: WebRequest, web: Web, conversation_id: FromPath[str]) -> Response[Any]:
    await store.conversation(conversation_id, request.person.id)
    for running in await store.running_in(conversation_id):
        await web.turns.stop(running)
    await store.delete(conversation_id, request.person.id)
    return _after_change(request, "/")


def _after_change(request: WebRequest, address: str) -> Response[Any]:
    if request.htmx:
        return Response("", media_type="text/html", headers={"HX-Redirect": address})
    return Redirect(address, status_code=303)


HANDLERS = (home, conversation, new_turn, new_turn_of_document, events, ordered_list, stop, rename, delete)
