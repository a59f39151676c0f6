"""`gctrust check`: judge a domain, an SPF verdict, a certificate or a host, with no account."""

from __future__ import annotations

from cyclopts import App

# Each module is imported when its command runs: a certificate needs no mail judge.
_COMMANDS = {
    "domain": "Mail authentication of domains: SPF, DKIM, DMARC, MX and reverse DNS.",
    "spf": "What SPF answers for one sender (RFC 7208 check_host), with every term tried.",
    "cert": "Judge a certificate, its chain and its key before it is deployed.",
    "host": "What a server really presents: chain, versions, staple, handshake latency.",
}

app = App(name="check", help="Check a domain, an SPF verdict, a certificate or a host.")
for _name, _help in _COMMANDS.items():
    app.command(f"gctrust.cli.check_{_name}:{_name}", name=_name, help=_help)
