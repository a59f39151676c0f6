"""Settings: precedence of the levels, names, origins, and what a bad value says."""

import json
from pathlib import Path

import pytest

from gctrust.adapters.genesys.oauth import credentials_of
from gctrust.adapters.genesys.regions import platform_address
from gctrust.errors import Problem
from gctrust.settings import load_settings, origins


class World:
    """A working folder and a home folder, both empty at first."""

    def __init__(self, root: Path) -> None:
        self.cwd, self.home = root / "work", root / "home"
        self.cwd.mkdir()
        self.home.mkdir()

    def project(self, text: str) -> None:
        (self.cwd / "gctrust.toml").write_text(text)

    def user(self, text: str) -> None:
        path = self.home / ".config/gctrust/config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text)

    def gc(self, text: str) -> None:
        (self.home / ".gc").mkdir()
        (self.home / ".gc/config.toml").write_text(text)

    def load(self, flags=None, **environ):
        return load_settings(flags or {}, environ, self.cwd, self.home)

    def origin(self, settings, name):
        return next(shown for shown in origins(settings) if shown.name == name)

    def problem(self, flags=None, **environ) -> Problem:
        with pytest.raises(Problem) as caught:
            self.load(flags, **environ)
        return caught.value


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_each_level_wins_over_the_one_below(world):
    assert world.load().client_id is None
    world.gc('[DEFAULT]\nclient_credentials = "from-gc"\n')
    assert world.load().client_id == "from-gc"
    world.user('client-id = "from-user"\n')
    assert world.load().client_id == "from-user"
    world.project('client-id = "from-project"\n')
    assert world.load().client_id == "from-project"
    assert world.load(GENESYS_CLIENT_ID="from-env").client_id == "from-env"
    both = world.load({"client_id": "from-flag"}, GENESYS_CLIENT_ID="from-env")
    assert both.client_id == "from-flag"
    assert world.origin(both, "client_id").origin == "flag --client-id"


@pytest.mark.parametrize(
    "names",
    [
        ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_REGION"),
        ("GENESYS_API_KEY", "GENESYS_API_SECRET", "GENESYS_ENV_URL"),
        (
            "GENESYSCLOUD_OAUTHCLIENT_ID",
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
            "GENESYSCLOUD_REGION",
        ),
    ],
)
def test_the_names_of_the_guides_and_of_the_official_tools(world, names):
    settings = world.load(
        **dict(zip(names, ("id", "s3cret", "https://api.mypurecloud.de"), strict=False))
    )
    credentials = credentials_of(settings)
    assert (credentials.client_id, credentials.secret.reveal()) == ("id", "s3cret")
    assert platform_address(settings).region == "eu-central-1"
    assert world.origin(settings, "client_id").origin == f"environment {names[0]}"


def test_the_second_guides_key_asks_for_tokens_the_second_guides_way(world):
    assert world.load(GENESYS_API_KEY="k").grant_body == "json"
    assert world.load(GENESYS_CLIENT_ID="k").grant_body == "form"
    assert world.load(GENESYS_API_KEY="k", GCTRUST_GRANT_BODY="form").grant_body == "form"


def test_two_names_with_different_values_are_both_named(world):
    problem = world.problem(GENESYS_CLIENT_ID="a", GENESYS_API_KEY="b")
    assert problem.code == "config.conflict"
    assert "GENESYS_CLIENT_ID" in problem.next_step
    assert "GENESYS_API_KEY" in problem.next_step
    assert world.load(GENESYS_CLIENT_ID="a", GENESYS_API_KEY="a").client_id == "a"


def test_secrets_that_differ_are_not_shown(world):
    problem = world.problem(GENESYS_CLIENT_SECRET="aaaa-1", GENESYS_API_SECRET="bbbb-2")
    text = f"{problem} {problem.next_step} {problem.facts}"
    assert "GENESYS_API_SECRET" in text
    assert "aaaa-1" not in text
    assert "bbbb-2" not in text


