"""The rows of the mail catalogue: what is looked at, as behaviour or by rules.

A row of the kind "engine" or "state" is behaviour, held by a test of its name; the rules of the
others speak when something is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..findings import Rule
from .rules import MAIL_RULES


@dataclass(frozen=True, slots=True)
class Row:
    """`kind` is "finding", "engine", "state" or "left out"."""

    id: str
    what: str
    kind: str = "finding"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those that speak of it. Alignment is judged with DMARC-21, for SPF and DKIM together."""
        row = _JUDGED_WITH.get(self.id, self.id)
        named = (rule for rule in MAIL_RULES.values() if rule.row == row)
        return tuple(named)


_JUDGED_WITH = {"SPF-32": "DMARC-21", "DKIM-19": "DMARC-21"}

# fmt: off
_ROWS = (
    Row("SPF-01", "a policy at the sender's domain, and one at the HELO name"),
    Row("SPF-02", "exactly one policy"),
    Row("SPF-03", "the version as it must be spelt; near misses told as such"),
    Row("SPF-04", "leftovers: the SPF record type, Sender ID"),
    Row("SPF-05", "the whole text parses, what follows `all` included"),
    Row("SPF-06", "mechanisms that do not exist"),
    Row("SPF-07", "modifiers that are unknown (allowed) or malformed (not)"),
    Row("SPF-08", "`redirect=` and `exp=` once each"),
    Row("SPF-09", "networks: valid, of the right family, no bits beyond the prefix"),
    Row("SPF-10", "prefix lengths where they are allowed"),
    Row("SPF-11", "domain-specs that can be names"),
    Row("SPF-12", "macros: grammar, and `%{p}`"),
    Row("SPF-13", "look-ups in the worst case, whole tree"),
    Row("SPF-14", "look-ups and voids as they come for one sender"),
    Row("SPF-15", "void look-ups, by address family, terms named"),
    Row("SPF-16", "exchangers behind one `mx`"),
    Row("SPF-17", "`ptr`, wherever in the tree"),
    Row("SPF-18", "includes that lead to nothing, to an error, or to silence"),
    Row("SPF-19", "redirects that lead to nothing"),
    Row("SPF-20", "circles"),
    Row("SPF-21", "what `all` makes useless"),
    Row("SPF-22", "policies that let everybody send, through an include too"),
    Row("SPF-23", "policies that end in neutral, behind a redirect too"),
    Row("SPF-24", "`-all`, and what it means before DMARC is asked"),
    Row("SPF-25", "strings joined without the blank between them"),
    Row("SPF-26", "answers too large for one datagram"),
    Row("SPF-27", "the text behind `exp=`"),
    Row("SPF-28", "octets that are not printable ASCII"),
    Row("SPF-29", "terms and networks said twice"),
    Row("SPF-30", "a CNAME beside other data"),
    Row("SPF-31", "the platform's include: there, and reached"),
    Row("SPF-32", "MAIL FROM aligned with From"),
    Row("SPF-33", "RFC 6652 modifiers: legal, and well-formed"),
    Row("SPF-34", "the policy of a domain that sends nothing"),
    Row("DKIM-01", "a key at each selector"),
    Row("DKIM-02", "delegation by CNAME: leads somewhere, and where it should"),
    Row("DKIM-03", "one record at a selector"),
    Row("DKIM-04", "text that was damaged on its way into DNS"),
    Row("DKIM-05", "`v=`"),
    Row("DKIM-06", "tag syntax, tags said twice"),
    Row("DKIM-07", "`p=` is there"),
    Row("DKIM-08", "revoked keys"),
    Row("DKIM-09", "`p=` can be read"),
    Row("DKIM-10", "`k=` agrees with the key"),
    Row("DKIM-11", "RSA length"),
    Row("DKIM-12", "RSA numbers that no generator makes; keys printed in documents"),
    Row("DKIM-13", "Ed25519, and an RSA key beside it"),
    Row("DKIM-14", "`h=` lets sha256 through"),
    Row("DKIM-15", "`s=` lets mail through"),
    Row("DKIM-16", "`t=` flags"),
    Row("DKIM-17", "tags that are obsolete or unknown"),
    Row("DKIM-18", "the key is the one that is expected"),
    Row("DKIM-19", "`d=` aligned with From"),
    Row("DKIM-20", "wildcards that answer for any selector"),
    Row("DKIM-21", "`_domainkey` denied although keys lie below it"),
    Row("DKIM-22", "keys and records at the usual wrong places"),
    Row("DMARC-01", "a policy covers the domain"),
    Row("DMARC-02", "the tree walk: order, eight queries, single labels", "engine"),
    Row("DMARC-03", "several records at one name"),
    Row("DMARC-04", "the version"),
    Row("DMARC-05", "tag syntax, unknown and repeated tags"),
    Row("DMARC-06", "`p=` is valid"),
    Row("DMARC-07", "`sp=` and `np=` are valid"),
    Row("DMARC-08", "what applies to the domain, to names below, to names that do not exist"),
    Row("DMARC-09", "`sp=` and `np=`: weaker than `p=`, or where they are ignored"),
    Row("DMARC-10", "`p=none`"),
    Row("DMARC-11", "`t=`"),
    Row("DMARC-12", "tags that RFC 9989 removed"),
    Row("DMARC-13", "`psd=`"),
    Row("DMARC-14", "`adkim=` and `aspf=`"),
    Row("DMARC-15", "`fo=`"),
    Row("DMARC-16", "`rua=` is there"),
    Row("DMARC-17", "report URIs"),
    Row("DMARC-18", "foreign report addresses have agreed"),
    Row("DMARC-19", "report addresses take mail"),
    Row("DMARC-20", "tree walk and suffix list differ"),
    Row("DMARC-21", "each way mail is sent has an aligned identifier"),
    Row("DMARC-22", "records at the usual wrong places"),
    Row("DMARC-23", "CNAME at `_dmarc`"),
    Row("DMARC-24", "wildcards that answer at `_dmarc`"),
    Row("DMARC-25", "failing DNS is no absence", "engine"),
    Row("DMARC-26", "what mailbox providers demand of bulk senders"),
    Row("MX-01", "an MX, or an address in its place"),
    Row("MX-02", "null MX"),
    Row("MX-03", "exchanges that are host names"),
    Row("MX-04", "exchanges that are aliases"),
    Row("MX-05", "exchanges that have addresses"),
    Row("MX-06", "addresses that can be reached from anywhere"),
    Row("MX-07", "the platform's exchanges, and others beside them"),
    Row("MX-08", "repeated and single exchanges"),
    Row("MX-09", "exchanges in domains that anybody may register"),
    Row("MX-10", "servers that mind the case"),
    Row("RDNS-01", "a PTR for each address"),
    Row("RDNS-02", "PTR names that lead back"),
    Row("RDNS-03", "PTR names made from the address, or not the EHLO name"),
    Row("RDNS-04", "RFC 2317 delegation"),
    Row("RDNS-05", "failing DNS is no absence", "engine"),
    Row("TLS-01", "STARTTLS: offered, version, certificate"),
    Row("DANE-01", "TLSA only counts where DNSSEC secures all of it"),
    Row("DANE-02", "TLSA of a form that SMTP uses"),
    Row("DANE-03", "TLSA that match, and the next key"),
    Row("STS-01", "the MTA-STS record"),
    Row("STS-02", "the policy file can be had"),
    Row("STS-03", "the policy's fields"),
    Row("STS-04", "the policy names the exchanges"),
    Row("STS-05", "mode, age, and an id that changes with the policy"),
    Row("RPT-01", "the TLS reporting record"),
    Row("RPT-02", "a transport policy without reports"),
    Row("BIMI-01", "the BIMI record"),
    Row("BIMI-02", "DMARC strict enough for BIMI"),
    Row("BIMI-03", "logo and mark certificate", "left out"),
    Row("NS-01", "two name servers or more, each with an address, none an alias"),
    Row("NS-02", "parent and zone agree; each server has authority"),
    Row("NS-03", "failing, silent, TCP, EDNS; each server named"),
    Row("NS-04", "one version of the zone"),
    Row("NS-05", "one answer for each record that a verdict rests on"),
    Row("NS-06", "how long an absence is remembered"),
    Row("SEC-01", "DS and DNSKEY"),
    Row("SEC-02", "signatures: valid, and for how long"),
    Row("SEC-03", "algorithms and NSEC3 iterations"),
    Row("PROP-01", "each authoritative server, by itself", "state"),
    Row("PROP-02", "each resolver, by itself, with what is left of its TTL", "state"),
    Row("PROP-03", "when the next look can tell something new", "engine"),
    Row("PROP-04", "servers that change their minds"),
    Row("DNS-01", "CAA records that issuers can read"),
)

ROWS: Mapping[str, Row] = {row.id: row for row in _ROWS}
