"""A breaker before a service that fails: after some failures in a row nobody waits for it, and later one call tries.

Owns the counting. Knows nothing of the service: what failed says so by raising Unavailable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cvmatcher.domain import Unavailable


class Breaker:
    """Closed lets every call through, open none, half-open (`pause` seconds later) one: it closes or opens again."""

    def __init__(self, *, failures: int = 5, pause: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._pause, self._clock = failures, pause, clock
        self._failures = 0
        self._lets_try_at: float | None = None
        self._trial_runs = False

    @property
    def is_open(self) -> bool:
        return self._lets_try_at is not None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call. Raises Unavailable (`retry_after`) at once while open; a cancelled call does not count."""
        trial = self._enter()
        try:
            yield
        except Unavailable as error:
            self._failed(float(error.details.get("retry_after") or 0))
            raise
        else:
            self._failures, self._lets_try_at = 0, None
        finally:
            if trial:
                self._trial_runs = False

    def check(self) -> None:
        """Raises Unavailable where `guard` would, and takes nothing: for what is to be spared before the call."""
        if self._lets_try_at is not None:
            left = self._lets_try_at - self._clock()
            if left > 0 or self._trial_runs:
                raise Unavailable("it failed several times in a row: not asked for now", retry_after=max(left, 1.0))

    def _enter(self) -> bool:
        self.check()
        self._trial_runs = self.is_open
        return self._trial_runs

    def _failed(self, retry_after: float) -> None:
        self._failures += 1
        if self._failures >= self._limit or self.is_open:
            self._lets_try_at = self._clock() + max(self._pause, retry_after)