def test_region_and_url_of_the_same_platform_agree(world):
    settings = world.load(GENESYS_REGION="us-east-1", GENESYS_ENV_URL="https://api.mypurecloud.com")
    assert platform_address(settings).login == "https://login.mypurecloud.com"
    settings = world.load(GENESYS_REGION="us-east-1", GENESYS_ENV_URL="https://api.mypurecloud.de")
    with pytest.raises(Problem) as caught:
        platform_address(settings)
    assert caught.value.code == "config.conflict"
    assert "GENESYS_REGION" in caught.value.next_step
    assert "GENESYS_ENV_URL" in caught.value.next_step


def test_files_of_the_guides(world):
    settings = world.load(
        TARGET_DOMAIN="Example.COM.", CERT_PATH="c.pem", KEY_PATH="/k.pem", CHAIN_PATH="chain.pem",
        WEBHOOK_URL="https://hooks.example/x", PIN_CLIENT_ID="p", SERVICE_ID="s",
        NEW_CERT_PATH="n.pem", NEW_KEY_PATH="nk.pem", OLD_CERT_PATH="o.pem",
        BACKUP_CERT_PATH="b.pem",
    )  # fmt: skip
    assert str(settings.target_domain) == "example.com"
    assert settings.cert_path == world.cwd / "c.pem"
    assert settings.key_path == Path("/k.pem")
    assert (settings.pin_client_id, settings.service_id) == ("p", "s")
    assert settings.backup_cert_path == world.cwd / "b.pem"


def test_a_path_in_a_file_starts_from_that_file(world):
    world.user('cert-path = "mine.pem"\n')
    assert world.load().cert_path == world.home / ".config/gctrust/mine.pem"


def test_tables_flatten(world):
    world.project("[timeout]\ntoken = 3\naudit = 4.5\n[dns]\ntries = 7\n")
    settings = world.load()
    assert (settings.timeout_token, settings.timeout_audit, settings.dns_tries) == (3.0, 4.5, 7)


def test_lists_in_files_and_in_the_environment(world):
    world.project('nameservers = ["192.0.2.1", "192.0.2.2#5353"]\n')
    assert world.load().nameservers == ("192.0.2.1", "192.0.2.2#5353")
    assert world.load(GCTRUST_NAMESERVERS="192.0.2.9, 192.0.2.8").nameservers == (
        "192.0.2.9",
        "192.0.2.8",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CERT_PATH", "~nobody-of-that-name/x"), ("GCTRUST_EDGE_PORT", "0"),
        ("GCTRUST_EDGE_PORT", "70000"), ("GCTRUST_EDGE_PORT", "https"),
        ("TARGET_DOMAIN", "not a domain"),
        ("WEBHOOK_URL", "ftp://x"), ("GCTRUST_TIMEOUT_TOKEN", "-1"),
        ("GCTRUST_TIMEOUT_TOKEN", "nan"), ("GCTRUST_DIALECT", "klingon"),
    ],
)  # fmt: skip
def test_a_bad_value_names_setting_origin_and_what_was_seen(world, name, value):
    problem = world.problem(**{name: value})
    assert problem.code == "config.bad-value"
    assert problem.facts["origin"] == f"environment {name}"
    assert problem.facts["seen"] == value
    assert problem.type.kind == "usage"


def test_unknown_names_in_a_file_get_a_suggestion(world):
    world.project('client-idd = "x"\n')
    problem = world.problem()
    assert problem.code == "config.unknown-setting"
    assert "client-id" in problem.next_step


def test_broken_toml_is_a_problem(world):
    world.project("client-id = ")
    assert world.problem().code == "config.unreadable-file"


