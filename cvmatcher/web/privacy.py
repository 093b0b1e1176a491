"""A person's rights, for admins: found, told what is known of them, erased; the retention clock; the model's switch."""

from __future__ import annotations

from collections import Counter
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cvmatcher import access, erasure, retention
from cvmatcher.domain import InvalidInput, NotAllowed, NotFound
from cvmatcher.erasure import Found
from cvmatcher.store import audit, candidates, contacts, preferences
from cvmatcher.store.preferences import Preferences
from cvmatcher.web.auth import admin, signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, clean, own_path, path_of
from cvmatcher.web.sentences import PLACES

SHOWN = 200  # of those whose time is over
MOST_AT_ONCE = 500  # candidates and files of one erasure
WHOLE = ("CVExtractionCollection", "seen_cvs", "shortlists", "contacts")  # what a number says something of


@get("/privacy", guards=[admin])
async def page(request: WebRequest, web: Web) -> Response[Any]:
    return await _page(request, web)


async def _page(
    request: WebRequest, web: Web, *, who: str = "", found: list[Found] | None = None, problem: str = ""
) -> Response[Any]:
    wanted = await preferences.get()
    over = await retention.due(wanted.retention_months)
    return web.render.page(
        request.viewer,
        "privacy/privacy.html",
        status=422 if problem else 200,
        who=who,
        found=found,
        problem=problem,
        wanted=wanted,
        over=over[:SHOWN],
        over_count=len(over),
        model=web.services.settings.gemini_model if web.services.gemini else "",
    )


@post("/privacy/find", guards=[admin], status_code=200)
async def find(request: WebRequest, web: Web) -> Response[Any]:
    """By a form that posts: a name in an address would stand in logs and histories."""
    _refuse_blind(request)
    who = (await request.fields()).get("who", "").strip()[:200]
    return await _page(request, web, who=who, found=await erasure.find(who))


def _refuse_blind(request: WebRequest) -> None:
    """Who asks about a person, or erases one, has to see who it is. Raises NotAllowed."""
    if request.person.blind:
        raise NotAllowed("hidden by blind mode", sentence="blind")


# ------------------------------------------------------------------------------------------------------------ erasure


async def _chosen(request: WebRequest) -> tuple[list[str], list[str]]:
    """Candidate ids and file keys of the form. Raises InvalidInput for none or too many, NotAllowed in blind mode."""
    _refuse_blind(request)
    form = await request.form()
    ids = [clean(str(value)) for value in form.getall("candidate", [])]
    keys = [clean(str(value)) for value in form.getall("key", [])]
    if not 0 < len(ids) + len(keys) <= MOST_AT_ONCE:
        raise InvalidInput("nobody chosen", sentence=_("Choose at least one person."))
    return ids, keys


@post("/privacy/preview", guards=[admin], status_code=200)
async def preview(request: WebRequest, web: Web) -> Response[Any]:
    """What would go; nothing goes yet. One candidate brings up other CVs with the same e-mail or phone."""
    ids, keys = await _chosen(request)
    seen = await erasure.preview(ids, keys, web.services.database)
    one = await candidates.get(ids[0]) if len(ids) == 1 else None
    alike = [other for other in await erasure.same_person(one) if other.candidate_id != one.id] if one else []
    counted = _in_words(seen.traces)
    return web.render.page(
        request.viewer,
        "privacy/erase.html",
        preview=seen,
        alike=alike,
        whole={kind: count for kind, count in counted.items() if kind in WHOLE},
        parts=[kind for kind in counted if kind not in WHOLE],
    )


def _in_words(traces: dict[str, int]) -> dict[str, int]:
    """Documents by kind of place, each kind once: what a collection is called says nothing to people."""
    counted: Counter[str] = Counter()
    kind_of = {text: kind for kind, text in PLACES.items()}
    for name, count in traces.items():
        kind = "CVExtractionCollection" if name == candidates.collection().name else name
        kind = "originals" if name.startswith("original_") else kind
        counted[kind_of[PLACES.get(kind, PLACES["other"])]] += count
    return dict(counted)


@post("/privacy/erase", guards=[admin], status_code=200)
async def erase(request: WebRequest, web: Web) -> Response[Any]:
    """Erases those chosen; the page names the files that only their owner can delete."""
    ids, keys = await _chosen(request)
    person = await erasure.person_of(ids, keys)
    receipt = await erasure.erase(person, web.services.erasure, by=request.person.id)
    if request.wants_json:
        return Response(receipt.model_dump(mode="json"))
    return web.render.page(request.viewer, "privacy/erased.html", receipt=receipt)


# ------------------------------------------------------------------------------------------------------ access, contact


@post("/privacy/access", guards=[admin], status_code=200)
async def tell(request: WebRequest, web: Web) -> Response[bytes]:
    """All that is known of a person, and their files, as a zip for them."""
    ids, _keys = await _chosen(request)
    data = await access.export(ids, web.services.erasure)
    for candidate_id in ids:
        await audit.append(request.person.id, "exported", candidate_id)
    headers = {"Content-Disposition": 'attachment; filename="access.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


@post("/cv/{candidate_id:str}/contact", guards=[signed_in], status_code=200)
async def contact(request: WebRequest, candidate_id: FromPath[str]) -> Response[Any]:
    """There was contact today: the retention clock starts anew."""
    if await candidates.get(candidate_id) is None:
        raise NotFound("no such candidate")
    await contacts.note(candidate_id, request.person.id)
    await audit.append(request.person.id, "contacted", candidate_id)
    if request.wants_json:
        return Response({"id": candidate_id})
    asked_from = (await request.fields()).get("back", "") or path_of(request.headers.get("referer", ""))
    return Redirect(own_path(asked_from), status_code=303)


# -------------------------------------------------------------------------------------------------------- preferences


@post("/privacy/preferences", guards=[admin], status_code=200)
async def save(request: WebRequest, web: Web) -> Response[Any]:
    fields = await request.fields()
    try:
        wanted = Preferences(
            ai="ai" in fields,
            retention_months=int(fields.get("retention_months", "")),
            retention_automatic="retention_automatic" in fields,
        )
    except ValueError:
        return await _page(request, web, problem=_("Say the time in months, from 1 to 240."))
    await preferences.save(wanted)
    await audit.append(request.person.id, "changed preferences")
    return Redirect("/privacy", status_code=303)


HANDLERS = (page, find, preview, erase, tell, contact, save)
