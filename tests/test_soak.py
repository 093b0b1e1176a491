"""What a soak counts: a visitor's requests as they came out, and a folder whose files change at once and whole."""

from __future__ import annotations

from pathlib import Path
from random import Random

from cvmatcher import jobs, store
from cvmatcher.adapters.uploads import UploadsSource
from cvmatcher.bench.visitors import Files, Uploader, Visitor, summed
from cvmatcher.domain import FileState
from cvmatcher.store import ledger, people, shortlisted
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.site import WHOLE, Scripted, candidate, person, services_of, serving


async def test_a_visitor_searches_and_likes_and_remembers(
    database: store.Database, redis_url: str, tmp_path: Path
) -> None:
    queue = await jobs.open_queue(redis_url)
    app = create_app(services_of(database, queue, tmp_path), Scripted(WHOLE).run)
    for number in (1, 2, 3):
        await candidate(number)
    user = await person("soak")
    async with serving(app) as base:
        visitor = Visitor(base, await people.new_token(user.id, "soak"), Random(1))  # noqa: S311 - it must repeat
        await visitor.search()
        stranger = Visitor(base, "no token", Random(1))  # noqa: S311 - it must repeat
        await stranger.search()
    away = Visitor(base, "nobody is there", Random(1))  # noqa: S311 - it must repeat
    await away.search()
    await jobs.close_queue(queue)
    assert summed([visitor]) == {"searches": {"answered": 1}, "search_seconds": {}, "likes": {"answered": 1}}
    assert {one.candidate_id for one in await shortlisted.entries(user.id)} == visitor.liked != set()
    assert "answered" not in stranger.searches
    assert summed([away])["searches"] == {"no connection": 1}


async def test_files_change_at_once_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "cvs"
    folder.mkdir()
    (folder / "first.pdf").write_bytes(b"first")
    spare = [tmp_path / f"{number}.pdf" for number in range(30)]
    for path in spare:
        path.write_bytes(path.name.encode() * 1000)
    files = Files(folder, list(spare), Random(3), pause=(0, 0))  # noqa: S311 - it must repeat
    await files.stir()
    assert set(files.done) == {"drop", "delete", "rename", "replace", "copy"}
    assert not list(folder.glob(".*"))
    assert all(path.stat().st_size > 1 for path in folder.iterdir())
    assert len(files.hashes()) == 1 + files.done["drop"] + files.done["copy"] - files.done["delete"]


async def test_an_uploader_remembers_what_was_acknowledged(
    database: store.Database, redis_url: str, tmp_path: Path
) -> None:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    services.sources["uploads"] = UploadsSource("uploads", tmp_path / "uploads")
    spare = [tmp_path / f"{number}.txt" for number in range(12)]
    for path in spare:
        path.write_text(f"Person {path.stem}")
    user = await person("soak", Role.ADMIN)
    async with serving(create_app(services, Scripted().run)) as base:
        token = await people.new_token(user.id, "soak")
        uploader = Uploader(base, token, list(spare), Random(2), pause=(0, 0))  # noqa: S311 - it must repeat
        await uploader.stay()
    nobody = Uploader(base, token, [spare[0]], Random(2), pause=(0, 0))  # noqa: S311 - it must repeat
    await nobody.stay()
    await jobs.close_queue(queue)
    rows = {row.key: row.state for row in await ledger.each()}
    assert uploader.uploads == {"answered": 12}
    assert len(uploader.removed) == uploader.removals["answered"] > 0
    assert {key for key, state in rows.items() if state is FileState.IN_PROGRESS} == set(uploader.kept)
    assert not uploader.unsure
    assert (nobody.uploads, len(nobody.unsure)) == ({"no connection": 1}, 1)
