"""Data-action certificates as the published dialect shows them: read only, and for their roots."""

from __future__ import annotations

from cryptography import x509

from ..action_certificates import CURRENT, UPCOMING
from ..answer import Answer, JsonObject
from ..platform import Platform
from ..wire import Call
from .paging import chosen, query_of, undeclared, whole


async def certificates(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "status", "type", *undeclared(platform))
    status = chosen(query, "status", CURRENT, UPCOMING)
    chosen(query, "type", "Client")
    held = [pair for pair in platform.data_actions.shown() if status in ("", pair[0])]
    return Answer(200, whole(platform, call, query, held, _certificate))


async def truststore(platform: Platform, call: Call) -> Answer:
    """The roots the platform trusts for customers' servers: here the sandbox's own."""
    roots = x509.load_pem_x509_certificates(platform.roots_pem.encode())
    listed = [
        {
            "description": root.subject.rfc4514_string(),
            "serialNumber": f"{root.serial_number:x}",
            "signature": root.signature.hex(),
        }
        for root in roots
    ]
    return Answer(200, {"entities": listed, "total": len(listed)})


def _certificate(pair: tuple[str, str]) -> JsonObject:
    status, pem = pair
    return {"signingAuthority": "Genesys", "certificate": pem, "status": status, "type": "Client"}
