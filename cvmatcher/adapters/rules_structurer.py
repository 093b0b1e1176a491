"""Structurer by rules: no key, no network, no model. Adapter of cvparse to the seam."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime

from cvmatcher.cvparse.whole import read_profile
from cvmatcher.domain import CVText, Profile


class RulesStructurer:
    """CV text -> Profile. `today` is asked where a CV with a running job does not say of when it is."""

    version = "rules/1"

    def __init__(self, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today

    async def structure(self, text: CVText) -> Profile:
        """Never fails: what cannot be told is empty. Off the event loop, for a long CV takes longer than a beat."""
        return await asyncio.to_thread(read_profile, text, f"{self._today():%Y-%m}")
