"""Who uses the app during a soak: people who search and like, and a folder whose files come, change and go."""

from __future__ import annotations

import asyncio
import hashlib
import html
import random
import re
import shutil
import statistics
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

ANSWER_SECONDS = 30.0
TURN_SECONDS = 25.0
BOUNDARY = "soak-4d1f0c8e2b"
MESSAGES = (
    "développeur Python à Lyon qui parle allemand",
    "senior nurse with ten years of experience",
    "comptable anglais courant",
    "project manager in finance, German is a plus",
    "ingénieur mécanique sans freelance",
    "data analyst SQL, Paris or remote",
)


@dataclass(frozen=True)
class Answer:
    """Status 0: nobody answered."""

    status: int
    text: str
    seconds: float
    address: str = ""  # the last one, after redirects


@dataclass
class Visitor:
    """Somebody with a bearer token. What came of each request is counted; what was promised is remembered."""

    base: str
    token: str
    random: random.Random
    searches: Counter[str] = field(default_factory=Counter)
    likes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of the searches that were answered, up to the last hit
    liked: set[str] = field(default_factory=set)  # candidate ids whose like was acknowledged

    async def stay(self) -> None:
        while True:
            await self.search()
            await asyncio.sleep(self.random.uniform(0.2, 1.5))

    async def search(self) -> None:
        begun = monotonic()
        page = await self._ask("/turns", {"message": self.random.choice(MESSAGES)})
        while page.status == 200 and "data-stop" in page.text and monotonic() - begun < TURN_SECONDS:
            await asyncio.sleep(0.2)
            page = await self._ask(page.address)
        outcome = _outcome(page)
        if outcome == "answered":
            self.seconds.append(monotonic() - begun)
            outcome = "too slow" if "data-stop" in page.text else outcome if "data-card" in page.text else "empty"
        self.searches[outcome] += 1
        people = sorted(set(re.findall(r'"/cv/([^/"]+)/like"', page.text)))
        if people:
            await self._like(self.random.choice(people))

    async def _like(self, candidate_id: str) -> None:
        answer = await self._ask(f"/cv/{candidate_id}/like", {})
        self.likes[_outcome(answer)] += 1
        if answer.status == 200:
            self.liked.add(candidate_id)

    async def _ask(self, path: str, fields: dict[str, str] | None = None) -> Answer:
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        return await asyncio.to_thread(_request, urllib.parse.urljoin(self.base, path), self.token, data)


def _request(url: str, token: str, data: bytes | None, more: dict[str, str] | None = None) -> Answer:
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html", **(more or {})}
    begun = monotonic()
    try:
        with urllib.request.urlopen(  # noqa: S310 - our own server on loopback
            urllib.request.Request(url, data, headers),  # noqa: S310
            timeout=ANSWER_SECONDS,
        ) as answer:
            return Answer(answer.status, answer.read().decode(), monotonic() - begun, answer.url)
    except urllib.error.HTTPError as error:
        return Answer(error.code, "", monotonic() - begun)
    except (OSError, HTTPException):
        return Answer(0, "", monotonic() - begun)


def _outcome(answer: Answer) -> str:
    match answer.status:
        case 200:
            return "answered"
        case 0:
            return "no connection" if answer.seconds < ANSWER_SECONDS - 1 else "never answered"
        case 503:
            return "told to wait (503)"
        case 404:
            return "gone (404)"
        case status:
            return f"status {status}"


