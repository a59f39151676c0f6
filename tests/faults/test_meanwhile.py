"""Somebody else at the same platform: what happened between our look and our write is looked at
again, and never overwritten; an access that is lacking is told before the write, not after it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from arena import CUSTOM, MAIL, arena
from voyage import told, voyage

from gctrust.adapters.genesys.wire import CertificateUpload
from gctrust.secret import Secret

FIRST = {"times": 1}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("DELETE", "/faults")
    running.control("POST", "/reset")
    yield running
    running.control("DELETE", "/faults")


def renewed(house, order):
    """The same domain with a certificate issued later."""
    files = house.issue("renewed", order.domain, profile="server")
    return replace(order, files=files, allow=("tls.no-rollback",))


async def test_412_because_our_own_put_landed_is_found_by_looking(house):
    """The PUT took effect, its answer was lost, and its copy would be refused: ours is there."""
    order = house.custom_order(1)
    async with voyage(house) as trip:
        await trip.ended(order)
        house.faults({"kind": "lost", "method": "PUT", "path": f"{CUSTOM}/*", **FIRST})
        row = await trip.ended(renewed(house, order))
    assert row.status == "succeeded", told(row)
    puts = [e for e in house.control("GET", "/journal") if e["method"] == "PUT"]
    assert [e["effect"] for e in puts] == [True]


class Between(ThreadingHTTPServer):
    """A proxy before the platform. `before` is called ahead of the first request of `method`, and
    its answer is held back until `release`, when that is given."""

    def __init__(self, house, method, before=None, release=None):
        super().__init__(("127.0.0.1", 0), _Passing)
        self.house, self.method, self.before, self.release = house, method, before, release
        self.met = []
        self.http = httpx2.Client(trust_env=False, verify=False)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        folder = self.house.home / "sandboxes"
        note = folder / f"{self.house.addresses['api'].rpartition(':')[2]}.json"
        known = {**json.loads(note.read_text())["addresses"], "api": self.url, "login": self.url}
        (folder / f"{self.server_address[1]}.json").write_text(json.dumps(known))
        return self

    def __exit__(self, *_):
        if self.release:
            self.release.set()
        self.shutdown()
        self.server_close()
        self.http.close()


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together

    def _pass(self):
        server = self.server
        octets = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        names = ("Authorization", "Content-Type", "If-Match")
        headers = {name: self.headers[name] for name in names if self.headers[name]}
        url = server.house.addresses["api"] + self.path
        first = self.command == server.method and "oauth" not in self.path and not server.met
        if first and server.before:
            theirs = server.before(server.http, url, headers["Authorization"])
            server.met.append(theirs.status_code)
        answer = server.http.request(self.command, url, content=octets, headers=headers)
        if self.command == server.method and "oauth" not in self.path:
            server.met.append(answer.status_code)
        if first and server.release:
            server.release.wait()
        self._answer(answer)

    def _answer(self, answer):
        self.send_response(answer.status_code)
        for name in ("Content-Type", "ETag"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = _pass

    def log_message(self, *_):
        pass


def putting(files):
    """Somebody else's PUT of these files."""
    body = {
        "certificate": Path(files.certificate).read_text(),
        "privateKey": Path(files.key).read_text(),
    }
    return lambda http, url, token: http.put(url, json=body, headers={"Authorization": token})


@pytest.mark.parametrize("same", [True, False])
async def test_a_change_between_look_and_put_is_looked_at_again(house, same):
    """If they put the very certificate we bring, it is there; if another, theirs stays."""
    order = house.custom_order(1)
    async with voyage(house) as trip:
        await trip.ended(order)
    new = renewed(house, order)
    theirs = new.files if same else house.issue("theirs", order.domain, profile="server")
    with Between(house, "PUT", putting(theirs)) as between:
        async with voyage(house, GENESYS_ENV_URL=between.url) as trip:
            row = await trip.ended(new)
    assert between.met == [200, 412]
    if same:
        assert row.status == "succeeded", told(row)
    else:
        assert row.status == "failed"
        assert "genesys.changed-meanwhile" in told(row)


async def test_a_change_between_plan_and_upload_is_not_overwritten(house):
    """The run failed, somebody else renewed, the run is resumed: its plan was for another state."""
    order = house.custom_order(1)
    theirs = house.issue("theirs", order.domain, profile="server")
    async with voyage(house) as trip:
        await trip.ended(order)
        house.faults({"kind": "status", "status": 400, "method": "PUT", "body": {"code": "x"}})
        row = await trip.ended(renewed(house, order))
        assert row.status == "failed"
        house.faults()
        held = await trip.app.genesys.find_custom_domain(order.domain)
        held = await trip.app.genesys.get_custom_domain(held.id)
        upload = CertificateUpload(
            Path(theirs.certificate).read_text(), Secret(Path(theirs.key).read_text())
        )
        await trip.app.genesys.replace_custom_domain(held.id, upload, held.etag)
        assert trip.runner.resume(row.id)
        await trip.until(lambda: trip.runner.show(row.id).status != "open")
        row = trip.runner.show(row.id)
        assert "genesys.changed-meanwhile" in told(row)
        after = await trip.app.genesys.get_custom_domain(held.id)
        assert after.certificate.strip() in Path(theirs.certificate).read_text()


async def test_a_crash_between_the_post_and_its_record_skips_nothing(house):
    """The upload of the process that died is this run's own: its audit entry is read."""
    order = house.custom_order(1)
    with Between(house, "POST", release=threading.Event()) as between:
        async with voyage(house, GENESYS_ENV_URL=between.url) as trip:
            run = trip.runner.submit(order)
            await trip.until(lambda: between.met)
            assert trip.runner.show(run).stage == "upload"
        async with voyage(house, GENESYS_ENV_URL=between.url) as trip:
            await trip.until(lambda: trip.runner.show(run).status != "open")
            row = trip.runner.show(run)
    assert row.status == "succeeded", told(row)
    assert between.met == [201], "uploaded once"
    assert row.end.summary["adopted"] is False
    assert row.end.summary["platform_audit_id"]


async def test_a_crash_after_the_registration_does_not_make_it_somebody_elses(house):
    order = house.mail_order(1)
    with Between(house, "POST", release=threading.Event()) as between:
        async with voyage(house, GENESYS_ENV_URL=between.url) as trip:
            run = trip.runner.submit(order)
            await trip.until(lambda: between.met)
            between.method = "HEAD"
        async with voyage(house, GENESYS_ENV_URL=between.url) as trip:
            await trip.until(lambda: trip.runner.show(run).status != "open", order)
            row = trip.runner.show(run)
    assert row.status == "succeeded", told(row)
    assert len(house.journal("POST", MAIL)) == 1
    assert row.end.summary["adopted"] is False


async def test_without_the_audit_scope_nothing_is_uploaded(house):
    """The audit log is read only after the upload: too late to find that it may not be read."""
    scopes = ["customdomain:read", "customdomain:write"]
    made = house.control("PUT", "/clients", {"id": "blind", "scopes": scopes})
    order = house.custom_order(1)
    changes = {"GENESYS_CLIENT_ID": "blind", "GENESYS_CLIENT_SECRET": made["secret"]}
    async with voyage(house, **changes) as trip:
        row = await trip.ended(order)
        assert row.status == "failed"
        assert "genesys.missing-scope" in told(row)
        assert "auditlog:read" in told(row)
    assert house.writes() == []
