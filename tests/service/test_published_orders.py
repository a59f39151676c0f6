"""Orders over HTTP of the runs that only the published dialect has: paths and commands are named,
never sent; certificates are sealed; ids with a slash in them are found."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from serving import Service, started

CLIENTS = "/api/v2/oauth/clients"
OKTA = "/api/v2/identityproviders/okta"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("published")
    with started(home, "--dialect", "platform", GCTRUST_DIALECT="platform") as one:
        yield one


def platform(service: Service, method: str, path: str, body: object = None) -> Any:
    shell = service.shell
    pair = (shell.addresses["client_id"], shell.addresses["client_secret"])
    form = {"grant_type": "client_credentials"}
    with httpx2.Client(trust_env=False) as http:
        login = http.post(shell.addresses["login"] + "/oauth/token", data=form, auth=pair)
        bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
        url = shell.addresses["api"] + path
        answer = http.request(method, url, headers=bearer, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def place(service: Service, name: str, file: str, told: object) -> None:
    folder = service.shell.home / "state" / "handed-in" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(json.dumps(told))


def order(service: Service, body: object, role: str = "operator", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    token = {"Authorization": f"Bearer {service.tokens[role]}"}
    return service.ask("POST", "/v1/runs", json=body, headers={**named, **token})


def ended(service: Service, run: str, seconds: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        answer = service.ask("GET", f"/v1/runs/{quote(run, safe='')}", "viewer")
        assert answer.status_code == 200, answer.text
        if answer.json()["run"]["ended"]:
            return dict(answer.json()["run"])
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def test_a_clients_secret_is_rotated_for_a_consumer_by_name(published: Service) -> None:
    grants = platform(published, "GET", "/api/v2/authorization/subjects/me")["grants"]
    roles = [{"roleId": grants[0]["role"]["id"], "divisionId": "*"}]
    body = {"name": "crm", "authorizedGrantType": "CLIENT-CREDENTIALS", "roleDivisions": roles}
    made = platform(published, "POST", CLIENTS, body)
    file = published.shell.home / "crm.env"
    file.write_text(f"GENESYS_CLIENT_ID={made['id']}\nGENESYS_CLIENT_SECRET={made['secret']}\n")
    place(published, "crm", "consumer.json", {"file": str(file), "reload": ["/bin/true"]})
    wanted = {"journey": "client-secret", "client_id": made["id"], "consumer": {"name": "crm"}}
    wanted |= {"soak": 1, "keep": 1}
    assert order(published, wanted, "viewer").status_code == 403
    first = order(published, wanted, Idempotency_Key="k-crm", Gctrust_Reason="yearly")
    assert first.status_code == 201, first.text
    run = ended(published, first.json()["id"])
    assert run["status"] == "succeeded", run
    assert order(published, wanted, Idempotency_Key="k-crm").json()["id"] == run["id"]
    secret = file.read_text().rpartition("=")[2].strip()
    assert secret != made["secret"]
    shown = published.ask("GET", f"/v1/runs/{run['id']}", "viewer").text
    assert secret not in shown + first.text


def test_a_signing_certificate_is_rotated_from_pem(published: Service) -> None:
    old, new = (published.shell.issue(f"{n}.example.com", "server") for n in ("was", "becomes"))
    provider = {"issuerURI": "urn:idp", "ssoTargetURI": "https://idp.example/sso", "name": "Okta"}
    platform(published, "PUT", OKTA, provider | {"certificate": old["certificate"]})
    wanted = {"journey": "platform-trust", "holder": "provider/okta", "overlap": 5}
    answer = order(published, wanted | {"certificate": {"certificate": new["certificate"]}})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/runs/platform-trust:provider%2Fokta@1"
    run = ended(published, answer.json()["id"])
    assert run["status"] == "succeeded", run
    held = platform(published, "GET", OKTA)
    told = {held.get("certificate"), *held.get("certificates", ())} - {None}
    assert {one.strip() for one in told} == {new["certificate"].strip()}
    for rest in ("items", "resume", "signals"):
        method = "GET" if rest == "items" else "POST"
        path = f"/v1/runs/{quote(run['id'], safe='')}/{rest}"
        body = {"name": "cancel"} if rest == "signals" else None
        assert published.ask(method, path, "operator", json=body).status_code < 300, rest


def test_a_gateway_is_watched_by_name_until_it_is_cancelled(published: Service) -> None:
    home = published.shell.home
    told = {"bundle": str(home / "trust.pem"), "pins": str(home / "pins.txt")}
    told["root"] = published.shell.addresses["data_action_root"]
    place(published, "edge", "gateway.json", told)
    answer = order(published, {"journey": "data-actions", "gateway": {"name": "edge"}})
    assert answer.status_code == 201, answer.text
    path = f"/v1/runs/{quote(answer.json()['id'], safe='')}"
    deadline = time.monotonic() + 30
    while not (home / "pins.txt").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    signal = published.ask("POST", path + "/signals", "operator", json={"name": "cancel"})
    assert signal.status_code == 202, signal.text
    assert ended(published, answer.json()["id"])["status"] == "cancelled"
    listed = published.ask("GET", "/v1/runs?journey=data-actions", "viewer").json()["runs"]
    assert [one["id"] for one in listed] == [answer.json()["id"]]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (None, "order.no-such-name"),
        ({"file": "relative.env"}, "order.bad-place"),
        ({"file": "/tmp/x", "reload": "systemctl reload crm"}, "order.bad-place"),
        ({"file": "/tmp/x", "shell": "rm"}, "order.bad-place"),
        ({}, "order.bad-place"),
        (["/tmp/x"], "order.bad-place"),
    ],
)
def test_a_name_that_tells_no_place_is_refused(published: Service, told: object, code: str) -> None:
    if told is not None:
        place(published, "wrong", "consumer.json", told)
    name = "nobody" if told is None else "wrong"
    body = {"journey": "client-secret", "client_id": "c", "consumer": {"name": name}}
    answer = order(published, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_path_or_a_command_that_is_sent_is_refused(published: Service) -> None:
    body = {"journey": "client-secret", "client_id": "c", "file": "/etc/passwd"}
    assert order(published, body).json()["code"] == "service.bad-request"
    body = {"journey": "client-secret", "client_id": "c", "consumer": {"name": "../crm"}}
    assert order(published, body).json()["code"] == "service.bad-request"


def test_the_other_dialect_has_no_such_order(service: Service) -> None:
    body = {"journey": "client-secret", "client_id": "c", "consumer": {"name": "crm"}}
    answer = order(service, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "genesys.not-in-dialect")


def test_places_hold_no_name_above_their_folder(tmp_path: Path) -> None:
    from gctrust.adapters.credentials.named_places import NamedPlaces
    from gctrust.errors import Problem

    (tmp_path / "consumer.json").write_text(json.dumps({"file": "/tmp/x"}))
    (tmp_path / "handed-in").mkdir()
    with pytest.raises(Problem) as caught:
        NamedPlaces(tmp_path / "handed-in").consumer("..")
    assert caught.value.code == "order.no-such-name"
