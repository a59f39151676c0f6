"""The catalogue of what can be wrong with a DMARC policy. Sections are those of RFC 9989."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _WARN, _ERROR, _CRITICAL = Severity
_9989 = "RFC 9989 section "

MISSING = Rule(
    "dmarc.missing", "DMARC-01", _ERROR,
    "No DMARC record covers {subject}",
    "Without a policy receivers let forgeries of the domain pass, and large mailbox providers "
    "refuse bulk mail.",
    "Publish a record that begins with v=DMARC1 at _dmarc under the domain.",
    _9989 + "4.10.1", "no TXT record at _dmarc.example.com nor at any parent",
)
SEVERAL = Rule(
    "dmarc.several-records", "DMARC-03", _ERROR,
    "{subject} holds {count} DMARC records; receivers discard all of them",
    "More than one record at a name counts as none.",
    "Keep one record and delete the others.",
    _9989 + "4.10", 'two TXT records: "v=DMARC1; p=none" and "v=DMARC1; p=reject"',
)
NEAR_MISS = Rule(
    "dmarc.bad-version", "DMARC-04", _ERROR,
    "A record at {subject} is meant as DMARC, yet is none: {text}",
    "A record has to begin with v=DMARC1, in capitals, followed by a semicolon.",
    "Begin the record with v=DMARC1; and no quotes or blanks before it.",
    _9989 + "4.7", '"v=dmarc1; p=none"',
)
SYNTAX = Rule(
    "dmarc.tag-syntax", "DMARC-05", _WARN,
    "{tag} in the DMARC record at {subject} {reason}",
    "Receivers skip what they cannot read, so a part of the policy may not count.",
    "Write tags as name=value, in lower case, with a semicolon between them.",
    _9989 + "4.8", '"v=DMARC1; p none"',
)
UNKNOWN_TAG = Rule(
    "dmarc.unknown-tag", "DMARC-05", _WARN,
    "The tag {tag}={value} in the DMARC record at {subject} is unknown and ignored",
    "It has no effect; often it is a tag mistyped.",
    "Correct its name or delete it.",
    _9989 + "4.7", '"v=DMARC1; p=none; ruaa=mailto:d@example.com"',
)
DUPLICATE_TAG = Rule(
    "dmarc.duplicate-tag", "DMARC-05", _WARN,
    "The tag {tag} stands more than once in the DMARC record at {subject}",
    "A tag list with a repeated name is invalid; some receivers drop the whole record.",
    "Keep one of them.",
    "RFC 6376 section 3.2", '"v=DMARC1; p=none; p=reject"',
)
BAD_POLICY = Rule(
    "dmarc.bad-policy", "DMARC-06", _ERROR,
    "p={value} in the DMARC record at {subject} {reason}; receivers {effect}",
    "Without a valid p= the record protects nothing: with a valid rua= it acts as p=none, without "
    "it there is no DMARC processing.",
    "Set p= to none, quarantine or reject.",
    _9989 + "4.10.1", '"v=DMARC1; p=block"',
)
BAD_SUB_POLICY = Rule(
    "dmarc.bad-subdomain-policy", "DMARC-07", _ERROR,
    "{tag}={value} in the DMARC record at {subject} {reason}; receivers {effect}",
    "An invalid sp= or np= spoils the whole record, p= included.",
    "Set it to none, quarantine or reject, or delete it.",
    _9989 + "4.10.1", '"v=DMARC1; p=reject; sp=quaranteen"',
)
EFFECTIVE = Rule(
    "dmarc.effective-policy", "DMARC-08", _INFO,
    "The record at {at} gives {subject} the policy {policy}; sub-domains {subdomains}, "
    "names that do not exist {nonexistent}",
    "np= counts for names that do not exist, else sp=, else p=.",
    "Nothing to do.",
    _9989 + "4.7", '"v=DMARC1; p=reject; sp=quarantine; np=reject"',
)
WEAKER = Rule(
    "dmarc.weaker-subdomain-policy", "DMARC-09", _WARN,
    "{tag}={value} at {subject} is weaker than p={policy}",
    "Forgers use whichever name is protected least.",
    "Raise it to the policy of the domain, or delete it.",
    _9989 + "4.7", '"v=DMARC1; p=reject; sp=none"',
)
IGNORED_SUB_POLICY = Rule(
    "dmarc.ignored-subdomain-policy", "DMARC-09", _WARN,
    "{tag}= at {subject} is ignored: {organisation} is the organisational domain",
    "Sub-domains inherit from the record of the organisational domain only.",
    "Set it in the record of the organisational domain.",
    _9989 + "4.7", '_dmarc.mail.example.com "v=DMARC1; p=reject; sp=none"',
)
POLICY_NONE = Rule(
    "dmarc.policy-none", "DMARC-10", _WARN,
    "The DMARC policy of {subject} is none: failing mail is delivered all the same",
    "p=none only watches. It is the right start, and no protection.",
    "Once the reports show all senders aligned, go to p=quarantine, then p=reject.",
    _9989 + "5.1.7", '"v=DMARC1; p=none"',
)
TESTING = Rule(
    "dmarc.testing", "DMARC-11", _WARN,
    "t=y at {subject} lowers the policy {policy} to {lowered}",
    "In test mode receivers apply the next weaker policy.",
    "Delete t=y when the test is over.",
    _9989 + "4.7", '"v=DMARC1; p=reject; t=y"',
)
BAD_TESTING = Rule(
    "dmarc.bad-testing-flag", "DMARC-11", _WARN,
    "t={value} at {subject} {reason}",
    "Receivers take an invalid value for n.",
    "Set t=y or delete the tag.",
    _9989 + "4.7", '"v=DMARC1; p=reject; t=1"',
)
HISTORIC = Rule(
    "dmarc.historic-tag", "DMARC-12", _WARN,
    "{tag}={value} at {subject} was removed from DMARC and is ignored by receivers of RFC 9989",
    "Old and new receivers treat the record differently.",
    "Delete the tag; t=y took the place of a low pct=.",
    _9989 + "9.3", '"v=DMARC1; p=reject; pct=50"',
)
BAD_PSD = Rule(
    "dmarc.bad-psd", "DMARC-13", _ERROR,
    "psd={value} at {subject} {reason}",
    "psd= decides where the organisation begins; an invalid value is ignored.",
    "Delete the tag unless you run a registry.",
    _9989 + "4.7", '"v=DMARC1; p=reject; psd=yes"',
)
PSD_ON_DOMAIN = Rule(
    "dmarc.psd-on-domain", "DMARC-13", _ERROR,
    "{subject} says psd=y, yet it is no public suffix",
    "Each sub-domain then counts as an organisation of its own and loses alignment with this one.",
    "Delete psd=y.",
    _9989 + "4.10.2", '_dmarc.example.com "v=DMARC1; p=reject; psd=y"',
)
PSD_CUTS = Rule(
    "dmarc.psd-boundary", "DMARC-13", _INFO,
    "psd=n at {subject} makes it an organisational domain of its own",
    "Names above it are no longer aligned with it.",
    "Nothing to do if that is meant.",
    _9989 + "4.10.2", '_dmarc.dept.example.com "v=DMARC1; p=reject; psd=n"',
)
BAD_MODE = Rule(
    "dmarc.bad-alignment-mode", "DMARC-14", _WARN,
    "{tag}={value} at {subject} {reason}; r is used",
    "Only r (relaxed) and s (strict) mean something.",
    "Set it to r or s.",
    _9989 + "4.7", '"v=DMARC1; p=none; adkim=strict"',
)
FAILURE_OPTIONS = Rule(
    "dmarc.failure-options", "DMARC-15", _WARN,
    "fo={value} at {subject} {reason}",
    "Failure reports come only as far as fo= is valid and ruf= says where to.",
    "Set fo=1 with a ruf=, or delete it.",
    _9989 + "4.7", '"v=DMARC1; p=none; fo=1"',
)
NO_REPORTS = Rule(
    "dmarc.no-aggregate-reports", "DMARC-16", _WARN,
    "The DMARC record at {subject} asks for no aggregate reports (rua=)",
    "Without reports nobody sees which legitimate senders fail.",
    "Add rua=mailto: with a mailbox that is read.",
    _9989 + "5.1.3", '"v=DMARC1; p=none"',
)
BAD_URI = Rule(
    "dmarc.bad-report-uri", "DMARC-17", _ERROR,
    "{value} in {tag}= at {subject} {reason}",
    "Receivers ignore it, so reports do not arrive.",
    "Write mailto:address; encode a comma as %2C and an exclamation mark as %21.",
    _9989 + "4.8", '"v=DMARC1; p=none; rua=dmarc@example.com"',
)
URI_SIZE = Rule(
    "dmarc.report-uri-size", "DMARC-17", _WARN,
    "{value} in {tag}= at {subject} {reason}",
    "The limit was removed from DMARC; receivers of RFC 9989 may not understand the address.",
    "Delete the part from the exclamation mark on.",
    _9989 + "4.8", '"v=DMARC1; p=none; rua=mailto:d@example.com!10m"',
)
NOT_AUTHORISED = Rule(
    "dmarc.report-not-authorised", "DMARC-18", _ERROR,
    "{destination} does not accept reports about {subject}: {name} holds no v=DMARC1",
    "Receivers send no report to a foreign domain that has not agreed to it.",
    "Have the destination publish the record, or report to a mailbox of your own domain.",
    "RFC 9990 section 4", "rua=mailto:d@reports.example and nothing at the _report._dmarc name",
)
REPORT_DOMAIN_DEAF = Rule(
    "dmarc.report-domain-no-mail", "DMARC-19", _WARN,
    "{destination}, where reports about {subject} go, accepts no mail: {reason}",
    "The reports are lost.",
    "Use a mailbox whose domain has an MX.",
    "RFC 5321 section 5.1", 'rua=mailto:d@example.net, and example.net MX 0 "."',
)
TWO_ORGANISATIONS = Rule(
    "dmarc.organisation-differs", "DMARC-20", _INFO,
    "The organisational domain of {subject} is {walked} by tree walk and {listed} by suffix list",
    "Receivers of the older DMARC use the list, so alignment may differ between receivers.",
    "Publish a record at the name that is meant to be the organisation.",
    _9989 + "4.10", "an organisation whose only record is at a sub-domain",
)
NOT_ALIGNED = Rule(
    "dmarc.no-aligned-identifier", "DMARC-21", _CRITICAL,
    "Mail from {subject} by {stream} has no aligned identifier: SPF uses {spf}, DKIM uses {dkim}",
    "DMARC passes only if SPF or DKIM passes for a domain aligned with the From address.",
    "Sign with d= of the From domain, or use a MAIL FROM within it.",
    _9989 + "4.4", "From: a@example.com, MAIL FROM bounce.example.net, d=example.net",
)
ONE_ALIGNED = Rule(
    "dmarc.one-aligned-identifier", "DMARC-21", _WARN,
    "Mail from {subject} by {stream} has one aligned identifier only: {which}",
    "Forwarding breaks SPF, and lists break DKIM; with both, mail survives either.",
    "Align the other one too.",
    _9989 + "5.1", "d=example.com aligned, MAIL FROM bounce.example.net not",
)
MISPLACED = Rule(
    "dmarc.misplaced", "DMARC-22", _ERROR,
    "The DMARC record is at {at}, where nobody looks; it belongs at _dmarc.{subject}",
    "Receivers ask for _dmarc under the domain only.",
    "Move the record.",
    _9989 + "4.5", 'example.com TXT "v=DMARC1; p=none"',
)
BY_ALIAS = Rule(
    "dmarc.by-alias", "DMARC-23", _INFO,
    "{subject} is a CNAME to {target}; the policy is kept there",
    "This works; whoever runs the target decides the policy.",
    "Nothing to do if that is meant.",
    "RFC 1034 section 3.6.2", "_dmarc.example.com CNAME example.com.dmarc.example.net",
)
WILDCARD = Rule(
    "dmarc.wildcard", "DMARC-24", _WARN,
    "A wildcard answers at {subject} with text that is no DMARC record: {text}",
    "It hides that there is no policy, and confuses tools.",
    "Publish a record at _dmarc, which the wildcard then no longer covers.",
    "RFC 4592", '*.example.com TXT "v=spf1 -all"',
)
LOOKUP_FAILED = Rule(
    "dmarc.lookup-failed", "DMARC-25", _WARN,
    "{subject} could not be looked up ({status}, asked: {server}); "
    "this says nothing about its policy",
    "A failing name server is a passing error, never a missing record.",
    "Look again; if it lasts, mend the name servers.",
    _9989 + "4.10.1", "SERVFAIL for _dmarc.example.com",
)
BULK_MINIMUM = Rule(
    "dmarc.bulk-sender-minimum", "DMARC-26", _WARN,
    "{subject} lacks what large mailbox providers demand of bulk senders: {lacking}",
    "They want SPF and DKIM, a DMARC record of at least p=none, and PTR records.",
    "Publish what is lacking.",
    "Gmail sender guidelines, February 2024", "SPF and DKIM set, no DMARC record",
)

DMARC_RULES: tuple[Rule, ...] = (
    MISSING, SEVERAL, NEAR_MISS, SYNTAX, UNKNOWN_TAG, DUPLICATE_TAG, BAD_POLICY, BAD_SUB_POLICY,
    EFFECTIVE, WEAKER, IGNORED_SUB_POLICY, POLICY_NONE, TESTING, BAD_TESTING, HISTORIC, BAD_PSD,
    PSD_ON_DOMAIN, PSD_CUTS, BAD_MODE, FAILURE_OPTIONS, NO_REPORTS, BAD_URI, URI_SIZE,
    NOT_AUTHORISED, REPORT_DOMAIN_DEAF, TWO_ORGANISATIONS, NOT_ALIGNED, ONE_ALIGNED, MISPLACED,
    BY_ALIAS, WILDCARD, LOOKUP_FAILED, BULK_MINIMUM,
)
