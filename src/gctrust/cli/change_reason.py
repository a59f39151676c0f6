"""Why something is changed: options of every command that orders, resumes, signals or ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

_GROUP = Group("Why", sort_key=90)
_TEXT = Parameter(group=_GROUP, show_default=False)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Told in every ledger entry of the run."""

    reason: Annotated[str, _TEXT] = ""
    "Why, in a sentence, for the ledger (also: GCTRUST_REASON)."
    ticket: Annotated[str, _TEXT] = ""
    "The change's number elsewhere, for the ledger (also: GCTRUST_TICKET)."

    @property
    def settings(self) -> dict[str, str]:
        """As flags of the settings."""
        return {"reason": self.reason, "ticket": self.ticket}
