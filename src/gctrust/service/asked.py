"""Who asks for a change and why: the token's name, and two headers that a caller may send."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from ..adapters.store.changes import Change
from .access import Operator

_LINE = r"^[^\x00-\x1f\x7f]{0,500}$"
_Reason = Annotated[
    str, Header(alias="Gctrust-Reason", pattern=_LINE, description="Why, for the ledger.")
]
_Ticket = Annotated[
    str, Header(alias="Gctrust-Ticket", pattern=_LINE, description="The change's number elsewhere.")
]


def _asked(token: Operator, reason: _Reason = "", ticket: _Ticket = "") -> Change:
    return Change(token.actor, reason.strip(), ticket.strip())


Asked = Annotated[Change, Depends(_asked)]
