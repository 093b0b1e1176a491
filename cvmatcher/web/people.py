"""Own settings for everyone; for admins, who may sign in."""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from cvmatcher.domain import AppError, Conflict, InvalidInput, NotAllowed
from cvmatcher.store import audit
from cvmatcher.store import people as store
from cvmatcher.store.people import Role
from cvmatcher.web.auth import admin, signed_in
from cvmatcher.web.catalogs import LANGUAGES
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest

THEMES = ("", "light", "dark")


# -------------------------------------------------------------------------------------------------------- settings


@get("/settings", guards=[signed_in])
async def settings(request: WebRequest, web: Web, saved: FromQuery[str] = "") -> Response[Any]:
    return web.render.page(request.viewer, "people/settings.html", token="", problem="", saved=bool(saved))


@post("/settings", guards=[signed_in], status_code=200)
async def save_settings(request: WebRequest) -> Response[Any]:
    fields = await request.fields()
    language, theme = fields.get("language", ""), fields.get("theme", "")
    if language not in ("", *LANGUAGES) or theme not in THEMES:
        raise InvalidInput("no such language or theme")
    await store.set_preferences(request.person.id, language=language, theme=theme, letter_keys="letter_keys" in fields)
    return Redirect("/settings?saved=1", status_code=303)


@post("/settings/password", guards=[signed_in], status_code=200)
async def change_password(request: WebRequest, web: Web) -> Response[Any]:
    """All sessions end; the person signs in again with the new password."""
    fields, user = await request.fields(), request.person
    await store.count_try(user.name, web.address_of(request))
    if await store.check_password(user.name, fields.get("old", "")[:1000]) is None:
        problem = _("The present password is not right.")
    else:
        try:
            await store.set_password(user.id, fields.get("new", "")[:1000])
        except InvalidInput:
            problem = _("A password has at least 8 characters.")
        else:
            await audit.append(user.id, "changed password", user.id)
            return Redirect("/login", status_code=303)
    return web.render.page(request.viewer, "people/settings.html", status=422, token="", problem=problem, saved=False)


@post("/settings/token", guards=[signed_in], status_code=200)
async def new_token(request: WebRequest, web: Web) -> Response[Any]:
    """A new bearer token for scripts; it replaces the old ones and is shown this once."""
    user = request.person
    await store.drop_tokens(user.id)
    token = await store.new_token(user.id, "settings")
    await audit.append(user.id, "made a token", user.id)
    return web.render.page(request.viewer, "people/settings.html", token=token, problem="", saved=False)


# ----------------------------------------------------------------------------------------------------------- users


@get("/users", guards=[admin])
async def users(request: WebRequest, web: Web) -> Response[Any]:
    return await _users(request, web)


async def _users(
    request: WebRequest, web: Web, *, problem: str = "", made: tuple[str, str] = ("", ""), status: int = 200
) -> Response[Any]:
    found = await store.users()
    return web.render.page(request.viewer, "people/users.html", status=status, users=found, problem=problem, made=made)


@post("/users", guards=[admin], status_code=200)
async def add_user(request: WebRequest, web: Web) -> Response[Any]:
    """A new user with a password that the admin hands over; shown this once."""
    fields = await request.fields()
    name, role = fields.get("name", "").strip(), fields.get("role", "")
    if role not in set(Role):
        raise InvalidInput("no such role")
    password = secrets.token_urlsafe(12)
    problem: AppError
    try:
        user = await store.add_user(
            name,
            password,
            Role(role),
            can_export="can_export" in fields,
            can_upload="can_upload" in fields,
            temporary=True,
        )
    except Conflict as error:
        problem, said = error, _("This name is taken.")
    except InvalidInput as error:
        problem, said = error, _("A user needs a name of at most 100 characters.")
    else:
        await audit.append(request.person.id, "added user", user.id)
        return await _users(request, web, made=(user.name, password))
    return await _users(request, web, problem=said, status=409 if isinstance(problem, Conflict) else 422)


@post("/users/{user_id:str}/password", guards=[admin], status_code=200)
async def reset_password(request: WebRequest, web: Web, user_id: FromPath[str]) -> Response[Any]:
    """A password for the admin to hand over, shown this once; its owner has to change it. Sessions and tokens end."""
    if user_id == request.person.id:
        raise NotAllowed("one's own is changed in the settings")
    password = secrets.token_urlsafe(12)
    user = await store.reset_password(user_id, password)
    await audit.append(request.person.id, "reset password", user_id)
    return await _users(request, web, made=(user.name, password))


@post("/users/{user_id:str}/disable", guards=[admin], status_code=200)
async def disable(request: WebRequest, user_id: FromPath[str]) -> Response[Any]:
    """Ends the user's sessions at once. Nobody disables themselves: there would be no admin left."""
    if user_id == request.person.id:
        raise NotAllowed("not oneself")
    await store.set_disabled(user_id, disabled=True)
    await audit.append(request.person.id, "disabled user", user_id)
    return Redirect("/users", status_code=303)


@post("/users/{user_id:str}/enable", guards=[admin], status_code=200)
async def enable(request: WebRequest, user_id: FromPath[str]) -> Response[Any]:
    await store.set_disabled(user_id, disabled=False)
    await audit.append(request.person.id, "enabled user", user_id)
    return Redirect("/users", status_code=303)


@post("/users/{user_id:str}/export", guards=[admin], status_code=200)
async def set_export(request: WebRequest, user_id: FromPath[str]) -> Response[Any]:
    """Whether the user may carry lists of candidates out: apart from the role."""
    allowed = "allowed" in await request.fields()
    await store.set_export(user_id, allowed=allowed)
    await audit.append(request.person.id, "allowed export" if allowed else "forbade export", user_id)
    return Redirect("/users", status_code=303)


@post("/users/{user_id:str}/uploads", guards=[admin], status_code=200)
async def allow_uploads(request: WebRequest, user_id: FromPath[str]) -> Response[Any]:
    """Whether somebody may add CVs by hand."""
    allowed = bool((await request.fields()).get("allowed"))
    await store.set_can_upload(user_id, allowed=allowed)
    await audit.append(request.person.id, "allowed uploads" if allowed else "refused uploads", user_id)
    return Redirect("/users", status_code=303)


HANDLERS = (
    settings,
    save_settings,
    change_password,
    new_token,
    users,
    add_user,
    reset_password,
    disable,
    enable,
    set_export,
    allow_uploads,
)
