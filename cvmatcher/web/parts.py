"""What every handler may use: the services, the turns that run here, the renderer, the cookies."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
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


class Lately(Generic[T]):
    """What was made of CVs lately, by their content, in memory only. Asked for through a candidate: gone with it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, made: T) -> None:
        self._kept[key] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Parts:
    services: Services
    turns: Turns
    cookies: Cookies
    render: Renderer = field(default_factory=Renderer)
    pictures: Lately[bytes] = field(default_factory=lambda: Lately(40))  # by (content hash, page)
    words: Lately[list[PageWords]] = field(default_factory=lambda: Lately(40))  # by content hash

    def address_of(self, request: Request[Any, Any, Any]) -> str:
        """The reader's address. uvicorn has already replaced it by the trusted proxy's word, and no other's."""
        return request.client.host if request.client else "unknown"


Web = NamedDependency[Parts]
