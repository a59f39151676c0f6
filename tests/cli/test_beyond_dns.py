"""`check domain --beyond-dns` on a real sandbox: what is looked at only when it is asked for."""

from shell import Shell

ZONE = "secure.example.com"


def test_the_policy_file_is_fetched_only_when_asked(shell: Shell) -> None:
    records = [
        (ZONE, "MX", "10 mx.secure.example.com."),
        ("mx." + ZONE, "A", "127.0.0.1"),
        ("_mta-sts." + ZONE, "TXT", "v=STSv1; id=20261121"),
        ("mta-sts." + ZONE, "A", "127.0.0.1"),
    ]
    rows = [{"name": n, "type": t, "ttl": 60, "value": v} for n, t, v in records]
    shell.control("PUT", "/zones", {"records": rows})

    def looked(command: str) -> tuple[set[str], str]:
        (report,) = shell.answer(command)["domains"]
        return {f["rule"] for f in report["findings"]}, " ".join(report["not_judged"])

    found, left_out = looked(f"gctrust check domain {ZONE}")
    assert not any(rule.startswith("mta-sts.policy") for rule in found)
    assert "STS-02" in left_out
    found, left_out = looked(f"gctrust check domain {ZONE} --beyond-dns")
    assert "mta-sts.policy-unavailable" in found  # nothing serves it there
    assert "STS-02" not in left_out
