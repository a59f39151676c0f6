"""The catalogue of what can be wrong with the DNSSEC of a zone."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _WARN, _ERROR, _CRITICAL = Severity
_4035 = "RFC 4035 section "

BROKEN = Rule(
    "dnssec.chain-broken", "SEC-01", _CRITICAL,
    "The DNSSEC chain of {subject} is broken: {reason}",
    "Resolvers that validate answer SERVFAIL for every name of the zone: mail stops.",
    "Have the registrar publish the DS of the key in use, or take the DS records out.",
    _4035 + "5", "a DS record that was left behind after a move to another DNS provider",
)
NO_DS = Rule(
    "dnssec.no-ds", "SEC-01", _INFO,
    "{subject} is signed, yet its parent has no DS record: nobody validates it",
    "The signatures protect nothing, and DANE does not count.",
    "Give the DS record to the registrar.", _4035 + "5", "DNSKEY at example.com, no DS at com",
)
BAD_SIGNATURE = Rule(
    "dnssec.bad-signature", "SEC-02", _ERROR,
    "A signature over {type} {name} does not validate: {reason}",
    "Resolvers that validate take the record for forged.",
    "Have the zone signed again; look at the clock and the keys of the signer.",
    _4035 + "5.3", "an RRSIG that expired yesterday",
)
UNSIGNED = Rule(
    "dnssec.unsigned-record", "SEC-02", _ERROR,
    "{record} has no signature, although its zone {subject} is signed",
    "Resolvers that validate take the record for forged.",
    "Have the zone signed again as a whole.", _4035 + "5.2", "a TXT record added behind the signer",
)
EXPIRING = Rule(
    "dnssec.signature-expires", "SEC-02", _WARN,
    "The signature over {type} {name} expires in {hours} hours",
    "Signers renew long before that: it looks as if this one stopped.",
    "See whether the signer still runs.", _4035 + "5.3.1", "an RRSIG with an hour left",
)
WEAK_ALGORITHM = Rule(
    "dnssec.weak-algorithm", "SEC-03", _WARN,
    "The DNSSEC of {subject} rests on {algorithm}",
    "SHA-1 is broken; resolvers begin to treat such zones as unsigned.",
    "Change to ECDSA P-256 with SHA-256 (algorithm 13), DS records by SHA-256.",
    "RFC 9905 section 2; for DS digests RFC 9904", "a DNSKEY of the algorithm RSASHA1",
)
ITERATIONS = Rule(
    "dnssec.nsec3-iterations", "SEC-03", _WARN,
    "NSEC3 of {subject} iterates {iterations} times",
    "Iterations protect nothing and cost everybody; resolvers treat high counts as unsigned.",
    "Set the iterations to 0 and the salt to none.", "RFC 9276 section 3.1", "NSEC3PARAM 1 0 10 -",
)

DNSSEC_RULES: tuple[Rule, ...] = (
    BROKEN, NO_DS, BAD_SIGNATURE, UNSIGNED, EXPIRING, WEAK_ALGORITHM, ITERATIONS,
)
