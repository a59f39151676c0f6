"""A change of a pipeline that runs which began before it must not meet: asked for by name.

    if (yield from version("looks-twice")):
        ...as this release does it...
    else:
        ...as the release did that began the run...

True where nothing is recorded beyond this place, and for ever in that run; false where a release
without the question went on from here. The name is never used again for another change.
"""

from __future__ import annotations

from dataclasses import dataclass

from .effect import Effect, Pipeline, do


@dataclass(frozen=True, slots=True)
class Taken:
    yes: bool


@dataclass(frozen=True, slots=True)
class Version(Effect[Taken]):
    outcome = Taken
    name: str

    @property
    def key(self) -> str:
        return self.name


def version(name: str) -> Pipeline[bool]:
    return (yield from do(Version(name))).yes
