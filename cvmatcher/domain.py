"""Plain values that the parts of CVmatcher exchange, and the errors they raise.

Owns the vocabulary (candidate, passage, criterion, verdict, event). Knows nothing of MongoDB, HTTP, models or files:
importing it costs milliseconds and pulls in pydantic only.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """An immutable value, compared by content. Its errors name the field and never repeat what it held: a CV's text."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# --------------------------------------------------------------------------------------------------------- sources


class SourceFile(Value):
    """One file as a source lists it. `version` changes whenever the content may have changed."""

    source: str  # name of the CVSource: "folder", "drive", "uploads", "folder-1a2b3c4d"
    file_id: str  # stable within the source
    name: str  # file name as people see it
    path: str = ""  # where it lies, for people
    mime: str = "application/pdf"
    size: int | None = None  # bytes; None where the source does not say (Google Docs)
    version: str
    md5: str | None = None  # hex; None where the source does not say
    modified: datetime | None = None

    @property
    def key(self) -> str:
        """The file's identity everywhere in the app: `source:file id`."""
        return f"{self.source}:{self.file_id}"


class ListingPage(Value):
    """One page of a source's listing; `cursor` is what to pass to the next `changes()` call."""

    files: tuple[SourceFile, ...] = ()
    gone: tuple[str, ...] = ()  # file ids known to be deleted or unshared (incremental listings)
    cursor: str
    more: bool  # another page follows at once
    full: bool  # part of a complete listing: after its last page, files it never named are gone


class FileState(StrEnum):
    """Where a listed file stands. Every file ever listed is in exactly one of these."""

    IN_PROGRESS = "in_progress"
    SEARCHABLE = "searchable"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    REMOVED = "removed"


class QuarantineReason(StrEnum):
    """Why a file is not searchable; each has a sentence for people in the catalogs."""

    EMPTY_FILE = "empty_file"
    UNSUPPORTED_TYPE = "unsupported_type"
    NOT_A_PDF = "not_a_pdf"
    POLYGLOT = "polyglot"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    NO_PAGES = "no_pages"
    NO_TEXT = "no_text"
    NEEDS_OCR = "needs_ocr"
    NEEDS_LIBREOFFICE = "needs_libreoffice"
    HIDDEN_TEXT_ONLY = "hidden_text_only"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MUCH_TEXT = "too_much_text"
    TOO_SLOW = "too_slow"
    TOO_MUCH_MEMORY = "too_much_memory"
    READER_CRASHED = "reader_crashed"
    NOT_ALLOWED = "not_allowed"
    NOT_STRUCTURED = "not_structured"
    GAVE_UP = "gave_up"
    ERASED = "erased"  # of an erased person: refused at the door, never kept


# --------------------------------------------------------------------------------------------------------- the CV


class Unread(Value):
    """Pages of a CV whose words are not known: pictures that text recognition did not read."""

    pages: tuple[int, ...]  # zero-based
    reason: QuarantineReason  # of the first of them


class CVText(Value):
    """What a person sees in a CV. `pages[i]` is the visible text of page i, one line of the CV a line."""

    pages: tuple[str, ...]
    unread: Unread | None = None
    hidden_text: str = ""  # white, tiny, covered, off the page…: kept apart, never searched or judged

    @property
    def text(self) -> str:
        return "\n".join(self.pages)

    @property
    def hidden_words(self) -> int:
        return len(self.hidden_text.split())


class Experience(Value):
    """One job. Dates are "YYYY-MM" or "YYYY"; `end` is None with `current` when it goes on."""

    title: str = ""
    employer: str = ""
    place: str = ""
    start: str | None = None
    end: str | None = None
    current: bool = False
    text: str = ""


class Education(Value):
    degree: str = ""
    school: str = ""
    place: str = ""
    start: str | None = None
    end: str | None = None


class LanguageLevel(StrEnum):
    """Common European Framework, plus native; ordered by `rank`."""

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"
    NATIVE = "native"

    @property
    def rank(self) -> int:
        return list(LanguageLevel).index(self)


