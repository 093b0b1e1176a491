"""Gemini as Structurer, Interpreter and Reranker, over one guarded way of asking it.

Owns the calls: limits of time, retries, breaker, the check of what comes back, vendors' errors turned into ours.
Knows nothing of the quota's store (it is handed `before_call`) nor of what is done with an answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx2
import stamina
from google import genai
from google.genai import errors, types
from pydantic import ValidationError

from cvmatcher.adapters import gemini_prompts as prompts
from cvmatcher.adapters.breaker import Breaker
from cvmatcher.adapters.gemini_profile import FIRST_LINES, merge, parts_of, profile_from
from cvmatcher.domain import (
    AppError,
    BadAnswer,
    Criterion,
    CriterionKind,
    CVText,
    Dossier,
    EarlierTurn,
    OutOfQuota,
    Profile,
    Quotation,
    Unavailable,
    Understanding,
    Verdict,
    VerdictState,
)
from cvmatcher.identity import mask
from cvmatcher.ports import Structurer

A = TypeVar("A", bound=prompts.Answer)

SHORTEST_DEADLINE_MS = 10_000  # Gemini refuses a request whose client promises to hang up earlier
SHORT_PAUSE = 2.0  # seconds, after a refusal that does not say how long
PASSING = frozenset({408, 429, 500, 502, 503, 504})


async def _no_limit() -> None:
    """Stands for a quota where there is none."""


async def _nobody_told(seconds: float) -> None:
    """Stands for the other processes where there are none."""


class Gemini:
    """One account and model. All adapters of a process share it, so that they share its breaker and its slots.

    `before_call` waits for the quota that all processes share; it may raise OutOfQuota. `after_refusal` is told for how
    many seconds Gemini wants no more calls, for all of them.
    """

    def __init__(
        self,
        *,
        key: str,
        model: str,
        base_url: str | None = None,
        concurrency: int = 8,
        before_call: Callable[[], Awaitable[None]] = _no_limit,
        after_refusal: Callable[[float], Awaitable[None]] = _nobody_told,
        breaker: Breaker | None = None,
        backoff: float = 0.5,
    ) -> None:
        self.model, self.concurrency = model, concurrency
        self._client = genai.Client(api_key=key, enterprise=False, http_options=types.HttpOptions(base_url=base_url))
        self._slots = asyncio.Semaphore(concurrency)
        self._before_call, self._after_refusal, self._backoff = before_call, after_refusal, backoff
        self._breaker = breaker or Breaker()
        self._thinks = True  # until the model says it cannot be told how much

    async def ask(
        self, schema: type[A], instruction: str, text: str, *, seconds: float, one_call: float, attempts: int
    ) -> A:
        """The answer, of that schema. `seconds` cover waiting, retries and all; `one_call` a single request.

        Raises Unavailable, OutOfQuota (both after the retries, with `retry_after` where known) or BadAnswer (at once:
        asking the same again rarely helps, and somebody waits).
        """
        retries = stamina.retry_context(
            on=lambda error: _worth_waiting(error, seconds),
            attempts=attempts,
            timeout=seconds,
            wait_initial=self._backoff,
            wait_jitter=self._backoff,
            wait_max=seconds / 2,
        )
        try:
            async with asyncio.timeout(seconds):
                async for attempt in retries:
                    with attempt:
                        async with self._slots:
                            response = await self._call(schema, instruction, text, one_call)
        except TimeoutError as error:
            raise Unavailable(f"Gemini did not answer within {seconds:g} s") from error
        return _checked(response, schema)

    async def check(self) -> None:
        """Whether the key and the model are taken, for a page that says so; costs no answer of the model.

        Raises Unavailable.
        """
        options = types.HttpOptions(timeout=SHORTEST_DEADLINE_MS)
        async with _translating(5):
            await self._client.aio.models.get(model=self.model, config=types.GetModelConfig(http_options=options))

    async def aclose(self) -> None:
        await self._client.aio.aclose()

    async def _call(
        self, schema: type[A], instruction: str, text: str, seconds: float
    ) -> types.GenerateContentResponse:
        self._breaker.check()  # before the quota, which a call that is not made must not use up
        await self._before_call()
        with self._breaker.guard():
            config = types.GenerateContentConfig(
                system_instruction=instruction,
                response_mime_type="application/json",
                response_json_schema=schema.model_json_schema(),
                thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW) if self._thinks else None,
                automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
                # per read, not per request: a server that drips is cut by asyncio.timeout below
                http_options=types.HttpOptions(timeout=max(SHORTEST_DEADLINE_MS, int(seconds * 1000))),
            )
            try:
                async with _translating(seconds):
                    return await self._client.aio.models.generate_content(
                        model=self.model, contents=text, config=config
                    )
            except OutOfQuota as error:
                await self._after_refusal(error.details["retry_after"] or SHORT_PAUSE)
                raise
            except BadAnswer as error:
                if not self._thinks or "thinking" not in str(error):
                    raise
                self._thinks = False
                raise Unavailable("this model cannot be told how much to think", again=True) from error


@asynccontextmanager
async def _translating(seconds: float) -> AsyncIterator[None]:
    """At most `seconds` for the block, and Google's and the wire's errors as ours."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unavailable(f"Gemini did not answer within {seconds:g} s", again=True) from error
    except errors.APIError as error:
        raise _translated(error) from error
    except (httpx2.HTTPError, errors.UnknownApiResponseError) as error:
        raise Unavailable(f"no answer from Gemini: {type(error).__name__}", again=True) from error
    except (ValueError, AttributeError, TypeError) as error:  # no JSON, or not Gemini's
        raise Unavailable("something that is not Gemini answered", again=True) from error


