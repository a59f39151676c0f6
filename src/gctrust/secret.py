"""Secret: a text that no print, log, JSON, pickle or traceback shows; `.reveal()` gives it out."""

from __future__ import annotations

import hmac
from typing import NoReturn, final

_SHOWN = "Secret(set)"
_SHOWN_EMPTY = "Secret(empty)"


@final
class Secret:
    """Holds a token, password or private key.

    Printing shows only whether it is set, json and pickle refuse it, copies share the one value.
    Equality takes the same time wherever the texts differ.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def __repr__(self) -> str:
        return _SHOWN if self.__value else _SHOWN_EMPTY

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    # A hash would let a guess be confirmed through a set or a log of ids; nothing needs one.
    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is never stored; store a reference to its source")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is never stored; store a reference to its source")
