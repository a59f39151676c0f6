"""Keys that came with an order are kept while a run can need them, and no longer."""

import datetime
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gctrust.adapters.store.changes import NOBODY
from gctrust.adapters.store.schema import SEALED
from gctrust.app import App, build_app
from gctrust.errors import Problem, ProblemType
from gctrust.pipelines.orders import RunEnd
from gctrust.service.order_bodies import CustomDomainBody, ManyBody
from gctrust.service.ordering import Ordering
from gctrust.settings import load_settings


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with build_app(load_settings({"home": str(tmp_path)}, {}, tmp_path)) as one:
        yield one


def body(domain: str) -> CustomDomainBody:
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime.timedelta(days=1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain)])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + day).sign(
        key, SHA256()
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pair = {"certificate": made.public_bytes(Encoding.PEM).decode(), "private_key": secret}
    return CustomDomainBody.model_validate(
        {"journey": "custom-domain", "domain": domain, "pair": pair}
    )


def kept(app: App) -> int:
    with app.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(SEALED)).scalar_one())


async def test_a_key_outlives_its_open_run_and_not_its_end(app: App) -> None:
    ordering = Ordering(app)
    run = ordering.submit(body("www.example.com"), NOBODY)
    assert (ordering.sweep(), kept(app)) == (0, 1)
    app.bulk.runs.ended(run, RunEnd("succeeded"))
    assert (ordering.sweep(), kept(app)) == (1, 0)


async def test_a_run_that_failed_can_still_be_resumed(app: App) -> None:
    ordering = Ordering(app)
    run = ordering.submit(body("www.example.com"), NOBODY)
    app.bulk.runs.failed(run, Problem(ProblemType("x.y", "No.", "", "")), 1)
    assert (ordering.sweep(), kept(app)) == (0, 1)


async def test_keys_of_many_wait_for_every_run_of_them(app: App) -> None:
    ordering = Ordering(app)
    bodies = (body("a.example.com"), body("b.example.com"))
    many = ordering.submit(ManyBody(journey="many", orders=bodies), NOBODY)
    order = app.bulk.many(many)
    assert order is not None
    assert (ordering.sweep(), kept(app)) == (0, 2)
    first, _ = app.bulk.submit(order.items)
    app.bulk.runs.ended(many, RunEnd("cancelled"))
    app.bulk.runs.ended(first, RunEnd("succeeded"))
    assert ordering.sweep() == 0, "what a cancelled run of many has begun goes on"
    app.bulk.runs.ended(app.bulk.submit(order.items[1:])[0], RunEnd("succeeded"))
    assert (ordering.sweep(), kept(app)) == (2, 0)


async def test_a_body_prints_no_key(app: App) -> None:
    one = body("www.example.com")
    assert "PRIVATE KEY" not in repr(one)
    assert "PRIVATE KEY" not in one.model_dump_json()
