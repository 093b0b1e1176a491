"""A local server that speaks Gemini's wire format to the real google-genai client, faults included.

`with GeminiServer() as server:` then `server.always(answer({...}))`, or `server.then(status(503), answer({...}))` for
the next requests in order, or `server.decide(function of the Request)`; `server.decide(honest)` is a model that works.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.servers.http import LocalServer, Reply, Request, as_json, html

__all__ = [
    "GeminiServer",
    "Reply",
    "Request",
    "answer",
    "as_json",
    "blocked",
    "drip",
    "empty",
    "fenced",
    "hang",
    "honest",
    "html",
    "out_of_quota",
    "prompt_of",
    "refused_prompt",
    "said",
    "status",
    "truncated",
]

SHORTEST_DEADLINE = 10  # seconds; the real server refuses less


def said(text: str, finish: str = "STOP") -> Reply:
    """The model said `text`."""
    return as_json(
        {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
            ],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20},
            "modelVersion": "local",
        }
    )


def answer(value: Any) -> Reply:
    return said(json.dumps(value, ensure_ascii=False))


def fenced(value: Any) -> Reply:
    return said(f"```json\n{json.dumps(value)}\n```")


def truncated(value: Any) -> Reply:
    text = json.dumps(value)
    return said(text[: len(text) // 2], finish="MAX_TOKENS")


def blocked() -> Reply:
    """A safety block in mid-answer: a finish reason and no content."""
    return as_json({"candidates": [{"finishReason": "SAFETY", "index": 0, "safetyRatings": []}]})


def refused_prompt() -> Reply:
    """A safety block of the question: no candidate at all."""
    return as_json({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})


def empty() -> Reply:
    return as_json({"candidates": []})


def status(code: int, name: str = "UNAVAILABLE", message: str = "try again", details: list[Any] | None = None) -> Reply:
    return as_json({"error": {"code": code, "message": message, "status": name, "details": details or []}}, code)


def out_of_quota(seconds: float | None = None) -> Reply:
    """429 as Gemini says it, with the delay it asks for."""
    details = [] if seconds is None else [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"}
    ]  # fmt: skip
    return status(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", details)


def hang() -> Reply:
    return Reply(hang=True)


def drip(value: Any, seconds: float = 0.05) -> Reply:
    """A whole answer, one byte at a time: no single read ever times out."""
    whole = answer(value)
    return Reply(whole.status, whole.body, drip=seconds)


def prompt_of(request: Request) -> str:
    """All that the model was told: system instruction and contents."""
    body = request.json
    parts = [*body.get("systemInstruction", {}).get("parts", []), *(p for c in body["contents"] for p in c["parts"])]
    return "\n".join(part["text"] for part in parts)


def honest(request: Request) -> Reply:
    """Answers each kind of question as a careful model would, by looking for words: for whole-app tests and trials."""
    kind = request.json["generationConfig"]["responseJsonSchema"]["title"]
    prompt = prompt_of(request)
    data = re.findall(r"<((?:cv|message|lines|conversation)-\w+)>\n(.*?)\n?</\1>", prompt, re.DOTALL)[-1][1]
    if kind == "VerdictsAnswer":
        criteria = json.loads(re.findall(r"^Criteria: (.*)$", prompt, re.MULTILINE)[-1])
        return answer({"verdicts": [_verdict(criterion, data) for criterion in criteria]})
    if kind == "CriteriaAnswer":
        words = [word for word in re.findall(r"[\w+#.]+", data) if len(word) > 3 or word[0].isupper()]
        return answer({"criteria": [{"kind": "text", "need": "must", "value": w, "label": w} for w in words]})
    if kind == "NameAnswer":
        return answer({"name": ""})
    return answer({"headline": next((line for line in data.splitlines() if line.strip("[] ")), "")})


def _verdict(criterion: dict[str, Any], cv: str) -> dict[str, str]:
    wanted = (criterion["value"] or criterion["label"]).casefold()
    line = next((line for line in cv.splitlines() if wanted in line.casefold()), "")
    return {"criterion_id": criterion["id"], "verdict": "met" if line else "not_found", "quotation": line[:200]}


class GeminiServer(LocalServer):
    """`POST /v1/models/MODEL:generateContent`; refuses a wrong key and a deadline under 10 s, as the real one."""

    def __init__(self, *, key: str = "local-key") -> None:
        super().__init__(self._generate)
        self.key = key
        self._next: deque[Reply] = deque()
        self._decide: Callable[[Request], Reply] = lambda _: status(500, "INTERNAL", "nothing scripted")

    def always(self, reply: Reply) -> None:
        self._decide = lambda _: reply

    def decide(self, function: Callable[[Request], Reply]) -> None:
        self._decide = function

    def then(self, *replies: Reply) -> None:
        """The next answers, before what `always` or `decide` says."""
        self._next.extend(replies)

    def _generate(self, request: Request) -> Reply:
        if request.headers.get("x-goog-api-key") != self.key:
            return status(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
        if request.method == "GET" and "/models/" in request.path and "unknown" not in request.path:
            return as_json({"name": request.path.partition("/models/")[2], "version": "1"})
        if request.method != "POST" or not request.path.endswith(":generateContent") or "unknown" in request.path:
            return status(404, "NOT_FOUND", f"no such method {request.path}")
        deadline = float(request.headers.get("x-server-timeout", math.inf))
        if deadline < SHORTEST_DEADLINE:
            message = f"Manually set deadline {deadline:g}s is too short. Minimum allowed deadline is 10s."
            return status(400, "INVALID_ARGUMENT", message)
        if self._next:
            return self._next.popleft()
        return self._decide(request)
