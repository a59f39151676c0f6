"""Under which correlation ids the platform answered what would change it, gathered for whoever
performs an effect: the ledger keeps them, and the platform's own audit quotes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST = 20  # of one effect; the rest of a long one is found by its time
_ANSWERED: ContextVar[list[str] | None] = ContextVar("answered", default=None)


@contextmanager
def gathering() -> Iterator[list[str]]:
    """The ids of all writes within, in their order."""
    gathered: list[str] = []
    token = _ANSWERED.set(gathered)
    try:
        yield gathered
    finally:
        _ANSWERED.reset(token)


def answered(correlation: str) -> None:
    gathered = _ANSWERED.get()
    if gathered is not None and correlation and len(gathered) < MOST:
        gathered.append(correlation)
