"""Certificate policies along a path (RFC 5280 section 6.1, in the form of RFC 9618).

Any policy will do for TLS, so only a CA that demands explicit policies can refuse a path: when none
is left that every certificate asserts, mappings followed.
"""

from __future__ import annotations

from .certificate import Certificate

ANY = "2.5.29.32.0"
_Level = dict[str, frozenset[str]]  # a policy still valid -> what it is called one step below


def policy_flaw(path: tuple[Certificate, ...]) -> str:
    """Why the policies refuse the path (leaf first, the anchor last); empty when they do not."""
    steps = path[-2::-1] if len(path) > 1 else ()
    explicit = mapping = inhibit = len(steps) + 1
    level: _Level = {ANY: frozenset({ANY})}
    for number, cert in enumerate(steps, 1):
        facts, last = cert.extensions, number == len(steps)
        take_any = inhibit > 0 or (not last and cert.self_issued)
        level = _next_level(level, facts.policies, take_any=take_any)
        if not explicit and not level:
            return _words(cert)
        if not last:
            if any(ANY in pair for pair in facts.mappings):
                return f"{cert.label} maps anyPolicy, which RFC 5280 forbids"
            level = _mapped(level, facts.mappings, allowed=mapping > 0)
        if last or not cert.self_issued:
            explicit, mapping, inhibit = (max(n - 1, 0) for n in (explicit, mapping, inhibit))
        if facts.require_explicit is not None and (not last or facts.require_explicit == 0):
            explicit = min(explicit, facts.require_explicit)
        if not last:
            mapping = _least(mapping, facts.inhibit_mapping)
            inhibit = _least(inhibit, facts.inhibit_any)
    return _words(steps[-1]) if steps and not explicit and not level else ""


def _least(number: int, bound: int | None) -> int:
    return number if bound is None else min(number, bound)


def _words(cert: Certificate) -> str:
    return f"no certificate policy is left at {cert.label}, and a CA above demands one"


def _next_level(level: _Level, policies: tuple[str, ...], *, take_any: bool) -> _Level:
    """Step (d): the policies of the certificate that the level above expects."""
    expected = {name for names in level.values() for name in names}
    kept = {p for p in policies if p != ANY and (p in expected or ANY in level)}
    if ANY in policies and take_any:
        kept |= expected
    return {policy: frozenset({policy}) for policy in kept}


def _mapped(level: _Level, mappings: tuple[tuple[str, str], ...], *, allowed: bool) -> _Level:
    """Section 6.1.4 (b)."""
    made = dict(level)
    for issuer in {above for above, _ in mappings}:
        below = frozenset(b for above, b in mappings if above == issuer)
        if not allowed:
            made.pop(issuer, None)
        elif issuer in made or ANY in made:
            made[issuer] = below
    return made
