"""The file that names universities' providers: read completely at start, refused with the provider's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing_service.errors import ConfigurationError
from signing_service.settings import parse_settings
from signing_service.workflow.providers import Provider, read_providers
from tests.cast import PUBLIC_URL

GOOD = """
[[providers]]
id = "njupt"
name = "Nanjing"
issuer = "https://login.njupt.example"
client_id = "signing-service"
client_secret_file = "secret"
party = "njupt"
"""
SECOND = GOOD.replace("njupt", "andaman")


def read(folder: Path, text: str) -> tuple[Provider, ...]:
    (folder / "secret").write_text("s3cret\n")
    (folder / "providers.toml").write_text(text)
    environment = {"PUBLIC_URL": PUBLIC_URL, "SINGLE_SIGN_ON_FILE": str(folder / "providers.toml")}
    return read_providers(parse_settings({f"SIGNING_SERVICE_{name}": value for name, value in environment.items()}))


def test_providers_are_read_with_their_secrets(tmp_path: Path):
    first, second = read(tmp_path, GOOD + SECOND)
    assert (first.id, first.client_secret, first.party) == ("njupt", "s3cret", "njupt")
    assert second.issuer == "https://login.andaman.example"
    assert "s3cret" not in repr(first)


def test_without_the_file_there_are_none():
    assert read_providers(parse_settings({"SIGNING_SERVICE_PUBLIC_URL": PUBLIC_URL})) == ()


BAD = {
    "nothing": ("", "does not hold"),
    "no TOML": ("[[", "is not TOML"),
    "tables in tables": ("a = " + "{a=" * 10_000, "is not TOML: nested too deeply"),
    "another table": (GOOD + "[more]\n", "does not hold"),
    "a missing member": (GOOD.replace('issuer = "https://login.njupt.example"\n', ""), "provider njupt lacks issuer"),
    "an unknown member": (GOOD + 'secret = "x"\n', "provider njupt has the unknown member secret"),
    "a number": (GOOD.replace('"signing-service"', "7"), "is not a table of texts"),
    "an id with a slash": (GOOD.replace('id = "njupt"', 'id = "a/b"', 1), "id is not"),
    "an issuer without TLS": (GOOD.replace("https:", "http:"), "is not an https URL"),
    "an issuer with a query": (GOOD.replace(".example", ".example?a=b"), "is not an https URL"),
    "no secret file": (GOOD.replace('"secret"', '"missing"'), "cannot read client_secret_file"),
    "two of one id": (GOOD + GOOD.replace("login.", "other."), "the same id"),
    "two of one issuer": (GOOD + GOOD.replace('id = "njupt"', 'id = "again"'), "the same issuer"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD.keys())
def test_a_file_that_is_wrong_is_refused_with_its_reason(tmp_path: Path, text: str, reason: str):
    with pytest.raises(ConfigurationError, match="SINGLE_SIGN_ON_FILE") as refused:
        read(tmp_path, text)
    assert reason in refused.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    environment = {"SIGNING_SERVICE_PUBLIC_URL": PUBLIC_URL, "SIGNING_SERVICE_SINGLE_SIGN_ON_FILE": "/nowhere"}
    with pytest.raises(ConfigurationError, match="cannot read /nowhere"):
        read_providers(parse_settings(environment))
