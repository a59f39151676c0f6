"""Regions by name, AWS code, host or URL."""

import pytest

from gctrust.adapters.genesys.regions import DOMAINS, PlatformAddress


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("us-east-1", "us-east-1"), ("EU_CENTRAL_2", "eu-central-2"),
        ("mypurecloud.de", "eu-central-1"), ("api.mypurecloud.com.au", "ap-southeast-2"),
        ("https://api.usw2.pure.cloud/", "us-west-2"), ("login.mypurecloud.ie", "eu-west-1"),
        ("https://acme.mypurecloud.com", "us-east-1"), (" mypurecloud.jp ", "ap-northeast-1"),
    ],
)  # fmt: skip
def test_each_way_to_name_a_region(text, region):
    address = PlatformAddress.parse(text)
    assert address.region == region
    assert address.api == f"https://api.{DOMAINS[region]}"
    assert address.login == f"https://login.{DOMAINS[region]}"
    assert not address.loopback


@pytest.mark.parametrize(
    "text", ["127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/", "localhost:8080"]
)
def test_a_sandbox(text):
    assert PlatformAddress.parse(text) == PlatformAddress(
        "http://127.0.0.1:8080", "http://127.0.0.1:8080"
    )
    assert PlatformAddress.parse(text).loopback


def test_an_unknown_host_is_believed_only_as_a_full_url():
    address = PlatformAddress.parse("https://api.cloud.example:8443")
    assert (address.api, address.login) == (
        "https://api.cloud.example:8443",
        "https://login.cloud.example:8443",
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("us-east1", "us-east-1"), ("mypurecloud.dee", "mypurecloud.de"), ("nowhere.example", "https://"),
        ("http://api.mypurecloud.com", "https"), ("http://192.0.2.1:80", "https"),
        ("evilmypurecloud.com", "mypurecloud.com"), ("", "us-east-1"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_would_be_right(text, hint):
    with pytest.raises(ValueError) as caught:
        PlatformAddress.parse(text)
    assert hint in str(caught.value)
