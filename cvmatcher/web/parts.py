"""What every handler may use: the services, the turns that run here, the renderer, the cookies."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from litestar.connection import Request
from litestar.di import NamedDependency

from cvmatcher.web.render import Renderer
from cvmatcher.web.security import Cookies
from cvmatcher.web.turns import Turns
from cvmatcher.wiring import Services


class Pictures:
    """Pages drawn lately, by content, in memory only. Asked for through a candidate, so gone with the candidate."""

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, picture: bytes) -> None:
        self._kept[key] = picture
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Parts:
    services: Services
    turns: Turns
    cookies: Cookies
    render: Renderer = field(default_factory=Renderer)
    pictures: Pictures = field(default_factory=Pictures)

    def address_of(self, request: Request[Any, Any, Any]) -> str:
        """The reader's address. uvicorn has already replaced it by the trusted proxy's word, and no other's."""
        return request.client.host if request.client else "unknown"


Web = NamedDependency[Parts]
