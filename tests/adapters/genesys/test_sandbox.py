"""The client, the settings and the sandbox's clock against a sandbox of its own process."""

import asyncio

import pytest
from box import Sandbox

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.regions import PlatformAddress, platform_address
from gctrust.adapters.genesys.wire import CertificateUpload, PinUpdate
from gctrust.adapters.sandbox_clock import SandboxClock
from gctrust.adapters.system import SystemClock, clock_for
from gctrust.errors import Problem
from gctrust.secret import Secret


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("home"))
    yield sandbox
    sandbox.end()


@pytest.fixture
def sandbox(running):
    running.control("DELETE", "/faults")
    running.control("POST", "/reset", {})
    return running


@pytest.fixture
async def client(sandbox):
    settings = sandbox.settings()
    async with GenesysClient.of(settings, clock_for(platform_address(settings))) as one:
        yield one


async def problem_of(call) -> Problem:
    with pytest.raises(Problem) as caught:
        await call
    return caught.value


def test_settings_find_the_sandboxes_own_addresses(sandbox):
    settings = sandbox.settings()
    assert settings.nameservers == tuple(sandbox.addresses["nameservers"])
    assert settings.mtls_endpoints == tuple(sandbox.addresses["mtls"])
    assert settings.roots_file.read_text().startswith("-----BEGIN CERTIFICATE")


async def test_an_email_domain_from_registration_to_deletion(client):
    made = await client.create_email_domain("first.example")
    assert made.status == "pending"
    assert {record.purpose for record in made.required} >= {"spf", "dkim"}
    again = await problem_of(client.create_email_domain("first.example"))
    assert again.code == "genesys.conflict"
    assert again.facts["correlation_id"]
    assert (await client.get_email_domain(made.id)).domain == "first.example"
    assert (await client.verify_email_domain(made.id)).status == "pending"
    await client.delete_email_domain(made.id)
    await client.delete_email_domain(made.id)
    assert (await problem_of(client.get_email_domain(made.id))).code == "genesys.not-found"


async def test_a_custom_domain_is_uploaded_found_and_replaced(client, sandbox):
    upload = issued(sandbox)
    made = await client.create_custom_domain("trust.example", upload)
    found = await client.find_custom_domain("trust.example")
    assert found.id == made.id
    assert found.certificate.startswith("-----BEGIN CERTIFICATE")
    renewed = await client.replace_custom_domain(made.id, issued(sandbox), found.etag)
    assert renewed.etag != found.etag
    stale = await problem_of(client.replace_custom_domain(made.id, issued(sandbox), found.etag))
    assert stale.code == "genesys.changed-meanwhile"


async def test_a_wrong_key_is_a_bad_request(client, sandbox):
    one, other = issued(sandbox), issued(sandbox)
    mixed = CertificateUpload(one.certificate, other.private_key, one.chain)
    problem = await problem_of(client.create_custom_domain("trust.example", mixed))
    assert problem.code == "genesys.bad-request"
    assert "PRIVATE" not in str(problem.facts)


async def test_an_upload_is_seen_in_the_audit_pages(client, sandbox):
    made = await client.create_custom_domain("trust.example", issued(sandbox))
    sandbox.control("POST", "/clock", {"advance": 600})
    entries = [entry async for page in client.audit_pages() for entry in page.entries]
    assert made.id in {entry.target_id for entry in entries}


async def test_pins_are_written_read_back_and_guarded(client, sandbox):
    id = sandbox.addresses["client_id"]
    before = await client.get_oauth_client(id)
    pin = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo="
    update = PinUpdate("svc", pin, "", "", issued(sandbox).certificate)
    written = await client.update_pins(id, update, before.etag)
    assert (written.primary_pin, written.mtls_required) == (pin, True)
    assert (await client.get_oauth_client(id)).etag == written.etag
    stale = await problem_of(client.update_pins(id, update, before.etag))
    assert stale.code == "genesys.changed-meanwhile"


async def test_a_lost_answer_leaves_one_registration_to_adopt(client, sandbox):
    sandbox.control("PUT", "/faults", [rule(sandbox, "lost", "POST")])
    problem = await problem_of(client.create_email_domain("lost.example"))
    assert problem.code == "genesys.answer-lost"
    again = await problem_of(client.create_email_domain("lost.example"))
    assert again.code == "genesys.conflict"


@pytest.mark.parametrize("kind", ["reset", "truncate", "malformed", "status"])
async def test_a_read_gets_over_one_fault(client, sandbox, kind):
    made = await client.create_email_domain("x.example")
    sandbox.control("PUT", "/faults", [rule(sandbox, kind, "GET")])
    assert (await client.get_email_domain(made.id)).id == made.id


async def test_wrong_secret(sandbox):
    settings = sandbox.settings(GENESYS_CLIENT_SECRET="wrong-tell-tale")
    async with GenesysClient.of(settings, SystemClock()) as one:
        problem = await problem_of(one.find_email_domain("x.example"))
    assert problem.code == "genesys.bad-credentials"
    assert "tell-tale" not in f"{problem}{dict(problem.facts)}"


async def test_the_second_guides_token_endpoint(sandbox):
    settings = sandbox.settings(GCTRUST_GRANT_BODY="json")
    async with GenesysClient.of(settings, SystemClock()) as one:
        assert await one.find_email_domain("x.example") is None


async def test_the_clock_follows_jumps_and_ends_a_wait(sandbox):
    clock = SandboxClock(PlatformAddress.parse(sandbox.addresses["api"]))
    before = clock.now()
    wait = asyncio.ensure_future(clock.sleep_until(before + 3600))
    await asyncio.sleep(0.1)
    assert not wait.done()
    await asyncio.to_thread(sandbox.control, "POST", "/clock", {"advance": 3600})
    await asyncio.wait_for(wait, 5)
    assert clock.now() >= before + 3600


def test_only_a_sandbox_has_a_clock_to_follow():
    with pytest.raises(ValueError):
        SandboxClock(PlatformAddress.parse("us-east-1"))
    assert isinstance(clock_for(PlatformAddress.parse("us-east-1")), SystemClock)
    assert isinstance(clock_for(None), SystemClock)


def issued(sandbox) -> CertificateUpload:
    order = {"names": ["trust.example"], "profile": "server", "days": 90, "key": "ec"}
    made = sandbox.control("POST", "/ca/issue", order)
    return CertificateUpload(made["certificate"], Secret(made["privateKey"]), made["chain"])


def rule(sandbox, kind, method):
    path = "/api/v2/organization/*"
    return {"kind": kind, "name": "once", "method": method, "path": path, "times": 1}
