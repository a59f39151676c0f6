"""Certificates of the published dialect: details, edge authorities, identity providers, data
actions; and credentials, whose secrets stay inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .conftest import Sandbox

DAY = 86_400
EDGES = "/api/v2/telephony/providers/edges/certificateauthorities"
ACTIONS = "/api/v2/integrations/actions/certificates"
PROVIDERS = "/api/v2/identityproviders"
CREDENTIALS = "/api/v2/integrations/credentials"


def test_details_of_a_chain(sandbox: Sandbox) -> None:
    issued = sandbox.issue("www.example.com")
    roots = Path(sandbox.addresses["roots"]).read_text("ascii")
    chain = issued["certificate"] + issued["chain"] + roots
    asked = {"certificate": chain}
    told = sandbox.call("POST", "/api/v2/certificate/details", asked).json()["certificateDetails"]
    assert [one["signatureValid"] for one in told] == [True, True, True]
    assert told[0]["issuer"] == told[1]["subject"]
    alone = {"certificate": issued["certificate"]}
    (leaf,) = sandbox.call("POST", "/api/v2/certificate/details", alone).json()[
        "certificateDetails"
    ]
    assert (leaf["valid"], leaf["expired"], leaf["signatureValid"]) == (True, False, False)
    sandbox.advance(31 * DAY)
    (late,) = sandbox.call("POST", "/api/v2/certificate/details", alone).json()[
        "certificateDetails"
    ]
    assert (late["valid"], late["expired"]) == (False, True)


def test_edge_authorities_overlap(sandbox: Sandbox) -> None:
    chain = sandbox.issue("www.example.com")["chain"]
    body = {"name": "old", "certificate": chain, "type": "REMOTE", "services": ["SIP"]}
    made = [sandbox.call("POST", EDGES, body | {"name": name}).json() for name in ("old", "new")]
    sandbox.advance(4)
    listed = sandbox.call("GET", EDGES).json()["entities"]
    assert [one["type"] for one in listed] == ["MANAGED", "REMOTE", "REMOTE"]
    one = f"{EDGES}/{made[0]['id']}"
    read = sandbox.call("GET", one).json()
    assert sandbox.call("PUT", one, read | {"name": "older"}).json()["version"] == 2
    stale = sandbox.call("PUT", one, read)
    assert (stale.status_code, stale.json()["code"]) == (409, "version.conflict")
    managed = f"{EDGES}/{listed[0]['id']}"
    assert sandbox.call("DELETE", managed).status_code == 400
    wrong = sandbox.call("POST", EDGES, body | {"services": ["FAX"]}).json()
    assert wrong["code"] == "invalid.value"
    sandbox.call("DELETE", one)
    sandbox.advance(3)
    assert sandbox.call("GET", one).json()["code"] == "general.resource.not.found"


def shown(sandbox: Sandbox, query: str = "") -> dict[str, str]:
    entities = sandbox.call("GET", ACTIONS + query).json()["entities"]
    return {one["status"]: one["certificate"] for one in entities}


def test_data_action_certificates_switch_and_waver(sandbox: Sandbox) -> None:
    """The clock never runs backwards, so this follows wherever the run has brought it."""
    while "Upcoming" not in shown(sandbox):
        sandbox.advance(10 * DAY)
    before = shown(sandbox)
    root = x509.load_pem_x509_certificate(Path(sandbox.addresses["data_action_root"]).read_bytes())
    for pem in before.values():
        certificate = x509.load_pem_x509_certificate(pem.encode())
        certificate.verify_directly_issued_by(root)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [one.dotted_string for one in usage] == ["1.3.6.1.5.5.7.3.2"]  # client
    upcoming = x509.load_pem_x509_certificate(before["Upcoming"].encode())
    switch = upcoming.not_valid_before_utc.timestamp() + 30 * DAY
    sandbox.control("POST", "/clock", {"to": switch - 60})
    assert shown(sandbox) == shown(sandbox) == before
    sandbox.advance(120)
    seen = [shown(sandbox), shown(sandbox)]
    assert before in seen  # one read is still from before
    assert {"Current": before["Upcoming"]} in seen
    sandbox.advance(DAY)
    ((status, pem, key),) = [one.values() for one in sandbox.control("GET", "/data-actions")]
    private = serialization.load_pem_private_key(key.encode(), None)
    assert (status, pem) == ("Current", before["Upcoming"])
    assert private.public_key() == x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert [shown(sandbox), shown(sandbox)] == [{"Current": before["Upcoming"]}] * 2
    assert shown(sandbox, "?status=Upcoming") == {}
    assert sandbox.call("GET", ACTIONS + "?status=Old").status_code == 400


def provider(sandbox: Sandbox, **fields: object) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": "idp",
        "issuerURI": "urn:idp",
        "ssoTargetURI": "https://idp.example.com/sso",
        "certificates": [sandbox.issue("idp.example.com")["certificate"]],
    }
    return told | fields


def test_signing_certificates_overlap_and_are_audited(sandbox: Sandbox) -> None:
    made = sandbox.call("POST", PROVIDERS, provider(sandbox)).json()
    sandbox.advance(4)
    both = [*made["certificates"], sandbox.issue("idp.example.com")["certificate"]]
    one = f"{PROVIDERS}/{made['id']}"
    assert sandbox.call("PUT", one, made | {"certificates": both}).json()["certificates"] == both
    assert sandbox.call("GET", PROVIDERS).json()["entities"][0]["certificates"] == both


def test_a_fixed_provider_is_put_and_answers_little(sandbox: Sandbox) -> None:
    path = f"{PROVIDERS}/okta"
    assert sandbox.call("GET", path).status_code == 404
    put = sandbox.call("PUT", path, provider(sandbox)).json()
    assert set(put) == {"id", "name", "disabled", "selfUri"}
    sandbox.advance(2)
    assert sandbox.call("GET", path).json()["issuerURI"] == "urn:idp"
    assert sandbox.call("DELETE", path).status_code == 202
    sandbox.advance(3)
    assert sandbox.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"certificates": ["not base64!"]}, "certificate.invalid.base64"),
        ({"certificates": ["AAAA"]}, "certificate.unparseable"),
        ({"issuerURI": ""}, "missing.issuer.uri"),
        ({"ssoTargetURI": "idp"}, "invalid.target.url"),
        ({"name": None}, "missing.provider.name"),
        ({"nameIdentifierFormat": "x"}, "invalid.value"),
        ({"logoImageData": "A" * 25_001}, "provider.logo.too.large"),
    ],
)
def test_a_wrong_provider_is_refused(
    sandbox: Sandbox, fields: dict[str, object], code: str
) -> None:
    refused = sandbox.call("POST", PROVIDERS, provider(sandbox, **fields))
    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_an_expired_signing_certificate_is_refused(sandbox: Sandbox) -> None:
    told = provider(sandbox)
    sandbox.advance(31 * DAY)
    assert sandbox.call("POST", PROVIDERS, told).json()["code"] == "certificate.expired"


def test_secrets_of_credentials_never_come_out(sandbox: Sandbox) -> None:
    secret = {"userName": "someone", "password": "hidden-for-good"}
    for n in range(3):
        body = {"name": f"c{n}", "type": {"name": "basicAuth"}, "credentialFields": secret}
        made = sandbox.call("POST", CREDENTIALS, body)
        assert "hidden" not in made.text
    sandbox.advance(4)
    first = sandbox.call("GET", f"{CREDENTIALS}/listing?pageSize=2").json()
    last = sandbox.call("GET", first["nextUri"]).json()
    assert [one["name"] for one in (*first["entities"], *last["entities"])] == ["c0", "c1", "c2"]
    assert sandbox.call("GET", last["previousUri"]).json()["entities"] == first["entities"]
    one = sandbox.call("GET", f"{CREDENTIALS}/{made.json()['id']}")
    assert "hidden" not in one.text
    assert "credentialFields" not in one.json()
    few = {"type": {"name": "basicAuth"}, "credentialFields": {"userName": "x"}}
    assert sandbox.call("POST", CREDENTIALS, few).json()["code"] == "constraint.validation"
