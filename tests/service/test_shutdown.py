"""SIGTERM in the middle of an effect: the step is finished, recorded once, and the run left."""

import json
import signal
import time
from pathlib import Path

from serving import Service, started

DOMAIN = "ends.example.com"
POST = "POST /api/v2/organization/emaildomains"


def test_a_step_under_way_is_finished_and_recorded_once(tmp_path: Path) -> None:
    with started(tmp_path) as service:
        slow = {"method": "POST", "path": "/api/v2/organization/emaildomains", "kind": "delay"}
        service.shell.control("PUT", "/faults", [{**slow, "delay": 1.5}])
        body = {"journey": "email-domain", "domain": DOMAIN}
        run = service.ask("POST", "/v1/runs", "operator", json=body).json()["id"]
        arrives(service)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(15) == 0
        assert service.shell.effects() == [POST], "the request under way came to its answer"
        left = service.shell.answer(f"gctrust runs show {run}")
        assert left["run"]["status"] == "open"
        names = [(step["name"].split()[1], step["kind"]) for step in left["history"]]
        assert names[-1] == ("RegisterEmailDomain", "done")

        again = service.shell.start("gctrust serve --port 0 --json")
        try:
            assert again.stdout is not None
            json.loads(again.stdout.readline())
            deadline = time.monotonic() + 20
            while len(left["history"]) <= len(names):
                assert time.monotonic() < deadline
                time.sleep(0.2)
                left = service.shell.answer(f"gctrust runs show {run}")
        finally:
            again.terminate()
            again.wait(25)
        steps = [step["name"] for step in left["history"]]
        assert sum("RegisterEmailDomain" in name for name in steps) == 1
        assert service.shell.effects().count(POST) == 1


def arrives(service: Service) -> None:
    """Until the registration's request has come to the platform, which answers it late."""
    deadline = time.monotonic() + 20
    while not service.shell.control("GET", "/faults")["rules"][0]["fired"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