@dataclass
class Uploader:
    """Adds files through the page's route, each once, and takes some back. What was acknowledged is remembered.

    `spare`: paths of files that nobody else has. A request that broke off may have done its work or not: `unsure`.
    """

    base: str
    token: str
    spare: list[Path]
    random: random.Random
    pause: tuple[float, float] = (1.0, 4.0)  # seconds between two acts
    uploads: Counter[str] = field(default_factory=Counter)
    removals: Counter[str] = field(default_factory=Counter)
    kept: dict[str, str] = field(default_factory=dict)  # file key -> SHA-256
    removed: set[str] = field(default_factory=set)  # SHA-256
    unsure: set[str] = field(default_factory=set)  # SHA-256

    async def stay(self) -> None:
        while self.spare:
            await (self._remove() if self.kept and self.random.random() < 0.3 else self._add())
            await asyncio.sleep(self.random.uniform(*self.pause))

    async def _add(self) -> None:
        path = self.spare.pop()
        data = await asyncio.to_thread(path.read_bytes)
        content = hashlib.sha256(data).hexdigest()
        answer = await self._post("/uploads", _form(path.name, data), f"multipart/form-data; boundary={BOUNDARY}")
        key = re.search(r'name="key" value="([^"]+)"', answer.text)
        self.uploads[_outcome(answer) if answer.status != 200 or key else "no row"] += 1
        if key:
            self.kept[html.unescape(key[1])] = content
        else:
            self.unsure.add(content)

    async def _remove(self) -> None:
        key = self.random.choice(sorted(self.kept))
        content = self.kept.pop(key)
        self.unsure.add(content)
        data = urllib.parse.urlencode({"key": key}).encode()
        answer = await self._post("/uploads/remove", data, "application/x-www-form-urlencoded")
        self.removals[_outcome(answer)] += 1
        if answer.status == 200:
            self.unsure.remove(content)
            self.removed.add(content)

    async def _post(self, path: str, data: bytes, kind: str) -> Answer:
        more = {"Content-Type": kind, "HX-Request": "true", "HX-Request-Type": "partial"}
        return await asyncio.to_thread(_request, urllib.parse.urljoin(self.base, path), self.token, data, more)


def _form(name: str, data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    kind = "Content-Type: application/octet-stream\r\n\r\n"
    return (head + kind).encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def percentiles(values: list[float]) -> dict[str, float]:
    """p50 and p95 in seconds; nothing of fewer than two values."""
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2)}


@dataclass
class Files:
    """The watched folder. New files come from `spare`; whatever is done is done at once and whole."""

    folder: Path
    spare: list[Path]
    random: random.Random
    pause: tuple[float, float] = (1.0, 3.0)  # seconds between two changes
    done: Counter[str] = field(default_factory=Counter)

    async def stir(self) -> None:
        while self.spare:
            await asyncio.to_thread(self._change)
            await asyncio.sleep(self.random.uniform(*self.pause))

    def _change(self) -> None:
        there = sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        acts = ["drop", "delete", "rename", "replace", "copy"]
        act = self.random.choices(acts, [5, 2, 1, 1, 1])[0] if there else "drop"
        chosen = self.random.choice(there) if there else self.folder
        match act:
            case "drop":
                self._put(self.spare.pop(), f"new-{self.done[act]}")
            case "delete":
                chosen.unlink()
            case "rename":
                chosen.rename(chosen.with_name(f"renamed-{self.done[act]}{chosen.suffix}"))
            case "replace":
                self._put(self.spare.pop(), chosen.stem)
            case _:
                self._put(chosen, f"copy-{self.done[act]}")
        self.done[act] += 1

    def _put(self, source: Path, stem: str) -> None:
        beside = self.folder / f".{stem}.part"
        shutil.copyfile(source, beside)
        beside.replace(self.folder / f"{stem}{source.suffix}")

    def hashes(self) -> dict[str, str]:
        """File id -> SHA-256 of what the folder holds."""
        paths = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def summed(visitors: list[Visitor]) -> dict[str, Any]:
    """What came of all their requests."""
    searches = sum((one.searches for one in visitors), Counter[str]())
    likes = sum((one.likes for one in visitors), Counter[str]())
    seconds = [each for one in visitors for each in one.seconds]
    return {"searches": dict(searches), "search_seconds": percentiles(seconds), "likes": dict(likes)}
