"""The catalogue of what can be wrong with MX records and reverse DNS."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _WARN, _ERROR, _CRITICAL = Severity
_5321 = "RFC 5321 section "

MISSING = Rule(
    "mx.missing", "MX-01", _ERROR,
    "{subject} has neither an MX nor an address: it receives no mail",
    "Senders look for an MX, then for an address; with neither they bounce the mail.",
    "Publish an MX record.", _5321 + "5.1", "example.com without MX, A and AAAA",
)
IMPLICIT = Rule(
    "mx.implicit", "MX-01", _WARN,
    "{subject} has no MX; senders fall back to its address",
    "The fall-back works, and surprises: mail goes to the web server.",
    "Publish an MX record.", _5321 + "5.1", "example.com with an A record only",
)
NULL = Rule(
    "mx.null", "MX-02", _INFO,
    "{subject} says by a null MX that it accepts no mail",
    "Right for a domain that only sends or does nothing.",
    "Nothing to do, unless the domain is to receive mail.", "RFC 7505 section 3", 'MX 0 "."',
)
NULL_CONFLICT = Rule(
    "mx.null-conflict", "MX-02", _ERROR,
    "{subject} has a null MX, yet {conflict}",
    "A null MX stands alone with preference 0 and means: no mail here.",
    "Delete the null MX, or everything beside it.", "RFC 7505 section 3",
    'MX 0 "." beside MX 10 mx.example.com',
)
BAD_EXCHANGE = Rule(
    "mx.bad-exchange", "MX-03", _ERROR,
    "The exchange {exchange} of {subject} is no usable host name: {reason}",
    "An MX names a host, never an address, and the name must be resolvable from anywhere.",
    "Name a host that has address records.", _5321 + "2.3.5", "MX 10 192.0.2.1",
)
ALIAS = Rule(
    "mx.alias", "MX-04", _ERROR,
    "The exchange {exchange} of {subject} is an alias of {target}",
    "An MX must not point at a CNAME; some senders refuse such a domain.",
    "Name the target itself.", "RFC 2181 section 10.3", "MX 10 mail.example.com, a CNAME",
)
UNRESOLVED = Rule(
    "mx.no-address", "MX-05", _ERROR,
    "The exchange {exchange} of {subject} has no address",
    "Senders cannot connect to it.",
    "Give it an A or AAAA record, or delete the MX.", _5321 + "5.1", "an exchange of NXDOMAIN",
)
NOT_ROUTABLE = Rule(
    "mx.not-routable", "MX-06", _ERROR,
    "The exchange {exchange} of {subject} has the address {address}, not globally routable",
    "Nobody outside can reach it.",
    "Publish its public address.", "RFC 6890", "an exchange at 10.0.0.5",
)
UNEXPECTED = Rule(
    "mx.not-expected", "MX-07", _CRITICAL,
    "{subject} lacks the platform's exchange {expected}; currently: {seen}",
    "Mail for the domain does not reach the platform.",
    "Publish the expected MX.", "platform requirement", "MX of another provider only",
)
BESIDE = Rule(
    "mx.other-provider", "MX-07", _WARN,
    "{subject} also has the exchange {exchange}, which is not the platform's",
    "Senders choose by preference and chance, so some mail goes there.",
    "Delete it if all mail is meant for the platform.", "platform requirement",
    "the platform's MX beside another provider's",
)
CORPORATE = Rule(
    "mx.corporate-mail", "MX-07", _CRITICAL,
    "Mail of {subject} already goes to {seen}: changing this MX would take everybody's mail away",
    "The people of the domain receive their mail there. The platform needs a name of its own.",
    "Register a sub-domain for the platform and publish the MX there; leave this one alone.",
    "platform requirement", "example.com with the MX of an office mail provider",
)
DUPLICATE = Rule(
    "mx.duplicate", "MX-08", _INFO,
    "{subject} names the exchange {exchange} more than once",
    "It has no effect.",
    "Keep one record.", _5321 + "5.1", "MX 10 and MX 20 for one host",
)
SINGLE = Rule(
    "mx.single", "MX-08", _INFO,
    "{subject} has one exchange only",
    "Senders queue mail while it is away; large providers spread one name over many machines.",
    "Nothing to do if the provider gives one name.", _5321 + "5.1", "one MX record",
)
TAKEOVER = Rule(
    "mx.unregistered", "MX-09", _ERROR,
    "The domain {registrable} of the exchange {exchange} does not exist; anybody may register it",
    "Whoever does receives the mail of {subject}.",
    "Delete the MX.", "RFC 8020", "MX 10 mx.exmaple.net",
)
LOOKUP_FAILED = Rule(
    "mx.lookup-failed", "MX-01", _WARN,
    "The {type} records of {subject} could not be looked up ({status}, asked: {server})",
    "A failing name server is a passing error, never a missing record.",
    "Look again; if it lasts, mend the name servers.", _5321 + "5.1", "SERVFAIL for MX",
)
NO_PTR = Rule(
    "rdns.missing", "RDNS-01", _WARN,
    "{subject} has no PTR record",
    "Many receivers refuse mail from an address without a name.",
    "Have the owner of the address publish a PTR record.", "RFC 1912 section 2.1",
    "no PTR at 1.2.0.192.in-addr.arpa",
)
NOT_CONFIRMED = Rule(
    "rdns.not-confirmed", "RDNS-02", _WARN,
    "No PTR name of {subject} ({names}) resolves back to it",
    "Reverse DNS counts only when name and address confirm each other.",
    "Give the name an address record with this address.", "RFC 8601 section 2.7.3",
    "192.0.2.1 to mx.example.com, mx.example.com to 192.0.2.9",
)
GENERIC = Rule(
    "rdns.generic", "RDNS-03", _INFO,
    "The PTR name {name} of {subject} looks generated from the address",
    "Receivers take such names for dial-up customers.",
    "Name the address like the host announces itself (EHLO).", _5321 + "4.1.1.1",
    "192-0-2-1.pool.example.net",
)
NOT_EHLO = Rule(
    "rdns.not-ehlo", "RDNS-03", _INFO,
    "The PTR names of {subject} ({names}) do not include the EHLO name {ehlo}",
    "Some receivers compare the two.",
    "Use one name for both.", _5321 + "4.1.1.1", "PTR a.example.com, EHLO b.example.com",
)
BROKEN_CHAIN = Rule(
    "rdns.broken-chain", "RDNS-04", _WARN,
    "The PTR of {subject} is delegated by CNAME to {target}, where there is none",
    "Classless delegation works only when its target holds the PTR record.",
    "Publish the PTR at the target.", "RFC 2317", "1.2.0.192.in-addr.arpa CNAME 1.0/25.2...",
)
RDNS_FAILED = Rule(
    "rdns.lookup-failed", "RDNS-05", _WARN,
    "The PTR of {subject}, or a name it gives, could not be looked up ({status}, asked: {server})",
    "A failing name server is a passing error, never a missing PTR.",
    "Look again.", "RFC 8601 section 2.7.3", "SERVFAIL for the PTR",
)

MX_RULES: tuple[Rule, ...] = (
    MISSING, IMPLICIT, NULL, NULL_CONFLICT, BAD_EXCHANGE, ALIAS, UNRESOLVED, NOT_ROUTABLE,
    UNEXPECTED, BESIDE, CORPORATE, DUPLICATE, SINGLE, TAKEOVER, LOOKUP_FAILED, NO_PTR,
    NOT_CONFIRMED, GENERIC, NOT_EHLO, BROKEN_CHAIN, RDNS_FAILED,
)