class SpokenLanguage(Value):
    code: str  # ISO 639-1
    level: LanguageLevel | None = None
    text: str = ""  # as the CV writes it

    @property
    def is_inferred(self) -> bool:
        """Whether the level is a reading of words such as "courant" or a test's score: near it, and not stated."""
        stated = self.level is LanguageLevel.NATIVE or re.search(
            rf"(?<!\w){self.level}(?!\w)", self.text, re.IGNORECASE
        )
        return self.level is not None and not stated


class Profile(Value):
    """A CV, structured. The same from every Structurer; unknown is empty or None, never invented."""

    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    location: str = ""
    headline: str = ""
    biography: str = ""
    sectors: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    experiences: tuple[Experience, ...] = ()
    education: tuple[Education, ...] = ()
    languages: tuple[SpokenLanguage, ...] = ()
    years_experience: float | None = None  # overlaps counted once, as of cv_date
    cv_date: str | None = None  # "YYYY-MM" or "YYYY"
    language: str = ""  # language of the CV, ISO 639-1


class Passage(Value):
    """A stretch of a CV small enough for the embedding model, in the CV's own words."""

    kind: Literal["headline", "summary", "experience", "education", "skills", "text"] = "text"
    text: str
    page: int = 0  # zero-based


class Candidate(Value):
    """A person's CV as stored. `content_hash` is shared with its vectors and its ledger row."""

    id: str  # opaque, random
    content_hash: str  # sha256 of the file's bytes (of the text for a Google Doc)
    file_key: str  # primary file, `source:file id`
    file_name: str  # the original's `nomdupdf`
    other_files: tuple[str, ...] = ()  # keys of files with the same bytes
    profile: Profile
    pages: tuple[str, ...]
    unread: Unread | None = None
    hidden_words: int = 0
    passages: tuple[Passage, ...] = ()
    structured_by: str = ""  # "rules/1", "gemini-3.5-flash/1"
    enrichment_waits: bool = False  # searchable by rules, the model's profile still to come
    modified: datetime | None = None  # of the file, at its source
    ingested_at: datetime


# --------------------------------------------------------------------------------------------------------- asking


class CriterionKind(StrEnum):
    TITLE = "title"
    SKILL = "skill"
    YEARS = "years"
    PLACE = "place"
    LANGUAGE = "language"
    SECTOR = "sector"
    EMPLOYER = "employer"
    EDUCATION = "education"
    TEXT = "text"


class Need(StrEnum):
    MUST = "must"
    NICE = "nice"
    MUST_NOT = "must_not"


class Criterion(Value):
    """One thing asked for. `label` is for people, `value` is normalised for code.

    `value` by kind: title, skill, sector, employer, education, text: the term; place: the place's name;
    language: ISO 639-1 code; years: the skill or title the years are counted with, or "" for the whole career.
    """

    id: str  # "c1", "c2"… within its turn
    kind: CriterionKind
    need: Need = Need.MUST
    value: str
    label: str
    minimum: float | None = None  # years
    maximum: float | None = None  # years
    level: LanguageLevel | None = None  # at least
    within_km: int | None = None
    or_remote: bool = False
    either: str = ""  # criteria of one need that share it are alternatives: one of them is enough


class Understanding(Value):
    """What an Interpreter made of a message; `not_understood` holds the stretches it could not use."""

    criteria: tuple[Criterion, ...]
    not_understood: tuple[str, ...] = ()
    by: str = "rules"  # "rules" or the model's name


class EarlierTurn(Value):
    """What the conversation already asked, oldest first."""

    message: str
    criteria: tuple[Criterion, ...]


class Quotation(Value):
    """Words of the CV, exactly as they stand on `page`; code has found them there."""

    text: str
    page: int = 0  # zero-based
    before: str = ""  # the words around it, for showing it in context
    after: str = ""


class VerdictState(StrEnum):
    MET = "met"
    PARTLY = "partly"
    NOT_FOUND = "not_found"


class Verdict(Value):
    """Whether one candidate meets one criterion. Met and partly carry a quotation or are not shown.

    `also`: further quotations, where it takes several; `years`: what code counted from the jobs that they all show;
    `level`: what code made of words that state no level; `contested`: a model did not find in the CV what rules show.
    """

    candidate_id: str
    criterion_id: str
    state: VerdictState
    quotation: Quotation | None = None
    by: str = "rules"  # "rules" or the model's name
    flagged: bool = False  # the quotation's line reads like an instruction to a judge
    also: tuple[Quotation, ...] = ()
    years: float | None = None
    level: LanguageLevel | None = None
    contested: bool = False

    @property
    def quotations(self) -> tuple[Quotation, ...]:
        return (self.quotation, *self.also) if self.quotation else ()


