"""A database in the original's exact format is taken over with nothing lost, as often as one likes."""

from __future__ import annotations

import asyncio
import base64
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from bson import ObjectId

from cvmatcher import store
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.domain import CVText, FileState, LanguageLevel, ListingPage, QuarantineReason, SourceFile
from cvmatcher.migrate import MigrationReport, migrate, needs_migration
from cvmatcher.original import profile_of, text_of
from cvmatcher.ports import VectorEntry
from cvmatcher.store import candidates, jobs, ledger, originals, pool, vectors
from cvmatcher.store.sources import begin, save_page, take

CVS = "CVExtractionCollection"
ZOE: dict[str, Any] = {
    "nom": "Zoé Martinez",
    "email": "zoe.martinez@example.org",
    "competences": ["Python", "Django", "PostgreSQL"],
    "formations": [{"diplome": "Master informatique", "etablissement": "Université de Lyon", "annee": "2018"}],
    "experiences": [
        {
            "poste": "Développeuse Python",
            "entreprise": "Banque du Rhône",
            "lieu": "Lyon",
            "debut": "03/2019",
            "fin": "12/2022",
            "description": "Refonte de l'API de paiement.",
        },
        "Stagiaire, Studio Nord, 2018 - 2018",
    ],
    "langues": ["Français", "Allemand (C1)"],
    "secteur": "Banque, informatique",
    "biographie": "Développeuse passionnée par les données.",
    "nomdupdf": "CV_Zoe.pdf",
    "telephone": "06 12 34 56 78",  # a field that only some databases have
    "score": {"ats": 71},
}
OTHERS: list[dict[str, Any]] = [
    {"nom": "Paul Durand", "competences": "Paie, Sage; Excel", "nomdupdf": "durand.pdf", "email": "paul1@example.org"},
    {"nom": "Paul Durand", "competences": "Soudure\nTIG", "nomdupdf": "durand2.pdf", "email": "paul2@example.org"},
    {"nom": "Ana Silva", "competences": ["Excel"], "nomdupdf": "cv.pdf"},
    {"nom": "Luc Petit", "competences": ["Word"], "nomdupdf": "cv.pdf"},
    {"nom": "Ana Silva", "competences": ["Excel"], "nomdupdf": "cv.pdf"},  # word for word the same
    {"nomdupdf": ""},
]


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "unpickled"
    yield path
    assert not path.exists()  # whatever a test did, the pickle was never opened


@pytest.fixture
async def original(database: store.Database, trap: Path) -> store.Database:
    """As the original left it: with its own unique index, without ours."""
    for name in (CVS, "faiss_index", "seen_cvs"):
        await database.drop_collection(name)
    await database[CVS].insert_many([{"_id": ObjectId(), **document} for document in (ZOE, *OTHERS)])
    await database[CVS].create_index("email")
    index = faiss.IndexFlatL2(8)
    index.add(np.ones((7, 8), dtype=np.float32))
    await database["faiss_index"].insert_one(
        {
            "index": base64.b64encode(faiss.serialize_index(index).tobytes()).decode(),
            "metadata": base64.b64encode(pickle.dumps(Trap(trap))).decode(),
        }
    )
    await database["seen_cvs"].insert_one({"_id": "seen", "cvs": ["CV_Zoe.pdf", "durand.pdf"]})
    return database


async def everything(database: store.Database) -> dict[str, list[dict[str, Any]]]:
    names = sorted(await database.list_collection_names())
    return {name: await database[name].find({}).sort("_id", 1).to_list() for name in names}


async def test_a_dry_run_tells_and_changes_nothing(original: store.Database) -> None:
    before = await everything(original)
    report = await migrate(original, CVS, dry_run=True)
    assert await everything(original) == before
    assert await needs_migration(original, CVS)
    assert report == MigrationReport(
        dry_run=True,
        found=7,
        candidates=6,
        without_text=1,
        same_person_name={"Ana Silva": 2, "Paul Durand": 2},
        same_file_name={"cv.pdf": 3},
        without_file_name=1,
        unknown_fields={"telephone": 1, "score": 1},
        seen=2,
        kept_in={},
    )


