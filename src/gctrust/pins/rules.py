"""The pin catalogue: what is checked of a rotation before and while it runs."""

from __future__ import annotations

from ..findings import Rule, Severity, rule_catalogue

LIVE_UNREADABLE = Rule(
    "pin.live-unreadable",
    "PIN-01",
    Severity.CRITICAL,
    "The platform shows pins that cannot be read: {seen}.",
    "What is live cannot be compared with what is planned; a write could drop a pin in use.",
    "Look at the client: `gctrust pins status`; correct its pins or their kind by hand.",
    "RFC 7469 section 2.4",
    "a pin of 20 octets, or a pin kind that is neither certificate nor spki",
)
MIXED_KINDS = Rule(
    "pin.mixed-kinds",
    "PIN-01",
    Severity.CRITICAL,
    "The client's live pins are {live} pins, the rotation computes {planned} pins.",
    "A certificate's digest never equals its key's: every handshake would be refused.",
    "Rotate with --pin-kind set to the live kind, or change the kind in a rotation of its own.",
    "RFC 7469 section 2.4",
    "live pins hash certificates, the order asks for SPKI pins",
)
TYPED_DIFFERS = Rule(
    "pin.typed-differs",
    "PIN-02",
    Severity.CRITICAL,
    "The pin given is {typed}, the new certificate's is {computed}.",
    "A pin that was typed or copied is not proof of a key; only the certificate is.",
    "Give the certificate that belongs to the pin, or leave the pin out.",
    "RFC 7469 section 2.4",
    "the pin in the change request belongs to last year's certificate",
)
NOT_DISTINCT = Rule(
    "pin.not-distinct",
    "PIN-03",
    Severity.CRITICAL,
    "The {first} and the {second} certificate give the same pin.",
    "Two names for one key leave no way back when that key is lost.",
    "Issue a certificate with a key of its own for each role.",
    "RFC 7469 section 4.3",
    "the backup certificate is the new certificate",
)
TOO_MANY = Rule(
    "pin.too-many",
    "PIN-04",
    Severity.CRITICAL,
    "Live and planned pins together are {count}; the platform takes {limit}.",
    "The write that publishes the new pin would be refused, or would drop a pin still in use.",
    "Retire a pin that no client shows first: `gctrust pins status` lists the live ones.",
    "guide dialect, maxPinCount",
    "two foreign pins are live beside the old one, and new and backup come on top",
)
NO_BACKUP = Rule(
    "pin.no-backup",
    "PIN-05",
    Severity.WARN,
    "The set has no backup pin.",
    "When the only key is lost or stolen, clients stay locked out until a new pin has propagated.",
    "Give --backup-cert, or accept it by name: --allow pin.no-backup.",
    "RFC 7469 section 4.3",
    "only an old and a new certificate are at hand",
)
BACKUP_NOT_APART = Rule(
    "pin.backup-not-apart",
    "PIN-06",
    Severity.WARN,
    "The backup is not kept apart: {how}.",
    "What takes the working key, or its CA, takes the backup with it.",
    "Keep the backup key off the machines that use the others, under another CA.",
    "RFC 7469 section 4.3 and appendix B",
    "new and backup certificate are of one CA",
)
BACKUP_UNEXERCISED = Rule(
    "pin.backup-unexercised",
    "PIN-07",
    Severity.WARN,
    "The backup certificate was not seen in a handshake for {days} days.",
    "A backup nobody has tried may turn out expired or without its key when it is needed.",
    "Give --backup-key: a test handshake is made with it while all pins are live.",
    "RFC 7469 appendix B",
    "the backup was issued three years ago and never used",
)
MTLS_OFF = Rule(
    "pin.mtls-off",
    "PIN-08",
    Severity.CRITICAL,
    "The OAuth client {subject} does not require mutual TLS.",
    "Without mutual TLS no certificate is demanded, and a pin protects nothing.",
    "Turn mutual TLS on for the client, then rotate.",
    "guide dialect, OAuth client certificate pins",
    "mtlsRequired is false",
)
NEW_UNFIT = Rule(
    "pin.new-unfit",
    "PIN-08",
    Severity.CRITICAL,
    "The new certificate does not pass as a client certificate: {flaws}.",
    "Its pin would be accepted, the certificate itself refused: expired, not for clients, or weak.",
    "Correct what the findings name: `gctrust check cert --profile client` judges it alone.",
    "RFC 5280 section 6",
    "the new certificate is a server's, without clientAuth",
)
ISSUER = Rule(
    "pin.issuer-not-allowed",
    "PIN-09",
    Severity.CRITICAL,
    "No verified path leads from the new certificate up to a configured CA.",
    "A name alone proves no issuer: only a signature that verifies up to a CA one trusts does.",
    "Have it issued by a CA of GCTRUST_PIN_ISSUER_PATH, or add that CA's certificate there.",
    "RFC 5280 section 6",
    "the issuer has the right name, and another key",
)
NOTHING_TO_CHANGE = Rule(
    "pin.same-key",
    "PIN-10",
    Severity.INFO,
    "The new certificate has the old one's key: its SPKI pin stays the same.",
    "A renewal with the same key needs no change of SPKI pins.",
    "Deploy the certificate at the clients; leave the pins alone.",
    "RFC 7469 section 2.4",
    "the certificate was renewed with the same key",
)
NOT_YET_VALID = Rule(
    "pin.new-not-yet-valid",
    "PIN-11",
    Severity.CRITICAL,
    "The new certificate is first valid {wait} s after its planned first use (skew included).",
    "A client that shows it earlier is refused for its date, whatever its pin.",
    "Wait for its notBefore, or plan a longer soak with --soak.",
    "RFC 5280 section 4.1.2.5",
    "notBefore is tomorrow, the switch is planned in two minutes",
)
OVERLAP_OUTLIVES_OLD = Rule(
    "pin.overlap-too-late",
    "PIN-12",
    Severity.CRITICAL,
    "The old certificate expires {short} s before the overlap and its margin end.",
    "Clients that have not switched by then are refused, and there is no way back to it.",
    "Shorten --soak and --drain, or renew the old certificate first.",
    "RFC 5280 section 4.1.2.5",
    "the old certificate expires in five minutes, the overlap takes ten",
)
SOAK_SHORT = Rule(
    "pin.soak-short",
    "PIN-13",
    Severity.CRITICAL,
    "The soak of {soak} s is shorter than twice the propagation of {propagation} s.",
    "An endpoint that has not taken the new pin refuses the first client that shows it.",
    "Plan a longer --soak.",
    "RFC 7671 section 8.1",
    "pins propagate within two minutes, the soak is one",
)
DRAIN_SHORT = Rule(
    "pin.drain-short",
    "PIN-14",
    Severity.CRITICAL,
    "The drain of {drain} s is shorter than the {what} of {needed} s.",
    "Until then a client may still come with the old certificate, or resume a session made by it.",
    "Plan a longer --drain.",
    "RFC 8446 section 4.6.1; RFC 8705 section 6.3",
    "session tickets live a day, the drain is ten minutes",
)
ORDER = Rule(
    "pin.order",
    "PIN-15",
    Severity.CRITICAL,
    "The plan's order can refuse a handshake: {flaw}.",
    "The verifier must take the new key before it is shown, and the old one until none shows it.",
    "Publish, soak, switch, drain, retire: in this order, none left out.",
    "RFC 7469 section 4.3; RFC 7671 section 8.1",
    "the old pin is dropped before the clients have switched",
)
OLD_NOT_LIVE = Rule(
    "pin.old-not-live",
    "PIN-15",
    Severity.CRITICAL,
    "The old certificate's pin {pin} is not among the client's live pins.",
    "The certificate called old is not the one in use: retiring would end in the wrong set.",
    "Give the certificate that clients show now with --old-cert.",
    "guide dialect, OAuth client certificate pins",
    "--old-cert names the certificate before the last one",
)
STILL_IN_USE = Rule(
    "pin.still-in-use",
    "PIN-16",
    Severity.CRITICAL,
    "The pin {pin} was used {ago} s ago ({times} handshakes); it goes only after {drain} s unused.",
    "Whoever still shows it would be refused from the moment it is dropped.",
    "Switch the clients that still show it; the old pin stays live meanwhile.",
    "RFC 7469 section 4.3",
    "one client never reloaded its files",
)
CHANGED_MEANWHILE = Rule(
    "pin.changed-meanwhile",
    "PIN-17",
    Severity.CRITICAL,
    "The live pins changed during the rotation: {seen}.",
    "Someone else edits the same set; two rotations that interleave can drop a pin in use.",
    "Find the other writer, then start again: nothing was written over it.",
    "RFC 9110 section 13.1.1",
    "another administrator replaced the set between read and write",
)
NO_WAY_BACK = Rule(
    "pin.no-way-back",
    "PIN-18",
    Severity.CRITICAL,
    "There is no way back: {what}.",
    "A rotation that goes wrong can be undone only while the old key is still held.",
    "Make the old certificate's key available to the client, then start again.",
    "RFC 7469 section 4.3",
    "the client's files hold a certificate that is not the old one",
)
BOUND_TOKENS = Rule(
    "pin.bound-tokens",
    "PIN-19",
    Severity.ERROR,
    "Tokens are bound to the certificate, and nothing makes {who} fetch new ones.",
    "A token bound to the old certificate dies with it, although its time is not up.",
    "Name a reload command for each client: a restart fetches a token with the new certificate.",
    "RFC 8705 sections 3.1 and 6.3",
    "the client swaps files without a restart and keeps its token",
)
NOT_COVERED = Rule(
    "pin.not-covered",
    "PIN-20",
    Severity.ERROR,
    "Not covered by the rotation: {what}.",
    "What is not in the inventory is neither switched nor measured, and refused at the end.",
    "Add it: --clients for clients, GCTRUST_MTLS_ENDPOINTS for endpoints.",
    "RFC 7469 section 4.3",
    "a batch job on another machine uses the same certificate",
)
NOT_OURS = Rule(
    "pin.not-ours",
    "PIN-21",
    Severity.WARN,
    "The pin is not of a key under your control: {what}.",
    "Its owner changes the key without asking; every pin of it is refused from that day.",
    "Pin keys of your own; trust the CA for hosts that belong to others.",
    "RFC 7469 section 4.5",
    "the leaf of login.mypurecloud.com",
)
CT = Rule(
    "pin.ct",
    "PIN-22",
    Severity.ERROR,
    "Certificate transparency is not proved for a certificate of a public CA.",
    "A public certificate that no log knows may be refused, and may be misissued.",
    "Ask the CA for a certificate with SCTs, or set --ct report for this rotation.",
    "RFC 6962 section 3.2",
    "a public client certificate without SCTs",
)
WEBHOOK = Rule(
    "pin.webhook-unsigned",
    "PIN-23",
    Severity.ERROR,
    "The webhook of this rotation is sent without signature and without token.",
    "Its receiver cannot tell our word from anybody's.",
    "Set WEBHOOK_SECRET (and WEBHOOK_TOKEN where the receiver asks for one).",
    "Standard Webhooks; guide dialect, webhook",
    "WEBHOOK_URL alone is set",
)
EXPIRY = Rule(
    "pin.expiry-undeclared",
    "PIN-24",
    Severity.WARN,
    "Nothing says when these pins end.",
    "A set nobody reviews outlives the keys, and fails closed on a day nobody chose.",
    "Declare it: --pins-expire 2027-06-30, or --pins-expire none when it is meant to last.",
    "RFC 7469 section 4.1",
    "neither a date nor none is given",
)
RATE_TOO_LOW = Rule(
    "pin.match-rate-low",
    "PIN-25",
    Severity.CRITICAL,
    "{matched} of {tried} handshakes matched: at least {bound} (95 % confidence), below {target}.",
    "Retiring the old pin while some handshakes miss the new one locks those clients out.",
    "Look at the endpoints that refused; the old pin stays live until the bound passes.",
    "Clopper and Pearson 1934",
    "a replica has not taken the new pin yet",
)
UNKNOWN_KEY = Rule(
    "pin.unknown-key",
    "PIN-25",
    Severity.ERROR,
    "{times} handshakes showed an unexpected certificate, pin {pin}.",
    "A key nobody planned for knocks at the client's door: a forgotten client, or somebody else.",
    "Find out whose key that is before going on.",
    "RFC 7469 section 4.5",
    "a certificate of nobody in the inventory was refused",
)
EMERGENCY = Rule(
    "pin.emergency-refused",
    "PIN-16",
    Severity.WARN,
    "The emergency rotation refused {times} handshakes with the compromised certificate.",
    "The compromised pin was dropped without waiting: its handshakes are refused on purpose.",
    "Switch the clients that still show it.",
    "RFC 7469 section 4.3",
    "two clients had not switched when the pin was dropped",
)

PIN_RULES = (
    LIVE_UNREADABLE,
    MIXED_KINDS,
    TYPED_DIFFERS,
    NOT_DISTINCT,
    TOO_MANY,
    NO_BACKUP,
    BACKUP_NOT_APART,
    BACKUP_UNEXERCISED,
    MTLS_OFF,
    NEW_UNFIT,
    ISSUER,
    NOTHING_TO_CHANGE,
    NOT_YET_VALID,
    OVERLAP_OUTLIVES_OLD,
    SOAK_SHORT,
    DRAIN_SHORT,
    ORDER,
    OLD_NOT_LIVE,
    STILL_IN_USE,
    CHANGED_MEANWHILE,
    NO_WAY_BACK,
    BOUND_TOKENS,
    NOT_COVERED,
    NOT_OURS,
    CT,
    WEBHOOK,
    EXPIRY,
    RATE_TOO_LOW,
    UNKNOWN_KEY,
    EMERGENCY,
)
CATALOGUE = rule_catalogue(PIN_RULES)
