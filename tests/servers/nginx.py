"""A real nginx with the shipped configuration, on free ports of loopback, in front of a server of a test."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parent.parent.parent


def missing(what: str) -> None:
    """Skips, and says why; on CI what can be installed must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing on CI")
    pytest.skip(f"{what} is not installed here")


def program() -> str:
    """nginx's path. CI installs it where it can; elsewhere the test is skipped where it is not installed."""
    if _found() is None and os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in ("update", "install --yes --no-install-recommends nginx-light"):
            subprocess.run(["apt-get", "-qq", *command.split()], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    found = _found()
    if found is None:
        missing("nginx (apt-get install nginx-light)")
    return str(found)


def _found() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Front:
    """nginx in front of a server: its two ports, its folder for Let's Encrypt, a client's trust in its certificate."""

    http: int
    https: int
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
        "/var/log/nginx": f"{folder}",
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


@asynccontextmanager
async def in_front_of(port: int, folder: Path) -> AsyncIterator[Front]:
    """nginx, answering, in front of 127.0.0.1:`port`."""
    http, https = free_port(), free_port()
    trust = certificate(folder)
    (folder / "webroot").mkdir()
    conf = configured(folder, http, https, port)
    process = await asyncio.create_subprocess_exec(program(), "-c", str(conf), stderr=asyncio.subprocess.PIPE)
    front = Front(http, https, folder / "webroot", trust)
    try:
        await _answers(http, process)
        yield front
    finally:
        front.close()
        process.terminate()
        await process.communicate()


async def _answers(port: int, process: asyncio.subprocess.Process) -> None:
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
