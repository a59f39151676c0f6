"""Runs that only the published dialect has, one of each at one platform, for workers that die."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import Arena, arena, as_text

from gctrust.cli.demo_gateway import Gateway, GatewayFiles
from gctrust.pipelines.orders import CustomDomainOrder, Order
from gctrust.pipelines.platform_orders import GatewayOrder, SecretOrder, TrustOrder

DYING = str(Path(__file__).with_name("dying_worker.py"))
CLIENTS = "/api/v2/oauth/clients"
OKTA = "/api/v2/identityproviders/okta"
EDGES = "/api/v2/telephony/providers/edges/certificateauthorities"
FRONT = "www.demo.example"
JUMP, BETWEEN = 20.0, 0.05  # the sandbox's clock jumps by the one, a look of ours apart
STILL = 2.0  # seconds in which a worker takes up what another left
# A list that lags by a minute; a switch of data actions that is over in a quarter of an hour.
SEED = {
    "hostile": {"listedSeconds": 45},
    "organisation": {
        "actionCertificateDays": 1,
        "actionUpcomingDays": 0.005,
        "actionUnsettledSeconds": 30,
    },
}


@dataclass(frozen=True)
class Death:
    """At the effect `at` as the dying worker takes it; "reload": by that gateway's, front's or
    consumer's own reload command."""

    word: str
    at: str
    number: int = 1


NEVER = Death("never", "none")


