"""DMARC policy records (RFC 9989 sections 4.7 and 4.8): the text form parsed, its faults kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def strength(self) -> int:
        return list(Policy).index(self)

    @property
    def lowered(self) -> Policy:
        """What t=y makes of it: one level less (RFC 9989 appendix A.6)."""
        return list(Policy)[max(self.strength - 1, 0)]


class Mode(StrEnum):
    RELAXED = "r"
    STRICT = "s"


class FaultKind(StrEnum):
    SYNTAX = "syntax"
    UNKNOWN_TAG = "unknown-tag"
    DUPLICATE = "duplicate"
    HISTORIC = "historic"
    POLICY = "policy"
    SUB_POLICY = "sub-policy"
    MODE = "mode"
    PSD = "psd"
    TESTING = "testing"
    FAILURE_OPTIONS = "failure-options"
    URI = "uri"
    URI_SIZE = "uri-size"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one tag; `reason` is a clause fit for a sentence."""

    kind: FaultKind
    tag: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportUri:
    """Where reports go. `domain` is the mail domain of a mailto URI, empty for other schemes."""

    text: str
    domain: str


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """`policy` is None when p= is absent or invalid; `psd` is "y", "n" or "u" (unknown)."""

    text: str
    policy: Policy | None
    subdomain_policy: Policy | None
    nonexistent_policy: Policy | None
    adkim: Mode
    aspf: Mode
    testing: bool
    psd: str
    rua: tuple[ReportUri, ...]
    ruf: tuple[ReportUri, ...]
    failure_options: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def applies(self) -> bool:
        """Whether receivers act on it: a bad p=, sp= or np= needs a valid rua= (section 4.10.1)."""
        return not self._has_bad_policy or bool(self.rua)

    @property
    def _has_bad_policy(self) -> bool:
        bad = (FaultKind.POLICY, FaultKind.SUB_POLICY)
        return any(fault.kind in bad for fault in self.faults)

    def _request(self, *choices: Policy | None) -> Policy:
        if self._has_bad_policy:
            return Policy.NONE  # acts as if a record of "p=none" had been found
        return next((choice for choice in choices if choice is not None), Policy.NONE)

    @property
    def for_domain(self) -> Policy:
        return self._request(self.policy)

    @property
    def for_subdomains(self) -> Policy:
        return self._request(self.subdomain_policy, self.policy)

    @property
    def for_nonexistent(self) -> Policy:
        return self._request(self.nonexistent_policy, self.subdomain_policy, self.policy)


MAX_TAGS, MAX_URIS, MAX_URI = 100, 50, 1000  # no record has a dozen; a hostile one has thousands
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|\Z)")
_NEAR = re.compile(r"[\s\"'\u201c\u201d\ufeff]*v\s*=?\s*[\"']?\s*dmarc\s*1?", re.IGNORECASE)
_VALUE = re.compile(r"[\x20-\x3a\x3c-\x7e]*\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+\Z")
_MAILTO = re.compile(
    r"mailto:[^@\s]+@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)(?:\?.*)?\Z", re.I
)
_SIZE = re.compile(r"!\d+[kmgt]?\Z", re.IGNORECASE)
_HISTORIC = ("pct", "rf", "ri")
_KNOWN = ("v", "p", "sp", "np", "adkim", "aspf", "t", "psd", "rua", "ruf", "fo", *_HISTORIC)


def text_of(strings: object) -> str:
    """One TXT record as text: its character-strings joined without a space."""
    parts = strings if isinstance(strings, tuple) else (strings,)
    return b"".join(p for p in parts if isinstance(p, bytes)).decode("utf-8", "backslashreplace")


def is_dmarc(text: str) -> bool:
    """Whether the record begins with the version of RFC 9989 section 4.8; the value keeps case."""
    return bool(_VERSION.match(text))


def is_near_miss(text: str) -> bool:
    """Meant as DMARC, but every receiver passes it over."""
    return not is_dmarc(text) and bool(_NEAR.match(text[:60]))


