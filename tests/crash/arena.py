"""A real sandbox in its own process with all that the three journeys need of it, and its owner's
hands on the control port: clock, zones, faults, journal, inbox, certificates."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.orders import CustomDomainOrder, EmailDomainOrder, Order, PinRotationOrder
from gctrust.runner.codec import Codec
from gctrust.settings import Settings, load_settings

MAIL = "/api/v2/organization/emaildomains"
CUSTOM = "/api/v2/customdomains"
CLIENTS = "/api/v2/oauth/clients/"
MONTH = 30 * 86_400.0
SECRET = "whsec_" + "Z2N0cnVzdC1hcmVuYS1zZWNyZXQh"


@dataclass
class Arena:
    """`home` is where the sandbox and the app keep their files."""

    home: Path
    addresses: dict[str, Any]
    http: httpx2.Client

    # --- the owner's hands ---------------------------------------------------------------------

    def control(self, method: str, path: str, body: object = None) -> Any:
        more = {} if body is None else {"json": body}
        answer = self.http.request(method, self.addresses["control"] + path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance": seconds})

    def faults(self, *rules: dict[str, object]) -> None:
        self.control("PUT", "/faults", list(rules))

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in self.control("GET", "/faults")["rules"]]

    def journal(self, method: str, path: str, effect: bool = True) -> list[dict[str, Any]]:
        """Requests that changed the state (or that did not)."""
        wanted = (method, path, effect)
        entries = self.control("GET", "/journal")
        return [e for e in entries if (e["method"], e["path"], e["effect"]) == wanted]

    def writes(self) -> list[dict[str, Any]]:
        """Every request that could have changed something, but for those of tokens."""
        return [
            entry
            for entry in self.control("GET", "/journal")
            if entry["method"] != "GET" and not entry["path"].endswith("/oauth/token")
        ]

    def registered(self, domain: str) -> dict[str, Any] | None:
        """The email domain as the platform's API tells it; None while its faults hide it."""
        with contextlib.suppress(httpx2.TransportError, ValueError, KeyError):
            return self._listed(domain)
        return None

    def _listed(self, domain: str) -> dict[str, Any] | None:
        form = {"grant_type": "client_credentials"}
        pair = (self.addresses["client_id"], self.addresses["client_secret"])
        login = self.http.post(self.addresses["login"] + "/oauth/token", data=form, auth=pair)
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        listed = self.http.get(self.addresses["api"] + MAIL, headers=headers)
        found = [one for one in listed.json()["entities"] if one["domain"] == domain]
        return dict(found[0]) if found else None

    def publish(self, order: EmailDomainOrder) -> bool:
        """Put what the platform asks for into its DNS; False while it is not registered."""
        if not self.journal("POST", MAIL):
            return False
        found = self.registered(order.domain)
        if found is None:
            return False
        self.put_records(found)
        return True

    def put_records(self, registered: dict[str, Any]) -> None:
        fields = ("name", "type", "value")
        records = [{n: r[n] for n in fields} | {"ttl": 60} for r in registered["verification"]]
        self.control("PUT", "/zones", {"records": records})

    # --- orders --------------------------------------------------------------------------------

    def issue(self, name: str, *names: str, profile: str) -> CertificateFiles:
        order = {"names": list(names), "profile": profile, "days": 365}
        made = self.control("POST", "/ca/issue", order)
        certificate, key = self.home / f"{name}.pem", self.home / f"{name}.key"
        certificate.write_text(made["certificate"] + made["chain"])
        key.write_text(made["privateKey"])
        return CertificateFiles(str(certificate), str(key))

    def mail_order(self, number: int) -> EmailDomainOrder:
        return EmailDomainOrder(f"mail{number}.demo.example", horizon=MONTH)

    def custom_order(self, number: int) -> CustomDomainOrder:
        host = f"www{number}.demo.example"
        files = self.issue(f"server{number}", host, profile="server")
        return CustomDomainOrder(host, files, profile="private", handshakes=4, horizon=MONTH)

    def pins_order(self, number: int) -> PinRotationOrder:
        """With a client at the platform whose only pin is that of the old certificate."""
        client = f"client-{number}"
        old, new, backup = (
            self.issue(f"{word}{number}", client, profile="client")
            for word in ("old", "new", "backup")
        )
        text = Path(old.certificate).read_text()
        leaf = text[: text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf)).digest()
        put = {
            "id": client,
            "mtlsRequired": True,
            "certificateChain": text,
            "serviceId": "svc",
            "pins": [base64.b64encode(digest).decode("ascii")],
            "pinKind": "certificate",
        }
        self.control("PUT", "/clients", put)
        return PinRotationOrder(
            client,
            "svc",
            new,
            old,
            backup.certificate,
            soak=20.0,
            drain=40.0,
            target_rate=0.9,
            handshakes=48,
            horizon=MONTH,
        )

    def order(self, journey: str, number: int) -> Order:
        makers: dict[str, Callable[[int], Order]] = {
            "email-domain": self.mail_order,
            "custom-domain": self.custom_order,
            "pin-rotation": self.pins_order,
        }
        return makers[journey](number)

    # --- settings ------------------------------------------------------------------------------

    def settings(self, **changes: str) -> Settings:
        return settings_of(self.home, self.addresses, **changes)


def settings_of(home: Path, addresses: dict[str, Any], **changes: str) -> Settings:
    """As a user sets them: platform, ids and the webhook's address in the environment. What is
    noted as "settings" among the addresses is set as well."""
    environ = {
        "GENESYS_ENV_URL": addresses["api"],
        "GENESYS_CLIENT_ID": addresses["client_id"],
        "GENESYS_CLIENT_SECRET": addresses["client_secret"],
        "GCTRUST_HOME": str(home),
        "WEBHOOK_URL": addresses["inbox"],
        "WEBHOOK_SECRET": SECRET,
    }
    return load_settings({}, environ | addresses.get("settings", {}) | changes, home, home)


def as_text(order: Order) -> str:
    return json.dumps(Codec().encode(order))


def as_order(text: str) -> Order:
    order = Codec().decode(json.loads(text), object)
    assert isinstance(order, Order)
    return order


@contextlib.contextmanager
def arena(home: Path, *arguments: str) -> Iterator[Arena]:
    command = [sys.executable, "-m", "gctrust.sandbox", "--die-with-parent", "--home", str(home)]
    process = subprocess.Popen(
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        addresses = json.loads(process.stdout.readline())["addresses"]
        with httpx2.Client(timeout=10, trust_env=False) as http:
            made = Arena(home, addresses, http)
            made.control("PUT", "/inbox/secret", {"secret": SECRET})
            yield made
    finally:
        process.terminate()
        process.wait(10)


def until(condition: Callable[[], object], seconds: float = 30.0, pause: float = 0.05) -> None:
    """Wait in real time for something outside. Fails when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(pause)
