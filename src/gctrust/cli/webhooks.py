"""`gctrust webhooks`: endpoints, and every delivery to them."""

from __future__ import annotations

from cyclopts import App

app = App(name="webhooks", help="Webhooks: endpoints, deliveries, replay, test.")
for _name, _place, _help in (
    ("list", "deliveries:list_all", "Endpoints with their health, and the newest deliveries."),
    ("show", "deliveries:show", "One endpoint, or one delivery with its body and attempts."),
    ("dead", "deliveries:dead", "Deliveries that were given up."),
    ("replay", "deliveries:replay", "Send again, under the same id."),
    ("add", "endpoints:add", "Add an endpoint."),
    ("remove", "endpoints:remove", "Remove an endpoint; what waits for it is given up."),
    ("enable", "endpoints:enable", "Send to an endpoint again, what waited first."),
    ("disable", "endpoints:disable", "Send nothing to an endpoint; its deliveries wait."),
    ("rotate-secret", "endpoints:rotate_secret", "Sign with a new secret, and a while with both."),
    ("events", "events:events", "The events there are; one with its schema and a sample."),
    ("test", "test:send_test", "Send a real signed delivery now, and say what came of it."),
    ("listen", "listen:listen", "A receiver on this machine that verifies and prints."),
):
    app.command(f"gctrust.cli.webhooks_{_place}", name=_name, help=_help)