class Dossier(Value):
    """What a Reranker may see of a candidate: no name, no contact, an opaque id of this turn only."""

    id: str
    profile: Profile
    pages: tuple[str, ...]


class Hit(Value):
    """One candidate as a list shows it."""

    candidate_id: str
    name: str
    title: str = ""
    place: str = ""
    years: float | None = None
    cv_date: str | None = None
    file_name: str = ""
    passage: str = ""  # what matched, in the CV's own words
    language: str = ""  # of the CV
    hidden_words: int = 0
    unread_pages: int = 0  # what stands on them nobody has judged


# --------------------------------------------------------------------------------------------------------- events


class Understood(Value):
    """The criteria of the turn; sent again when the model refines them."""

    type: Literal["understood"] = "understood"
    understanding: Understanding


class HitsFound(Value):
    """Hits in retrieval order, to be added below those already sent."""

    type: Literal["hits"] = "hits"
    hits: tuple[Hit, ...]


class Judged(Value):
    """All verdicts known of one candidate (replaces those sent before for it)."""

    type: Literal["judged"] = "judged"
    candidate_id: str
    verdicts: tuple[Verdict, ...]


class Ordered(Value):
    """The whole order, best first, and who made it: "index", "rules" or the model's name."""

    type: Literal["ordered"] = "ordered"
    candidate_ids: tuple[str, ...]
    by: str


class StatusCode(StrEnum):
    SEARCHING = "searching"
    JUDGING = "judging"
    SIMPLE_ORDER = "simple_order"  # the model failed: rules ordered


class Status(Value):
    type: Literal["status"] = "status"
    code: StatusCode
    detail: str = ""


class DroppedCriterion(Value):
    """How many candidates a search would find without this criterion, and without its alternatives if it has any."""

    criterion_id: str
    count: int


class NothingFound(Value):
    type: Literal["nothing"] = "nothing"
    without: tuple[DroppedCriterion, ...] = ()


class EndState(StrEnum):
    DONE = "done"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Ended(Value):
    type: Literal["ended"] = "ended"
    state: EndState
    detail: str = ""


SearchEvent = Annotated[
    Understood | HitsFound | Judged | Ordered | Status | NothingFound | Ended, Field(discriminator="type")
]


# --------------------------------------------------------------------------------------------------------- errors


class AppError(Exception):
    """Anything the app refuses or fails at on purpose. `code` names a sentence in the catalogs."""

    code = "error"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.code)
        self.details = details


class InvalidInput(AppError):
    code = "invalid_input"


class NotSignedIn(AppError):
    code = "not_signed_in"


class PasswordIsTemporary(AppError):
    """Somebody else made the password; its owner has to choose one before anything else."""

    code = "temporary_password"


class NotAllowed(AppError):
    code = "not_allowed"


class NotFound(AppError):
    code = "not_found"


class Conflict(AppError):
    code = "conflict"


class TooManyTries(AppError):
    """Details: `retry_after`, seconds."""

    code = "too_many_tries"


class Misconfigured(AppError):
    """A setting is missing or wrong; the message says which line to write."""

    code = "misconfigured"


class Unavailable(AppError):
    """A part we depend on does not answer now; trying again later may work. Details: `retry_after`, seconds."""

    code = "unavailable"


class OutOfQuota(Unavailable):
    """A vendor refuses because of a rate or a quota."""

    code = "out_of_quota"


class BadAnswer(AppError):
    """A model answered with something that is not what was asked for."""

    code = "bad_answer"


class StaleCursor(AppError):
    """The source no longer knows the cursor: list in full."""

    code = "stale_cursor"


class FileGone(AppError):
    """The source no longer has the file (deleted, unshared)."""

    code = "file_gone"


class Unreadable(AppError):
    """The file cannot become a CV; `reason` says why, for the quarantine."""

    code = "unreadable"

    def __init__(self, reason: QuarantineReason, message: str = "") -> None:
        super().__init__(message or reason.value)
        self.reason = reason
