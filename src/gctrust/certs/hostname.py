"""Names: what a certificate is good for (RFC 9525), and what a public CA may put in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList

from ..findings import Finding
from ..names import BadName, DomainName
from .certificate import Certificate
from .distinguished_name import attributes
from .extensions import SUBJECT_ALT_NAME, IpAddress
from .rules import found

# RFC 6761, 6762, 7686, 8375, ICANN's .internal: no public CA may certify names below them.
_INTERNAL = (
    ".local",
    ".localhost",
    ".internal",
    ".lan",
    ".home",
    ".corp",
    ".test",
    ".example",
    ".invalid",
    ".onion",
    ".home.arpa",
)


# fmt: off
_COMMON_ENDS = frozenset({
    "ae", "ai", "app", "ar", "at", "au", "be", "br", "ca", "ch", "cl", "cloud", "cn", "co", "com",
    "cz", "de", "dev", "dk", "edu", "es", "eu", "fi", "fr", "gov", "hk", "ie", "il", "in", "info",
    "io", "it", "jp", "kr", "mx", "net", "nl", "no", "nz", "org", "pl", "pt", "se", "sg", "tr",
    "tw", "uk", "us", "za",
})
# fmt: on
# Scripts that one label may mix (UTS 39, "highly restrictive").
_TOGETHER = {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}
_ODD_OCTET = re.compile(r"0[xX][0-9a-fA-F]{1,2}|[0-9]{1,4}")


def _address(text: str) -> IpAddress | None:
    """Only what ends in a digit or holds a colon can be one; asking costs time."""
    if text[-1:].isdigit() or ":" in text:
        try:
            return ip_address(text)
        except ValueError:
            pass
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """The host a client asks for: an A-label `name`, or an `address`."""

    name: str
    address: IpAddress | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """Raises BadName."""
        address = _address(text.strip().strip("[]"))
        return cls("", address) if address else cls(DomainName.parse(text).text)

    def __str__(self) -> str:
        return self.name or str(self.address)


def matches_name(host: str, pattern: str) -> bool:
    """RFC 9525 section 6.3: a wildcard is the whole left-most label and covers exactly one."""
    host, pattern = host.lower().rstrip("."), pattern.lower()
    if not pattern.startswith("*."):
        return bool(pattern) and "*" not in pattern and host == pattern
    first, dot, rest = host.partition(".")
    return bool(first and dot) and rest == pattern[2:] and "." in rest


def matches_target(target: Target, cert: Certificate) -> bool:
    facts = cert.extensions
    if target.address is not None:
        return target.address in facts.addresses
    return any(matches_name(target.name, pattern) for pattern in facts.dns_names)


def holds_name(text: str, cert: Certificate) -> bool:
    """Whether the certificate holds a mailbox (RFC 5280 section 7.5), a host or an address."""
    local, at, host = text.rpartition("@")
    if not at:
        try:
            return matches_target(Target.parse(text), cert)
        except BadName:
            return False
    pairs = (email.rpartition("@") for email in cert.extensions.emails)
    return any(mine == local and there.lower() == host.lower() for mine, _, there in pairs)


@cache
def _suffixes(*, only_icann: bool) -> PublicSuffixList:
    """In U-labels: making the A-labels of the whole list takes longer than all other checks."""
    return PublicSuffixList(accept_unknown=False, accept_encoded_idn=False, only_icann=only_icann)


def judge_target(cert: Certificate, target: Target | None) -> Iterator[Finding]:
    """NAME-02 to NAME-05: the name asked for is in the certificate, in the right form."""
    if target is None:
        return
    facts, label = cert.extensions, cert.label
    yield from _judge_scripts(target, label)
    if matches_target(target, cert):
        return
    names = [*facts.dns_names[:20], *(str(a) for a in facts.addresses[:5])]
    if target.address is not None and str(target) in facts.dns_names:
        yield found("cert.address-as-name", label, address=str(target))
        return
    parent = target.name.partition(".")[2]
    deeper = [p for p in facts.dns_names if p.startswith("*.") and parent.endswith("." + p[2:])]
    if deeper or f"*.{target.name}" in facts.dns_names:
        wide = deeper[0] if deeper else f"*.{target.name}"
        yield found("cert.wildcard-depth", label, host=str(target), pattern=wide)
    yield found("cert.name-mismatch", label, host=str(target), names=names)


def _judge_scripts(target: Target, label: str) -> Iterator[Finding]:
    """UTS 39 section 5.1 in short: one script a label, the Han scripts with Latin apart."""
    unicode = DomainName(target.name).unicode if "xn--" in target.name else ""
    for part in unicode.split("."):
        scripts = {unicodedata.name(c, "").partition(" ")[0] for c in part if c.isalpha()}
        if len(scripts) > 1 and not scripts <= _TOGETHER:
            yield found("cert.host-mixed-script", label, host=target.name, unicode=unicode)
            return


def judge_hosts(
    cert: Certificate, target: Target | None, hosts: tuple[str, ...]
) -> Iterator[Finding]:
    """NAME-10: apex and www together, every configured host, and names that nobody uses."""
    facts, label = cert.extensions, cert.label
    lost = [host for host in hosts if not holds_name(host, cert)]
    if lost:
        yield found("cert.hosts-uncovered", label, hosts=lost[:20])
    if hosts:
        asked = [*hosts, *([str(target)] if target else [])]
        known = [Target.parse(h) for h in asked if holds_name(h, cert)]
        unused = [n for n in facts.dns_names[:500] if not any(_uses(t, n) for t in known)]
        if unused:
            yield found("cert.names-unused", label, names=unused[:20])
        return
    if target is None or target.address is not None or not matches_target(target, cert):
        return
    bare = target.name.removeprefix("www.")
    twin = bare if bare != target.name else f"www.{bare}"
    if not holds_name(twin, cert) and _is_registered(bare):
        yield found("cert.no-www", label, has=target.name, lacks=twin)


def _is_registered(name: str) -> bool:
    """Whether the name stands directly under a public suffix."""
    shown = DomainName(name).unicode if "xn--" in name else name
    return bool(_suffixes(only_icann=False).privatesuffix(shown) == shown)


def _uses(target: Target, name: str) -> bool:
    return target.address is None and matches_name(target.name, name)


def judge_names(cert: Certificate, *, public: bool) -> Iterator[Finding]:
    """NAME-01, -04, -06..-09. Internal and odd names are wrong in public certificates only."""
    facts, label = cert.extensions, cert.label
    if not facts.has_san:
        if SUBJECT_ALT_NAME not in {e.oid for e in cert.raw_extensions}:
            yield found("cert.no-san", label)
        return
    critical = any(e.critical for e in cert.raw_extensions if e.oid == SUBJECT_ALT_NAME)
    empty = cert.subject == b"0\x00"
    if empty and not critical:
        yield found("cert.san-criticality", label, state="not critical with an empty subject")
    elif public and critical and not empty:
        yield found("cert.san-criticality", label, state="critical with a subject")
    for name in facts.dns_names[:2000]:
        yield from _judge_dns_name(name, label, public=public)
    if not public:
        return
    for address in facts.addresses:
        if not address.is_global:
            yield found("cert.internal-name", label, name=str(address))
    kinds = sorted({*facts.other_names, *(["email"] if facts.emails else [])})
    if facts.uris:
        kinds.append("UniformResourceIdentifier")
    if facts.directory_names:
        kinds.append("DirectoryName")
    if kinds:
        yield found("cert.other-san-types", label, kinds=kinds)
    yield from _judge_common_name(cert)


def _judge_dns_name(name: str, label: str, *, public: bool) -> Iterator[Finding]:
    body = name.removeprefix("*.")
    if "*" in body:
        yield found("cert.bad-wildcard", label, name=name[:120])
        return
    if _address(body):
        yield found("cert.address-as-name", label, address=name)
        return
    if body != body.rstrip(".") or "_" in body or body.startswith("."):
        yield found("cert.bad-name", label, name=name[:120], reason="a dot or underscore misplaced")
        return
    try:
        parsed = DomainName.parse(body)
    except BadName as error:
        yield found("cert.bad-name", label, name=name[:120], reason=error.reason)
        return
    if not name.isascii():
        yield found("cert.bad-name", label, name=name, reason=f"write {parsed} instead")
    if any(part[2:4] == "--" and part[:2] != "xn" for part in parsed.text.split(".")):
        yield found("cert.bad-name", label, name=name[:120], reason="it has a reserved label")
    if "xn--" in parsed.text and parsed.unicode == parsed.text:
        yield found("cert.bad-name", label, name=name, reason="an A-label is not valid IDNA")
    if public:
        yield from _judge_public_name(name, parsed, label)


def _has_real_end(name: str) -> bool:
    """Whether its top-level domain is delegated; the list is loaded for the less common ones."""
    end = name.rpartition(".")[2]
    return end in _COMMON_ENDS or _suffixes(only_icann=True).publicsuffix(name) is not None


def _judge_public_name(name: str, parsed: DomainName, label: str) -> Iterator[Finding]:
    text = parsed.text
    shown = parsed.unicode if "xn--" in text else text  # the list is in U-labels
    internal = f".{text}".endswith(_INTERNAL) or "." not in text or not _has_real_end(shown)
    if name.startswith("*.") and _suffixes(only_icann=False).publicsuffix(shown) == shown:
        if _suffixes(only_icann=True).publicsuffix(shown) == shown:
            yield found("cert.wildcard-on-suffix", label, name=name)
            return
        yield found("cert.wildcard-on-private-suffix", label, name=name)
    if text.endswith((".in-addr.arpa", ".ip6.arpa")) or internal:
        yield found("cert.internal-name", label, name=name)


def _judge_common_name(cert: Certificate) -> Iterator[Finding]:
    """BR section 7.1.4.3: the CN copies one SAN character for character."""
    values = [text for oid, text in attributes(cert.subject) if oid == "2.5.4.3"]
    facts = cert.extensions
    names = {*facts.dns_names, *(str(a) for a in facts.addresses)}
    for value in values:
        if value in names:
            continue
        same = next((name for name in sorted(names) if _canonical(name) == _canonical(value)), None)
        if same is None and not value.isascii() and "." in value and " " not in value:
            same = "an A-label"  # BR section 7.1.4.3: a U-label is never a copy of a dNSName
        if same is not None:
            yield found("cert.cn-variant", cert.label, cn=value[:120], name=same)
        else:
            yield found("cert.cn-not-in-san", cert.label, cn=value[:120])


def _canonical(text: str) -> str:
    """One spelling for one name or address; inet_aton's odd forms are read as it reads them."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        pass
    parts = text.split(".")
    if len(parts) == 4 and all(_ODD_OCTET.fullmatch(part) for part in parts):
        numbers = [int(p, 16) if p[:2].lower() == "0x" else int(p) for p in parts]
        return ".".join(str(number) for number in numbers)
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        return str(ip_address(int(text, 16)))
    try:
        return DomainName.parse(text).text
    except BadName:
        return text.lower()
