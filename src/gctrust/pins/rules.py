"""The pin catalogue: what is checked of a rotation before and while it runs."""

from __future__ import annotations

from ..findings import Rule, Severity, rule_catalogue

_RFC7469 = "RFC 7469"


def _rule(
    id_: str,
    row: str,
    severity: Severity,
    sentence: str,
    why: str,
    fix: str,
    source: str,
    example: str,
) -> Rule:
    return Rule(id_, row, severity, sentence, why, fix, source, example)


MIXED_KINDS = _rule(
    "pin.mixed-kinds",
    "PIN-01",
    Severity.CRITICAL,
    "The client's live pins are {live} pins, the rotation computes {planned} pins.",
    "A certificate's digest never equals its key's: every handshake would be refused.",
    "Rotate with --pin-kind {live}, or change the kind in a rotation of its own.",
    f"{_RFC7469} section 2.4",
    "live pins hash certificates, the order asks for SPKI pins",
)
NOT_DISTINCT = _rule(
    "pin.not-distinct",
    "PIN-03",
    Severity.CRITICAL,
    "The {first} and the {second} certificate give the same pin.",
    "Two names for one key leave no way back when that key is lost.",
    "Issue a certificate with a key of its own for each role.",
    f"{_RFC7469} section 4.3",
    "the backup certificate is the new certificate",
)
TOO_MANY = _rule(
    "pin.too-many",
    "PIN-04",
    Severity.CRITICAL,
    "Live and planned pins together are {count}; the platform takes {limit}.",
    "The write that publishes the new pin would be refused, or would drop a pin still in use.",
    "Retire a pin that no client shows first: `gctrust pins status` lists the live ones.",
    "guide dialect, maxPinCount",
    "two foreign pins are live beside the old one, and new and backup come on top",
)
NO_BACKUP = _rule(
    "pin.no-backup",
    "PIN-05",
    Severity.WARN,
    "The set has no backup pin.",
    "When the only key is lost or stolen, clients stay locked out until a new pin has propagated.",
    "Give --backup-cert, or accept it by name: --allow pin.no-backup.",
    f"{_RFC7469} section 4.3",
    "only an old and a new certificate are at hand",
)
MTLS_OFF = _rule(
    "pin.mtls-off",
    "PIN-08",
    Severity.CRITICAL,
    "The OAuth client {subject} does not require mutual TLS.",
    "Without mutual TLS no certificate is demanded, and a pin protects nothing.",
    "Turn mutual TLS on for the client, then rotate.",
    "guide dialect, OAuth client certificate pins",
    "mtlsRequired is false",
)
NOTHING_TO_CHANGE = _rule(
    "pin.same-key",
    "PIN-10",
    Severity.INFO,
    "The new certificate has the old one's key: its SPKI pin stays the same.",
    "A renewal with the same key needs no change of SPKI pins.",
    "Deploy the certificate at the clients; leave the pins alone.",
    f"{_RFC7469} section 2.4",
    "the certificate was renewed with the same key",
)
NOT_YET_VALID = _rule(
    "pin.new-not-yet-valid",
    "PIN-11",
    Severity.CRITICAL,
    "The new certificate is first valid {wait} s after its planned first use (skew included).",
    "A client that shows it earlier is refused for its date, whatever its pin.",
    "Wait for its notBefore, or plan a longer soak with --soak.",
    "RFC 5280 section 4.1.2.5",
    "notBefore is tomorrow, the switch is planned in two minutes",
)
OVERLAP_OUTLIVES_OLD = _rule(
    "pin.overlap-too-late",
    "PIN-12",
    Severity.CRITICAL,
    "The old certificate expires {short} s before the overlap and its margin end.",
    "Clients that have not switched by then are refused, and there is no way back to it.",
    "Shorten --soak and --drain, or renew the old certificate first.",
    "RFC 5280 section 4.1.2.5",
    "the old certificate expires in five minutes, the overlap takes ten",
)
OLD_NOT_LIVE = _rule(
    "pin.old-not-live",
    "PIN-15",
    Severity.CRITICAL,
    "The old certificate's pin {pin} is not among the client's live pins.",
    "The certificate called old is not the one in use: retiring would end in the wrong set.",
    "Give the certificate that clients show now with --old-cert.",
    "guide dialect, OAuth client certificate pins",
    "--old-cert names the certificate before the last one",
)
CHANGED_MEANWHILE = _rule(
    "pin.changed-meanwhile",
    "PIN-17",
    Severity.CRITICAL,
    "The live pins changed during the rotation: {seen}.",
    "Someone else edits the same set; two rotations that interleave can drop a pin in use.",
    "Find the other writer, then start again: nothing was written over it.",
    "RFC 9110 section 13.1.1",
    "another administrator replaced the set between read and write",
)
RATE_TOO_LOW = _rule(
    "pin.match-rate-low",
    "PIN-25",
    Severity.CRITICAL,
    "{matched} of {tried} handshakes matched: at least {bound} (95 % confidence), below {target}.",
    "Retiring the old pin while some handshakes miss the new one locks those clients out.",
    "Look at the endpoints that refused; the old pin stays live until the bound passes.",
    "Clopper and Pearson 1934",
    "a replica has not taken the new pin yet",
)

PIN_RULES = (
    MIXED_KINDS,
    NOT_DISTINCT,
    TOO_MANY,
    NO_BACKUP,
    MTLS_OFF,
    NOTHING_TO_CHANGE,
    NOT_YET_VALID,
    OVERLAP_OUTLIVES_OLD,
    OLD_NOT_LIVE,
    CHANGED_MEANWHILE,
    RATE_TOO_LOW,
)
CATALOGUE = rule_catalogue(PIN_RULES)
