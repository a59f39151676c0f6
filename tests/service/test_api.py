"""The service as a client meets it: a real process on a real port."""

import os
import signal
import time

import pytest
from serving import Service

ORDER = {"journey": "email-domain", "domain": "mail.example.com"}


def wait_for(service: Service, run: str, seconds: float = 20) -> dict[str, object]:
    deadline = time.monotonic() + seconds
    while True:
        seen = service.ask("GET", f"/v1/runs/{run}", "viewer").json()
        if seen["run"]["waiting_for"] or seen["run"]["ended"]:
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def test_a_run_is_ordered_once_driven_here_and_cancelled(service: Service) -> None:
    first = service.ask("POST", "/v1/runs", "operator", json=ORDER)
    again = service.ask("POST", "/v1/runs", "operator", json=ORDER)
    assert first.status_code == again.status_code == 201
    run = first.json()["id"]
    assert again.json()["id"] == run
    assert first.headers["location"] == f"/v1/runs/{run}"

    seen = wait_for(service, run)
    assert seen["run"]["status"] == "open"
    assert seen["history"]
    assert "POST /api/v2/organization/emaildomains" in service.shell.effects()
    listed = service.ask("GET", "/v1/runs", "viewer").json()["runs"]
    assert [r["id"] for r in listed].count(run) == 1

    told = service.ask("POST", f"/v1/runs/{run}/signals", "operator", json={"name": "cancel"})
    assert told.status_code == 202
    deadline = time.monotonic() + 20
    while service.ask("GET", f"/v1/runs/{run}", "viewer").json()["run"]["status"] == "open":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    ended = service.ask("GET", f"/v1/runs/{run}", "viewer").json()["run"]
    assert ended["status"] == "cancelled"


@pytest.mark.parametrize(
    ("method", "path", "role", "status", "code"),
    [
        ("GET", "/v1/runs", "", 401, "service.no-token"),
        ("POST", "/v1/runs", "viewer", 403, "service.role-missing"),
        ("GET", "/v1/tokens", "operator", 403, "service.role-missing"),
        ("GET", "/metrics", "", 401, "service.no-token"),
        ("GET", "/v1/runs/email-domain:nowhere.example@7", "viewer", 404, "run.no-such-run"),
        ("GET", "/v1/runs/..%2f..", "viewer", 422, "service.bad-request"),
        ("GET", "/v1/runs?limit=0", "viewer", 422, "service.bad-request"),
        ("DELETE", "/v1/tokens/nobody", "admin", 404, "service.no-such-token"),
        ("GET", "/elsewhere", "", 404, "service.no-route"),
        ("PUT", "/healthz", "", 405, "service.no-route"),
    ],
)
def test_refusals_are_problems_with_a_code(
    service: Service, method: str, path: str, role: str, status: int, code: str
) -> None:
    body = {"json": ORDER} if method == "POST" else {}
    answer = service.ask(method, path, role, **body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code
    assert told["status"] == status
    assert told["next"]
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


def test_a_refused_body_is_not_repeated(service: Service) -> None:
    order = {**ORDER, "password": "hunter2-not-to-be-shown"}
    answer = service.ask("POST", "/v1/runs", "operator", json=order)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert "password" in answer.text


def test_a_body_that_announces_too_much_is_refused_unread(service: Service) -> None:
    answer = service.ask("POST", "/v1/runs", content=b" " * (1 << 20) + b"{}")
    assert (answer.status_code, answer.json()["code"]) == (413, "service.too-large")


def test_a_body_without_end_is_refused(service: Service) -> None:
    def chunks() -> object:
        for _ in range(64):
            yield b" " * 65536

    answer = service.ask("POST", "/v1/runs", "operator", content=chunks())
    assert answer.status_code == 413
    assert answer.json()["code"] == "service.too-large"


def test_tokens_are_made_once_listed_without_text_and_revoked(service: Service) -> None:
    made = service.ask("POST", "/v1/tokens", "admin", json={"name": "ci", "role": "viewer"})
    assert made.status_code == 201
    service.tokens["ci"] = made.json()["token"]
    assert service.ask("GET", "/v1/runs", "ci").status_code == 200
    again = service.ask("POST", "/v1/tokens", "admin", json={"name": "ci", "role": "viewer"})
    assert again.status_code == 409
    assert service.tokens["ci"] not in service.ask("GET", "/v1/tokens", "admin").text
    assert service.ask("DELETE", "/v1/tokens/ci", "admin").status_code == 204
    assert service.ask("GET", "/v1/runs", "ci").status_code == 401
    stored = b"".join(p.read_bytes() for p in (service.shell.home / "state").rglob("*.db*"))
    assert stored
    assert not any(token.encode() in stored for token in service.tokens.values())


def test_probes_and_figures(service: Service) -> None:
    assert service.ask("GET", "/healthz").json()["status"] == "ok"
    assert service.ask("GET", "/readyz").json() == {"status": "ready", "leading": True}
    text = service.ask("GET", "/metrics", "viewer").text
    assert "gctrust_leading 1.0" in text


def test_the_service_ends_cleanly_and_leaves_its_runs(service: Service) -> None:
    process = service.shell.start("gctrust serve --port 0")
    try:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
