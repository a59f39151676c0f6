"""One webhook attempt: resolve and check the receiver, sign, POST, say what came of it.

The address is resolved once, checked (address_guard), and connected to, so that a name cannot point
elsewhere in between (SSRF). Redirects are refused: they would go round the check.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
from standardwebhooks import Webhook

from ..fetch.address_guard import AddressGuard, AddressRefused
from ..genesys.pacing import read_retry_after


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Held for one attempt only; prints nothing."""

    signing: str | None
    bearer: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` is None when no answer came; `retry_after` in seconds from now."""

    status: int | None
    error: str = ""
    retry_after: float = 0.0

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


def _headers(id_: str, body: str, secrets: Secrets, stamp: float) -> dict[str, str]:
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": id_,
        "webhook-timestamp": str(int(stamp)),
    }
    if secrets.signing:
        at = datetime.fromtimestamp(int(stamp), UTC)
        headers["webhook-signature"] = Webhook(secrets.signing).sign(id_, at, body)
    if secrets.bearer:
        headers["Authorization"] = f"Bearer {secrets.bearer}"
    return headers


async def send(
    client: httpx2.AsyncClient,
    url: str,
    id_: str,
    body: str,
    secrets: Secrets,
    *,
    stamp: float,
    timeout: float,  # noqa: ASYNC109 - seconds for the whole attempt, look-up included
    allow_private: bool,
) -> Attempt:
    """POST the body once. Never raises for what a receiver or a network can do."""
    target = httpx2.URL(url)
    host, port = target.host, target.port or (443 if target.scheme == "https" else 80)
    try:
        headers = _headers(id_, body, secrets, stamp) | {"Host": target.netloc.decode()}
        async with asyncio.timeout(timeout):
            address, *_ = await AddressGuard(private=allow_private).addresses(host, port)
            answer = await client.post(
                target.copy_with(host=address),
                content=body.encode(),
                headers=headers,
                timeout=timeout,
                # The certificate is checked against the name, not the address connected to.
                extensions={"sni_hostname": host},
            )
    except TimeoutError:
        return Attempt(None, f"no answer in {timeout:g} s")
    except AddressRefused as refused:
        return Attempt(None, str(refused))
    except httpx2.LocalProtocolError:  # its message quotes the header, which may be the token
        return Attempt(None, "a header of ours is not valid HTTP: check the webhook token")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ssl.SSLError) as error:
        return Attempt(None, f"{type(error).__name__}: {error}"[:300])
    except ValueError:
        return Attempt(None, "the webhook secret is not base64 (whsec_...)")
    error_text = "" if answer.is_success else f"HTTP {answer.status_code}"
    if answer.is_redirect:
        error_text = f"HTTP {answer.status_code}: redirects are refused"
    wait = read_retry_after(answer.headers.get("Retry-After"), stamp) or 0.0
    return Attempt(answer.status_code, error_text, wait)
