"""The web application: routes, middleware, error handlers. Built from services, so that tests build it from fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.static_files import create_static_files_router

from cvmatcher import search as core
from cvmatcher.cancelling import end
from cvmatcher.domain import Misconfigured, SearchEvent
from cvmatcher.warming import Warmer
from cvmatcher.web import (
    admin,
    auth,
    compare,
    cvs,
    diagnostic,
    entries,
    errors,
    files,
    liked,
    lists,
    others,
    people,
    privacy,
    records,
    saved,
    search,
    sight,
    uploads,
    welcome,
)
from cvmatcher.web.parts import Parts
from cvmatcher.web.places import folder
from cvmatcher.web.render import Renderer
from cvmatcher.web.request import WebRequest
from cvmatcher.web.security import CSRF, Cookies, CrossSite, Head, Impossible, add_headers
from cvmatcher.web.turns import Run, Turns
from cvmatcher.wiring import Services

BODY_LIMIT = 64 * 1024


def create_app(services: Services, run: Run | None = None, render: Renderer | None = None) -> Litestar:
    """The app over open services. `run` replaces the search in tests, `render` the catalogs.

    Raises Misconfigured without a SECRET_KEY.
    """
    if services.settings.secret_key is None:
        raise Misconfigured("SECRET_KEY must be set (32 characters or more); `cvmatcher up` makes one")
    https = (services.settings.public_url or "").startswith("https://")

    async def searching(request: core.SearchRequest) -> AsyncIterator[SearchEvent]:
        async with aclosing(core.run(request, await services.search_parts())) as events:  # type: ignore[type-var]
            async for event in events:
                yield event

    web = Parts(
        services=services, turns=Turns(run or searching), cookies=Cookies(https=https), render=render or Renderer()
    )
    warmer = Warmer(lambda: services.search)
    csrf = CSRFConfig(
        secret=services.settings.secret_key.get_secret_value(),
        cookie_name="__Host-csrf" if https else "csrf",
        cookie_secure=https,
        cookie_httponly=True,
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        services.follower.told.append(web.forget)
        services.follower.told.append(warmer.hear)
        await core.warm(services.search)
        warmer.hear(None)
        warming = asyncio.create_task(warmer.run(), name="names-made-ready")
        try:
            async with web.turns.open():
                yield
        finally:
            await end(warming)
        services.follower.told.remove(warmer.hear)
        services.follower.told.remove(web.forget)

    app = Litestar(
        route_handlers=[
            *auth.HANDLERS,
            *search.HANDLERS,
            *cvs.HANDLERS,
            *others.HANDLERS,
            *liked.HANDLERS,
            *lists.HANDLERS,
            *entries.HANDLERS,
            *compare.HANDLERS,
            *saved.HANDLERS,
            *admin.HANDLERS,
            *files.HANDLERS,
            *uploads.HANDLERS,
            *people.HANDLERS,
            *diagnostic.HANDLERS,
            *welcome.HANDLERS,
            *privacy.HANDLERS,
            *sight.HANDLERS,
            *records.HANDLERS,
            create_static_files_router("/static", directories=[folder("static")], guards=[auth.open_to_all]),
        ],
        request_class=WebRequest,
        middleware=[Impossible, CrossSite, DefineMiddleware(auth.WhoAsks), DefineMiddleware(CSRF, config=csrf)],
        before_send=[add_headers(https=https)],
        exception_handlers=errors.HANDLERS,
        dependencies={"web": Provide(lambda: web, sync_to_thread=False)},
        state=State({"web": web}),
        lifespan=[lifespan],
        request_max_body_size=BODY_LIMIT,
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = Head(app.asgi_handler)
    return app
