"""Settings in, services out: the only module that names adapters."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from cvmatcher import failpoint, jobs, reading, store
from cvmatcher.adapters.drive import DriveSource
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.folder import FolderSource
from cvmatcher.adapters.gemini import Gemini, GeminiInterpreter, GeminiReranker, GeminiStructurer
from cvmatcher.adapters.kept_embedder import KeptEmbedder
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.adapters.sentence_embedder import LocalEmbedder, model_id_of, open_embedder
from cvmatcher.adapters.uploads import UploadsSource
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.consistency import CheckParts
from cvmatcher.domain import AppError, Misconfigured, NotFound, Unavailable
from cvmatcher.embedders import Embedders
from cvmatcher.erasure import ErasureParts
from cvmatcher.gate import Gate
from cvmatcher.indexing import Follower
from cvmatcher.ingest import IngestParts
from cvmatcher.ports import CVSource, Embedder, Structurer, VectorIndex
from cvmatcher.quota import CallQuota
from cvmatcher.search import SearchParts
from cvmatcher.settings import Settings
from cvmatcher.store import candidates, live, preferences, same_person, sources, vectors

log = logging.getLogger(__name__)

FOLDER, UPLOADS, DRIVE = "folder", "uploads", "drive"  # names of the sources that the settings make


@dataclass
class Services:
    """All that the web and the worker run on. `sources` grows when a folder is registered: see refresh_sources.

    `embedder`, `vectors` and `search` are of one model, and change together when another one is to answer.
    """

    settings: Settings
    database: store.Database
    queue: jobs.Queue
    sources: dict[str, CVSource]
    structurer: Structurer
    rules_structurer: Structurer
    embedder: Embedder
    vectors: VectorIndex
    words: TantivyIndex
    follower: Follower
    search: SearchParts
    ingest: IngestParts
    gemini: Gemini | None = None
    embedders: Embedders | None = None
    gate: Gate | None = None

    async def open_index(self, model_id: str) -> VectorIndex:
        """An empty index of that model, for the follower to fill. Raises Unavailable or Misconfigured."""
        if self.embedders is None:
            raise Misconfigured(f"the model {model_id} cannot be loaded here")
        return _index(await self.embedders.of(model_id), self.settings)

    def answer_by(self, index: VectorIndex) -> None:
        """Searches that begin from now on embed their questions with the model of `index`, and ask it."""
        assert self.embedders is not None  # noqa: S101 - open_index has had it
        self.embedder = self.embedders.loaded[index.stats().model_id]
        self.vectors = index
        self.search = replace(self.search, embedder=self.embedder, vectors=index)
        self.embedders.keep_only({self.embedder.model_id, self.ingest.embedder.model_id})

    @property
    def drive(self) -> DriveSource | None:
        """The Drive source, where one is set."""
        source = self.sources.get(DRIVE)
        return source if isinstance(source, DriveSource) else None

    @property
    def uploads(self) -> UploadsSource:
        """Where CVs added by hand are kept. Raises NotFound where there is no such place."""
        source = self.sources.get(UPLOADS)
        if not isinstance(source, UploadsSource):
            raise NotFound("no uploads here")
        return source

    async def refresh_sources(self) -> dict[str, CVSource]:
        """The sources, with folders registered since (by `cvmatcher ingest DIR`)."""
        for name, root in (await sources.folders()).items():
            self.sources.setdefault(name, FolderSource(name, root))
        return self.sources

    async def ai_is_off(self) -> bool:
        """Whether an admin has switched a language model off that is set up."""
        return self.gemini is not None and not (await preferences.get()).ai

    async def search_parts(self) -> SearchParts:
        """What a search works with now: without the language model while it is switched off."""
        off = await self.ai_is_off()
        return replace(self.search, model=None, judge_by_model=None) if off else self.search

    @property
    def erasure(self) -> ErasureParts:
        """Where an erased person may have left something."""
        return ErasureParts(
            database=self.database,
            home=self.settings.cvmatcher_home,
            secret=secret_of(self.settings),
            sources=self.sources,
            unqueue=partial(jobs.drop_files, self.queue),
        )

    @property
    def consistency(self) -> CheckParts:
        """What `check` compares: only folders can be listed as often as one likes."""
        return CheckParts(
            sources={name: source for name, source in self.sources.items() if isinstance(source, FolderSource)},
            indexes={"vectors": self.vectors, "words": self.words},
            model_id=self.embedder.model_id,
            secret=self.ingest.secret,
        )


def secret_of(settings: Settings) -> bytes:
    """The key of the tombstones."""
    assert settings.secret_key is not None  # noqa: S101 - open_services has checked it
    return settings.secret_key.get_secret_value().encode()


def sources_of(settings: Settings) -> dict[str, CVSource]:
    """The sources that the settings name. Raises Misconfigured."""
    if settings.cv_folder is None:  # ours to make; a folder that somebody named and that is not there is an error
        settings.folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, CVSource] = {
        FOLDER: FolderSource(FOLDER, settings.folder),
        UPLOADS: UploadsSource(UPLOADS, settings.cvmatcher_home / "uploads"),
    }
    if settings.google_drive_folder_id or settings.google_token_json:
        if not (settings.google_drive_folder_id and settings.google_token_json):
            raise Misconfigured("Drive needs both GOOGLE_TOKEN_JSON and GOOGLE_DRIVE_FOLDER_ID")
        found[DRIVE] = DriveSource(
            name=DRIVE,
            token_json=settings.google_token_json.get_secret_value(),
            folder_id=settings.google_drive_folder_id,
            base_url=settings.drive_base_url,
        )
    return found


def _switched_on(quota: CallQuota) -> Callable[[], Awaitable[None]]:
    """No call of any process goes out while an admin has the language model switched off. Raises Unavailable then."""

    async def allowed() -> None:
        if not (await preferences.get()).ai:
            raise Unavailable("the language model is switched off", retry_after=3600, switched_off=True)
        await quota()

    return allowed


def _gemini(settings: Settings, queue: jobs.Queue) -> Gemini | None:
    if settings.gemini_api_key is None:
        return None
    quota = CallQuota(queue, name="gemini", per_minute=settings.gemini_per_minute)
    return Gemini(
        key=settings.gemini_api_key.get_secret_value(),
        model=settings.gemini_model,
        base_url=settings.gemini_base_url,
        concurrency=settings.gemini_concurrency,
        before_call=_switched_on(quota),
        after_refusal=quota.pause,
    )


def _embedder(settings: Settings, model: str | None) -> LocalEmbedder:
    """The embedder of a model, None: by default; blocks while weights load. Raises Misconfigured or Unavailable."""
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    return open_embedder(model, token, settings.cvmatcher_home / "models")


async def _models(embedders: Embedders, settings: Settings) -> tuple[Embedder, Embedder]:
    """(of the model that the settings wish for, of the one that answers here).

    Without EMBEDDING_MODEL the one that answers is wished for. Where that one cannot be loaded, the one wished for
    stands in: its index stays empty, and candidates are found by their words, until it answers itself.
    """
    state = await live.get()
    known = state.model_id if state else (await vectors.most_are_of() or ("", ""))[0]
    answering = None
    if known:
        try:
            answering = await embedders.of(known)
        except AppError as error:
            log.warning("the model that answers, %s, cannot be loaded here: %s", known, error)
    if answering is not None and settings.embedding_model is None:
        return answering, answering
    wished = await embedders.of(model_id_of(settings.embedding_model))
    return wished, answering or wished


def _index(embedder: Embedder, settings: Settings) -> FaissIndex:
    return FaissIndex(embedder.model_id, embedder.dimension, settings.cvmatcher_home / "index" / "vectors")


def open_offline_models(settings: Settings) -> tuple[Structurer, Embedder]:
    """Rules and the embedder, for measuring without servers. Blocks while weights load."""
    return RulesStructurer(), _embedder(settings, settings.embedding_model)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything, connected; `services.follower` is started by those who search.

    Raises Misconfigured (a setting is missing or wrong), PyMongoError or Unavailable (a server does not answer).
    """
    if settings.mongo_uri is None or settings.redis_url is None or settings.secret_key is None:
        raise Misconfigured("MONGO_URI, REDIS_URL and SECRET_KEY are needed here; `cvmatcher up` provides all three")
    failpoint.configure(settings.failpoint)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(store.connect(settings.mongo_uri.get_secret_value()))
        database = await store.open_store(client, settings.db_name, settings.collection_name)
        queue = await jobs.open_queue(settings.redis_url.get_secret_value())
        stack.push_async_callback(jobs.close_queue, queue)
        gemini = _gemini(settings, queue)
        if gemini is not None:
            stack.push_async_callback(gemini.aclose)
        embedders = Embedders(partial(_embedder, settings))
        stack.callback(embedders.close)
        services = await _services(settings, database, queue, gemini, embedders)
        if services.drive is not None:
            stack.callback(services.drive.close)
        yield services


