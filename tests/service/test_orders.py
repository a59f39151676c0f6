"""Orders of every journey over HTTP: keys that nobody sees again, pages, keys of idempotency."""

import time
from pathlib import Path
from typing import Any

import pytest
from serving import Service

CLIENT = "9b1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a55"


def ended(service: Service, run: str, seconds: float = 90) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        seen = service.ask("GET", f"/v1/runs/{run}", "viewer").json()
        if seen["run"]["ended"]:
            return seen["run"]
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def pair(made: dict[str, str]) -> dict[str, str]:
    parts = {"certificate": made["certificate"], "private_key": made["privateKey"]}
    return {**parts, "chain": made.get("chain", "")}


def deploy(domain: str, made: dict[str, str], **more: object) -> dict[str, object]:
    order = {"journey": "custom-domain", "domain": domain, "pair": pair(made), "handshakes": 2}
    return {**order, "profile": "private", **more}


def order(service: Service, body: object, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    token = {"Authorization": f"Bearer {service.tokens['operator']}"}
    return service.ask("POST", "/v1/runs", json=body, headers={**named, **token})


def stored(service: Service) -> bytes:
    return b"".join(p.read_bytes() for p in (service.shell.home / "state").rglob("*.db*"))


def body_of(pem: str) -> bytes:
    return pem.split("-----")[2].strip().splitlines()[1].encode()


def test_a_certificate_is_deployed_and_its_key_is_nowhere(service: Service) -> None:
    made = service.shell.issue("https.example.com", "server")
    told = order(service, deploy("https.example.com", made))
    assert told.status_code == 201, told.text
    run = ended(service, told.json()["id"])
    assert run["status"] == "succeeded", run
    shown = service.ask("GET", f"/v1/runs/{run['id']}", "viewer").text
    secret = body_of(made["privateKey"])
    assert body_of(made["certificate"]) in stored(service), "what is looked for would be found"
    for seen in (told.content, shown.encode(), stored(service)):
        assert secret not in seen


def test_pins_rotate_from_pem_and_from_a_name(service: Service) -> None:
    shell = service.shell
    shell.pin_files(CLIENT)
    folder = shell.home / "state" / "handed-in" / "next-2027"
    folder.mkdir(parents=True)
    for name, source in (("certificate.pem", "new.pem"), ("key.pem", "new.key")):
        (folder / name).write_text((shell.home / source).read_text())
    current = {part: (shell.home / f"old.{end}").read_text() for part, end in
               (("certificate", "pem"), ("private_key", "key"))}  # fmt: skip
    body = {
        "journey": "pin-rotation", "client_id": CLIENT, "service_id": "svc",
        "next": {"name": "next-2027"}, "current": current,
        "backup": {"certificate": (shell.home / "backup.pem").read_text()},
        "soak": 10, "drain": 20, "confirm": 5, "target_rate": 0.9, "handshakes": 60,
    }  # fmt: skip
    told = order(service, body)
    assert told.status_code == 201, told.text
    run = told.json()["id"]
    deadline = time.monotonic() + 90
    while (seen := service.ask("GET", f"/v1/runs/{run}", "viewer").json())["run"]["ended"] is None:
        assert time.monotonic() < deadline, seen["run"]
        if "operator" in seen["run"]["waiting_for"] or "advance" in seen["run"]["waiting_for"]:
            service.ask("POST", f"/v1/runs/{run}/signals", "operator", json={"name": "advance"})
        time.sleep(0.2)
    assert seen["run"]["status"] == "succeeded", seen["run"]
    assert body_of(current["private_key"]) not in stored(service)


def test_many_orders_are_one_run_whose_items_are_told(service: Service) -> None:
    made = service.shell.issue("bulk.example.com", "server")
    other = service.shell.issue("elsewhere.example.com", "server")
    items = [deploy("bulk.example.com", made), deploy("bulk2.example.com", other)]
    body = {"journey": "many", "orders": items, "canary": 0, "freezes": ["2020-01-01"]}
    told = order(service, body)
    assert told.status_code == 201, told.text
    run = ended(service, told.json()["id"])
    assert run["status"] == "unverified"
    seen = service.ask("GET", f"/v1/runs/{run['id']}/items", "viewer").json()
    assert seen["counts"] == {"succeeded": 1, "refused": 1}
    assert [one["number"] for one in seen["items"]] == [1, 2]
    last = service.ask("GET", f"/v1/runs/{run['id']}/items?after=1", "viewer").json()["items"]
    assert [one["identity"] for one in last] == ["custom-domain:bulk2.example.com"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"pair": {"name": "../../etc"}}, 422, "service.bad-request"),
        ({"pair": {"name": "none"}}, 422, "order.no-such-name"),
        ({"pair": {"certificate": "hunter2", "private_key": "hunter2"}}, 422, "order.not-a-pair"),
        ({"allow": ["everything"]}, 422, "service.hazard"),
        ({"handshakes": 0}, 422, "service.bad-request"),
        ({"domain": "a b"}, 422, "service.bad-request"),
        ({"journey": "nonsense"}, 422, "service.bad-request"),
    ],
)
def test_an_order_that_cannot_be_is_refused_without_its_key(
    service: Service, change: dict[str, object], status: int, code: str
) -> None:
    made = service.shell.issue("refused.example.com", "server")
    answer = order(service, deploy("refused.example.com", made) | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "hunter2" not in answer.text
    assert body_of(made["privateKey"]) not in answer.content


def test_a_key_of_another_certificate_is_refused(service: Service) -> None:
    one, two = (service.shell.issue(f"{n}.example.com", "server") for n in ("k1", "k2"))
    mixed = {**one, "privateKey": two["privateKey"]}
    answer = order(service, deploy("k1.example.com", mixed))
    assert (answer.status_code, answer.json()["code"]) == (422, "order.not-a-pair")


def test_a_rotation_without_a_backup_is_a_hazard_to_be_named(service: Service) -> None:
    made = service.shell.issue("nobackup.example.com", "client")
    body = {"journey": "pin-rotation", "client_id": "x", "service_id": "s", "next": pair(made)}
    answer = order(service, {**body, "current": {"certificate": made["certificate"]}})
    assert answer.json()["code"] == "service.hazard"
    assert answer.json()["facts"]["hazard"] == "pin.no-backup"


def test_a_request_sent_again_with_its_key_is_answered_with_its_run(service: Service) -> None:
    body = {"journey": "email-domain", "domain": "again.example.com"}
    first = order(service, body, Idempotency_Key="k-1").json()["id"]
    service.ask("POST", f"/v1/runs/{first}/signals", "operator", json={"name": "cancel"})
    ended(service, first)
    assert order(service, body, Idempotency_Key="k-1").json()["id"] == first
    reused = order(service, {**body, "selectors": ["other"]}, Idempotency_Key="k-1")
    assert (reused.status_code, reused.json()["code"]) == (422, "service.key-reused")
    assert order(service, body).json()["id"] != first, "a new order after the end is a new run"


def test_pages_have_every_run_once(service: Service) -> None:
    for n in range(5):
        order(service, {"journey": "email-domain", "domain": f"page{n}.example.com"})
    seen: list[str] = []
    path = "/v1/runs?status=open&journey=email-domain&limit=2"
    cursor = ""
    while cursor is not None:
        page = service.ask("GET", f"{path}&cursor={cursor}", "viewer").json()
        seen += [run["id"] for run in page["runs"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen))
    assert {f"email-domain:page{n}.example.com@1" for n in range(5)} <= set(seen)
    one = service.ask("GET", "/v1/runs?identity=email-domain:page3.example.com", "viewer").json()
    assert [run["id"] for run in one["runs"]] == ["email-domain:page3.example.com@1"]
    wrong = service.ask("GET", "/v1/runs?cursor=nonsense", "viewer")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "service.bad-cursor")


