"""What the web's tests share: the real app behind a real uvicorn, a scripted search, a client that keeps cookies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx
import uvicorn
from litestar import Litestar
from pydantic import SecretStr

from cvmatcher import jobs, store
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.domain import (
    Candidate,
    Criterion,
    CriterionKind,
    Ended,
    EndState,
    Hit,
    HitsFound,
    Judged,
    Need,
    Ordered,
    Profile,
    Quotation,
    SearchEvent,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.indexing import Follower
from cvmatcher.search import SearchParts, SearchRequest
from cvmatcher.settings import Settings
from cvmatcher.store import candidates, people
from cvmatcher.store.people import Role, User
from cvmatcher.store.transactions import Session, in_transaction
from cvmatcher.wiring import Services
from tests.fakes import FakeVectorIndex, FakeWordIndex, HashEmbedder
from tests.ingesting import ScriptedSource

PASSWORD = "correct horse"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}

CRITERIA = (
    Criterion(id="c1", kind=CriterionKind.SKILL, value="python", label="Python"),
    Criterion(id="c2", kind=CriterionKind.PLACE, value="lyon", label="Lyon"),
)


# --------------------------------------------------------------------------------------------------------- services


def services_of(database: store.Database, queue: jobs.Queue, home: Path, **settings: Any) -> Services:
    """Services as wiring makes them, but with small fakes for the models and the indexes."""
    embedder, vectors, words = HashEmbedder(), FakeVectorIndex(), FakeWordIndex()
    values: dict[str, Any] = {"secret_key": SecretStr("s" * 32), "cvmatcher_home": home, "_env_file": None} | settings
    parts: dict[str, Any] = {
        "settings": Settings(**values),
        "client": database.client,
        "database": database,
        "queue": queue,
        "sources": {"drive": ScriptedSource()},
        "structurer": RulesStructurer(),
        "embedder": embedder,
        "vectors": vectors,
        "words": words,
        "follower": Follower(vectors, words),
        "search": SearchParts(
            embedder=embedder,
            vectors=vectors,
            words=words,
            rules=RulesInterpreter(),
            judge_by_rules=RulesReranker(),
            read_candidates=candidates.by_ids,
        ),
    }
    unused = {name: None for name in Services.__dataclass_fields__ if name not in parts}
    given = {name: value for name, value in parts.items() if name in Services.__dataclass_fields__}
    return Services(**cast("Any", given | unused))


def scripted(services: Services) -> ScriptedSource:
    return cast("ScriptedSource", services.sources["drive"])


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[str]:
    """The app's address while a real uvicorn serves it on a free port of loopback."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


# ---------------------------------------------------------------------------------------------------------- people


async def person(name: str, role: Role = Role.RECRUITER, **fields: bool) -> User:
    return await people.add_user(name, PASSWORD, role, **fields)


class Browser:
    """An HTTP client that keeps cookies, and sends the forms of the page it is on with their token."""

    def __init__(self, base: str, **headers: str) -> None:
        self.http = httpx.AsyncClient(base_url=base, headers={"Accept": "text/html", **headers}, timeout=30)
        self.token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def get(self, path: str, **headers: str) -> httpx.Response:
        answer = await self.http.get(path, headers=headers)
        found = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', answer.text)
        self.token = found.group(1) if found else self.token
        return answer

    async def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        return await self.http.post(path, data={"_csrf_token": self.token, **(fields or {})}, headers=headers)

    async def htmx(self, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        return await self.post(path, fields, **HTMX)

    async def signed_in(self, user: User) -> None:
        """A session without the password's slow digest, for tests that are not about signing in."""
        self.http.cookies.set("session", await people.start_session(user.id), domain=self.http.base_url.host)
        await self.get("/")

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        await self.get("/login")
        answer = await self.post("/login", {"name": name, "password": password})
        await self.get("/")
        return answer


def script(token: str) -> dict[str, str]:
    """Headers of a script with a bearer token."""
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


# ---------------------------------------------------------------------------------------------------------- search


@dataclass
class Scripted:
    """A search that does what a test says: what it yields, and when it goes on."""

    steps: list[SearchEvent | Exception | asyncio.Event] = field(default_factory=list)
    asked: list[SearchRequest] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, request: SearchRequest) -> AsyncIterator[SearchEvent]:
        self.asked.append(request)
        try:
            for step in list(self.steps):
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise


def hit(number: int) -> Hit:
    return Hit(
        candidate_id=f"cand{number}",
        name=f"Person {number}",
        title="Developer",
        place="Lyon",
        years=5.0,
        passage="wrote services in Python",
        language="en",
    )


def judged(number: int, state: VerdictState = VerdictState.MET) -> Judged:
    quotation = Quotation(text="services in Python", before="wrote", after="for years")
    quoted = None if state is VerdictState.NOT_FOUND else quotation
    return Judged(
        candidate_id=f"cand{number}",
        verdicts=tuple(
            Verdict(candidate_id=f"cand{number}", criterion_id=one.id, state=state, quotation=quoted)
            for one in CRITERIA
        ),
    )


UNDERSTOOD = Understood(understanding=Understanding(criteria=CRITERIA))
HITS = HitsFound(hits=(hit(1), hit(2), hit(3)))
ORDERED = Ordered(candidate_ids=("cand3", "cand1", "cand2"), by="rules")
DONE = Ended(state=EndState.DONE)

WHOLE: list[SearchEvent | Exception | asyncio.Event] = [
    UNDERSTOOD,
    HITS,
    judged(1),
    judged(2, VerdictState.NOT_FOUND),
    judged(3),
    ORDERED,
    DONE,
]


def messages(body: str) -> list[dict[str, str]]:
    """The messages of an event stream: id, event, data; comments left out."""
    found = []
    for block in body.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            if name:
                fields[name] = f"{fields[name]}\n{value.strip()}" if name in fields else value.strip()
        if fields:
            found.append(fields)
    return found


def turn_in(html: str) -> str:
    """The id of the (last) turn that a page or fragment shows."""
    return str(re.findall(r'<article class="turn" id="t-([0-9a-f]+)"', html)[-1])


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a condition; pytest's own patience is the limit."""
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)


async def candidate(number: int, name: str = "", **fields: Any) -> Candidate:
    """A candidate in the pool."""
    made = Candidate(
        id=f"cand{number}",
        content_hash=f"hash{number}",
        file_key=f"drive:{number}",
        file_name=fields.pop("file_name", f"{number}.pdf"),
        profile=fields.pop("profile", Profile(name=name or f"Person {number}", headline="Developer")),
        pages=fields.pop("pages", ("wrote services in Python",)),
        ingested_at=datetime.now(UTC),
        **fields,
    )

    async def put(session: Session) -> None:
        await candidates.add(made, session=session)

    await in_transaction(candidates.CandidateDocument, put)
    return made


NICE = Need.NICE