async def _services(
    settings: Settings,
    database: store.Database,
    queue: jobs.Queue,
    gemini: Gemini | None,
    embedders: Embedders,
) -> Services:
    wished, embedder = await _models(embedders, settings)
    index, words = _index(embedder, settings), TantivyIndex()
    rules = RulesStructurer()
    structurer: Structurer = GeminiStructurer(gemini, rules) if gemini else rules
    found = sources_of(settings)
    assert settings.secret_key is not None  # noqa: S101 - open_services has checked it
    search = SearchParts(
        embedder=embedder,
        vectors=index,
        words=words,
        rules=RulesInterpreter(),
        model=GeminiInterpreter(gemini) if gemini else None,
        judge_by_rules=RulesReranker(),
        judge_by_model=GeminiReranker(gemini) if gemini else None,
        read_candidates=candidates.by_ids,
        superseded=same_person.superseded,
    )
    services = Services(
        settings=settings,
        database=database,
        queue=queue,
        sources=found,
        structurer=structurer,
        rules_structurer=rules,
        embedder=embedder,
        vectors=index,
        words=words,
        follower=Follower(index, words),
        search=search,
        ingest=IngestParts(
            sources=found,
            read=reading.read_cv,
            read_rest=reading.read_cv,
            mended=reading.mended,
            reader=reading.VERSION,
            structurer=structurer,
            rules=rules,
            embedder=wished,
            other=embedders.of,
            secret=secret_of(settings),
        ),
        gemini=gemini,
        embedders=embedders,
        gate=Gate(
            search=search,
            structurer=rules,
            vectors=lambda model: FaissIndex(model.model_id, model.dimension),
            words=TantivyIndex,
            kept=lambda model: KeptEmbedder(model, settings.cvmatcher_home / "gate"),
        ),
    )
    services.follower.models = services
    return services
