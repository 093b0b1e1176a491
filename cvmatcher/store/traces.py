"""What a person leaves in the database, and how it is taken out of every collection.

Owns what "leaves no trace" means for a document. A collection needs no word here to be covered: a document whose own
field names the person's candidate or file goes, lists lose the entries about the person, texts lose the words that
identify them. A noun that needs more, or less, says so in TRACES of its module. Knows no file and no source.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from beanie import Document
from pymongo.asynchronous.database import AsyncDatabase

from cvmatcher.domain import Value
from cvmatcher.folding import fold
from cvmatcher.store.transactions import Raw

GONE = "[…]"  # stands where a text named the person

Database = AsyncDatabase[dict[str, Any]]


class Person(Value):
    """Everything by which the database may know one person (or several, erased together)."""

    candidate_ids: frozenset[str] = frozenset()
    file_keys: frozenset[str] = frozenset()
    content_hashes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()  # e-mails, phones, links
    file_names: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        return self.candidate_ids | self.file_keys | self.content_hashes

    @property
    def words(self) -> tuple[str, ...]:
        """What a text says when it speaks of this person: full names and contacts, longest first."""
        whole = {name for name in self.names if len(name.split()) > 1} | {one for one in self.contacts if len(one) > 5}
        return tuple(sorted(whole, key=len, reverse=True))

    def masked(self, text: str) -> str:
        """The text without the words that identify the person, whatever their case, accents and spacing."""
        kept, end = [], 0
        for start, stop in self.spans(text):
            kept += [text[end:start], GONE]
            end = stop
        return "".join([*kept, text[end:]]) if kept else text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the text says one of the words: (begin, end), in order."""
        if not self.words or not text:
            return []
        said = "|".join(filter(None, map(_loosely, self.words))) or "(?!)"
        whole = rf"(?<![^\W_])(?:{said})(?![^\W_])"
        return [match.span() for match in re.finditer(whole, fold(text))]


def _loosely(word: str) -> str:
    """A pattern for a name or a contact with other separators; of a phone the country's prefix may differ too."""
    if not any(char.isalpha() for char in word) and len(digits := re.findall(r"\d", word)) >= 8:
        return r"\d{0,4}[\W_]*" + r"[\W_]*".join(digits[-9:])
    return r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", fold(word))))


Without = Callable[[Raw, Person], Raw | None]
Narrow = Callable[[Person], Raw]
Traces = dict[type[Document], "Rule"]


def _all(_: Person) -> Raw:
    return {}


# ----------------------------------------------------------------------------------------- what becomes of a document


def forgotten(raw: Raw, person: Person) -> Raw | None:
    """The document without the person; None when it is about them."""
    if any(isinstance(value, str) and value in person.ids for value in raw.values()):
        return None
    if not person.candidate_ids.isdisjoint(str(raw["_id"]).split(":")):  # "user:candidate"
        return None
    return {key: _cleaned(value, person) for key, value in raw.items() if key not in person.ids}


def masked(raw: Raw, person: Person) -> Raw | None:
    """The document with the person's names and contacts masked, and nothing else changed."""
    told = Person(names=person.names, contacts=person.contacts)
    return {key: value if key == "_id" else _cleaned(value, told) for key, value in raw.items()}


def of_person(_raw: Raw, _person: Person) -> Raw | None:
    """For places whose query already finds only what is the person's: all of it goes."""
    return None


def _cleaned(value: Any, person: Person) -> Any:
    match value:
        case str():
            return person.masked(value)
        case list():
            return [_cleaned(one, person) for one in value if not _about(one, person)]
        case dict():
            return {key: _cleaned(one, person) for key, one in value.items() if key not in person.ids}
    return value


def _about(value: Any, person: Person) -> bool:
    """Whether an entry of a list is the person's id, or a row of theirs."""
    if isinstance(value, Mapping):
        return any(isinstance(one, str) and one in person.ids for one in value.values())
    return isinstance(value, str) and value in person.ids


# ------------------------------------------------------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class Rule:
    """Which documents of a collection may hold the person (`narrow`), and what becomes of those (`without`)."""

    without: Without = forgotten
    narrow: Narrow = _all


@dataclass(frozen=True, slots=True)
class Place:
    collection: str
    rule: Rule = Rule()


def _same(raw: Raw, _person: Person) -> Raw | None:
    return raw


NOBODY = Rule(_same, lambda _: {"_id": {"$in": []}})  # accounts, leases, digests, random ids: no candidate in it


def _named() -> dict[str, Rule]:
    """What the modules of the store say of their collections."""
    package = __name__.rpartition(".")[0]
    nouns = [import_module(f"{package}.{module.name}") for module in iter_modules(import_module(package).__path__)]
    rules = [rule for noun in nouns for rule in getattr(noun, "TRACES", {}).items()]
    return {document.get_pymongo_collection().name: rule for document, rule in rules}


async def places(database: Database) -> list[Place]:
    """Each collection there is, by its own rule or by the general one."""
    known = _named()
    names = sorted(await database.list_collection_names())
    return [Place(name, known.get(name, Rule())) for name in names if not name.startswith("system.")]


async def count(database: Database, place: Place, person: Person) -> int:
    """How many documents of the place say something of the person."""
    return len([True async for _ in touched(database, place, person)])


async def erase(database: Database, place: Place, person: Person, among: Raw | None = None) -> int:
    """Takes the person out of the place (of the documents `among`); how many documents that were."""
    done = 0
    async for raw in touched(database, place, person, among):
        await _replace(database[place.collection], raw, place.rule, person)
        done += 1
    return done


async def _replace(collection: Any, raw: Raw | None, rule: Rule, person: Person) -> None:
    """A document that changes meanwhile is looked at again: only what was read is replaced."""
    while raw is not None:
        kept = rule.without(raw, person)
        if kept is None:
            await collection.delete_one({"_id": raw["_id"]})
            return
        gone = {key: "" for key in raw if key not in kept}
        changed = {key: value for key, value in kept.items() if raw.get(key) != value}
        change = {name: what for name, what in (("$set", changed), ("$unset", gone)) if what}
        before = {key: raw[key] for key in (*gone, *changed)}
        if not change or (await collection.update_one({"_id": raw["_id"], **before}, change)).matched_count:
            return
        raw = await collection.find_one({"_id": raw["_id"]})


async def touched(database: Database, place: Place, person: Person, among: Raw | None = None) -> AsyncIterator[Raw]:
    """The documents of the place (`among` those) that say something of the person."""
    wanted = [one for one in (among, place.rule.narrow(person)) if one]
    async for raw in database[place.collection].find({"$and": wanted} if wanted else {}):
        if place.rule.without(raw, person) != raw:
            yield raw