@dataclass
class Rounds:
    """One order of each kind; `gateway` is the one that data actions call."""

    house: Arena
    gateway: Gateway
    refused: int = 0  # calls of data actions, since the gateway was told whom to trust
    cut_off: bool = False  # a worker died amid a request

    # --- orders --------------------------------------------------------------------------------

    def secret(self, name: str) -> SecretOrder:
        grants = self.ask("GET", "/api/v2/authorization/subjects/me")["grants"]
        roles = [{"roleId": grants[0]["role"]["id"], "divisionId": "*"}]
        body = {"name": name, "authorizedGrantType": "CLIENT-CREDENTIALS", "roleDivisions": roles}
        made = self.ask("POST", CLIENTS, body)
        file = self.house.home / f"{name}.env"
        pair = f"GENESYS_CLIENT_ID={made['id']}\nGENESYS_CLIENT_SECRET={made['secret']}\n"
        file.write_text(pair)
        return SecretOrder(made["id"], str(file), self.reload("secret"), soak=60.0, keep=60.0)

    def provider(self, name: str) -> TrustOrder:
        body = {
            "issuerURI": "urn:idp", "ssoTargetURI": "https://idp.example/sso", "name": "Okta",
            "certificate": self.leaf(f"{name}-old"),
        }  # fmt: skip
        self.ask("PUT", OKTA, body)
        new = self.house.home / f"{name}-new.pem"
        new.write_text(self.leaf(f"{name}-new"))
        return TrustOrder("provider/okta", str(new), overlap=60.0)

    def edges(self, name: str) -> TrustOrder:
        """The authority that was there is replaced by the sandbox's other one."""
        addresses = self.house.addresses
        old = Path(addresses["roots"]).read_text()
        body = {"name": name, "type": "REMOTE", "certificate": old, "services": ["SIP"]}
        self.ask("POST", EDGES, body)
        new = addresses["data_action_root"]
        return TrustOrder("edges", new, (digest(addresses["roots"]),), overlap=60.0, name="next")

    def front(self, name: str) -> CustomDomainOrder:
        files = self.house.issue(f"{name}-new", FRONT, profile="server")
        return CustomDomainOrder(FRONT, files, profile="private", handshakes=3)

    def watch(self, name: str) -> GatewayOrder:
        home = self.house.home
        return GatewayOrder(
            bundle=str(home / "trust.pem"), pins=str(home / "pins.txt"),
            root=self.house.addresses["data_action_root"], endpoint=self.gateway.address,
            reload=self.reload("gateway"), every=60.0, looks=2,
        )  # fmt: skip

    def leaf(self, name: str) -> str:
        host = f"{name}.demo.example"
        return first_of(Path(self.house.issue(name, host, profile="server").certificate))

    def reload(self, name: str) -> tuple[str, ...]:
        """While a file says so it kills the worker that called it, once."""
        flag = self.house.home / f"{name}.kill"
        program = f"[ ! -e '{flag}' ] || {{ rm '{flag}'; kill -9 $PPID; }}"
        return ("/bin/sh", "-c", program)

    # --- workers -------------------------------------------------------------------------------

    def started(self, orders: Sequence[Order], death: Death) -> subprocess.Popen[str]:
        note, files = self.house.home / "addresses.json", []
        note.write_text(json.dumps(self.house.addresses))
        for order in orders:
            text = as_text(order)
            files.append(self.house.home / f"{hashlib.sha256(text.encode()).hexdigest()}.json")
            files[-1].write_text(text)
        if death.word == "reload":
            (self.house.home / f"{death.at}.kill").touch()
        died = (death.number, death.word, death.at)
        command = [sys.executable, DYING, self.house.home, note, *died, *files]
        worker = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "leading\n", "the one before was killed: take over"
        if self.cut_off:  # it goes on while lists do not show yet what was made
            with suppress(subprocess.TimeoutExpired):
                worker.wait(STILL)
        self.cut_off |= death.word == "amid"
        return worker

    def over(self, worker: subprocess.Popen[str], seconds: float = 60.0) -> list[str]:
        """Let the platform's time run until the worker has ended, or died; what it said."""
        end = time.monotonic() + seconds
        while worker.poll() is None:
            assert time.monotonic() < end, "the worker does not end"
            self.house.advance(JUMP)
            self.call_gateway()
            time.sleep(BETWEEN)
        assert worker.stdout is not None
        return worker.stdout.read().splitlines()

    def call_gateway(self) -> None:
        """As the platform's data actions do, with what is Current."""
        if not (self.house.home / "pins.txt").exists():
            return
        current = self.house.control("GET", "/data-actions")[0]
        shown = self.house.home / "current.pem"
        shown.write_text(current["certificate"] + current["privateKey"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(shown)
        host, _, port = self.gateway.address.rpartition(":")
        try:
            with (
                socket.create_connection((host, int(port)), 5) as plain,
                context.wrap_socket(plain) as call,
            ):
                call.sendall(b"GET / HTTP/1.1\r\n\r\n")
                self.refused += not call.recv(1)
        except OSError:
            self.refused += 1

    # --- what is seen from outside -------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None) -> Any:
        pair = (self.house.addresses["client_id"], self.house.addresses["client_secret"])
        bearer = {"Authorization": f"Bearer {self.token(*pair)}"}
        url = self.house.addresses["api"] + path
        answer = self.house.http.request(method, url, headers=bearer, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def token(self, id: str, secret: str) -> str | None:
        url, form = self.house.addresses["api"], {"grant_type": "client_credentials"}
        answer = self.house.http.post(url + "/oauth/token", auth=(id, secret), data=form)
        return str(answer.json()["access_token"]) if answer.status_code == 200 else None

    def changes(self, method: str, path: str) -> int:
        """Requests that changed the platform. `path` ends in * where it names what was made."""
        return sum(
            (one["path"].startswith(path[:-1]) if path[-1] == "*" else one["path"] == path)
            for one in self.house.control("GET", "/journal")
            if one["effect"] and one["method"] == method
        )


@contextmanager
def rounds(home: Path) -> Iterator[Rounds]:
    seed = home / "seed.json"
    bundled = Path(sys.modules["gctrust"].__path__[0]) / "sandbox/seeds/default.json"
    given = json.loads(bundled.read_text())
    for part, told in SEED.items():
        given[part] |= told
    seed.write_text(json.dumps(given))
    with arena(home, "--dialect", "platform", "--seed", str(seed)) as house:
        own = house.issue("gateway", "gateway.demo.example", profile="server")
        mutual = GatewayFiles(
            Path(own.certificate), Path(own.key),
            home / "trust.pem", home / "pins.txt", home / "access.log",
        )  # fmt: skip
        gateway = Gateway(mutual, lambda: float(house.control("GET", "/clock")["now"]))
        front = Gateway(GatewayFiles(home / "front.pem", home / "front.key"), time.time)
        made = Rounds(house, gateway)
        house.addresses["settings"] = {
            "GCTRUST_DIALECT": "platform",
            "GCTRUST_EDGES": front.address,
            "GCTRUST_PIN_ACCESS_LOG": str(home / "access.log"),
            "GCTRUST_FRONT_CERTIFICATE": str(home / "front.pem"),
            "GCTRUST_FRONT_KEY": str(home / "front.key"),
            "GCTRUST_FRONT_RELOAD": json.dumps(made.reload("front")),
        }
        (home / "access.log").touch()
        for one in (gateway, front):
            one.start()
        try:
            yield made
        finally:
            for one in (gateway, front):
                one.stop()


def first_of(path: Path) -> str:
    text, end = path.read_text(), "-----END CERTIFICATE-----\n"
    return text[: text.index(end) + len(end)]


def digest(path: str) -> str:
    from gctrust.adapters.files import read_files

    return read_files((path,)).certificates[0].sha256
