"""The certificate judge's catalogue, PATH and LINT apart, and the one way to make its findings."""

from __future__ import annotations

from ..errors import Fact
from ..findings import Finding, rule_catalogue
from . import rules_chain, rules_input, rules_outside, rules_web

RULES = rule_catalogue((*rules_input.ROWS, *rules_chain.ROWS, *rules_web.ROWS, *rules_outside.ROWS))

# What a client that enforces the whole profile refuses though browsers accept it. Each is a MUST of
# RFC 5280 or the Baseline Requirements about the certificates of the path itself; the reference
# page says for each who enforces it. They stop nothing here: `CertificateReport.conforms` reads it.
STRICT = frozenset(
    {
        "cert.no-aki",  # RFC 5280 section 4.2.1.1: MUST be in all but self-signed certificates
        "cert.aki-issuer",  # BR section 7.1.2.11.1: issuer and serial MUST NOT be present
        "cert.root-aki",  # BR section 7.1.2.1.3: MUST be the root's own key identifier
        "cert.ca-no-ski",  # RFC 5280 section 4.2.1.2: MUST appear in all CA certificates
        "cert.serial",  # RFC 5280 section 4.1.2.2: MUST be positive, at most 20 octets
        "cert.no-eku",  # BR section 7.1.2.7.6: extKeyUsage MUST be present
        "cert.eku-critical",  # BR section 7.1.2.7.6: MUST NOT be critical
        "cert.foreign-eku",  # BR section 7.1.2.7.10: MUST NOT hold these
        "cert.mail-profile",  # S/MIME BR section 7.1.2, asked of mail certificates alone
        "cert.root-eku",  # BR section 7.1.2.1.2: extKeyUsage MUST NOT be in a root
        "cert.usage-empty",  # BR section 7.1.2.7.11: at least one bit MUST be set
        "cert.usage-not-for-ml-dsa",  # RFC 9881 section 5: MUST NOT be set
        "cert.policy-constraints-not-critical",  # RFC 5280 section 4.2.1.11: MUST be critical
        "cert.cn-variant",  # BR section 7.1.4.3: MUST be a character-for-character copy
        "cert.wildcard-on-suffix",  # BR section 3.2.2.6: MUST NOT issue on a registry's suffix
        "cert.key-short",  # BR section 6.1.5: RSA MUST have 2048 bits
        "cert.key-odd-size",  # BR section 6.1.5: MUST be divisible by 8
        "cert.key-curve",  # BR section 6.1.5: P-256, P-384 and P-521 only
        "cert.key-unknown",  # BR section 6.1.5: no other algorithms
        "cert.crl-unusable",  # RFC 5280 section 6.3.3: undetermined where a CRL is demanded
    }
)


def found(rule: str, subject: str, **facts: Fact) -> Finding:
    """The finding of the rule of that id on `subject`."""
    row = RULES[rule]
    words = {"subject": subject, **facts}
    for name, value in facts.items():
        if isinstance(value, (list, tuple)):
            words[name] = ", ".join(map(str, value)) or "none"
    message = row.sentence.format_map(words)
    fix = row.fix.format_map(words) if "{" in row.fix else row.fix
    return Finding(row.id, row.severity, subject, message, facts, fix, row.source)
