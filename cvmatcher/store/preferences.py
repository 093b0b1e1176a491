"""What admins change while the app runs: one document, read anew wherever it matters, so that every process obeys.

Owns the collection `preferences`.
"""

from __future__ import annotations

from typing import Any

from beanie import Document
from pydantic import Field

from cvmatcher.domain import Value
from cvmatcher.store.traces import NOBODY, Traces
from cvmatcher.store.values import known_fields


class Preferences(Value):
    """`ai`: whether a language model may be asked at all. `retention_*`: when CVs go, and whether by themselves."""

    ai: bool = True
    retention_months: int = Field(24, ge=1, le=240)  # after the last contact
    retention_automatic: bool = False


class PreferencesDocument(Document):
    id: str  # type: ignore[assignment]  # "app"
    ai: bool = True
    retention_months: int = 24
    retention_automatic: bool = False

    class Settings:
        name = "preferences"


DOCUMENTS: tuple[type[Document], ...] = (PreferencesDocument,)
TRACES: Traces = {PreferencesDocument: NOBODY}


def _collection() -> Any:
    return PreferencesDocument.get_pymongo_collection()


async def get() -> Preferences:
    raw = await _collection().find_one({"_id": "app"})
    return Preferences.model_validate(known_fields(Preferences, raw)) if raw else Preferences()


async def save(preferences: Preferences) -> None:
    await _collection().update_one({"_id": "app"}, {"$set": preferences.model_dump()}, upsert=True)
