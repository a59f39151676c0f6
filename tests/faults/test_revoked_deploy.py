"""A certificate that its CA has revoked is never sent: CRL and OCSP are asked before a plan."""

from __future__ import annotations

from arena import arena
from authority import NOW
from voyage import voyage

from gctrust.cli.tls_plan import planned_of
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.orders import CustomDomainOrder
from gctrust.sandbox.authority import Authority

HOST = "www.revoked.example"


class Still:
    """A CA's clock that stands."""

    def now(self):
        return NOW.timestamp()


def written(folder, issued):
    folder.mkdir()
    texts = {
        "cert.pem": issued.certificate_pem,
        "key.pem": issued.private_key_pem,
        "chain.pem": issued.chain_pem,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return CertificateFiles(*(str(folder / name) for name in texts))


async def test_a_revoked_certificate_is_refused_before_anything_is_sent(tmp_path):
    authority = Authority(Still())
    await authority.start()
    (tmp_path / "roots.pem").write_text(authority.roots_pem)
    good, bad = authority.issue([HOST]), authority.issue([HOST])
    authority.revoke(bad.serial)
    with arena(tmp_path, "--clock-start", str(NOW.timestamp() + 60)) as house:
        async with voyage(house, GCTRUST_ROOTS_FILE=str(tmp_path / "roots.pem")) as trip:

            async def looked(issued, name):
                files = written(tmp_path / name, issued)
                order = CustomDomainOrder(HOST, files, profile="private")
                _, findings, refused = await planned_of(trip.app, order)
                return refused, {f.rule for f in findings if "revo" in f.rule}

            assert await looked(good, "good") == (False, set())
            assert await looked(bad, "bad") == (True, {"cert.revoked"})
            assert house.writes() == []
    await authority.stop()