async def test_everything_is_taken_over_and_kept(original: store.Database) -> None:
    before = await everything(original)
    report = await migrate(original, CVS, dry_run=False)
    assert not await needs_migration(original, CVS)
    assert report.kept_in == {"original_CVExtractionCollection": 7, "original_faiss_index": 1, "original_seen_cvs": 1}
    for name in (CVS, "faiss_index", "seen_cvs"):
        assert await original[f"original_{name}"].find({}).sort("_id", 1).to_list() == before[name]

    zoe = (await candidates.by_file_name("CV_Zoe.pdf"))[0]
    raw = await original[CVS].find_one({"_id": zoe.id})
    assert raw is not None
    assert raw["original"] == next(document for document in before[CVS] if document["nom"] == "Zoé Martinez")
    assert zoe.profile.name == "Zoé Martinez"
    assert zoe.profile.emails == ("zoe.martinez@example.org",)
    assert zoe.profile.skills == ("Python", "Django", "PostgreSQL")
    assert zoe.profile.experiences[0].employer == "Banque du Rhône"
    assert (zoe.profile.experiences[0].start, zoe.profile.experiences[0].end) == ("2019-03", "2022-12")
    assert {(s.code, s.level) for s in zoe.profile.languages} == {("fr", None), ("de", LanguageLevel.C1)}
    assert "Refonte de l'API de paiement." in zoe.pages[0]
    assert any("Django" in passage.text for passage in zoe.passages)
    assert await candidates.count() == 6

    names = sorted([candidate.profile.name async for candidate in candidates.each()])
    assert names == ["Ana Silva", "Ana Silva", "Luc Petit", "Paul Durand", "Paul Durand", "Zoé Martinez"]
    sums = await ledger.sums()
    assert (sums[FileState.SEARCHABLE], sums[FileState.QUARANTINED], sum(sums.values())) == (6, 1, 7)
    assert await ledger.quarantine_reasons() == {QuarantineReason.NO_TEXT: 1}
    assert (await pool.balance())["balanced"]
    assert [job.kind for job in await jobs.running()] == ["rebuild"]


async def test_again_changes_nothing(original: store.Database) -> None:
    await migrate(original, CVS, dry_run=False)
    before = await everything(original)
    report = await migrate(original, CVS, dry_run=False)
    assert report.found == 0
    assert await everything(original) == before


async def test_two_at_once_double_nobody(original: store.Database) -> None:
    await asyncio.gather(*(migrate(original, CVS, dry_run=False) for _ in range(2)))
    assert await candidates.count() == 6
    assert sum((await ledger.sums()).values()) == 7
    assert len(await jobs.running()) == 1