def test_secrets_are_refused_as_flags_and_in_own_files(world):
    flagged = world.problem({"client_secret": "tell-tale"})
    assert flagged.code == "config.exposed-secret"
    world.project('client-secret = "tell-tale"\n')
    filed = world.problem()
    assert filed.code == "config.exposed-secret"
    assert "tell-tale" not in f"{flagged}{flagged.next_step}{filed}{filed.next_step}"


@pytest.mark.parametrize("how", ["env", "flag", "toml"])
def test_secrets_come_from_files_of_their_own(world, how):
    (world.cwd / "s.txt").write_text("from-a-file\n")
    if how == "env":
        settings = world.load(WEBHOOK_SECRET_FILE="s.txt")
    elif how == "flag":
        settings = world.load({"webhook_secret_file": "s.txt"})
    else:
        world.project('webhook-secret-file = "s.txt"\n')
        settings = world.load()
    assert settings.webhook_secret.reveal() == "from-a-file"


def test_a_missing_secret_file_is_named(world):
    problem = world.problem(WEBHOOK_SECRET_FILE="gone.txt")
    assert problem.code == "config.unreadable-file"
    assert "gone.txt" in str(problem.facts["path"])


def test_gc_profiles(world):
    world.gc(
        '[DEFAULT]\nenvironment = "mypurecloud.ie"\n'
        '[other]\nenvironment = "me_central_1"\nclient_credentials = "c"\nclient_secret = "s"\n'
    )
    assert platform_address(world.load()).region == "eu-west-1"
    other = world.load(GCTRUST_PROFILE="other")
    assert platform_address(other).region == "me-central-1"
    assert credentials_of(other).secret.reveal() == "s"
    problem = world.problem(GCTRUST_PROFILE="none")
    assert problem.facts["profiles"] == ["DEFAULT", "other"]


def test_no_secret_is_ever_shown(world):
    settings = world.load(
        GENESYS_CLIENT_SECRET="tell-tale",
        WEBHOOK_TOKEN="tell-tale",
        HTTPS_PROXY="http://u:tell-tale@h",
    )
    assert "tell-tale" not in repr(settings) + repr(origins(settings))
    assert world.origin(settings, "client_secret").value == "set"
    assert world.origin(settings, "webhook_secret").value == "not set"


def test_home_is_never_the_working_folder(world):
    assert world.load().home == world.home / ".local/share/gctrust"
    assert world.load(GCTRUST_HOME="/srv/gct").home == Path("/srv/gct")


def test_what_is_missing_is_named_with_its_variables(world):
    with pytest.raises(Problem) as caught:
        credentials_of(world.load(GENESYS_CLIENT_ID="a"))
    assert caught.value.code == "config.missing"
    assert "GENESYS_CLIENT_SECRET" in caught.value.next_step
    with pytest.raises(Problem) as caught:
        platform_address(world.load())
    assert "GENESYS_REGION" in caught.value.next_step


