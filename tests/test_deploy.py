"""What can be checked of the deployment without a Docker engine: files agree, a real nginx passes a stream on."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from cvmatcher.settings import Settings
from tests.servers import nginx
from tests.servers.nginx import Front, in_front_of, missing

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SETTINGS = {name.upper() for name in Settings.model_fields}


# ------------------------------------------------------------------------------------------------------------ files


def test_env_example_is_made_from_the_settings() -> None:
    made = runpy.run_path(str(ROOT / "deploy" / "env_example.py"))["env_example"]()
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == made


def test_env_example_changes_nothing_when_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    copied = Settings(_env_file=str(ROOT / ".env.example"))
    assert copied == Settings(_env_file=str(tmp_path / "absent"))


def test_compose_names_settings_that_exist() -> None:
    for name in ("web", "worker"):
        environment = COMPOSE["services"][name]["environment"]
        assert set(environment) <= SETTINGS
        assert {"MONGO_URI", "REDIS_URL", "PUBLIC_URL", "TRUSTED_PROXY"} <= set(environment)


def test_compose_asks_only_for_what_its_example_lists() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    example = (ROOT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
    listed = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert asked == set(listed)


def test_only_nginx_is_reachable_from_outside() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert services["mongo"]["networks"] == services["redis"]["networks"] == ["inside"]
    proxy = services["nginx"]["networks"]["front"]["ipv4_address"]
    assert services["web"]["environment"]["TRUSTED_PROXY"] == proxy


def test_what_must_last_lies_in_volumes_and_every_mounted_file_exists() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source
            elif not source.startswith("$"):
                assert source in COMPOSE["volumes"]
    lasting = {volume.split(":")[0] for name in ("mongo", "redis") for volume in COMPOSE["services"][name]["volumes"]}
    assert {"mongo", "redis"} <= lasting


def test_compose_follows_the_compose_specification() -> None:
    try:
        from compose_spec import PyCompose  # noqa: PLC0415
    except ImportError:
        missing("compose-spec")
    # merge keys resolved by yaml, variables by us: a default, or any word
    plain = re.sub(r"\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}", lambda found: found[1] or "word", yaml.safe_dump(COMPOSE))
    resolved = {key: value for key, value in yaml.safe_load(plain).items() if not key.startswith("x-")}
    parsed = PyCompose.from_yaml(yaml.safe_dump(resolved, sort_keys=False))
    assert set(parsed.service_names()) == set(COMPOSE["services"])


def test_the_image_runs_as_nobody_special_and_copies_what_exists() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    last_stage = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER cvmatcher" in last_stage
    assert sum(line.startswith("FROM") for line in lines) >= 3
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert f"!{source}\n" in ignored
    check = next(line.split("CMD ", 1)[1] for line in last_stage if line.startswith("HEALTHCHECK"))
    program = json.loads(check)
    assert program[:2] == ["python", "-c"]
    compile(program[2], "healthcheck", "exec")


@pytest.mark.parametrize("script", ["deploy/mongo/start.sh", "deploy/certbot/run.sh"])
def test_shell_scripts_parse(script: str) -> None:
    text = (ROOT / script).read_text(encoding="utf-8")
    shell = "bash" if text.startswith("#!/bin/bash") else "sh"
    subprocess.run([shell, "-n", str(ROOT / script)], check=True)  # noqa: S603 - a shell and our own file


# ------------------------------------------------------------------------------------------------------------ nginx


@dataclass
class Upstream:
    """A tiny app behind nginx: keeps what it was asked, sends a stream whose second event waits to be released."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                await self._answer(head.split()[1], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        if "events" not in path and path != "/asks":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
            return await writer.drain()
        asks = b"X-Accel-Buffering: no\r\n" if path == "/asks" else b""
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + asks + b"Transfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(chunk(b"data: first\n\n"))
        await writer.drain()
        await self.release.wait()
        writer.write(chunk(b"data: second\n\n") + chunk(b""))
        return await writer.drain()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    nginx.certificate(tmp_path)
    conf = nginx.configured(tmp_path, *(nginx.free_port() for _ in range(3)))
    said = subprocess.run([nginx.program(), "-t", "-c", str(conf)], capture_output=True, text=True, check=False)  # noqa: S603
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.release.set()
    server.close()


@pytest.fixture
async def front(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Front]:
    async with in_front_of(upstream.port, tmp_path) as front:
        yield front


async def head_of(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(20):
        return (await reader.readuntil(b"\r\n\r\n")).decode()


@pytest.mark.parametrize("path", ["/turns/abc/events", "/turns/abc/events?after=3", "/asks"])
async def test_a_stream_passes_event_by_event(front: Front, upstream: Upstream, path: str) -> None:
    """The second event is only sent once the first has come through: a buffering proxy would wait forever."""
    reader = await front.get(path, headers="Accept-Encoding: gzip\r\n")
    assert " 200 " in await head_of(reader)
    async with asyncio.timeout(20):
        assert b"data: first\n\n" in await reader.readuntil(b"first\n\n")
        upstream.release.set()
        assert b"data: second\n\n" in await reader.readuntil(b"second\n\n")


async def test_plain_http_leads_to_https_save_for_the_certificate_s_proof(front: Front) -> None:
    head = await head_of(await front.get("/likes?x=1", plain=True))
    assert " 308 " in head
    assert "Location: https://cv.example/likes?x=1\r\n" in head
    proof = front.webroot / ".well-known" / "acme-challenge" / "token"
    await asyncio.to_thread(proof.parent.mkdir, parents=True)
    await asyncio.to_thread(proof.write_text, "proof")
    reader = await front.get("/.well-known/acme-challenge/token", plain=True)
    assert " 200 " in await head_of(reader)
    assert await reader.read() == b"proof"


async def test_speaks_http_2(front: Front) -> None:
    front.trust.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("localhost", front.https, ssl=front.trust)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.transport.abort()


async def test_the_app_learns_who_really_asks(front: Front, upstream: Upstream) -> None:
    lies = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: http\r\n"
    head = await head_of(await front.get("/", headers=lies))
    assert " 200 " in head
    assert "nginx/" not in head  # no version
    asked = upstream.heads[0]
    assert "X-Forwarded-For: 127.0.0.1\r\n" in asked
    assert "X-Forwarded-Proto: https\r\n" in asked
    assert "Host: cv.example\r\n" in asked
    assert "6.6.6.6" not in asked


async def test_large_bodies_stop_at_the_door(front: Front, upstream: Upstream) -> None:
    head = await head_of(await front.get("/turns", headers="Content-Length: 2000000\r\n"))
    assert " 413 " in head
    assert upstream.heads == []
