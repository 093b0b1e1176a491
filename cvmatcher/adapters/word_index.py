"""WordIndex by tantivy: BM25 over the fields of a CV, each text under French and English stems.

Owns the analysis of words and the index, which lives in memory only: it is made from MongoDB at start, so nothing of an
erased person stays in a file. The name and contact of a person are no content: only the field "name" finds them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from cvmatcher.domain import Candidate, Profile
from cvmatcher.ports import IndexStats, PassageHit, WordQuery

FIELDS = ("name", "title", "headline", "skills", "employers", "places", "languages", "education", "sectors", "text")
WHOLE = ("title", "headline", "skills", "employers", "education", "sectors")  # fields of values that are names
_FIRST, _LAST = "zzfirst", "zzlast"  # stand around a value, so that a phrase can be all of it
_STEMMERS = {"fr": "french", "en": "english"}
_TOKEN = r"\.(?:net|NET|Net)\b|[\p{L}\p{N}]&[\p{L}\p{N}]\b|[\p{L}\p{N}]+[+#]*"  # noqa: S105 - R&D, C++, C#, ASP.NET
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|lorsqu|jusqu|puisqu)['’](?=\w)", re.IGNORECASE)
_WRITER_BYTES, _WRITER_THREADS = 32_000_000, 2


@dataclass(frozen=True, slots=True)
class _View:
    """What a reader works on: replaced as a whole, never changed."""

    searcher: tantivy.Searcher
    owners: dict[int, tuple[str, str]]  # number of a document -> candidate id, content hash
    numbers: dict[str, int]


class TantivyIndex:
    """Safe to use from several threads: a reader sees an `apply` whole or not at all.

    A term of several words matches as a phrase. Accents, case, number and gender do not count; `C++`, `C#`, `.NET`
    and `R&D` are words of their own.
    """

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder().add_unsigned_field("number", indexed=True, fast=True)
        for name in (*FIELDS, *(f"whole_{name}" for name in WHOLE)):
            for language in _STEMMERS:
                builder.add_text_field(f"{name}_{language}", tokenizer_name=language)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        self._analyzers = {language: _analyzer(stemmer) for language, stemmer in _STEMMERS.items()}
        for language, analyzer in self._analyzers.items():
            self._index.register_tokenizer(language, analyzer)
        self._writer = self._index.writer(_WRITER_BYTES, _WRITER_THREADS)
        self._lock = Lock()  # of the writer
        self._next = 0
        self._view = _View(self._index.searcher(), {}, {})

    def search(self, query: WordQuery, k: int) -> list[PassageHit]:
        """Raises ValueError for a field that is none of FIELDS, or none of WHOLE where that is asked."""
        view = self._view
        wanted = self._wanted(query, view)
        if wanted is None or k < 1:
            return []
        found = view.searcher.search(wanted, k, count=False).hits
        owners = view.searcher.fast_field_values("number", [address for _, address in found])
        hits = [
            PassageHit(*view.owners[int(number or 0)], 0, float(score))
            for (score, _), number in zip(found, owners, strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.candidate_id))

    def count(self, query: WordQuery) -> int:
        view = self._view
        wanted = self._wanted(query, view)
        if wanted is None:
            return 0
        found = view.searcher.search(wanted, 1, count=True)
        return int(found.count or 0)  # type: ignore[attr-defined]  # the stubs know it not

    def apply(self, upserts: Sequence[Candidate], removals: Sequence[str]) -> None:
        latest = {candidate.id: candidate for candidate in upserts}
        with self._lock:
            owners, numbers = dict(self._view.owners), dict(self._view.numbers)
            gone = [numbers.pop(candidate_id) for candidate_id in {*removals, *latest} & numbers.keys()]
            for number in gone:
                del owners[number]
            self._writer.delete_documents_by_query(Query.term_set_query(self._schema, "number", gone))
            for candidate in latest.values():
                self._writer.add_document(self._document(candidate, self._next))
                owners[self._next] = candidate.id, candidate.content_hash
                numbers[candidate.id] = self._next
                self._next += 1
            self._writer.commit()
            self._index.reload()
            self._view = _View(self._index.searcher(), owners, numbers)

    def stats(self) -> IndexStats:
        hashes = dict(self._view.owners.values())
        return IndexStats(hashes, len(hashes))

    def _wanted(self, query: WordQuery, view: _View) -> Query | None:
        wanted = self._any_of(_whole(query) if query.whole else query.terms, _field(query))
        if wanted is None or not query.restrict_to:
            return wanted
        numbers = [view.numbers[key] for key in query.restrict_to if key in view.numbers]
        among = Query.const_score_query(Query.term_set_query(self._schema, "number", numbers), 0.0)
        return Query.boolean_query([(Occur.Must, wanted), (Occur.Must, among)])

    def _any_of(self, terms: Iterable[tuple[str, float]], field: str) -> Query | None:
        parts = [
            (Occur.Should, Query.boost_query(Query.disjunction_max_query(under), boost))
            for term, boost in terms
            if (under := list(self._under_each_stemmer(term, field)))
        ]
        return Query.boolean_query(parts) if parts else None

    def _under_each_stemmer(self, term: str, field: str) -> Iterable[Query]:
        for language, analyzer in self._analyzers.items():
            words = analyzer.analyze(_plain(term))
            if len(words) == 1:
                yield Query.term_query(self._schema, f"{field}_{language}", words[0])
            elif words:
                yield Query.phrase_query(self._schema, f"{field}_{language}", list(words))

    def _document(self, candidate: Candidate, number: int) -> tantivy.Document:
        document = tantivy.Document()
        document.add_unsigned("number", number)
        for name, values in (*_contents(candidate).items(), *_wholes(candidate).items()):
            for value in filter(None, map(_plain, values)):
                for language in _STEMMERS:
                    document.add_text(f"{name}_{language}", value)
        return document


def _field(query: WordQuery) -> str:
    name, known = query.in_field or "text", WHOLE if query.whole else FIELDS
    if name not in known:
        raise ValueError(f"no such field: {name}; there are {', '.join(known)}")
    return f"whole_{name}" if query.whole else name


def _whole(query: WordQuery) -> list[tuple[str, float]]:
    return [(f"{_FIRST} {term} {_LAST}", boost) for term, boost in query.terms if _plain(term)]


def _wholes(candidate: Candidate) -> dict[str, Iterable[str]]:
    """The values of the fields of WHOLE, each between its two marks."""
    contents = _contents(candidate)
    studies = candidate.profile.education
    values = {**contents, "education": [name for study in studies for name in (study.degree, study.school)]}
    return {f"whole_{name}": [f"{_FIRST} {v} {_LAST}" for v in values[name] if _plain(v)] for name in WHOLE}


def _contents(candidate: Candidate) -> dict[str, Iterable[str]]:
    profile = candidate.profile
    jobs = profile.experiences
    return {
        "name": [profile.name],
        "title": [job.title for job in jobs],
        "headline": [profile.headline],
        "skills": profile.skills,
        "employers": [job.employer for job in jobs],
        "places": [profile.location, *(job.place for job in jobs), *(study.place for study in profile.education)],
        "languages": [f"{spoken.code} {spoken.text}" for spoken in profile.languages],
        "education": [f"{study.degree} {study.school}" for study in profile.education],
        "sectors": profile.sectors,
        "text": [_nameless("\n".join(candidate.pages), profile)],
    }


def _nameless(text: str, profile: Profile) -> str:
    """The text without the person's full name, addresses and links: they are found by asking for the name.

    Only as words of their own: a person named Ada may live in Adaville.
    """
    identity = [profile.name, *profile.emails, *profile.links]
    patterns = [r"\s+".join(map(re.escape, words)) for words in map(str.split, identity) if words]
    return re.sub(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", " ", text, flags=re.IGNORECASE) if patterns else text


def _analyzer(language: str) -> TextAnalyzer:
    """Accents go before stems are taken, so that a query without accents meets a text with them."""
    builder = TextAnalyzerBuilder(Tokenizer.regex(_TOKEN))
    return builder.filter(Filter.lowercase()).filter(Filter.ascii_fold()).filter(Filter.stemmer(language)).build()


def _plain(text: str) -> str:
    """Composed letters, no lone surrogates, and no French elisions: `c'est` holds no `C`."""
    sound = text.encode("utf-8", "replace").decode()
    return _ELISION.sub(" ", unicodedata.normalize("NFKC", sound)).strip()
