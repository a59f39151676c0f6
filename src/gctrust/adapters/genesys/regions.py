"""Regions: from a name, an AWS code, a host or a URL to the origins to talk to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from ...errors import Problem
from ...settings import Settings, loopback_origin, missing
from ...settings.problems import BAD_VALUE, CONFLICT

# Region hosts of the official SDK (269.0.0) and Terraform provider (1.84.1).
DOMAINS: Final[Mapping[str, str]] = {
    "us-east-1": "mypurecloud.com",
    "us-east-2": "use2.us-gov-pure.cloud",
    "us-west-2": "usw2.pure.cloud",
    "ca-central-1": "cac1.pure.cloud",
    "mx-central-1": "mxc1.pure.cloud",
    "sa-east-1": "sae1.pure.cloud",
    "eu-west-1": "mypurecloud.ie",
    "eu-west-2": "euw2.pure.cloud",
    "eu-central-1": "mypurecloud.de",
    "eu-central-2": "euc2.pure.cloud",
    "eusc-de-east-1": "edee1.eusc-pure.cloud",
    "me-central-1": "mec1.pure.cloud",
    "ap-south-1": "aps1.pure.cloud",
    "ap-southeast-1": "apse1.pure.cloud",
    "ap-southeast-2": "mypurecloud.com.au",
    "ap-northeast-1": "mypurecloud.jp",
    "ap-northeast-2": "apne2.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud",
}


@dataclass(frozen=True, slots=True)
class PlatformAddress:
    """Origins of the API and of the login host. `region` is the AWS code, "" where unknown."""

    api: str
    login: str
    region: str = ""

    @property
    def loopback(self) -> bool:
        """A sandbox on this machine."""
        return loopback_origin(self.api) is not None

    @classmethod
    def parse(cls, text: str) -> PlatformAddress:
        """Raises ValueError whose text says what is wrong and what would be right."""
        if origin := loopback_origin(text.strip()):
            return cls(origin, origin)
        given = text.strip().rstrip("/").lower()
        parts = urlsplit(given if "//" in given else f"//{given}")
        if parts.scheme not in ("", "https"):
            raise ValueError("credentials go over https only, except to a loopback address")
        host = parts.hostname or ""
        if (code := given.replace("_", "-")) in DOMAINS:
            return _of_region(code)
        for code, domain in DOMAINS.items():
            if host == domain or host.endswith("." + domain):
                return _of_region(code)
        if parts.scheme == "https" and host:
            return _of_unknown(host, parts.port)
        raise ValueError(_not_known(given))


def platform_address(settings: Settings) -> PlatformAddress:
    """The platform that the settings name. Raises Problem config.missing, .bad-value, .conflict."""
    if not settings.platform:
        raise missing("platform")
    origin = settings.origins.get("platform", "")
    addresses = []
    for text in settings.platform:
        try:
            addresses.append(PlatformAddress.parse(text))
        except ValueError as error:
            facts = {"setting": "platform", "origin": origin, "seen": text[:120]}
            raise Problem(BAD_VALUE, facts, hint=f"For platform, {error}.") from None
    if len(set(addresses)) > 1:
        raise Problem(
            CONFLICT,
            {"setting": "platform", "names": origin.split(" and "), "seen": [*settings.platform]},
            hint=f"{origin} name different platforms: unset one.",
        )
    return addresses[0]


def _of_region(code: str) -> PlatformAddress:
    domain = DOMAINS[code]
    return PlatformAddress(f"https://api.{domain}", f"https://login.{domain}", code)


def _of_unknown(host: str, port: int | None) -> PlatformAddress:
    """A host outside the table is believed only as a full URL: a typo must get no credentials."""
    at = f":{port}" if port else ""
    login = f"login.{host.removeprefix('api.')}" if host.startswith("api.") else host
    return PlatformAddress(f"https://{host}{at}", f"https://{login}{at}")


def _not_known(given: str) -> str:
    near = get_close_matches(given, [*DOMAINS, *DOMAINS.values()], 1)
    if near:
        return f"{given[:80]!r} is no known region; did you mean {near[0]!r}?"
    return f"{given[:80]!r} is no known region; give one such as us-east-1, or a full https:// URL"