def _worth_waiting(error: Exception, seconds: float) -> bool | float:
    """Whether to try again, or how long to wait first when Gemini said it."""
    if not isinstance(error, Unavailable) or not error.details.get("again"):
        return False
    retry_after = error.details.get("retry_after")
    return True if retry_after is None else retry_after < seconds and float(retry_after)


def _translated(error: errors.APIError) -> AppError:
    if error.code == 429:
        retry_after = _retry_delay(error.details)
        return OutOfQuota("Gemini's quota is used up for now", again=True, retry_after=retry_after)
    if error.code in PASSING or error.code >= 500:
        return Unavailable(f"Gemini answered {error.code}", again=True)
    if error.code in (401, 403) or "api key" in (error.message or "").lower():
        return Unavailable("Gemini refuses the key: check GEMINI_API_KEY", configuration=True)
    if error.code == 404:
        return Unavailable("Gemini does not know the model: check GEMINI_MODEL", configuration=True)
    if 400 <= error.code < 500:
        about = " (thinking)" if "thinking" in (error.message or "").lower() else ""
        return BadAnswer(f"Gemini refused the request: {error.code} {error.status}{about}")
    return Unavailable(f"Gemini answered {error.code}", again=True)


def _retry_delay(details: Any) -> float | None:
    """Seconds, from the google.rpc.RetryInfo of a 429."""
    listed = details.get("error", {}).get("details", []) if isinstance(details, dict) else []
    delays = [str(item.get("retryDelay", "")) for item in listed if isinstance(item, dict)]
    found = next((m for m in (re.fullmatch(r"(\d+(?:\.\d+)?)s", delay) for delay in delays) if m), None)
    return float(found[1]) if found else None


def _checked(response: types.GenerateContentResponse, schema: type[A]) -> A:
    """The SDK leaves `parsed` None without a word when an answer does not fit: look at everything ourselves."""
    candidates = response.candidates or []
    if not candidates:
        reason = response.prompt_feedback and response.prompt_feedback.block_reason
        raise BadAnswer(f"Gemini gave no answer: {reason.value if reason else 'no candidate'}")
    finish = candidates[0].finish_reason
    if finish is not types.FinishReason.STOP:
        raise BadAnswer(f"Gemini broke off: {finish.value if finish else 'no finish reason'}")
    parts = (candidates[0].content and candidates[0].content.parts) or []
    text = "".join(part.text or "" for part in parts if not part.thought)
    try:
        return schema.model_validate_json(re.sub(r"^\s*```(?:json)?\s*|\s*```\s*$", "", text))
    except ValidationError as error:
        raise BadAnswer(f"Gemini's answer does not fit {schema.__name__}: {error.error_count()} errors") from error


class GeminiStructurer:
    """CV text -> Profile. The rules go first: what identifies the person is theirs, and the model sees masked text."""

    def __init__(self, gemini: Gemini, rules: Structurer) -> None:
        self.version = f"{gemini.model}/{prompts.PROMPT_VERSION}"
        self._gemini, self._rules = gemini, rules

    async def structure(self, text: CVText) -> Profile:
        known = await self._rules.structure(text)
        if not text.text.strip():
            return known
        try:
            async with asyncio.timeout(50):
                if not known.name:
                    known = known.model_copy(update={"name": await self._name(text, known)})
                masked = [mask(page, known) for page in text.pages]
                answers = [await self._read(part) for part in parts_of(masked)]
        except TimeoutError as error:
            raise Unavailable("Gemini did not structure the CV within 50 s") from error
        return profile_from(merge(answers), known, "\n".join(masked))

    async def _read(self, part: str) -> prompts.ProfileAnswer:
        return await self._gemini.ask(
            prompts.ProfileAnswer,
            prompts.STRUCTURE,
            prompts.marked("cv", part),
            seconds=50,
            one_call=24,  # ingestion waits 25 s; shorter, so that the breaker hears of a call that hangs
            attempts=4,
        )

    async def _name(self, text: CVText, known: Profile) -> str:
        """The name the rules did not find, asked from the first lines, and only if it stands there."""
        first = [line for line in text.text.splitlines() if line.strip()][:FIRST_LINES]
        lines = mask("\n".join(first), known)
        answer = await self._gemini.ask(
            prompts.NameAnswer,
            prompts.FIND_NAME,
            prompts.marked("lines", lines),
            seconds=15,
            one_call=10,
            attempts=2,
        )
        name = " ".join(answer.name.split())
        return name if name and name in " ".join(lines.split()) else ""


