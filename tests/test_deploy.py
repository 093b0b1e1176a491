"""What can be checked of the deployment without a Docker engine: files agree, a real nginx passes a stream on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import runpy
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cvmatcher.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SETTINGS = {name.upper() for name in Settings.model_fields}


def missing(what: str) -> None:
    """Skips, and says why; on CI what can be installed must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing on CI")
    pytest.skip(f"{what} is not installed here")


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


@pytest.fixture(scope="module")
def nginx() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        missing("nginx (apt-get install nginx-light)")
    return str(found)


@dataclass
class Upstream:
    """A tiny app behind nginx: keeps what it was asked, sends a stream whose second event waits to be released."""

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


@dataclass
class Front:
    http: int
    https: int
    upstream: Upstream
    webroot: Path
    trust: ssl.SSLContext

    async def get(self, path: str, *, headers: str = "", plain: bool = False) -> asyncio.StreamReader:
        port, tls = (self.http, None) if plain else (self.https, self.trust)
        reader, writer = await asyncio.open_connection("localhost", port, ssl=tls)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: cv.example\r\n{headers}Connection: close\r\n\r\n".encode())
        await writer.drain()
        self._open.append(writer)
        return reader

    def __post_init__(self) -> None:
        self._open: list[asyncio.StreamWriter] = []

    def close(self) -> None:
        for writer in self._open:
            writer.transport.abort()


def free_port() -> int:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def certificate(folder: Path) -> ssl.SSLContext:
    """Writes a certificate signed by itself; returns a client's context that trusts it and speaks HTTP/2."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "fullchain.pem").write_bytes(pem)
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ssl.create_default_context(cadata=pem.decode())


def configured(folder: Path, http: int, https: int, upstream: int) -> Path:
    """The shipped default.conf, its ports, addresses and folders replaced, inside a whole nginx.conf."""
    conf = (ROOT / "deploy" / "nginx" / "default.conf").read_text(encoding="utf-8")
    replaced = {
        "server web:8000;": f"server 127.0.0.1:{upstream};",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen [::]:80;": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "/etc/nginx/certificate/": f"{folder}/",
        "/var/www/certbot": f"{folder}/webroot",
    }
    for shipped, here in replaced.items():
        assert shipped in conf
        conf = conf.replace(shipped, here)
    (folder / "default.conf").write_text(conf, encoding="utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off;\n{temporary} include {folder}/default.conf; }}\n",
        encoding="utf-8",
    )
    return whole


def test_nginx_takes_the_configuration(nginx: str, tmp_path: Path) -> None:
    certificate(tmp_path)
    conf = configured(tmp_path, free_port(), free_port(), free_port())
    said = subprocess.run([nginx, "-t", "-c", str(conf)], capture_output=True, text=True, check=False)  # noqa: S603
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr


@asynccontextmanager
async def running(nginx: str, folder: Path) -> AsyncIterator[Front]:
    upstream = Upstream()
    app = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    http, https = free_port(), free_port()
    trust = certificate(folder)
    (folder / "webroot").mkdir()
    conf = configured(folder, http, https, app.sockets[0].getsockname()[1])
    process = await asyncio.create_subprocess_exec(nginx, "-c", str(conf), stderr=asyncio.subprocess.PIPE)
    front = Front(http, https, upstream, folder / "webroot", trust)
    try:
        await answers(http, process)
        yield front
    finally:
        upstream.release.set()
        front.close()
        process.terminate()
        await process.communicate()
        app.close()


async def answers(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "nginx ended"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
            else:
                writer.transport.abort()
                return


@pytest.fixture
async def front(nginx: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with running(nginx, tmp_path) as front:
        yield front


async def head_of(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(20):
        return (await reader.readuntil(b"\r\n\r\n")).decode()


@pytest.mark.parametrize("path", ["/turns/abc/events", "/turns/abc/events?after=3", "/asks"])
async def test_a_stream_passes_event_by_event(front: Front, path: str) -> None:
    """The second event is only sent once the first has come through: a buffering proxy would wait forever."""
    reader = await front.get(path, headers="Accept-Encoding: gzip\r\n")
    assert " 200 " in await head_of(reader)
    async with asyncio.timeout(20):
        assert b"data: first\n\n" in await reader.readuntil(b"first\n\n")
        front.upstream.release.set()
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


async def test_the_app_learns_who_really_asks(front: Front) -> None:
    lies = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: http\r\n"
    head = await head_of(await front.get("/", headers=lies))
    assert " 200 " in head
    assert "nginx/" not in head  # no version
    asked = front.upstream.heads[0]
    assert "X-Forwarded-For: 127.0.0.1\r\n" in asked
    assert "X-Forwarded-Proto: https\r\n" in asked
    assert "Host: cv.example\r\n" in asked
    assert "6.6.6.6" not in asked


async def test_large_bodies_stop_at_the_door(front: Front) -> None:
    head = await head_of(await front.get("/turns", headers="Content-Length: 2000000\r\n"))
    assert " 413 " in head
    assert front.upstream.heads == []
