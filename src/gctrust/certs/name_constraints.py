"""Name constraints (RFC 5280 section 4.2.1.10) for DNS, IP, DN and e-mail names."""

from __future__ import annotations

from collections.abc import Iterator

from .certificate import Certificate, Unreadable, children
from .extensions import Subtree


def _names(cert: Certificate, leaf: bool) -> Iterator[tuple[str, object, str]]:
    facts = cert.extensions
    for name in facts.dns_names:
        yield "dns", name, name
    for address in facts.addresses:
        yield "ip", address, str(address)
    for email in facts.emails:
        yield "email", email, email
    for der in facts.directory_names:
        yield "dn", der, "a directoryName"
    if cert.subject != b"0\x00":
        yield "dn", cert.subject, cert.subject_text


def _dns_within(name: str, base: str) -> bool:
    name, base = name.lower().rstrip("."), base.lower()
    if base.startswith("."):  # widely used, though RFC 5280 gives it no meaning for dNSName
        return name.endswith(base)
    return base == "" or name == base or name.endswith("." + base)


def _email_within(name: str, base: str) -> bool:
    host = name.rpartition("@")[2].lower()
    if "@" in base:
        return (
            name.rpartition("@")[0] == base.rpartition("@")[0]
            and host == base.rpartition("@")[2].lower()
        )
    return host.endswith(base.lower()) if base.startswith(".") else host == base.lower()


def _dn_within(name: bytes, base: bytes) -> bool:
    """The base's RDNs are the first ones of the name."""
    try:
        whole = [part.der for part in children(children(name)[0].content)]
        start = [part.der for part in children(children(base)[0].content)]
    except (Unreadable, IndexError):
        return False
    return whole[: len(start)] == start


def _matches(kind: str, name: object, tree: Subtree) -> bool:
    if kind == "dns" and isinstance(name, str):
        return _dns_within(name, tree.base)
    if kind == "email" and isinstance(name, str):
        return _email_within(name, tree.base)
    if kind == "dn" and isinstance(name, bytes):
        return _dn_within(name, tree.der)
    return tree.network is not None and name in tree.network


def violations(issuer: Certificate, cert: Certificate, *, leaf: bool) -> list[str]:
    """Why the constraints of `issuer` refuse `cert`; self-issued CAs are exempt (section 6.1.3)."""
    permitted, excluded = issuer.extensions.permitted, issuer.extensions.excluded
    if (not permitted and not excluded) or (cert.self_issued and not leaf):
        return []
    found: list[str] = []
    for kind, name, text in _names(cert, leaf):
        if any(_matches(kind, name, t) for t in excluded if t.kind == kind):
            found.append(f"{text} is excluded by {issuer.label}")
        allowed = [t for t in permitted if t.kind == kind]
        if allowed and not any(_matches(kind, name, t) for t in allowed):
            found.append(f"{text} is outside what {issuer.label} permits")
        if len(found) >= 8:
            break
    return found
