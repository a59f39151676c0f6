"""What a sandbox speaks: the guide's calls, the published ones, or both.

An organisation of one dialect answers 404 for the other's calls, as a real one does.
"""

from __future__ import annotations

from enum import StrEnum

from .guide.routes import ROUTES as GUIDE_ROUTES
from .published.routes import ROUTES as PUBLISHED_ROUTES
from .routes import Route, Table


class Dialect(StrEnum):
    GUIDE = "guide"
    PLATFORM = "platform"
    BOTH = "both"

    @property
    def guide(self) -> bool:
        return self is not Dialect.PLATFORM

    @property
    def published(self) -> bool:
        return self is not Dialect.GUIDE

    @property
    def routes(self) -> tuple[Route, ...]:
        match self:
            case Dialect.GUIDE:
                return GUIDE_ROUTES
            case Dialect.PLATFORM:
                return PUBLISHED_ROUTES
        return (*PUBLISHED_ROUTES, *GUIDE_ROUTES)

    def table(self) -> Table:
        return Table(self.routes)
