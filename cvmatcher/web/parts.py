"""What every handler may use: the services, the turns that run here, the renderer, the cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from litestar.connection import Request
from litestar.di import NamedDependency

from cvmatcher.web.render import Renderer
from cvmatcher.web.security import Cookies
from cvmatcher.web.turns import Turns
from cvmatcher.wiring import Services


@dataclass(frozen=True, slots=True)
class Parts:
    services: Services
    turns: Turns
    cookies: Cookies
    render: Renderer = field(default_factory=Renderer)

    def address_of(self, request: Request[Any, Any, Any]) -> str:
        """The reader's address. uvicorn has already replaced it by the trusted proxy's word, and no other's."""
        return request.client.host if request.client else "unknown"


Web = NamedDependency[Parts]
