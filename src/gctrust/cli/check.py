"""`gctrust check`: judge a domain, an SPF verdict, a certificate or a host, with no account."""

from __future__ import annotations

from cyclopts import App

from .check_cert import cert
from .check_domain import domain
from .check_host import host
from .check_spf import spf

app = App(name="check", help="Check a domain, an SPF verdict, a certificate or a host.")
for _command in (domain, spf, cert, host):
    app.command(_command)