class TestSandboxNote:
    NOTE = {
        "api": "http://127.0.0.1:4711",
        "nameservers": ["127.0.0.1#5301", "127.0.0.1#5302"],
        "edge": "127.0.0.1:4443",
        "edges": ["127.0.0.1:4443"],
        "mtls": ["127.0.0.1:4444", "127.0.0.1:4445"],
        "roots": "/tmp/roots.pem",
        "issuer": "/tmp/issuer.pem",
    }

    def write(self, world, **changes):
        folder = world.home / "state/sandboxes"
        folder.mkdir(parents=True, exist_ok=True)
        note = {"addresses": self.NOTE | changes}
        (folder / "4711.json").write_text(json.dumps(note))
        return str(world.home / "state")

    @pytest.mark.parametrize(
        "spelt", ["http://127.0.0.1:4711", "127.0.0.1:4711", "localhost:4711/"]
    )
    def test_gives_defaults_when_the_platform_is_that_sandbox(self, world, spelt):
        settings = world.load(GCTRUST_HOME=self.write(world), GENESYS_ENV_URL=spelt)
        assert settings.nameservers == ("127.0.0.1#5301", "127.0.0.1#5302")
        assert settings.mtls_endpoints == ("127.0.0.1:4444", "127.0.0.1:4445")
        assert settings.edges == ("127.0.0.1:4443",)
        assert settings.roots_file == Path("/tmp/roots.pem")
        assert world.origin(settings, "roots_file").origin == "sandbox"
        assert settings.pin_issuer_path == Path("/tmp/issuer.pem")

    def test_what_the_user_says_wins(self, world):
        settings = world.load(
            GCTRUST_HOME=self.write(world),
            GENESYS_ENV_URL="http://127.0.0.1:4711",
            GCTRUST_NAMESERVERS="192.0.2.1",
        )
        assert settings.nameservers == ("192.0.2.1",)

    @pytest.mark.parametrize("url", ["https://api.mypurecloud.com", "http://127.0.0.1:4712"])
    def test_is_not_used_for_another_platform(self, world, url):
        settings = world.load(GCTRUST_HOME=self.write(world), GENESYS_ENV_URL=url)
        assert settings.nameservers == ()

    def test_a_note_of_another_origin_is_not_believed(self, world):
        home = self.write(world, api="http://127.0.0.1:9")
        settings = world.load(GCTRUST_HOME=home, GENESYS_ENV_URL="http://127.0.0.1:4711")
        assert settings.nameservers == ()


@pytest.mark.parametrize(
    ("name", "text", "origin"),
    [
        ("target_domain", "mail.example.com", "argument NAME"),
        ("cert_path", "a.pem", "flag --cert"),
        ("pin_client_id", "c-1", "flag --client-id"),
        ("dkim_selectors", "s1", "flag --selector"),
        ("pin_kind", "spki", "flag --pin-kind"),
    ],
)
def test_a_flag_is_named_as_it_is_typed(world, name, text, origin):
    assert world.origin(world.load({name: text}), name).origin == origin


@pytest.mark.parametrize("text", ["1.2.3.4", "10.0.0.256", "localhost", "a.localhost", "com"])
def test_no_address_and_no_single_label_is_a_target(world, text):
    problem = world.problem(TARGET_DOMAIN=text)
    assert problem.code == "config.bad-value"
    assert problem.facts["seen"] == text


@pytest.mark.parametrize("text", ["a/b", "..", ".", "a?b", "a b", "a%2fb", "\u00e9", "x" * 129])
def test_an_id_is_one_segment_of_a_path(world, text):
    assert world.problem(PIN_CLIENT_ID=text).code == "config.bad-value"


def test_user_info_is_kept_and_never_shown(world):
    url = "https://robot:hunter2@hooks.example.com/a@b"
    settings = world.load(WEBHOOK_URL=url)
    assert settings.webhook_url == url
    shown = {one.name: one.value for one in origins(settings)}
    assert shown["webhook_url"] == "https://***@hooks.example.com/a@b"
    assert "hunter2" not in str(world.problem(WEBHOOK_URL="ftp://robot:hunter2@h.example").facts)


def test_what_is_missing_is_told_with_every_way_to_give_it(world):
    with pytest.raises(Problem) as caught:
        world.load().require("new_cert_path")
    assert caught.value.next_step == "Set new_cert_path (--new-cert or NEW_CERT_PATH)."


def test_the_passphrase_of_keys_is_a_secret_like_the_others(world):
    assert world.load().key_passphrase is None
    settings = world.load(GCTRUST_KEY_PASSPHRASE="open sesame")
    assert settings.key_passphrase.reveal() == "open sesame"
    assert "open sesame" in settings.secrets, "no log may hold it"
    shown = world.origin(settings, "key_passphrase")
    assert (shown.value, shown.origin) == ("set", "environment GCTRUST_KEY_PASSPHRASE")
    (world.cwd / "word").write_text("from a file\n")
    world.project('key-passphrase-file = "word"\n')
    assert world.load().key_passphrase.reveal() == "from a file"
