"""What a certificate's extensions say, in one plain record, whichever reader could read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as AccessOID

from .der import children, dotted, node

IpAddress = IPv4Address | IPv6Address

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_ALT_NAME, AUTHORITY_KEY_ID, SUBJECT_KEY_ID = "2.5.29.17", "2.5.29.35", "2.5.29.14"
NAME_CONSTRAINTS, CERTIFICATE_POLICIES = "2.5.29.30", "2.5.29.32"
POLICY_CONSTRAINTS, POLICY_MAPPINGS = "2.5.29.36", "2.5.29.33"
INHIBIT_ANY = "2.5.29.54"
CRL_POINTS, AUTHORITY_ACCESS = "2.5.29.31", "1.3.6.1.5.5.7.1.1"
SCT_LIST, PRECERT_POISON = "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.4.1.11129.2.4.3"
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"

# Extensions a TLS client processes (RFC 5280 section 4.2.1 and those of this module).
KNOWN = frozenset(
    {
        BASIC_CONSTRAINTS,
        KEY_USAGE,
        EXTENDED_KEY_USAGE,
        SUBJECT_ALT_NAME,
        AUTHORITY_KEY_ID,
        SUBJECT_KEY_ID,
        NAME_CONSTRAINTS,
        CERTIFICATE_POLICIES,
        CRL_POINTS,
        AUTHORITY_ACCESS,
        SCT_LIST,
        TLS_FEATURE,
        POLICY_CONSTRAINTS,
        POLICY_MAPPINGS,
        INHIBIT_ANY,
        "2.5.29.18",  # issuerAltName
    }
)


class RawExtension(NamedTuple):
    """Every certificate has some ten: a tuple is made in half the time of a dataclass."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Subtree:
    """One name constraint: `kind` is dns, ip, dn, email, uri or other; `base` its text or DER."""

    kind: str
    base: str = ""
    der: bytes = b""
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Extensions:
    """`ca` None: no basicConstraints; `key_usage`, `eku` None: absent. `bad` names the unread."""

    ca: bool | None = None
    path_length: int | None = None
    key_usage: frozenset[str] | None = None
    eku: tuple[str, ...] | None = None
    has_san: bool = False
    dns_names: tuple[str, ...] = ()
    addresses: tuple[IpAddress, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    directory_names: tuple[bytes, ...] = ()
    aki: bytes | None = None
    aki_has_issuer: bool = False
    has_aki: bool = False
    ski: bytes | None = None
    crl_urls: tuple[str, ...] = ()
    crl_odd_names: bool = False
    crl_odd_fields: bool = False
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    mappings: tuple[tuple[str, str], ...] = ()
    require_explicit: int | None = None
    inhibit_mapping: int | None = None
    inhibit_any: int | None = None
    must_staple: bool = False
    permitted: tuple[Subtree, ...] = ()
    excluded: tuple[Subtree, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()


def _mappings(value: bytes) -> dict[str, Any]:
    """`cryptography` has no class for policyMappings: a SEQUENCE of pairs of identifiers."""
    pairs = [children(pair.content) for pair in children(node(value)[0].content)]
    return {"mappings": tuple((dotted(a.content), dotted(b.content)) for a, b in pairs)}


def decode_extensions(raw: tuple[RawExtension, ...], strict: x509.Certificate | None) -> Extensions:
    """Decode every known extension; one that no reader can read is in `bad`, with the reason."""
    if strict is not None:
        try:
            return _from_strict(strict.extensions)
        except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            pass
    facts = Extensions()
    bad: list[tuple[str, str]] = []
    for one in raw:
        reader = _TOLERANT.get(one.oid)
        if reader is None:
            continue
        try:
            facts = replace(facts, **reader(one.value))
        except Exception as error:  # asn1crypto raises many kinds on hostile DER
            bad.append((one.oid, str(error).splitlines()[0][:160] if str(error) else "unreadable"))
    return replace(facts, bad=tuple(bad))


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def _from_strict(extensions: x509.Extensions) -> Extensions:
    facts: dict[str, Any] = {}
    for extension in extensions:
        reader = _STRICT.get(type(extension.value))
        if reader is not None:
            facts.update(reader(extension.value))
        elif extension.oid.dotted_string == POLICY_MAPPINGS:
            facts.update(_mappings(extension.value.public_bytes()))
    return Extensions(**facts)


def _basic(value: x509.BasicConstraints) -> dict[str, Any]:
    return {"ca": value.ca, "path_length": value.path_length}


def _usage(value: x509.KeyUsage) -> dict[str, Any]:
    return {"key_usage": frozenset(name for name in _USAGES if getattr(value, name))}


def _eku(value: x509.ExtendedKeyUsage) -> dict[str, Any]:
    return {"eku": tuple(oid.dotted_string for oid in value)}


def _san(value: x509.SubjectAlternativeName) -> dict[str, Any]:
    names = list(value)
    plain = (
        x509.DNSName,
        x509.IPAddress,
        x509.RFC822Name,
        x509.DirectoryName,
        x509.UniformResourceIdentifier,
    )
    return {
        "has_san": True,
        "dns_names": tuple(n.value for n in names if isinstance(n, x509.DNSName)),
        "addresses": tuple(
            n.value
            for n in names
            if isinstance(n, x509.IPAddress) and isinstance(n.value, IPv4Address | IPv6Address)
        ),
        "emails": tuple(n.value for n in names if isinstance(n, x509.RFC822Name)),
        "uris": tuple(n.value for n in names if isinstance(n, x509.UniformResourceIdentifier)),
        "directory_names": tuple(
            n.value.public_bytes() for n in names if isinstance(n, x509.DirectoryName)
        ),
        "other_names": tuple(type(n).__name__ for n in names if not isinstance(n, plain)),
    }


def _aki(value: x509.AuthorityKeyIdentifier) -> dict[str, Any]:
    return {
        "has_aki": True,
        "aki": value.key_identifier,
        "aki_has_issuer": value.authority_cert_issuer is not None
        or value.authority_cert_serial_number is not None,
    }


def _crl(value: x509.CRLDistributionPoints) -> dict[str, Any]:
    names = [name for point in value for name in point.full_name or ()]
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    odd = any(point.reasons or point.crl_issuer or point.relative_name for point in value)
    odd_names = len(urls) < len(names)
    return {"crl_urls": tuple(urls), "crl_odd_names": odd_names, "crl_odd_fields": odd}


def _access(value: x509.AuthorityInformationAccess) -> dict[str, Any]:
    def urls(method: x509.ObjectIdentifier) -> tuple[str, ...]:
        return tuple(
            d.access_location.value
            for d in value
            if d.access_method == method
            and isinstance(d.access_location, x509.UniformResourceIdentifier)
        )

    return {"ocsp_urls": urls(AccessOID.OCSP), "issuer_urls": urls(AccessOID.CA_ISSUERS)}


def _subtree(name: x509.GeneralName) -> Subtree:
    if isinstance(name, x509.DNSName):
        return Subtree("dns", name.value)
    if isinstance(name, x509.RFC822Name):
        return Subtree("email", name.value)
    if isinstance(name, x509.UniformResourceIdentifier):
        return Subtree("uri", name.value)
    if isinstance(name, x509.DirectoryName):
        return Subtree("dn", name.value.rfc4514_string(), name.value.public_bytes())
    if isinstance(name, x509.IPAddress) and isinstance(name.value, IPv4Network | IPv6Network):
        return Subtree("ip", str(name.value), network=name.value)
    return Subtree("other", type(name).__name__)


def _constraints(value: x509.NameConstraints) -> dict[str, Any]:
    return {
        "permitted": tuple(_subtree(n) for n in value.permitted_subtrees or ()),
        "excluded": tuple(_subtree(n) for n in value.excluded_subtrees or ()),
    }


_STRICT: dict[type[x509.ExtensionType], Any] = {
    x509.BasicConstraints: _basic,
    x509.KeyUsage: _usage,
    x509.ExtendedKeyUsage: _eku,
    x509.SubjectAlternativeName: _san,
    x509.AuthorityKeyIdentifier: _aki,
    x509.SubjectKeyIdentifier: lambda v: {"ski": v.digest},
    x509.CRLDistributionPoints: _crl,
    x509.AuthorityInformationAccess: _access,
    x509.NameConstraints: _constraints,
    x509.CertificatePolicies: lambda v: {
        "policies": tuple(p.policy_identifier.dotted_string for p in v)
    },
    x509.PolicyConstraints: lambda v: {
        "require_explicit": v.require_explicit_policy,
        "inhibit_mapping": v.inhibit_policy_mapping,
    },
    x509.InhibitAnyPolicy: lambda v: {"inhibit_any": v.skip_certs},
    x509.TLSFeature: lambda v: {"must_staple": x509.TLSFeatureType.status_request in list(v)},
}


def _loose_san(value: bytes) -> dict[str, Any]:
    names = list(asn1_x509.GeneralNames.load(value, strict=True))
    texts = {kind: [n for n in names if n.name == kind] for kind in {n.name for n in names}}
    plain = ("dns_name", "ip_address", "directory_name", *_TEXT_TREES)
    return {
        "has_san": True,
        "dns_names": tuple(n.chosen.contents.decode("latin-1") for n in texts.get("dns_name", [])),
        "addresses": tuple(
            ip_address(n.chosen.contents)
            for n in texts.get("ip_address", [])
            if len(n.chosen.contents) in (4, 16)
        ),
        "emails": tuple(n.chosen.contents.decode("latin-1") for n in texts.get("rfc822_name", [])),
        "uris": tuple(url for url in map(_uri, names) if url is not None),
        "directory_names": tuple(n.chosen.dump() for n in texts.get("directory_name", [])),
        "other_names": tuple(n.name for n in names if n.name not in plain),
    }


def _loose_usage(value: bytes) -> dict[str, Any]:
    names = asn1_x509.KeyUsage.load(value, strict=True).native
    renamed = {"non_repudiation": "content_commitment"}
    return {"key_usage": frozenset(renamed.get(name, name) for name in names)}


def _loose_aki(value: bytes) -> dict[str, Any]:
    aki = asn1_x509.AuthorityKeyIdentifier.load(value, strict=True)
    issuer = aki["authority_cert_issuer"].native or aki["authority_cert_serial_number"].native
    return {
        "has_aki": True,
        "aki": aki["key_identifier"].native,
        "aki_has_issuer": issuer is not None,
    }


def _loose_basic(value: bytes) -> dict[str, Any]:
    basic = asn1_x509.BasicConstraints.load(value, strict=True).native
    return {"ca": bool(basic["ca"]), "path_length": basic["path_len_constraint"]}


def _loose_eku(value: bytes) -> dict[str, Any]:
    return {"eku": tuple(o.dotted for o in asn1_x509.ExtKeyUsageSyntax.load(value, strict=True))}


def _loose_ski(value: bytes) -> dict[str, Any]:
    return {"ski": asn1_x509.OctetString.load(value, strict=True).native}


def _uri(name: asn1_x509.GeneralName) -> str | None:
    if name.name != "uniform_resource_identifier":
        return None
    return (name.chosen.contents or b"").decode("latin-1")


def _loose_crl(value: bytes) -> dict[str, Any]:
    points = asn1_x509.CRLDistributionPoints.load(value, strict=True)
    names = [
        name
        for point in points
        if point["distribution_point"].native is not None
        and point["distribution_point"].name == "full_name"
        for name in point["distribution_point"].chosen
    ]
    urls = [url for url in map(_uri, names) if url is not None]
    return {"crl_urls": tuple(urls), "crl_odd_names": len(urls) < len(names)}


def _loose_access(value: bytes) -> dict[str, Any]:
    held = asn1_x509.AuthorityInfoAccessSyntax.load(value, strict=True)
    pairs = [(d["access_method"].dotted, _uri(d["access_location"])) for d in held]

    def urls(method: x509.ObjectIdentifier) -> tuple[str, ...]:
        return tuple(url for oid, url in pairs if oid == method.dotted_string and url is not None)

    return {"ocsp_urls": urls(AccessOID.OCSP), "issuer_urls": urls(AccessOID.CA_ISSUERS)}


def _loose_policies(value: bytes) -> dict[str, Any]:
    held = asn1_x509.CertificatePolicies.load(value, strict=True)
    return {"policies": tuple(p["policy_identifier"].dotted for p in held)}


_TEXT_TREES = {"dns_name": "dns", "rfc822_name": "email", "uniform_resource_identifier": "uri"}


def _loose_subtrees(trees: asn1_x509.GeneralSubtrees) -> tuple[Subtree, ...]:
    made: list[Subtree] = []
    for tree in trees if trees.native is not None else ():
        name = tree["base"]
        contents = name.chosen.contents or b""
        if name.name in _TEXT_TREES:
            made.append(Subtree(_TEXT_TREES[name.name], contents.decode("latin-1")))
        elif name.name == "directory_name":
            made.append(Subtree("dn", der=name.chosen.dump()))
        elif name.name == "ip_address":
            half = len(contents) // 2
            mask = int.from_bytes(contents[half:], "big").bit_count()
            network = ip_network((contents[:half], mask), strict=False)
            made.append(Subtree("ip", str(network), network=network))
        else:
            made.append(Subtree("other", name.name))
    return tuple(made)


def _loose_constraints(value: bytes) -> dict[str, Any]:
    held = asn1_x509.NameConstraints.load(value, strict=True)
    return {
        "permitted": _loose_subtrees(held["permitted_subtrees"]),
        "excluded": _loose_subtrees(held["excluded_subtrees"]),
    }


def _loose_features(value: bytes) -> dict[str, Any]:
    numbers = [int.from_bytes(n.content, "big") for n in children(node(value)[0].content)]
    return {"must_staple": 5 in numbers}


_TOLERANT: dict[str, Any] = {
    BASIC_CONSTRAINTS: _loose_basic,
    KEY_USAGE: _loose_usage,
    EXTENDED_KEY_USAGE: _loose_eku,
    SUBJECT_ALT_NAME: _loose_san,
    AUTHORITY_KEY_ID: _loose_aki,
    SUBJECT_KEY_ID: _loose_ski,
    CRL_POINTS: _loose_crl,
    AUTHORITY_ACCESS: _loose_access,
    CERTIFICATE_POLICIES: _loose_policies,
    NAME_CONSTRAINTS: _loose_constraints,
    TLS_FEATURE: _loose_features,
    POLICY_MAPPINGS: _mappings,
}
