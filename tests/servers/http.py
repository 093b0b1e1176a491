"""A local HTTP server whose answers a test scripts: the wire, with the ways a wire fails.

Knows nothing of any vendor: gemini.py and drive.py beside it do.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `promise` more bytes than the body has and the reader sees a connection that broke off."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    promise: int | None = None  # Content-Length, when it lies
    hang: bool = False  # no byte until the server stops
    drip: float = 0.0  # seconds between two bytes of the body


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value).encode(), headers=headers or {})


def html(status: int = 200) -> Reply:
    """What a proxy or a captive portal says."""
    return Reply(status, b"<!doctype html><title>Sorry</title><h1>Error</h1>", "text/html; charset=UTF-8")


class LocalServer:
    """Answers on a free loopback port from its own threads: `with LocalServer(answer) as server: server.url`."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._arrival = threading.Condition()
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    async def arrived(self, count: int) -> None:
        """Returns once `count` requests have come in all. Raises TimeoutError after half a minute."""

        def wait() -> bool:
            with self._arrival:
                return self._arrival.wait_for(lambda: len(self.requests) >= count, timeout=30)

        if not await asyncio.to_thread(wait):
            raise TimeoutError(f"{len(self.requests)} of {count} requests came")

    def reply_to(self, request: Request) -> Reply:
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        return self._answer(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[LocalServer]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass  # requests are kept in `server.requests`

    def _serve(self) -> None:
        split = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(split.path),
            query={name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        try:
            self._send(self.owner.reply_to(request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has left

    def _send(self, reply: Reply) -> None:
        if reply.hang:
            self.owner.stopping.wait()
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body) if reply.promise is None else reply.promise))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        if reply.drip:
            self._drip(reply)
        else:
            self.wfile.write(reply.body)
        if reply.promise is not None:
            self.close_connection = True

    def _drip(self, reply: Reply) -> None:
        for at in range(len(reply.body)):
            if self.owner.stopping.wait(reply.drip):
                self.close_connection = True
                return
            self.wfile.write(reply.body[at : at + 1])
            self.wfile.flush()
