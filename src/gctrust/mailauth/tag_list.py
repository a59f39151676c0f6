"""The tag=value list that DKIM, DMARC, TLS-RPT and MTA-STS records share (RFC 6376 section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """`name` as written, since names are case-sensitive; `value` without the blanks around it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TagList:
    """`tags` in the order written; `faults` the parts that are no tag=value, with the reason."""

    tags: tuple[Tag, ...]
    faults: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The value of the first tag of that name, None without one."""
        return next((tag.value for tag in self.tags if tag.name == name), None)

    def __contains__(self, name: str) -> bool:
        return any(tag.name == name for tag in self.tags)

    def __iter__(self) -> Iterator[Tag]:
        return iter(self.tags)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Names that stand more than once, each named once."""
        names = [tag.name for tag in self.tags]
        return tuple(dict.fromkeys(name for at, name in enumerate(names) if name in names[:at]))


MAX_TAGS = 200  # no record has a dozen; a hostile one may have thousands
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e \t\r\n]*\Z")
_BLANKS = " \t\r\n"


def parse_tag_list(data: bytes | str) -> TagList:
    """Split a tag list. Never raises: what is no tag becomes a fault, the rest is kept."""
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    tags: list[Tag] = []
    faults: list[tuple[str, str]] = []
    parts = text.split(";")
    if not parts[-1].strip(_BLANKS):
        parts.pop()  # the semicolon after the last tag is optional
    for part in parts[:MAX_TAGS]:
        name, equals, value = part.partition("=")
        name, value = name.strip(_BLANKS), value.strip(_BLANKS)
        if not equals:
            reason = "there is nothing between two semicolons" if not name else "it has no ="
            faults.append((part.strip(_BLANKS), reason))
        elif not _NAME.match(name):
            faults.append((part.strip(_BLANKS), f"{name[:40]!r} is no tag name"))
        else:
            if not _VALUE.match(value):
                reason = "its value holds characters that are not printable ASCII"
                faults.append((part.strip(_BLANKS), reason))
            tags.append(Tag(name, value))
    if len(parts) > MAX_TAGS:
        faults.append((f"{len(parts)} tags", f"more than {MAX_TAGS} are not read"))
    return TagList(tuple(tags), tuple(faults))