def parse_dmarc(text: str) -> DmarcRecord:
    """Parse a record that `is_dmarc`. Never raises: what is wrong is in `faults`."""
    return _Parser(text).record()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self.tags: dict[str, str] = {}
        parts = [part for part in text.split(";", MAX_TAGS + 1) if part.strip(" \t")]
        for part in parts[:MAX_TAGS]:
            self._tag(part)
        if len(parts) > MAX_TAGS:
            self._fault(FaultKind.SYNTAX, "record", f"has more than {MAX_TAGS} tags", "")

    def record(self) -> DmarcRecord:
        rua, ruf = self._uris("rua"), self._uris("ruf")
        policy = self._policy("p", FaultKind.POLICY)
        if "p" not in self.tags:
            self._fault(FaultKind.POLICY, "p", "is absent")
        return DmarcRecord(
            text=self.text,
            policy=policy,
            subdomain_policy=self._policy("sp", FaultKind.SUB_POLICY),
            nonexistent_policy=self._policy("np", FaultKind.SUB_POLICY),
            adkim=Mode(self._one_of("adkim", "rs", "r", FaultKind.MODE)),
            aspf=Mode(self._one_of("aspf", "rs", "r", FaultKind.MODE)),
            testing=self._one_of("t", "yn", "n", FaultKind.TESTING) == "y",
            psd=self._one_of("psd", "ynu", "u", FaultKind.PSD),
            rua=rua,
            ruf=ruf,
            failure_options=self._failure_options(),
            faults=tuple(self.faults),
        )

    def _fault(self, kind: FaultKind, tag: str, reason: str, value: str | None = None) -> None:
        shown = self.tags.get(tag, "") if value is None else value
        self.faults.append(Fault(kind, tag, shown[:200], reason))

    def _tag(self, part: str) -> None:
        written, equals, value = part.partition("=")
        written, value = written.strip(" \t"), value.strip(" \t")
        is_name = written.isascii() and written.isalpha()
        if not equals or not is_name or not _VALUE.match(value):
            self._fault(FaultKind.SYNTAX, part.strip()[:40], "is not name=value", part.strip())
            return
        name = written.lower()
        if written != name:
            self._fault(FaultKind.SYNTAX, written[:40], "is not in lower case", value)
        if name in self.tags:
            self._fault(FaultKind.DUPLICATE, name, "is given twice", value)
            return
        self.tags[name] = value
        if name not in _KNOWN:
            self._fault(FaultKind.UNKNOWN_TAG, name, "is unknown and ignored")
        elif name in _HISTORIC:
            self._fault(FaultKind.HISTORIC, name, "was removed by RFC 9989")

    def _policy(self, tag: str, kind: FaultKind) -> Policy | None:
        value = self.tags.get(tag)
        if value is None:
            return None
        try:
            return Policy(value.lower())
        except ValueError:
            self._fault(kind, tag, "is none of none, quarantine, reject")
            return None

    def _one_of(self, tag: str, allowed: str, default: str, kind: FaultKind) -> str:
        value = self.tags.get(tag, default).lower()
        if len(value) == 1 and value in allowed:
            return value
        self._fault(kind, tag, f"is none of {', '.join(allowed)}")
        return default

    def _failure_options(self) -> tuple[str, ...]:
        if "fo" not in self.tags:
            return ()
        options = tuple(part.strip().lower() for part in self.tags["fo"].split(":"))
        if any(option not in ("0", "1", "d", "s") for option in options):
            self._fault(FaultKind.FAILURE_OPTIONS, "fo", "is not made of 0, 1, d, s")
        elif len(set(options)) < len(options) or {"0", "1"} <= set(options):
            self._fault(FaultKind.FAILURE_OPTIONS, "fo", "repeats itself or holds both 0 and 1")
        elif "ruf" not in self.tags:
            self._fault(FaultKind.FAILURE_OPTIONS, "fo", "has no effect without ruf=")
        return options

    def _uris(self, tag: str) -> tuple[ReportUri, ...]:
        if tag not in self.tags:
            return ()
        uris = []
        parts = self.tags[tag].split(",", MAX_URIS)
        if len(parts) > MAX_URIS:
            self._fault(FaultKind.URI, tag, f"stands after {MAX_URIS} others", parts.pop())
        for part in parts:
            text = part.strip(" \t")
            if size := _SIZE.search(text):
                self._fault(FaultKind.URI_SIZE, tag, "has a size limit, now obsolete", text)
                text = text[: size.start()]
            uri = self._uri(tag, text)
            if uri is not None:
                uris.append(uri)
        return tuple(uris)

    def _uri(self, tag: str, text: str) -> ReportUri | None:
        if len(text) > MAX_URI or not _URI.match(text):
            reason = "has no scheme, write mailto:" if "@" in text else "is no URI"
            self._fault(FaultKind.URI, tag, reason, text)
            return None
        if not text.lower().startswith("mailto:"):
            return ReportUri(text, "")
        address = _MAILTO.match(text)
        if address is None or "!" in text:
            self._fault(FaultKind.URI, tag, "is no mailto URI of one address", text)
            return None
        return ReportUri(text, address[1].lower())
