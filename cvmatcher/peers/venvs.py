"""Runs a peer: a virtual environment made once under CVMATCHER_HOME, one process for each judged set."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvmatcher.domain import Unavailable
from cvmatcher.peers import exchange
from cvmatcher.peers.exchange import Ranked, Row

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """`script` runs as a module beside `exchange`; `installs` are arguments of one `pip install` after another."""

    name: str
    script: Path
    installs: tuple[tuple[str, ...], ...] = ()


# torch first: its CPU build, where pip finds one.
PEERS = (
    Peer("txtai", _HERE / "txtai_hybrid.py", (("torch==2.13.0",), ("txtai==9.14.0",))),
    Peer("lancedb", _HERE / "lancedb_hybrid.py", (("lancedb==0.40.0",),)),
)


async def rank(peer: Peer, passages: Sequence[Row], queries: Sequence[Row], home: Path) -> Ranked:
    """The peer's rankings. Raises Unavailable when it cannot be installed or its process fails."""
    python = await _python(peer, home)
    with tempfile.TemporaryDirectory(prefix="cvmatcher-peer-") as name:
        folder = Path(name)
        package = folder / "cvmatcher" / "peers"
        package.mkdir(parents=True)
        for empty in (package, package.parent):
            (empty / "__init__.py").touch()
        for script in (Path(exchange.__file__), peer.script):
            shutil.copy(script, package)
        await asyncio.to_thread(exchange.write, folder, passages, queries)
        await _run(peer, python, "-m", f"cvmatcher.peers.{peer.script.stem}", str(folder), cwd=folder)
        return await asyncio.to_thread(exchange.answers, folder)


async def _python(peer: Peer, home: Path) -> Path:
    """The interpreter of the peer's environment; a half-made one, or one of other versions, is made anew."""
    place = home / "peers" / peer.name
    python, mark = place / "bin" / "python", place / "installed"
    wanted = repr(peer.installs)
    if python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    log.info("installing %s in %s", peer.name, place)
    bare = () if peer.installs else ("--without-pip",)
    await _run(peer, Path(sys.executable), "-m", "venv", "--clear", *bare, str(place))
    for packages in peer.installs:
        await _run(peer, python, "-m", "pip", "install", "--quiet", *packages)
    mark.write_text(wanted, encoding="utf-8")
    return python


async def _run(peer: Peer, python: Path, *arguments: str, cwd: Path | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        python, *arguments, cwd=cwd, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = " ".join(said.decode(errors="replace").split()[-60:])
        raise Unavailable(f"{peer.name} cannot be measured: {last}")
