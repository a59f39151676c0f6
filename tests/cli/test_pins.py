"""`gctrust pins`: the plan judges what it is given; nothing odd reaches the platform."""

from __future__ import annotations

from shell import CLIENT, Shell

ROTATE = "gctrust pins rotate"


def test_the_plan_judges_the_files(shell: Shell) -> None:
    env = shell.pin_files()
    done = shell.run(ROTATE, **env)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "perform it with: gctrust pins rotate --yes" in done.stdout


def test_a_wrong_key_is_told_in_the_plan(shell: Shell) -> None:
    env = shell.pin_files() | {"NEW_KEY_PATH": "old.key"}
    done = shell.run(ROTATE, **env)
    assert done.returncode == 10
    assert "cert.key-mismatch" in done.stdout
    assert "the journey would refuse this" in done.stdout


def test_an_expired_certificate_is_told_in_the_plan(shell: Shell) -> None:
    env = shell.pin_files()
    made = shell.issue("new.example.com", "client", days=1)
    shell.write(new_pem=made["certificate"], new_key=made["privateKey"])
    shell.control("POST", "/clock", {"advance": 2 * 86400})
    done = shell.run(ROTATE, **env)
    assert done.returncode == 10
    assert "cert.expired" in done.stdout


def test_an_id_that_would_change_the_path_is_refused(shell: Shell) -> None:
    for id_ in ("../../oauth/clients", "a/b", "..", "a?b=c", "a%2fb", "a b"):
        done = shell.run("gctrust pins status", PIN_CLIENT_ID=id_)
        assert done.returncode == 2, id_
        assert "config.bad-value" in done.stderr


def test_an_unknown_hazard_is_refused_with_the_known_ones(shell: Shell) -> None:
    done = shell.run(f"{ROTATE} --yes --allow pin.no-bakcup", **shell.pin_files())
    assert done.returncode == 2
    assert "cli.unknown-hazard" in done.stderr
    assert "pin.no-backup" in done.stderr


def test_without_a_backup_the_hazard_is_to_be_allowed(shell: Shell) -> None:
    env = shell.pin_files() | {"BACKUP_CERT_PATH": ""}
    done = shell.run(f"{ROTATE} --yes", **env)
    assert done.returncode == 10
    assert "--allow pin.no-backup" in done.stdout
    allowed = shell.run(f"{ROTATE} --allow pin.no-backup", **env)
    assert allowed.returncode == 11


def test_a_guard_that_guards_nothing_is_refused(shell: Shell) -> None:
    env = shell.pin_files()
    few = "--handshakes=200"  # 0.997 needs 998
    for flag in ("--soak=-1", "--drain=inf", "--target-rate=0", few, "--canary=0"):
        done = shell.run(f"{ROTATE} {flag}", **env)
        assert done.returncode == 2, flag
        assert flag.partition("=")[0] in done.stderr


def test_certificate_and_key_the_wrong_way_round_are_told_by_the_plan(shell: Shell) -> None:
    env = shell.pin_files()
    done = shell.run(f"{ROTATE} --new-cert new.key --new-key new.pem", **env)
    assert (done.returncode, "file.unreadable" in done.stderr) == (2, True)


def test_check_tells_which_pin_a_file_is(shell: Shell) -> None:
    shell.pin_files()
    live = shell.run(f"gctrust pins check old.pem --client-id {CLIENT}")
    assert (live.returncode, "is the primary pin" in live.stdout) == (0, True)
    other = shell.run(f"gctrust pins check new.pem --client-id {CLIENT}")
    assert (other.returncode, "is no live pin" in other.stdout) == (10, True)