class GeminiInterpreter:
    """A recruiter's message -> criteria, within 8 s or not at all."""

    def __init__(self, gemini: Gemini) -> None:
        self._gemini = gemini

    async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
        masked = [
            EarlierTurn(message=mask(turn.message, Profile()), criteria=_masked(turn.criteria)) for turn in conversation
        ]
        answer = await self._gemini.ask(
            prompts.CriteriaAnswer,
            prompts.UNDERSTAND,
            prompts.message_and_conversation(mask(message, Profile()), masked),
            seconds=8,
            one_call=6,
            attempts=2,
        )
        usable = [c for c in answer.criteria if _usable(c)]
        unused = [c.label for c in answer.criteria if not _usable(c)]
        return Understanding(
            criteria=tuple(
                Criterion(id=f"c{n}", **c.model_dump()) for n, c in enumerate(usable[:MOST_CRITERIA], start=1)
            ),
            not_understood=tuple(s for s in (*answer.not_understood, *unused) if s and s in message),
            by=self._gemini.model,
        )


MOST_CRITERIA = 20


def _masked(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Criteria without contacts and the like, which a recruiter may have typed or pasted."""
    return tuple(
        c.model_copy(update={"label": mask(c.label, Profile()), "value": mask(c.value, Profile())}) for c in criteria
    )


def _usable(criterion: prompts.CriterionAnswer) -> bool:
    match criterion.kind:
        case CriterionKind.YEARS:
            return criterion.minimum is not None or criterion.maximum is not None
        case CriterionKind.LANGUAGE:
            return re.fullmatch(r"[a-z]{2}", criterion.value) is not None
    return bool(criterion.value.strip()) or (criterion.kind is CriterionKind.PLACE and criterion.or_remote)


class GeminiReranker:
    """Judges every candidate in a call of its own: no CV is ever in the same prompt as another."""

    def __init__(self, gemini: Gemini) -> None:
        self.name = gemini.model
        self._gemini = gemini

    async def judge(self, criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        """Verdicts as they come. At the end raises the first failure (details: `judged`, `failed` candidates)."""
        tasks = {asyncio.create_task(self._judge_one(criteria, dossier)) for dossier in dossiers}
        failures: list[AppError] = []
        try:
            for task in asyncio.as_completed(tasks):
                try:
                    verdicts = await task
                except (Unavailable, BadAnswer) as error:
                    failures.append(error)
                    continue
                for verdict in verdicts:
                    yield verdict
        finally:  # the reader has left, or all is done
            for pending in tasks:
                pending.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if failures:
            failures[0].details.update(judged=len(dossiers) - len(failures), failed=len(failures))
            raise failures[0]

    async def _judge_one(self, criteria: Sequence[Criterion], dossier: Dossier) -> list[Verdict]:
        answer = await self._gemini.ask(
            prompts.VerdictsAnswer,
            prompts.JUDGE,
            prompts.criteria_and_cv(_masked(criteria), [mask(page, dossier.profile) for page in dossier.pages]),
            seconds=19,
            one_call=10,
            attempts=3,
        )
        asked = [criterion.id for criterion in criteria]
        once = {v.criterion_id: v for v in answer.verdicts}
        said = [v.criterion_id for v in answer.verdicts]
        verdicts = [_verdict(once[i], dossier.id, self.name) for i in asked if said.count(i) == 1]
        if criteria and not verdicts:
            raise BadAnswer("Gemini judged none of the criteria asked")
        return verdicts


def _verdict(answer: prompts.VerdictAnswer, candidate_id: str, by: str) -> Verdict:
    text = answer.quotation.strip()
    quoted = Quotation(text=text) if text and answer.verdict is not VerdictState.NOT_FOUND else None
    return Verdict(
        candidate_id=candidate_id, criterion_id=answer.criterion_id, state=answer.verdict, quotation=quoted, by=by
    )
