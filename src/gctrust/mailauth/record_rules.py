"""The catalogue of what can be wrong with a record that the platform requires."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_WARN, _CRITICAL = Severity.WARN, Severity.CRITICAL
_SOURCE = "platform requirement"

MISSING = Rule(
    "record.missing", "PROP-01", _CRITICAL,
    "The {type} record {subject} is not in DNS",
    "The platform does not verify the domain before it finds the record.",
    "Publish the record.", _SOURCE, "no TXT record at default._domainkey.example.com",
)
WRONG = Rule(
    "record.wrong", "PROP-01", _CRITICAL,
    "The {type} record {subject} differs from what is required; currently: {found}",
    "The platform compares the value and does not verify the domain.",
    "Replace the value.", _SOURCE, "an SPF record without the platform's include",
)
CONFLICTING = Rule(
    "record.conflicting", "PROP-01", _CRITICAL,
    "{subject} holds {type} records that contradict each other: {found}",
    "Receivers take any of them, or none.",
    "Keep the required one and delete the other.", _SOURCE, "two TXT records that begin v=spf1",
)
OTHER_MAIL = Rule(
    "record.other-mail", "MX-07", _CRITICAL,
    "The MX of {subject} carries other mail ({found}); publishing the required one would divert it",
    "Everybody's mail of this domain would go to the platform.",
    "Register a sub-domain for the platform; leave this MX alone.", _SOURCE,
    "example.com with the MX of an office mail provider",
)
SLIP = Rule(
    "record.slip", "DKIM-22", _CRITICAL,
    "The {type} record {subject} was mistyped: {slip}; currently: {found}",
    "DNS panels differ in what they add by themselves: domain, quotes, trailing dot.",
    "Correct the record.", "heuristic", "default._domainkey.example.com.example.com",
)
LOOKUP_FAILED = Rule(
    "record.lookup-failed", "PROP-01", _WARN,
    "The {type} record {subject} could not be looked up ({status}, asked: {server})",
    "A failing name server is a passing error, never a missing record.",
    "Look again; if it lasts, mend the name servers.", "RFC 1034 section 4.3", "SERVFAIL",
)
FLAPPING = Rule(
    "record.flapping", "PROP-04", _WARN,
    "{server} served the {type} record {subject} at the last look, and lacks it now",
    "Nobody changed it meanwhile: behind one address stand servers that do not agree.",
    "Tell the operator of that server; its copies of the zone differ.", "RFC 1034 section 4.3.5",
    "a TXT record that is there at every second question",
)

RECORD_RULES: tuple[Rule, ...] = (
    MISSING, WRONG, CONFLICTING, OTHER_MAIL, SLIP, LOOKUP_FAILED, FLAPPING,
)
