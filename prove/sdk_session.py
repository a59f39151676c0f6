"""One session with the official Python SDK: every answer compared, field by field, with what the
SDK made of it. Runs in the SDK's own environment; imports nothing of gctrust."""

from __future__ import annotations

import inspect
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.gateway_configuration import GatewayConfiguration

OUTDATED = "outdated_sdk_version"  # what the SDK makes of a value its enumeration does not have
_HEADERS = ("ININ-Correlation-Id", "inin-ratelimit-count", "inin-ratelimit-allowed")


@dataclass
class Row:
    """One call: what came, and what is wrong with it. Fields are `Model.field`."""

    operation: str
    status: int
    sent: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


class Session:
    """Calls through the SDK's gateway setting, http to a loopback port."""

    def __init__(self, addresses: dict[str, Any]) -> None:
        self.origin, self.control_origin = addresses["api"], addresses["control"]
        host, _, port = addresses["api"].removeprefix("http://").partition(":")
        configuration = sdk.Configuration()
        configuration.live_reload_config = False
        configuration.gateway_configuration = GatewayConfiguration(
            host=host, protocol="http", port=int(port)
        )
        self.client = sdk.api_client.ApiClient()
        self.rows: list[Row] = []
        self._own = (addresses["client_id"], addresses["client_secret"])
        self.login_again()

    def login_again(self) -> None:
        self.login(*self._own)

    def login(self, client_id: str, secret: str) -> None:
        self.client.get_client_credentials_token(client_id, secret)

    def api(self, name: str) -> Any:
        return getattr(sdk, name)(self.client)

    def model(self, name: str, /, **fields: Any) -> Any:
        """A request model with its fields under their names on the wire."""
        made = getattr(sdk.models, name)()
        attributes = {wire: attribute for attribute, wire in made.attribute_map.items()}
        for wire, value in fields.items():
            setattr(made, attributes[wire], value)
        return made

    def call(self, function: Any, *args: Any, **named: Any) -> Any:
        """A call that has to succeed; the object the SDK made."""
        row = Row(_operation(function), 0)
        self.rows.append(row)
        try:
            made = function(*args, **named)
        except sdk.rest.ApiException as error:
            row.status = error.status
            row.faults.append(f"{error.status} {error.body!r}"[:300])
            return None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            row.faults.append(f"the SDK could not read it: {error!r}"[:300])
            return None
        self._judge(row, made)
        return made

    def refused(self, status: int, code: str, function: Any, *args: Any, **named: Any) -> None:
        """A call that has to be refused so; the error's body is compared as well."""
        row = Row(f"{_operation(function)} refused", status)
        self.rows.append(row)
        try:
            function(*args, **named)
        except sdk.rest.ApiException as error:
            row.status = error.status
            raw = json.loads(error.body)
            if (error.status, raw.get("code")) != (status, code):
                row.faults.append(f"{error.status} {raw.get('code')}, not {status} {code}")
            _compare(raw, self._error(raw), "ErrorBody", "", row)
        else:
            row.faults.append("it was not refused")

    def throttled(self, path: str, allowed: int) -> None:
        """One request more than allowed; asked beside the SDK, whose transport would sleep through
        Retry-After ten times. The body is read with the SDK's model."""
        row = Row(f"GET {path} refused", 429)
        self.rows.append(row)
        headers = {"Authorization": f"Bearer {self.client.access_token}"}
        request = urllib.request.Request(self.origin + path, headers=headers)
        try:
            for _ in range(allowed + 1):
                urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            raw = json.loads(error.read())
            row.status = error.code
            if (error.code, raw["code"]) != (429, "too.many.requests.retry.after"):
                row.faults.append(f"{error.code} {raw['code']}")
            if error.headers["Retry-After"] not in raw["message"]:
                row.faults.append("the message does not tell Retry-After")
            _compare(raw, self._error(raw), "ErrorBody", "", row)
        else:
            row.faults.append("it was not refused")

    def control(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.control_origin + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance": seconds})

    def publish(self, result: Any) -> None:
        """The records of a VerificationResult or MailFromResult, put into the sandbox's DNS."""
        records = [{"name": r.name, "type": r.type, "value": r.value} for r in result.records]
        self.put_records(*records)

    def put_records(self, *records: dict[str, str]) -> None:
        self.control("PUT", "/zones", {"records": [{**one, "ttl": 60} for one in records]})

    def raw(self) -> Any:
        data = self.client.last_response.data
        return json.loads(data) if data else None

    def _judge(self, row: Row, made: Any) -> None:
        response = self.client.last_response
        row.status = response.status
        headers = {name.lower() for name in response.getheaders()}
        missing = [name for name in _HEADERS if name.lower() not in headers]
        if missing:
            row.faults.append(f"no header {missing}")
        _compare(self.raw(), made, "", "", row)

    def _error(self, raw: Any) -> Any:
        return self.client._ApiClient__deserialize(raw, "ErrorBody")


def operations() -> set[str]:
    """`METHOD path` of every function of the SDK, as its source has them."""
    called = re.compile(r"resource_path = '([^']+)'.*?call_api\(resource_path, '(\w+)'", re.DOTALL)
    files = (Path(sdk.__file__).parent / "apis").glob("*.py")
    return {
        f"{method} {path}"
        for file in files
        for path, method in called.findall(file.read_text("utf-8"))
    }


def _operation(function: Any) -> str:
    """`METHOD path` as the function's own source has it."""
    source = inspect.getsource(function)
    path = re.search(r"resource_path = '([^']+)'", source)
    method = re.search(r"call_api\(resource_path, '(\w+)'", source)
    return f"{method[1]} {path[1]}" if path and method else function.__name__


def _compare(raw: Any, made: Any, kind: str, place: str, row: Row) -> None:
    """What was sent and what the SDK holds: the same, field by field."""
    if hasattr(made, "attribute_map") and isinstance(raw, dict):
        _compare_model(raw, made, place, row)
    elif isinstance(raw, list) and isinstance(made, list):
        if len(raw) != len(made):
            row.faults.append(f"{place}: {len(raw)} sent, {len(made)} held")
        for n, (one, other) in enumerate(zip(raw, made, strict=False)):
            _compare(one, other, kind, f"{place}[{n}]", row)
    elif isinstance(made, datetime):
        if datetime.fromisoformat(raw) != made:
            row.faults.append(f"{place}: {raw} became {made}")
    elif made == OUTDATED:
        row.faults.append(f"{place}: [{raw}] is no value of the SDK's enumeration")
    elif raw != made and not (raw is None and made in (None, "")):
        row.faults.append(f"{place}: {raw!r} became {made!r}"[:300])


def _compare_model(raw: dict[str, Any], made: Any, place: str, row: Row) -> None:
    names = {wire: attribute for attribute, wire in made.attribute_map.items()}
    model = type(made).__name__
    row.known |= {f"{model}.{name}" for name in names}
    for name, value in raw.items():
        row.sent.add(f"{model}.{name}")
        if name not in names:
            row.faults.append(f"{place}.{name} was sent and is no field of {model}")
            continue
        _compare(value, getattr(made, names[name]), "", f"{place}.{name}", row)
