"""Name constraints (RFC 5280 section 4.2.1.10) for DNS, IP, DN and e-mail names.

A wildcard stands for every name it can match (CVE-2025-61727), and a form of name that cannot be
judged here refuses the path, as the RFC demands of constraints that are not processed.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .certificate import Certificate
from .distinguished_name import attributes, name_key
from .extensions import Subtree

MAX_COMPARISONS = 100_000
_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"


def _names(cert: Certificate) -> Iterator[tuple[str, object, str]]:
    facts = cert.extensions
    for name in facts.dns_names:
        yield "dns", name.lower().rstrip("."), name
    for address in facts.addresses:
        yield "ip", address, str(address)
    for email in facts.emails or _subject_emails(cert):
        yield "email", email, email
    for uri in facts.uris:
        yield "uri", uri, uri
    for der in facts.directory_names:
        yield "dn", name_key(der), "a directoryName"
    if cert.subject != b"0\x00":
        yield "dn", name_key(cert.subject), cert.subject_text
    for form in facts.other_names:
        yield "other", form, f"a name of the form {form}"


def _subject_emails(cert: Certificate) -> tuple[str, ...]:
    """Where there is no mailbox in the subjectAltName, those of the subject count."""
    if cert.subject == b"0\x00":
        return ()
    return tuple(text for oid, text in attributes(cert.subject) if oid == _EMAIL_ADDRESS)


def _dns_within(name: str, base: str) -> bool:
    base = base.lower()
    if base.startswith("."):  # widely used, though RFC 5280 gives it no meaning for dNSName
        return name.endswith(base)
    return base == "" or name == base or name.endswith("." + base)


def _dns_touches(name: str, base: str) -> bool:
    """Whether a name that `name` can match lies within `base`: a wildcard covers one label."""
    if _dns_within(name, base):
        return True
    return name.startswith("*.") and base.lower().lstrip(".").partition(".")[2] == name[2:]


def _email_within(name: str, base: str) -> bool:
    local, _, host = name.rpartition("@")
    if "@" in local:
        return False
    if "@" in base:
        mailbox, _, at = base.rpartition("@")
        return local == mailbox and host.lower() == at.lower()
    host, base = host.lower(), base.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _uri_within(uri: str, base: str) -> bool:
    """The constraint is about the host: itself, or with a leading dot what is below it."""
    try:
        host = (urlsplit(uri).hostname or "").lower()
    except ValueError:
        return False
    base = base.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _matches(kind: str, name: object, tree: Subtree, *, any_of: bool) -> bool:
    if kind == "dns" and isinstance(name, str):
        return (_dns_touches if any_of else _dns_within)(name, tree.base)
    if kind == "email" and isinstance(name, str):
        return _email_within(name, tree.base)
    if kind == "uri" and isinstance(name, str):
        return _uri_within(name, tree.base)
    if kind == "dn" and isinstance(name, tuple):
        start = name_key(tree.der)
        return name[: len(start)] == start
    if kind == "ip":
        return tree.network is not None and name in tree.network
    return any_of  # an unjudged form: excluded always, permitted never


def violations(issuer: Certificate, cert: Certificate, *, leaf: bool) -> list[str]:
    """Why the constraints of `issuer` refuse `cert`; self-issued CAs are exempt (section 6.1.3)."""
    permitted, excluded = issuer.extensions.permitted, issuer.extensions.excluded
    if (not permitted and not excluded) or (cert.self_issued and not leaf):
        return []
    names = list(_names(cert))
    trees = len(permitted) + len(excluded)
    if len(names) * trees > MAX_COMPARISONS:
        return [f"{len(names)} names under {trees} constraints are too many to judge"]
    found: list[str] = []
    for kind, name, text in names:
        if any(_matches(kind, name, t, any_of=True) for t in excluded if t.kind == kind):
            found.append(f"{text} is excluded by {issuer.label}")
        allowed = [t for t in permitted if t.kind == kind]
        if allowed and not any(_matches(kind, name, t, any_of=False) for t in allowed):
            found.append(f"{text} is outside what {issuer.label} permits")
        if len(found) >= 8:
            break
    return found
