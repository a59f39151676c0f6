"""A made-up world of mail domains as zone files: seeded, so that every run asks the same.

Domains send through one to four of forty providers (SPF includes, some nested), have one to three
MX hosts with A, AAAA and reverse DNS, DMARC with every policy, DKIM keys; some have nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

SEED = 7208
PROVIDERS = 40
ZONE = "example"
_SOA = """\
@ 3600 SOA ns1.nic.example. host.nic.example. 1 7200 3600 1209600 300
@ 3600 NS ns1.nic.example.
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """A message to evaluate SPF for."""

    ip: str
    mail_from: str
    helo: str


@dataclass(frozen=True, slots=True)
class World:
    domains: tuple[str, ...]
    senders: tuple[Sender, ...]
    records: tuple[tuple[str, int, str, str], ...]  # owner, ttl, type, value as in a zone file

    def write(self, folder: Path) -> None:
        """`example.zone` and those of reverse DNS."""
        for zone in (ZONE, "in-addr.arpa", "ip6.arpa"):
            lines = [f"$ORIGIN {zone}.\n", _SOA]
            end = f".{zone}"
            lines += [
                f"{owner}. {ttl} {kind} {value}\n"
                for owner, ttl, kind, value in self.records
                if owner.endswith(end)
            ]
            (folder / f"{zone}.zone").write_text("".join(lines), "ascii")


def make(count: int, seed: int = SEED) -> World:
    """`count` domains and a sender for each."""
    chance = random.Random(seed)
    records: list[tuple[str, int, str, str]] = [("ns1.nic.example", 3600, "A", "192.0.2.53")]
    networks = [_provider(number, chance, records) for number in range(PROVIDERS)]
    domains, senders = [], []
    for number in range(count):
        name = f"{chance.choice(('shop', 'mail', 'the', 'my', 'blue'))}{number:06d}.example"
        used = _domain(name, number, chance, records)
        domains.append(name)
        ip = _sender_ip(chance, [networks[one] for one in used])
        senders.append(Sender(ip, f"news@{name}", f"out{number % 50}.esp00.example"))
    return World(tuple(domains), tuple(senders), tuple(records))


def _text(value: str) -> str:
    parts = [value[at : at + 255] for at in range(0, len(value), 255)]
    return " ".join(f'"{part}"' for part in parts)


def _provider(number: int, chance: random.Random, records: list) -> str:
    host = f"esp{number:02d}.example"
    network = f"203.{number}.0.0/17"
    nested = [f"_spf{n}.{host}" for n in range(chance.choice((0, 0, 1, 2)))]
    terms = " ".join(f"include:{one}" for one in nested)
    own = " ".join(f"ip4:203.{number}.{128 + n}.0/24" for n in range(chance.randint(2, 8)))
    text = (
        f"v=spf1 {own} {terms} ip4:{network} ~all" if terms else f"v=spf1 {own} ip4:{network} ~all"
    )
    records.append((f"spf.{host}", 3600, "TXT", _text(text)))
    for one in nested:
        blocks = " ".join(f"ip4:198.{number}.{n}.0/24" for n in range(6))
        records.append((one, 3600, "TXT", _text(f"v=spf1 {blocks} ~all")))
    for n in range(4):
        _host(f"mx{n}.{host}", f"203.{number}.200.{n + 1}", records)
    return f"203.{number}.7"


def _host(name: str, ip: str, records: list) -> None:
    records.append((name, 3600, "A", ip))
    records.append((name, 3600, "AAAA", "2001:db8:" + ":".join(ip.split(".")) + "::1"))
    reverse = ".".join(reversed(ip.split("."))) + ".in-addr.arpa"
    records.append((reverse, 3600, "PTR", f"{name}."))


def _domain(name: str, number: int, chance: random.Random, records: list) -> list[int]:
    used = chance.sample(range(PROVIDERS), chance.choice((1, 1, 2, 2, 3, 4)))
    kind = chance.random()
    if kind < 0.93:
        terms = [f"include:spf.esp{one:02d}.example" for one in used]
        terms += ["mx"] * (chance.random() < 0.4) + ["a"] * (chance.random() < 0.2)
        terms.append(f"ip4:198.18.{number % 250}.{number // 250 % 250}")
        text = f"v=spf1 {' '.join(terms)} {chance.choice(('-all', '~all', '~all', '?all'))}"
        records.append((name, 300, "TXT", _text(text)))
    if chance.random() < 0.3:
        records.append(
            (name, 300, "TXT", _text(f"site-verification={chance.getrandbits(128):032x}"))
        )
    records.append((name, 300, "A", f"198.19.{number // 250 % 250}.{number % 250}"))
    _mail_hosts(name, number, used[0], chance, records)
    if chance.random() < 0.8:
        policy = chance.choice(("none", "quarantine", "reject"))
        report = f"dmarc@{name}" if chance.random() < 0.6 else "in@reports.example"
        records.append(
            (f"_dmarc.{name}", 300, "TXT", _text(f"v=DMARC1; p={policy}; rua=mailto:{report}"))
        )
        if report == "in@reports.example":
            records.append((f"{name}._report._dmarc.reports.example", 300, "TXT", '"v=DMARC1"'))
    if chance.random() < 0.6:
        key = "".join(
            chance.choices(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=344
            )
        )
        records.append(
            (f"s1._domainkey.{name}", 300, "TXT", _text(f"v=DKIM1; k=rsa; p=MIIBIjAN{key}"))
        )
    return used


def _mail_hosts(
    name: str, number: int, provider: int, chance: random.Random, records: list
) -> None:
    if chance.random() < 0.6:
        host = f"esp{provider:02d}.example."
        records += [(name, 300, "MX", f"{10 * n} mx{n}.{host}") for n in (1, 2)]
        return
    for n in range(chance.choice((1, 1, 2))):
        _host(f"mx{n}.{name}", f"198.{20 + n}.{number // 250 % 250}.{number % 250}", records)
        records.append((name, 300, "MX", f"{10 * (n + 1)} mx{n}.{name}."))


def _sender_ip(chance: random.Random, networks: list[str]) -> str:
    if chance.random() < 0.7:
        return f"{chance.choice(networks)}.{chance.randint(1, 250)}"
    return f"198.51.100.{chance.randint(1, 250)}"
