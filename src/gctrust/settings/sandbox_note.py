"""What a sandbox running on this machine tells of itself, from the note it keeps while it runs."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import Problem
from .problems import UNREADABLE_FILE


def loopback_origin(text: str) -> str | None:
    """ "http://127.0.0.1:8080" for any spelling of a loopback address with a port, else None."""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host not in ("127.0.0.1", "localhost", "::1") or not port or parts.scheme == "https":
        return None
    return f"http://{'[::1]' if host == '::1' else '127.0.0.1'}:{port}"


def add_sandbox(values: dict[str, object], origins: dict[str, str]) -> None:
    """Defaults for a platform that is a sandbox on this machine, from the note it keeps."""
    named = values.get("platform")
    origin = loopback_origin(named[0]) if isinstance(named, tuple) and named else None
    if origin is None:
        return
    note = Path(str(values["home"])) / "sandboxes" / f"{origin.rpartition(':')[2]}.json"
    try:
        written = json.loads(note.read_text("utf-8"))
        addresses = written.get("addresses", written)
        if addresses["api"] != origin:
            return
        edges = addresses.get("edges") or [addresses["edge"]]
        sandbox: dict[str, object] = {
            "nameservers": tuple(addresses["nameservers"]),
            "edges": tuple(edges),
            "mtls_endpoints": tuple(addresses["mtls"]),
            "roots_file": Path(addresses["roots"]),
            "pin_issuer_path": Path(addresses["issuer"]),
        }
        if "mtls_log" in addresses:
            sandbox["pin_access_log"] = Path(addresses["mtls_log"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(UNREADABLE_FILE, {"path": str(note), "seen": repr(error)}) from None
    for name, value in sandbox.items():
        if name not in values:
            values[name], origins[name] = value, "sandbox"


def answers_from(nameservers: Collection[str], home: Path) -> str:
    """ "the sandbox's DNS", with its seed's label, when one of these servers is a sandbox's.

    Empty for all others: what they answer is what the world's DNS says.
    """
    for note in sorted((home / "sandboxes").glob("*.json")):
        try:
            addresses = json.loads(note.read_text("utf-8"))["addresses"]
            known, label = addresses["nameservers"], str(addresses.get("label", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a note of another kind is nobody's sandbox
        if set(nameservers) & set(known):
            return "the sandbox's DNS" + (f": {label}" if label else "")
    return ""
