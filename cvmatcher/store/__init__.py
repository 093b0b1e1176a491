"""MongoDB: Beanie documents and the named queries on them, one noun a file.

Documents stay inside this package: its functions take and return the plain values of domain.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from beanie import Document, init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

NOUNS = ("candidates", "vectors", "ledger", "sources", "jobs", "turns", "people", "audit")

Database = AsyncDatabase[dict[str, Any]]


def documents() -> list[type[Document]]:
    """Every document class of the store."""
    found: list[type[Document]] = []
    for noun in NOUNS:
        found.extend(import_module(f"cvmatcher.store.{noun}").DOCUMENTS)
    return found


def connect(uri: str) -> AsyncMongoClient[dict[str, Any]]:
    """A client that gives up on an absent server after 3 s, so that the web can say so."""
    return AsyncMongoClient(
        uri, serverSelectionTimeoutMS=3000, connectTimeoutMS=3000, timeoutMS=20000, tz_aware=True, appname="cvmatcher"
    )


async def open_store(client: AsyncMongoClient[dict[str, Any]], db_name: str, collection_name: str) -> Database:
    """Binds every document to its collection and makes the indexes. Raises PyMongoError when MongoDB is away."""
    database = client[db_name]
    models = documents()
    for model in models:
        if model.__name__ == "CandidateDocument":
            model.Settings.name = collection_name
    await init_beanie(database, document_models=models)
    return database
