from __future__ import annotations

import pytest

from gctrust.adapters.credentials.rotation_files import RotationFiles
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck
from gctrust.adapters.tls.edge_probe import EdgeProbe
from gctrust.adapters.tls.pin_use import PinUseSources
from gctrust.errors import Problem
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.pin_effects import ComputePins
from gctrust.runner.perform_pin_rotation import PinRotationPerformer
from gctrust.secret import Secret


async def test_no_endpoint_to_observe_at_is_told_before_anything_is_published():
    clock, nowhere = SystemClock(), "http://127.0.0.1:9"
    files = CertificateFiles("absent.pem", "absent.key")
    async with (
        Resolver(("127.0.0.1#9",), clock) as resolver,
        GenesysClient(
            PlatformAddress(nowhere, nowhere), Credentials("id", Secret("x")), clock
        ) as g,
    ):
        check = RotationFiles(CertificateCheck(clock))
        performer = PinRotationPerformer(g, EdgeProbe(resolver), clock, check, PinUseSources())
        with pytest.raises(Problem) as raised:
            await performer.compute(ComputePins(files, files, "", "certificate"))
    assert raised.value.code == "tls.no-endpoint"