def test_what_waits_says_when_to_ask_again(service: Service) -> None:
    run = order(service, {"journey": "email-domain", "domain": "waits.example.com"}).json()["id"]
    deadline = time.monotonic() + 60
    while True:
        answer = service.ask("GET", f"/v1/runs/{run}", "viewer")
        if answer.json()["run"]["waiting_until"]:
            assert 1 <= int(answer.headers["retry-after"]) <= 3600
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_route_but_the_probes_asks_for_a_token(service: Service, method: str) -> None:
    routes = service.ask("GET", "/openapi.json").json()["paths"]
    open_ = {"/healthz", "/readyz"}
    asked = [path for path, methods in routes.items() if method.lower() in methods]
    assert asked
    for path in set(asked) - open_:
        answer = service.ask(method, path.replace("{run}", "a:b@1").replace("{name}", "x"))
        assert (path, answer.status_code) == (path, 401)


def test_a_name_is_a_folder_of_the_service_and_nothing_else(service: Service) -> None:
    home = Path(service.shell.home)
    (home / "state" / "secret.pem").write_text("x")
    for name in ("secret.pem", ".", "a" * 65, "next-2027/.."):
        made = deploy("named.example.com", {"certificate": "", "privateKey": ""})
        answer = order(service, {**made, "pair": {"name": name}})
        assert answer.status_code == 422, name


def test_other_certificates_do_not_join_an_open_run(service: Service) -> None:
    fault = {"method": "GET", "path": "/api/*", "kind": "status", "status": 503}
    service.shell.control("PUT", "/faults", [fault])
    try:
        first, second = (service.shell.issue("held.example.com", "server") for _ in range(2))
        open_ = order(service, deploy("held.example.com", first)).json()
        answer = order(service, deploy("held.example.com", second))
        assert (answer.status_code, answer.json()["code"]) == (409, "service.other-run-open")
        assert order(service, deploy("held.example.com", first)).json()["id"] == open_["id"]
    finally:
        service.shell.control("DELETE", "/faults")
    assert ended(service, open_["id"])["status"] == "succeeded"
