"""What every handler may use: the services, the turns that run here, the renderer, the cookies."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from litestar.connection import Request
from litestar.di import NamedDependency

from cvmatcher.pdf import PageWords
from cvmatcher.web.render import Renderer
from cvmatcher.web.security import Cookies
from cvmatcher.web.turns import Turns
from cvmatcher.wiring import Services

T = TypeVar("T")
Key = tuple[str, str, int]  # candidate id, content hash, page or 0


class Lately(Generic[T]):
    """What was made of CVs lately, by candidate and content, in memory only. Goes with the candidate at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, T] = OrderedDict()
        self.turn = 0  # grows with every forgetting

    def get(self, key: Key) -> T | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, made: T, turn: int) -> None:
        """Keeps what was begun in that `turn`: when something was forgotten since, it may have been this."""
        if turn != self.turn:
            return
        self._kept[key] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, candidate_ids: Iterable[str] | None) -> None:
        """Nothing of these candidates stays; None: nothing at all."""
        self.turn += 1
        gone = set(candidate_ids) if candidate_ids is not None else {key[0] for key in self._kept}
        for key in [key for key in self._kept if key[0] in gone]:
            del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class Parts:
    services: Services
    turns: Turns
    cookies: Cookies
    render: Renderer = field(default_factory=Renderer)
    pictures: Lately[bytes] = field(default_factory=lambda: Lately(40))  # of one page
    words: Lately[list[PageWords]] = field(default_factory=lambda: Lately(40))  # of all pages

    def forget(self, candidate_ids: Iterable[str] | None) -> None:
        """These candidates changed or went (None: any of them): nothing that was drawn of them stays."""
        self.pictures.forget(candidate_ids)
        self.words.forget(candidate_ids)

    def address_of(self, request: Request[Any, Any, Any]) -> str:
        """The reader's address. uvicorn has already replaced it by the trusted proxy's word, and no other's."""
        return request.client.host if request.client else "unknown"


Web = NamedDependency[Parts]
