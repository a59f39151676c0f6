"""IN, PROF, REV-01 and REV-04: does a certificate fit the profile it is meant for?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

from ..findings import Finding
from . import extensions as ext
from .certificate import Certificate
from .lifetime import is_short_lived
from .path import ANY_EKU, CLIENT_AUTH, SERVER_AUTH
from .rules import found
from .signatures import weak_signature
from .subject import judge_subject

CHROME_CLIENT_AUTH_ENDS = datetime(2027, 3, 15, tzinfo=UTC)  # Chrome Root Program 1.8
_RESERVED_POLICIES = {f"2.23.140.1.2.{n}" for n in (1, 2, 3)} | {"2.23.140.1.1"}
_FOREIGN_USES = {
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "1.3.6.1.4.1.11129.2.4.4": "precertificate signing",
    ANY_EKU: "anyExtendedKeyUsage",
}


_CA_USAGES = {"key_cert_sign": "keyCertSign", "crl_sign": "cRLSign"}
_SECRET_USAGES = {
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
}
_CA_EXTENSIONS = {
    ext.NAME_CONSTRAINTS: "nameConstraints",
    ext.POLICY_CONSTRAINTS: "policyConstraints",
    ext.POLICY_MAPPINGS: "policyMappings",
    ext.INHIBIT_ANY: "inhibitAnyPolicy",
}
_NEVER_CRITICAL = {
    ext.SUBJECT_KEY_ID: "subjectKeyIdentifier",
    ext.AUTHORITY_KEY_ID: "authorityKeyIdentifier",
    ext.AUTHORITY_ACCESS: "authorityInfoAccess",
    ext.CRL_POINTS: "cRLDistributionPoints",
    ext.SCT_LIST: "signedCertificateTimestampList",
}


class Profile(StrEnum):
    """What the certificate is for: a public server, a private server, an mTLS client."""

    PUBLIC = "public"
    PRIVATE = "private"
    CLIENT = "client"


def judge_form(cert: Certificate) -> Iterator[Finding]:
    """IN-04..IN-08 on any certificate: what is wrong whatever it is meant for."""
    label = cert.label
    if cert.version != 3:
        yield found("cert.version", label, version=cert.version)
    if cert.inner_algorithm != cert.outer_algorithm:
        yield found("cert.algorithm-mismatch", label)
    if cert.x509 is None:
        yield found("cert.strict-refusal", label, reason=cert.refusal[:160])
    oids = [e.oid for e in cert.raw_extensions]
    for oid in sorted(set(oids)) if len(set(oids)) < len(oids) else ():
        if oids.count(oid) > 1:
            yield found("cert.duplicate-extension", label, oid=oid)
    for oid, reason in cert.extensions.bad:
        yield found("cert.extension-unreadable", label, oid=oid, reason=reason)
    critical = cert.critical
    wrongly = [name for oid, name in _NEVER_CRITICAL.items() if oid in critical]
    if wrongly:
        yield found("cert.critical-wrongly", label, names=wrongly)
    if ext.PRECERT_POISON in oids:
        yield found("cert.precertificate", label)
    for extension in cert.raw_extensions:
        known = extension.oid in ext.KNOWN or extension.oid == ext.PRECERT_POISON
        if extension.critical and not known:
            yield found("cert.unknown-critical", label, oid=extension.oid)


def judge_serial(cert: Certificate) -> Iterator[Finding]:
    """PROF-06; RFC 5280 section 4.1.2.2."""
    if cert.serial <= 0 or cert.serial >= 1 << 159:
        yield found("cert.serial", cert.label, detail="zero, negative or over 159 bits")


def judge_signature(cert: Certificate) -> Iterator[Finding]:
    """CHAIN-15: the signature of a root is never checked by anyone, so roots are passed by."""
    name = weak_signature(cert)
    if name and not cert.self_issued:
        yield found("cert.weak-signature", cert.label, hash=name)


def judge_profile(
    leaf: Certificate, profile: Profile, *, at: datetime, public_root: bool
) -> Iterator[Finding]:
    if leaf.is_ca:
        yield found("cert.ca-as-leaf", leaf.label)
    else:
        held = {e.oid for e in leaf.raw_extensions}
        names = [name for oid, name in _CA_EXTENSIONS.items() if oid in held]
        if names:
            yield found("cert.leaf-ca-extension", leaf.label, names=names)
    if profile is Profile.CLIENT:
        yield from _client(leaf, public_root=public_root)
    else:
        yield from _server(leaf, public=profile is Profile.PUBLIC, at=at)
    yield from _usage(leaf)
    if leaf.extensions.must_staple and not leaf.extensions.ocsp_urls:
        yield found("cert.must-staple-without-ocsp", leaf.label)
    if profile is Profile.PUBLIC:
        yield from _public(leaf)
        yield from judge_subject(leaf)


def _client(leaf: Certificate, *, public_root: bool) -> Iterator[Finding]:
    eku = leaf.extensions.eku
    if eku is None or (CLIENT_AUTH not in eku and ANY_EKU not in eku):
        yield found("cert.no-client-auth", leaf.label)
    if public_root:
        yield found("cert.client-from-public-ca", leaf.label)


def _server(leaf: Certificate, *, public: bool, at: datetime) -> Iterator[Finding]:
    eku = leaf.extensions.eku
    if eku is None:
        if public:
            yield found("cert.no-eku", leaf.label)
        return
    if SERVER_AUTH not in eku:
        yield found("cert.no-server-auth", leaf.label)
    if public and ext.EXTENDED_KEY_USAGE in leaf.critical:
        yield found("cert.eku-critical", leaf.label)
    foreign = [_FOREIGN_USES[oid] for oid in eku if oid in _FOREIGN_USES]
    if foreign and public:
        yield found("cert.foreign-eku", leaf.label, uses=foreign)
    if public and CLIENT_AUTH in eku:
        issued = leaf.not_before or at
        rule = "cert.client-auth-ended" if issued >= CHROME_CLIENT_AUTH_ENDS else None
        yield found(rule or "cert.client-auth-ends", leaf.label)


def _usage(leaf: Certificate) -> Iterator[Finding]:
    """PROF-04; RFC 8446 section 4.4.2.2: TLS 1.3 signs, so digitalSignature must be there."""
    usage = leaf.extensions.key_usage
    if usage is None:
        return
    if not usage:
        yield found("cert.usage-empty", leaf.label)
    if "digital_signature" not in usage:
        yield found("cert.no-digital-signature", leaf.label)
    signs = [word for name, word in _CA_USAGES.items() if name in usage]
    if signs and not leaf.is_ca:
        yield found("cert.leaf-signs", leaf.label, usages=signs)
    elliptic = b"\x2a\x86\x48\xce\x3d\x02\x01" in leaf.spki[:24]
    if elliptic and usage & {"key_encipherment", "data_encipherment"}:
        yield found("cert.usage-not-for-key", leaf.label)
    lattice = b"\x60\x86\x48\x01\x65\x03\x04\x03" in leaf.spki[:24]
    secrets = [word for name, word in _SECRET_USAGES.items() if name in usage]
    if lattice and secrets:
        yield found("cert.usage-not-for-ml-dsa", leaf.label, usages=secrets)


def _public(leaf: Certificate) -> Iterator[Finding]:
    facts = leaf.extensions
    if facts.has_aki is False or facts.aki is None:
        yield found("cert.no-aki", leaf.label)
    if facts.aki_has_issuer:
        yield found("cert.aki-issuer", leaf.label)
    if len(_RESERVED_POLICIES & set(facts.policies)) != 1 or "2.5.29.32.0" in facts.policies:
        yield found("cert.policy", leaf.label, policies=list(facts.policies[:8]))
    if not any(url.startswith("http://") for url in facts.issuer_urls):
        yield found("cert.no-aia", leaf.label)
    if not facts.crl_urls and not facts.ocsp_urls and not is_short_lived(leaf):
        yield found("cert.no-revocation-pointer", leaf.label)
    if facts.crl_odd_fields or facts.crl_odd_names:
        odd = "reasons or an issuer" if facts.crl_odd_fields else "a name that is no address"
        yield found("cert.crl-point", leaf.label, detail=odd)
    for url in facts.crl_urls[:8]:
        if not url.startswith("http://"):
            yield found("cert.crl-scheme", leaf.label, url=url[:160])


def judge_issuer(cert: Certificate, *, root: bool) -> Iterator[Finding]:
    """LINT on CA certificates: RFC 5280 sections 4.2.1.1, .2, .9, .10, .12 and BR section 7.1.2."""
    facts, label = cert.extensions, cert.label
    critical = {e.oid: e.critical for e in cert.raw_extensions}
    if facts.ski is None:
        yield found("cert.ca-no-ski", label)
    if facts.aki_has_issuer:
        yield found("cert.aki-issuer", label)
    if root and facts.aki is not None and facts.ski is not None and facts.aki != facts.ski:
        yield found("cert.root-aki", label)
    if facts.aki is None and not cert.self_issued:
        yield found("cert.no-aki", label)
    if root and facts.eku is not None:
        yield found("cert.root-eku", label)
    if ext.POLICY_CONSTRAINTS in critical and not critical[ext.POLICY_CONSTRAINTS]:
        yield found("cert.policy-constraints-not-critical", label)
    if ext.NAME_CONSTRAINTS in critical and not critical[ext.NAME_CONSTRAINTS]:
        yield found("cert.constraints-not-critical", label)
    if ext.BASIC_CONSTRAINTS in critical and not critical[ext.BASIC_CONSTRAINTS]:
        yield found("cert.ca-basic-not-critical", label)
    if not root:  # roots in every store break it (Starfield G2 has serial 0)
        yield from judge_serial(cert)