async def test_one_that_was_stopped_goes_on(original: store.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = MigrationStopped.after(3, monkeypatch)
    with pytest.raises(MigrationStopped):
        await migrate(original, CVS, dry_run=False)
    monkeypatch.setattr("cvmatcher.migrate._take_over", real)
    assert await needs_migration(original, CVS)
    assert (await migrate(original, CVS, dry_run=True)).found == 4
    await migrate(original, CVS, dry_run=False)
    assert await candidates.count() == 6
    assert await original[f"original_{CVS}"].count_documents({}) == 7


class MigrationStopped(Exception):
    @staticmethod
    def after(count: int, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The migration dies when it has taken over `count` documents."""
        from cvmatcher.migrate import _take_over as real  # noqa: PLC0415

        done: list[Any] = []

        async def stopping(*arguments: Any) -> None:
            if len(done) == count:
                raise MigrationStopped
            await real(*arguments)
            done.append(arguments)

        monkeypatch.setattr("cvmatcher.migrate._take_over", stopping)
        return real


async def test_an_index_that_holds_nomdupdf_unique_is_no_obstacle(original: store.Database) -> None:
    await original[CVS].delete_many({"nomdupdf": "cv.pdf"})
    await original[CVS].create_index("nomdupdf", unique=True)
    await migrate(original, CVS, dry_run=False)
    assert await candidates.count() == 3


async def test_texts_as_ids_are_the_original_s_too(original: store.Database) -> None:
    await original[CVS].delete_many({})
    await original[CVS].insert_many([{"_id": f"cv{n}", **OTHERS[n]} for n in range(3)])
    await original["faiss_index"].delete_many({})
    await original["seen_cvs"].delete_many({})
    assert await needs_migration(original, CVS)
    await migrate(original, CVS, dry_run=False)
    assert not await needs_migration(original, CVS)
    assert await candidates.count() == 3


async def test_an_index_alone_is_taken_away(original: store.Database) -> None:
    await original[CVS].delete_many({})
    assert await needs_migration(original, CVS)
    await migrate(original, CVS, dry_run=False)
    assert not await needs_migration(original, CVS)


async def test_a_new_or_empty_database_needs_none(database: store.Database) -> None:
    assert not await needs_migration(database, CVS)
    assert (await migrate(database, CVS, dry_run=False)).found == 0
    assert await jobs.running() == []


# ----------------------------------------------------------------------------------------------------- their files


async def listed(*names: str) -> list[ledger.LedgerRow]:
    """The source lists files of these names; their rows, taken by a worker."""
    state = await take("folder", 60)
    assert state is not None
    begun = await begin(state, full=True)
    assert begun is not None
    files = tuple(
        SourceFile(source="folder", file_id=f"{n}/{name}", name=name, version="1") for n, name in enumerate(names)
    )
    await save_page(begun, ListingPage(files=files, cursor="c", more=False, full=True))
    rows = [await ledger.take(file.key, "worker", 60) for file in files]
    return [row for row in rows if row is not None]


def read_from_pdf(content_hash: str) -> pool.CV:
    text = CVText(pages=("Zoé Martinez\nPython, Rust",))
    return pool.CV(
        content_hash=content_hash,
        profile=profile_of({"nom": "Zoé Martinez", "competences": ["Python", "Rust"]}),
        pages=text.pages,
        hidden_words=0,
        unread=None,
        passages=(),
        structured_by="rules/1",
        enrichment_waits=False,
        vectors=np.ones((1, 4), dtype=np.float32),
        model_id="m",
        passages_version="1",
    )


async def test_the_file_of_that_name_takes_the_candidate_over(original: store.Database) -> None:
    await migrate(original, CVS, dry_run=False)
    before = (await candidates.by_file_name("CV_Zoe.pdf"))[0]
    (row,) = await listed("CV_Zoe.pdf")
    assert await originals.adopt(row)
    assert await pool.save(row, read_from_pdf("h1")) is FileState.SEARCHABLE
    (after,) = await candidates.by_file_name("CV_Zoe.pdf")
    assert (after.id, after.file_key) == (before.id, row.key)
    assert after.profile.skills == ("Python", "Rust")
    raw = await original[CVS].find_one({"_id": after.id})
    assert raw is not None
    assert raw["original"]["telephone"] == "06 12 34 56 78"
    assert await ledger.get(before.file_key) is None
    assert await candidates.count() == 6
    assert (await pool.balance())["balanced"]
    assert not await originals.adopt(row)  # once


async def test_nobody_is_linked_on_a_guess(original: store.Database) -> None:
    await migrate(original, CVS, dry_run=False)
    doubled_file, other, twice, _ = await listed("cv.pdf", "unknown.pdf", "CV_Zoe.pdf", "CV_Zoe.pdf")
    assert not await originals.adopt(doubled_file)  # three candidates named cv.pdf
    assert not await originals.adopt(other)
    assert not await originals.adopt(twice)  # two files named CV_Zoe.pdf


async def test_erasure_reaches_the_kept_originals_and_an_admin_may_drop_them(original: store.Database) -> None:
    await migrate(original, CVS, dry_run=False)
    zoe = (await candidates.by_file_name("CV_Zoe.pdf"))[0]
    await originals.erase(zoe.id)
    assert await original[f"original_{CVS}"].find_one({"nom": "Zoé Martinez"}) is None
    assert len(await originals.drop(original, CVS)) == 3
    assert not [name for name in await original.list_collection_names() if name.startswith("original_")]


async def test_vectors_of_ours_are_left_alone(original: store.Database) -> None:
    await migrate(original, CVS, dry_run=False)
    zoe = (await candidates.by_file_name("CV_Zoe.pdf"))[0]
    entry = VectorEntry(zoe.id, zoe.content_hash, "m", np.ones((1, 4), dtype=np.float32))
    async with original.client.start_session() as session:
        await session.with_transaction(lambda session: vectors.put(entry, "1", session=session))
    await migrate(original, CVS, dry_run=False)
    assert await vectors.hashes() == {zoe.id: zoe.content_hash}


# --------------------------------------------------------------------------------------------------------- documents


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"nom": None, "competences": None, "experiences": None, "langues": None},
        {
            "nom": ["Zoé", "Martinez"],
            "competences": {"langages": ["C"], "outils": "git"},
            "experiences": "2019 - 2020 : X",
        },
        {"nom": 7, "experiences": [None, [], {}, {"poste": None}, ["x", {"y": 1}]], "formations": [3.5, True]},
        {"langues": [{"langue": "anglais", "niveau": "courant"}], "secteur": [["a"], {"b": "c"}]},
    ],
)
def test_whatever_a_field_holds(document: dict[str, Any]) -> None:
    profile, text = profile_of(document), text_of(document)
    for word in (*profile.skills, *(s.text for s in profile.languages)):
        assert all(part in text for part in word.split())


async def test_today_s_rules_read_the_same_from_the_text() -> None:
    """A rebuild structures a migrated candidate from its text: who it is must not get lost."""
    known = profile_of(ZOE)
    read = await RulesStructurer().structure(CVText(pages=(text_of(ZOE),)))
    assert (read.name, read.emails) == (known.name, known.emails)
    assert set(known.skills) <= set(read.skills)
    assert {s.code for s in known.languages} == {s.code for s in read.languages}
