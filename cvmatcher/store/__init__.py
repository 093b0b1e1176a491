"""MongoDB: Beanie documents and the named queries on them, one noun a file.

Documents stay inside this package: its functions take and return the plain values of domain.py.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from beanie import Document, init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from cvmatcher import cancelling

Database = AsyncDatabase[dict[str, Any]]


def documents() -> list[type[Document]]:
    """Every document class of the store: what its modules name in DOCUMENTS."""
    nouns = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return [document for noun in nouns for document in getattr(noun, "DOCUMENTS", ())]


def connect(uri: str) -> AsyncMongoClient[dict[str, Any]]:
    """A client that gives up on an absent server after 3 s, so that the web can say so."""
    cancelling.mend()
    return AsyncMongoClient(
        uri,
        serverSelectionTimeoutMS=3000,
        connectTimeoutMS=3000,
        socketTimeoutMS=20000,
        tz_aware=True,
        appname="cvmatcher",
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
