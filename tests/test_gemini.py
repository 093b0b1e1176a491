"""The one way of asking Gemini, with every way it fails, over the real client and a local server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest

from cvmatcher.adapters.breaker import Breaker
from cvmatcher.adapters.gemini import Gemini
from cvmatcher.adapters.gemini_prompts import NameAnswer
from cvmatcher.domain import BadAnswer, OutOfQuota, Unavailable
from tests.servers import gemini as wire
from tests.servers.gemini import GeminiServer

GOOD = {"name": "Zoé"}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
async def client(server: GeminiServer) -> AsyncIterator[Gemini]:
    client = made(server)
    yield client
    await client.aclose()


def made(server: GeminiServer, breaker: Breaker | None = None, key: str = "local-key") -> Gemini:
    return Gemini(key=key, model="local-model", base_url=server.url, backoff=0.001, breaker=breaker)


async def ask(client: Gemini, seconds: float = 5, attempts: int = 3) -> NameAnswer:
    return await client.ask(NameAnswer, "who", "text", seconds=seconds, one_call=seconds, attempts=attempts)


async def test_asks_for_the_schema_and_for_a_deadline_gemini_takes(server: GeminiServer, client: Gemini) -> None:
    server.always(wire.answer(GOOD))
    assert (await ask(client, seconds=2)).name == "Zoé"
    request = server.requests[0]
    assert request.path == "/v1/models/local-model:generateContent"
    assert float(request.headers["x-server-timeout"]) >= 10
    assert request.json["generationConfig"]["responseJsonSchema"] == NameAnswer.model_json_schema()
    assert request.json["generationConfig"]["responseMimeType"] == "application/json"


PASSING = {
    "429": wire.out_of_quota(),
    "429 with a delay": wire.out_of_quota(0.01),
    "500": wire.status(500, "INTERNAL"),
    "503": wire.status(503),
    "504": wire.status(504, "DEADLINE_EXCEEDED"),
    "HTML with 502": wire.html(502),
    "HTML with 200": wire.html(200),
    "breaks off": wire.Reply(body=b'{"candidates": [', promise=500),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
async def test_what_passes_is_tried_again(server: GeminiServer, client: Gemini, reply: wire.Reply) -> None:
    server.then(reply, reply)
    server.always(wire.answer(GOOD))
    assert (await ask(client)).name == "Zoé"
    assert len(server.requests) == 3


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
async def test_what_does_not_pass_ends_as_unavailable(server: GeminiServer, client: Gemini, reply: wire.Reply) -> None:
    server.always(reply)
    with pytest.raises(Unavailable):
        await ask(client)
    assert len(server.requests) == 3


BAD = {
    "truncated": wire.truncated(GOOD),
    "cut but complete": wire.said(json.dumps(GOOD), finish="MAX_TOKENS"),
    "safety block": wire.blocked(),
    "refused prompt": wire.refused_prompt(),
    "no candidates": wire.empty(),
    "empty text": wire.said(""),
    "prose": wire.said("Certainly! The name is Zoé."),
    "wrong schema": wire.answer({"nom": "Zoé"}),
    "wrong type": wire.answer({"name": ["Zoé"]}),
    "a list": wire.answer([GOOD]),
    "another service's JSON": wire.as_json([1, 2]),
    "request refused": wire.status(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
async def test_rubbish_is_a_bad_answer_at_once(server: GeminiServer, client: Gemini, reply: wire.Reply) -> None:
    server.always(reply)
    with pytest.raises(BadAnswer) as failure:
        await ask(client)
    assert len(server.requests) == 1
    assert "Zoé" not in f"{failure.value}{failure.value.__cause__}"  # an error may be logged: never a CV's words


async def test_a_fence_around_good_json_is_taken_off(server: GeminiServer, client: Gemini) -> None:
    server.always(wire.fenced(GOOD))
    assert (await ask(client)).name == "Zoé"


@pytest.mark.parametrize("reply", [wire.hang(), wire.drip(GOOD)], ids=["hang", "drip"])
async def test_silence_and_drip_end_in_time(server: GeminiServer, client: Gemini, reply: wire.Reply) -> None:
    server.always(reply)
    with pytest.raises(Unavailable):
        await ask(client, seconds=0.3)


async def test_a_long_pause_asked_for_is_not_waited_for(server: GeminiServer, client: Gemini) -> None:
    server.always(wire.out_of_quota(3600))
    with pytest.raises(OutOfQuota) as refusal:
        await ask(client)
    assert refusal.value.details["retry_after"] == 3600
    assert len(server.requests) == 1


async def test_a_wrong_key_says_which_setting(server: GeminiServer) -> None:
    client = made(server, key="wrong")
    with pytest.raises(Unavailable, match="GEMINI_API_KEY"):
        await ask(client)
    assert len(server.requests) == 1
    await client.aclose()


async def test_check_says_what_is_wrong(server: GeminiServer, client: Gemini) -> None:
    await client.check()
    for key, model, setting in (("wrong", "m", "GEMINI_API_KEY"), (server.key, "unknown", "GEMINI_MODEL")):
        other = Gemini(key=key, model=model, base_url=server.url)
        with pytest.raises(Unavailable, match=setting):
            await other.check()
        with pytest.raises(Unavailable, match=setting):
            await ask(other)
        await other.aclose()


async def test_nobody_listens(server: GeminiServer) -> None:
    client = Gemini(key="k", model="m", base_url="http://127.0.0.1:1", backoff=0.001)
    with pytest.raises(Unavailable):
        await ask(client)
    await client.aclose()


async def test_a_model_that_cannot_be_told_how_much_to_think(server: GeminiServer, client: Gemini) -> None:
    server.then(wire.status(400, "INVALID_ARGUMENT", "Thinking level is not supported for this model."))
    server.always(wire.answer(GOOD))
    assert (await ask(client)).name == "Zoé"
    first, second = (r.json["generationConfig"] for r in server.requests)
    assert "thinkingConfig" in first
    assert "thinkingConfig" not in second


async def test_the_quota_is_asked_before_each_try(server: GeminiServer) -> None:
    asked = []

    async def before_call() -> None:
        asked.append(len(server.requests))

    client = Gemini(key="local-key", model="m", base_url=server.url, backoff=0.001, before_call=before_call)
    server.then(wire.status(503))
    server.always(wire.answer(GOOD))
    await ask(client)
    assert asked == [0, 1]
    await client.aclose()


async def test_a_refusal_is_told_to_all_processes(server: GeminiServer) -> None:
    told: list[float] = []

    async def after_refusal(seconds: float) -> None:
        told.append(seconds)

    client = Gemini(key="local-key", model="m", base_url=server.url, backoff=0.001, after_refusal=after_refusal)
    server.then(wire.out_of_quota(0.01), wire.out_of_quota())
    server.always(wire.answer(GOOD))
    await ask(client)
    assert told == [0.01, 2.0]
    await client.aclose()


async def test_breaker_opens_then_one_call_tries_then_it_closes(server: GeminiServer) -> None:
    now = [0.0]
    client = made(server, Breaker(failures=3, pause=30, clock=lambda: now[0]))
    server.always(wire.status(503))
    with pytest.raises(Unavailable):
        await ask(client, attempts=3)
    with pytest.raises(Unavailable) as refusal:
        await ask(client)
    assert len(server.requests) == 3  # the fourth was never sent
    assert refusal.value.details["retry_after"] == 30

    now[0] = 31
    with pytest.raises(Unavailable):
        await ask(client, attempts=3)
    assert len(server.requests) == 4  # one trial failed: open again

    now[0] = 62
    server.always(wire.answer(GOOD))
    await asyncio.gather(ask(client), return_exceptions=True)
    assert (await ask(client)).name == "Zoé"
    await client.aclose()


async def test_a_cancelled_trial_leaves_room_for_the_next(server: GeminiServer) -> None:
    now = [0.0]
    breaker = Breaker(failures=1, pause=30, clock=lambda: now[0])
    client = made(server, breaker)
    server.then(wire.status(503), wire.hang())
    with pytest.raises(Unavailable):
        await ask(client, attempts=1)
    now[0] = 31
    trial = asyncio.create_task(ask(client, seconds=60))
    await server.arrived(2)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    server.always(wire.answer(GOOD))
    assert (await ask(client)).name == "Zoé"
    await client.aclose()
