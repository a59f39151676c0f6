"""The list of CT logs in force: the newest of the product's own table and those the user brought.

Lists lie under GCTRUST_HOME/ct, named by the day and second they were made; one whose signature was
verified has it beside it.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)

from ...certs.ct_update import read_log_list
from ...certs.transparency import LogList, shipped_logs
from ...errors import Fact, Problem, ProblemKind, ProblemType
from ..own_files import write_own

UNREADABLE_LIST = ProblemType(
    "ct.unreadable-list",
    "It is no list of CT logs.",
    "A list of version 3 as Chrome publishes it is needed; nothing was changed.",
    "Fetch log_list.json anew: https://www.gstatic.com/ct/log_list/v3/log_list.json",
    kind=ProblemKind.USAGE,
    source="Chrome CT log list, version 3",
)
BAD_SIGNATURE = ProblemType(
    "ct.bad-signature",
    "The list's signature does not verify.",
    "The list, its signature or the key is not the one they claim to be; nothing was changed.",
    "Fetch log_list.json and log_list.sig together, anew.",
    source="Chrome CT log list, version 3",
)
OLDER_LIST = ProblemType(
    "ct.older-list",
    "The list is older than the one in force.",
    "An old list takes logs for usable that were retired since; nothing was changed.",
    "Bring a newer list; `gctrust ct show` tells the one in force.",
    kind=ProblemKind.USAGE,
    source="Chrome CT policy",
)
FUTURE_LIST = ProblemType(
    "ct.future-list",
    "The list is dated in the future.",
    "It would count as fresh long after it is not; nothing was changed.",
    "Check this machine's clock, and fetch the list anew.",
    kind=ProblemKind.USAGE,
    source="Chrome CT policy",
)
PROBLEMS = (UNREADABLE_LIST, BAD_SIGNATURE, OLDER_LIST, FUTURE_LIST)

# Google's key for log_list.sig, as published beside the list (log_list_pubkey.pem, RSA 4096).
LIST_KEY = (
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAsu0BHGnQ++W2CTdyZyxvHHRALOZPlnu/VMVgo2m+JZ8M"
    "NbAOH2cgXb8mvOj8flsX/qPMuKIaauO+PwROMjiqfUpcFm80Kl7i97ZQyBDYKm3MkEYYpGN+skAR2OebX9G2DfDq"
    "FY8+jUpOOWtBNr3LrmVcwx+FcFdMjGDlrZ5JRmoJ/SeGKiORkbbu9eY1Wd0uVhz/xI5bQb0OgII7hEj+i/IPbJqO"
    "HgB8xQ5zWAJJ0DmG+FM6o7gk403v6W3S8qRYiR84c50KppGwe4YqSMkFbLDleGQWLoaDSpEWtESisb4JiLaY4H+K"
    "k0EyAhPSb+49JfUozYl+lf7iFN3qRq/SIXXTh6z0S7Qa8EYDhKGCrpI03/+qprwy+my6fpWHi6aUIk4holUCmWvF"
    "xZDfixoxK0RlqbFDl2JXMBquwlQpm8u5wrsic1ksIv9z8x9zh4PJqNpCah0ciemI3YGRQqSe/mRRXBiSn9YQBUPc"
    "aeqCYan+snGADFwHuXCd9xIAdFBolw9R9HTedHGUfVXPJDiF4VusfX6BRR/qaadB+bqEArF/TzuDUr6FvOR4o8lU"
    "UxgLuZ/7HO+bHnaPFKYHHSm++z1lVDhhYuSZ8ax3T0C3FZpb7HMjZtpEorSV5ElKJEJwrhrBCMOD8L01EoSPrGlS"
    "1w22i9uGHMn/uGQKo28u7AsCAwEAAQ=="
)
_SKEW = timedelta(days=1)
_KEPT = 3


@dataclass(frozen=True, slots=True)
class ListInForce:
    """`source` is a file, or "shipped with gctrust"; `signed` whether its signature verified."""

    logs: LogList
    source: str
    signed: bool


class LogLists:
    """The lists under `home`, if any, and the shipped one."""

    def __init__(self, home: Path | None) -> None:
        self._folder = (home or Path()) / "ct"
        self._stores = home is not None

    def in_force(self) -> ListInForce:
        """The newest readable list. A stored one that no longer reads is passed over."""
        shipped = ListInForce(shipped_logs(), "shipped with gctrust", signed=False)
        for path in self._stored():
            try:
                logs = read_log_list(path.read_bytes())
            except (OSError, ValueError):
                continue
            if logs.listed_at < shipped.logs.listed_at:
                break
            return ListInForce(logs, str(path), path.with_suffix(".sig").exists())
        return shipped

    def update(
        self, data: bytes, *, at: datetime, signature: bytes = b"", key: bytes = b""
    ) -> ListInForce:
        """Put a list in force. `key` is PEM or DER, empty for Google's. Raises Problem ct.*."""
        if signature and not verified(data, signature, key):
            raise Problem(BAD_SIGNATURE)
        try:
            logs = read_log_list(data)
        except ValueError as error:
            raise Problem(UNREADABLE_LIST, {"seen": str(error)[:200]}) from None
        self._check_date(logs.listed_at, at)
        path = self._folder / f"log_list-{logs.listed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.json"
        if signature:
            write_own(path.with_suffix(".sig"), signature)
        else:
            path.with_suffix(".sig").unlink(missing_ok=True)
        write_own(path, data)
        self._forget_old()
        return ListInForce(logs, str(path), bool(signature))

    def _check_date(self, made: datetime, at: datetime) -> None:
        facts: dict[str, Fact] = {"list": f"{made:%Y-%m-%d %H:%M:%SZ}"}
        if made > at + _SKEW:
            raise Problem(FUTURE_LIST, {**facts, "now": f"{at:%Y-%m-%d %H:%M:%SZ}"})
        now = self.in_force().logs.listed_at
        if made < now:
            raise Problem(OLDER_LIST, {**facts, "in force": f"{now:%Y-%m-%d %H:%M:%SZ}"})

    def _stored(self) -> list[Path]:
        found = self._folder.glob("log_list-*.json") if self._stores else ()
        return sorted(found, reverse=True)

    def _forget_old(self) -> None:
        for path in self._stored()[_KEPT:]:
            path.unlink(missing_ok=True)
            path.with_suffix(".sig").unlink(missing_ok=True)


def verified(data: bytes, signature: bytes, key: bytes = b"") -> bool:
    """SHA-256 with RSA PKCS#1 v1.5 or ECDSA, as `openssl dgst -sha256 -verify` does."""
    try:
        if b"-----BEGIN" in key:
            public = load_pem_public_key(key)
        else:
            public = load_der_public_key(key or b64decode(LIST_KEY))
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
