"""The public suffix list, as its package ships it: the registrable domain of a name."""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=65_536)
def registrable(name: str) -> str:
    """The registrable domain of a name in A-label form; "" for a suffix itself."""
    return _suffixes().privatesuffix(name) or ""
