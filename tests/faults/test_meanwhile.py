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
from arena import CUSTOM, arena
from voyage import told, voyage

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
    return replace(order, files=house.issue("renewed", order.domain, profile="server"))


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


class Meddler(ThreadingHTTPServer):
    """A proxy before the platform: at the first PUT it lets somebody else's PUT go first."""

    def __init__(self, house, theirs):
        super().__init__(("127.0.0.1", 0), _Meddling)
        self.house, self.theirs, self.met = house, theirs, []


class _Meddling(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self):
        server = self.server
        octets = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        names = ("Authorization", "Content-Type", "If-Match")
        headers = {name: self.headers[name] for name in names if self.headers[name]}
        url = server.house.addresses["api"] + self.path
        with httpx2.Client(trust_env=False) as http:
            if self.command == "PUT" and not server.met:
                files = {
                    "certificate": Path(server.theirs.certificate).read_text(),
                    "privateKey": Path(server.theirs.key).read_text(),
                }
                theirs = http.put(
                    url, json=files, headers={"Authorization": headers["Authorization"]}
                )
                server.met.append(theirs.status_code)
            answer = http.request(self.command, url, content=octets, headers=headers)
        if self.command == "PUT":
            server.met.append(answer.status_code)
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


@pytest.mark.parametrize("same", [True, False])
async def test_a_change_between_look_and_put_is_looked_at_again(house, same):
    """If they put the very certificate we bring, it is there; if another, theirs stays."""
    order = house.custom_order(1)
    async with voyage(house) as trip:
        await trip.ended(order)
    new = renewed(house, order)
    theirs = new.files if same else house.issue("theirs", order.domain, profile="server")
    meddler = Meddler(house, theirs)
    threading.Thread(target=meddler.serve_forever, daemon=True).start()
    note = house.home / "sandboxes" / f"{house.addresses['api'].rpartition(':')[2]}.json"
    port = meddler.server_address[1]
    addresses = json.loads(note.read_text())["addresses"]
    known = {**addresses, "api": f"http://127.0.0.1:{port}", "login": f"http://127.0.0.1:{port}"}
    (note.parent / f"{port}.json").write_text(json.dumps(known))
    try:
        async with voyage(house, GENESYS_ENV_URL=f"http://127.0.0.1:{port}") as trip:
            row = await trip.ended(new)
    finally:
        meddler.shutdown()
        meddler.server_close()
    assert meddler.met == [200, 412]
    if same:
        assert row.status == "succeeded", told(row)
    else:
        assert row.status == "failed"
        assert "genesys.changed-meanwhile" in told(row)


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
