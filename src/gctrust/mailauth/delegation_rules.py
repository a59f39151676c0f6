"""The catalogue of what can be wrong with a zone's name servers and what they say of one zone."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _WARN, _ERROR, _ = Severity

SINGLE = Rule(
    "ns.single", "NS-01", _WARN,
    "{subject} has one name server only: {server}",
    "While it is away no mail is delivered, and no record can be checked.",
    "Have the DNS provider serve the zone from at least two.", "RFC 2182 section 5",
    "example.com NS ns1.example.com alone",
)
ONE_ADDRESS = Rule(
    "ns.one-address", "NS-01", _WARN,
    "The name servers of {subject} ({servers}) share one address, {address}",
    "Several names of one machine fail together.",
    "Serve the zone from a second address.", "RFC 2182 section 3.1",
    "ns1 and ns2.example.com, both at 192.0.2.1",
)
UNRESOLVED = Rule(
    "ns.no-address", "NS-01", _ERROR,
    "The name server {server} of {subject} has no address",
    "Resolvers cannot ask it.",
    "Give it an A or AAAA record, or take it out of the NS set.", "RFC 1034 section 4.1",
    "a name server of NXDOMAIN",
)
ALIAS = Rule(
    "ns.alias", "NS-01", _ERROR,
    "The name server {server} of {subject} is an alias of {target}",
    "An NS record must not name a CNAME; some resolvers cannot find such a server.",
    "Name the target itself.", "RFC 2181 section 10.3", "NS ns.example.com, a CNAME",
)
SET_DIFFERS = Rule(
    "ns.set-differs", "NS-02", _ERROR,
    "The servers of {subject} do not agree on its NS records: {seen}",
    "Which servers are asked then depends on chance.",
    "Give every server the same zone.", "RFC 1034 section 4.2.2",
    "one server names ns1 and ns2, another ns1 and ns3",
)
PARENT_DIFFERS = Rule(
    "ns.parent-differs", "NS-02", _ERROR,
    "The parent zone names other servers for {subject} ({parent}) than the zone itself ({child})",
    "Some resolvers ask servers that the zone no longer has, or never ask those it has.",
    "Give the registrar the name servers that the zone lists.", "RFC 1034 section 4.2.2",
    "ns1 and ns2 at the parent, ns1 and ns3 in the zone",
)
LAME = Rule(
    "ns.lame", "NS-02", _ERROR,
    "{server} is listed for {subject} and does not answer for it with authority ({answered})",
    "Resolvers lose time there, and give up when they have bad luck.",
    "Load the zone on that server, or take it out of the NS set.", "RFC 1912 section 2.8",
    "a server that refuses the zone's SOA",
)
FAILING = Rule(
    "ns.failing", "NS-03", _ERROR,
    "{server} fails to answer for {subject} ({answered})",
    "A server that fails makes look-ups slow, and mail late.",
    "Look at the server's log; an expired secondary zone answers this way.",
    "RFC 8906 section 3", "SERVFAIL for the zone's SOA",
)
SILENT = Rule(
    "ns.silent", "NS-03", _WARN,
    "{server} did not answer a question about {subject}, while others did",
    "Seen from here only, and perhaps for a moment; resolvers wait for such a server.",
    "See whether it runs and can be reached on port 53.", "RFC 8906 section 3",
    "one of two servers times out",
)
NO_TCP = Rule(
    "ns.no-tcp", "NS-03", _ERROR,
    "{server} answers for {subject} over UDP, and not over TCP ({answered})",
    "Answers too long for UDP, such as DKIM keys and long SPF records, cannot be had there.",
    "Open port 53 for TCP.", "RFC 7766 section 5", "a firewall that passes UDP only",
)
NO_EDNS = Rule(
    "ns.no-edns", "NS-03", _WARN,
    "{server} does not answer questions about {subject} that use EDNS ({answered})",
    "Every resolver uses EDNS; each look-up there costs a second try, and DNSSEC is out of reach.",
    "Update the server, or the firewall in front of it.", "RFC 6891 section 7",
    "FORMERR, or silence, for a question with an OPT record",
)
SERIALS = Rule(
    "ns.serials-differ", "NS-04", _WARN,
    "The servers of {subject} hold different versions of it: {seen}",
    "After a change this passes. When it stays, transfers to a server fail.",
    "Look again in some minutes; then mend the transfers.", "RFC 1912 section 2.2",
    "serial 7 at one server, 6 at another",
)
RRSET_DIFFERS = Rule(
    "ns.rrset-differs", "NS-05", _ERROR,
    "The servers of {subject} do not agree on {type} {name}: {seen}",
    "Who is asked decides whether mail passes: half of it may fail.",
    "Wait for a change to spread; if it lasts, give every server the same zone.",
    "RFC 1034 section 4.3.5", "the DKIM record at one of two servers only",
)
NEGATIVE_TTL = Rule(
    "ns.long-negative-ttl", "NS-06", _INFO,
    "{subject} lets resolvers remember for {seconds} seconds that a name does not exist",
    "A record looked for before it was published stays away that long.",
    "Set the SOA minimum to an hour, or publish before anybody looks.", "RFC 2308 section 5",
    "SOA minimum 86400",
)
CASE_SENSITIVE = Rule(
    "mx.case-sensitive", "MX-10", _WARN,
    "{server} finds {type} {name}, yet not with its letters in upper case",
    "Names compare without case. Resolvers mix the case on purpose and then find nothing.",
    "Update the server's software.", "RFC 4343 section 3",
    "MX for example.com, none for EXAMPLE.COM",
)
CNAME_BESIDE = Rule(
    "dmarc.cname-beside-txt", "DMARC-23", _ERROR,
    "{subject} has a CNAME to {target} beside a TXT record (seen at {server})",
    "A CNAME stands alone; receivers see one or the other record.",
    "Delete one of the two.", "RFC 1034 section 3.6.2", "_dmarc CNAME beside _dmarc TXT",
)

DELEGATION_RULES: tuple[Rule, ...] = (
    SINGLE, ONE_ADDRESS, UNRESOLVED, ALIAS, SET_DIFFERS, PARENT_DIFFERS, LAME, FAILING, SILENT,
    NO_TCP, NO_EDNS, SERIALS, RRSET_DIFFERS, NEGATIVE_TTL, CASE_SENSITIVE, CNAME_BESIDE,
)
