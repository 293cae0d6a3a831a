"""Settings: what is given is parsed, what is wrong is refused by name, what is secret stays secret."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from signing_service.errors import ConfigurationError
from signing_service.setting_values import Contact
from signing_service.settings import SETTINGS, Settings, parse_settings, setting_names
from tests.cast import PUBLIC_URL


def parse(files: dict[str, bytes] | None = None, /, **given: str) -> Settings:
    environment = {"SIGNING_SERVICE_PUBLIC_URL": PUBLIC_URL, "PATH": "/usr/bin"}
    environment.update({f"SIGNING_SERVICE_{name}": text for name, text in given.items()})

    def read(path: Path) -> bytes:
        if str(path) not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return (files or {})[str(path)]

    return parse_settings(environment, read)


def test_a_public_url_is_enough_to_start_with() -> None:
    settings = parse()
    assert settings.public_url == "https://sign.example.org"
    assert settings.relying_party_id == settings.record_origin == "sign.example.org"
    assert settings.https
    assert settings.database_url == "sqlite:///var/service.sqlite3"
    assert settings.listen == ("127.0.0.1", 8000)
    assert settings.smtp is None
    assert settings.timestamp_urls == ()
    assert settings.trusted_proxies == ()


def test_the_record_origin_keeps_the_port_and_the_relying_party_id_does_not() -> None:
    settings = parse(PUBLIC_URL="http://localhost:8000/")
    assert settings.public_url == "http://localhost:8000"
    assert settings.record_origin == "localhost:8000"
    assert settings.relying_party_id == "localhost"
    assert not settings.https


def test_every_setting_is_a_member_of_settings() -> None:
    together = dict.fromkeys(["PKCS11_MODULE", "PKCS11_TOKEN", "PKCS11_PIN"], "token")
    together |= {"SMTP_URL": "smtp", "SECRETARIAT_PHONE": "secretariat"}
    members = {together.get(name, name.lower()) for name in (setting.name for setting in SETTINGS)}
    assert members | {"key_passphrase_file"} == set(Settings.__slots__)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("PUBLIC_URL", "", "PUBLIC_URL: is not set"),
        ("PUBLIC_URL", "sign.example.org", "not an http or https URL"),
        ("PUBLIC_URL", "https://sign.example.org/app", "more than scheme, host and port"),
        ("PUBLIC_URL", "https://me@sign.example.org", "more than scheme, host and port"),
        ("PUBLIC_URL", "https://sign.example.org:port", "is not a URL"),
        ("PUBLIC_URL", "https://Sign.example.org", "lower-case ASCII"),
        ("PUBLIC_URL", "https://签名.example.org", "lower-case ASCII"),
        ("PUBLIC_URL", "http://sign.example.org", "only over https"),
        ("NAME", "x" * 65, "1 to 64 printable"),
        ("NAME", "a\u202eb", "1 to 64 printable"),
        ("DATABASE_URL", "mysql://host/service", "neither a SQLite file nor a PostgreSQL"),
        ("DATABASE_URL", "sqlite://", "neither a SQLite file nor a PostgreSQL"),
        ("DATABASE_URL", "postgresql://host", "names no database"),
        ("SESSION_SECRET", "short", "shorter than 32"),
        ("SESSION_IDLE_MINUTES", "9", "not a number from 10 to 720"),
        ("SESSION_HOURS", "a day", "not a number from 1 to 24"),
        ("PROOF_MINUTES", "0", "not a number from 1 to 60"),
        ("PASSWORD_NEEDS_CODE", "maybe", "neither yes nor no"),
        ("TIMESTAMP_URLS", "ftp://tsa.example.org", "not an http or https URL"),
        ("TIMESTAMP_URLS", "https://tsa.example.org", "TIMESTAMP_ANCHORS_FILE: is not set"),
        ("WITNESSES_FILE", "witnesses", "WITNESS_QUORUM: is not set although WITNESSES_FILE is"),
        ("WITNESS_QUORUM", "8", "WITNESSES_FILE: is not set although WITNESS_QUORUM is"),
        ("WITNESS_QUORUM", "0", "neither none nor a number from 1 to 100"),
        ("WITNESS_QUORUM", "most", "neither none nor a number from 1 to 100"),
        ("SMTP_URL", "mail.example.org", "not of the form smtp://"),
        ("SMTP_URL", "smtps://mail.example.org?security=none", "does not go with smtps"),
        ("SMTP_URL", "smtp://mail.example.org?security=ssl", "does not go with smtp"),
        ("SMTP_URL", "smtps://mail.example.org", "MAIL_FROM: is not set"),
        ("MAIL_FROM", "the secretariat", "not a mail address"),
        ("MAIL_FROM", "signing@example.org, chair@example.org", "not a mail address"),
        ("MAIL_REPLY_TO", "Secretariat <office@example.org>", "not a mail address"),
        ("SECRETARIAT", "the secretariat", "is not one mail address"),
        ("SECRETARIAT", "a@example.org, b@example.org", "is not one mail address"),
        ("SECRETARIAT_PHONE", "+86 25 8586 6888", "SECRETARIAT: is not set although SECRETARIAT_PHONE is"),
        ("SECRETARIAT_PHONE", "025 8586 6888", "no telephone number"),
        ("LISTEN", "8000", "not an address and a port"),
        ("LISTEN", "127.0.0.1:70000", "not an address and a port"),
        ("TRUSTED_PROXIES", "172.28.0.1/24", "has host bits set"),
        ("TRUSTED_PROXIES", "everyone", "does not appear to be"),
        ("PKCS11_TOKEN", "signing", "PKCS11_MODULE: is not set"),
        ("METRICS_FROM", "everyone", "METRICS_FROM: 'everyone' does not appear to be"),
        ("METRICS_TOKEN", "short", "32 ASCII characters"),
        ("LOG_FORMAT", "xml", "none of text, json"),
        ("THREADS", "0", "1 to 256"),
        ("THREADS", "many", "1 to 256"),
        ("DATABSE_URL", "sqlite:////srv/service.sqlite3", "is not a setting"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_the_reason(name: str, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(None, **{name: text})
    assert str(refused.value).startswith("SIGNING_SERVICE_")
    assert reason in str(refused.value)
    assert refused.value.hint


def test_the_secretariat_is_a_name_an_address_and_perhaps_a_telephone() -> None:
    given = {"SECRETARIAT": "Alliance secretariat <office@example.org>", "SECRETARIAT_PHONE": "+86 (25) 8586-6888"}
    assert parse(**given).secretariat == Contact("Alliance secretariat", "office@example.org", "+86 (25) 8586-6888")
    assert parse(SECRETARIAT="office@example.org").secretariat == Contact("", "office@example.org")
    assert parse().secretariat is None


def test_a_typing_error_is_answered_with_the_nearest_setting() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(TIMESTAMP_URL="https://tsa.example.org")
    assert refused.value.hint == "did you mean SIGNING_SERVICE_TIMESTAMP_URLS?"


def test_lists_are_separated_by_commas_or_spaces() -> None:
    settings = parse(
        TIMESTAMP_URLS="https://one.example.org, https://two.example.org",
        TIMESTAMP_ANCHORS_FILE="anchors.pem",
        TRUSTED_PROXIES="172.28.0.0/24 ::1",
    )
    assert settings.timestamp_urls == ("https://one.example.org", "https://two.example.org")
    assert settings.timestamp_anchors_file == Path("anchors.pem")
    assert settings.trusted_proxies == (ip_network("172.28.0.0/24"), ip_network("::1"))


@pytest.mark.parametrize(("text", "quorum"), [("8", 8), ("none", None)])
def test_a_quorum_of_witnesses_is_a_number_or_none(text: str, quorum: int | None) -> None:
    settings = parse(WITNESSES_FILE="etc/witnesses", WITNESS_QUORUM=text)
    assert (settings.witnesses_file, settings.witness_quorum) == (Path("etc/witnesses"), quorum)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_spoken_through_psycopg(scheme: str) -> None:
    settings = parse(DATABASE_URL=f"{scheme}://signing:pa55@db/signing")
    assert settings.database_url == "postgresql+psycopg://signing:pa55@db/signing"


@pytest.mark.parametrize(
    ("url", "port", "security", "user", "password"),
    [
        ("smtps://mail.example.org", 465, "tls", None, None),
        ("smtp://mail.example.org", 587, "starttls", None, None),
        ("smtp://localhost:2525?security=none", 2525, "none", None, None),
        ("smtp://signing:p%40ss@mail.example.org", 587, "starttls", "signing", "p@ss"),
    ],
)
def test_a_mail_server_is_one_url(url: str, port: int, security: str, user: str | None, password: str | None) -> None:
    smtp = parse(SMTP_URL=url, MAIL_FROM="signing@example.org").smtp
    assert smtp is not None
    assert (smtp.port, smtp.security, smtp.user, smtp.password) == (port, security, user, password)


def test_every_secret_may_come_from_a_file() -> None:
    files = {
        "/run/secrets/passphrase": b"correct horse battery staple\n",
        "/run/secrets/session": b"0123456789abcdef0123456789abcdef",
        "/run/secrets/database": b"postgresql://signing:pa55@db/signing\r\n",
        "/run/secrets/smtp": b"smtps://signing:pa55@mail.example.org\n",
    }
    settings = parse(
        files,
        KEY_PASSPHRASE_FILE="/run/secrets/passphrase",
        SESSION_SECRET_FILE="/run/secrets/session",
        DATABASE_URL_FILE="/run/secrets/database",
        SMTP_URL_FILE="/run/secrets/smtp",
        MAIL_FROM="signing@example.org",
    )
    assert settings.require_key_passphrase() == "correct horse battery staple"
    assert settings.key_passphrase_file == Path("/run/secrets/passphrase")
    assert settings.require_session_secret() == "0123456789abcdef0123456789abcdef"
    assert settings.database_url == "postgresql+psycopg://signing:pa55@db/signing"
    assert settings.smtp is not None
    assert settings.smtp.host == "mail.example.org"
    assert {name for name in setting_names() if name.endswith("_FILE")} == {
        "DATABASE_URL_FILE", "KEY_PASSPHRASE_FILE", "PKCS11_PIN_FILE", "SESSION_SECRET_FILE", "SMTP_URL_FILE",
        "METRICS_TOKEN_FILE", "BOUNCE_MAILBOX_FILE",
        "SINGLE_SIGN_ON_FILE", "TIMESTAMP_ANCHORS_FILE", "TRUST_FILE", "WITNESSES_FILE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read /run/secret: No such file"),
        (b"", "exactly one line"),
        (b"\n", "exactly one line"),
        (b"two\nlines", "exactly one line"),
        (b"x" * 5000, "exactly one line"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_secret_file_that_holds_no_secret_is_refused(content: bytes | None, reason: str) -> None:
    files = {} if content is None else {"/run/secret": content}
    with pytest.raises(ConfigurationError, match=r"SIGNING_SERVICE_KEY_PASSPHRASE_FILE: ") as refused:
        parse(files, KEY_PASSPHRASE_FILE="/run/secret")
    assert reason in str(refused.value)


def test_a_missing_file_that_init_makes_leads_to_init_or_to_its_backup() -> None:
    with pytest.raises(ConfigurationError, match="cannot read") as refused:
        parse({}, SESSION_SECRET_FILE="/run/secret")
    assert "signing-service init makes it" in refused.value.hint
    assert "from its backup" in refused.value.hint
    with pytest.raises(ConfigurationError, match="cannot read") as refused:
        parse({}, SMTP_URL_FILE="/run/secret")
    assert "init" not in refused.value.hint


def test_a_secret_file_of_another_user_leads_to_its_owner() -> None:
    def read(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    given = {"SIGNING_SERVICE_PUBLIC_URL": PUBLIC_URL, "SIGNING_SERVICE_SESSION_SECRET_FILE": "/run/secret"}
    with pytest.raises(ConfigurationError, match="Permission denied") as refused:
        parse_settings(given, read)
    assert "chown" in refused.value.hint


def test_a_secret_given_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is set twice"):
        parse({"/run/secret": b"one"}, KEY_PASSPHRASE="two", KEY_PASSPHRASE_FILE="/run/secret")


@pytest.mark.parametrize("keys", ["", "keys"])
def test_a_passphrase_among_the_keys_is_refused(keys: str) -> None:
    with pytest.raises(ConfigurationError, match="lies in the directory of the keys, keys"):
        parse({"keys/passphrase": b"secret"}, KEYS=keys, KEY_PASSPHRASE_FILE="keys/passphrase")


def test_a_missing_secret_is_named_only_when_it_is_needed() -> None:
    settings = parse()
    with pytest.raises(ConfigurationError, match="SIGNING_SERVICE_KEY_PASSPHRASE: is not set"):
        settings.require_key_passphrase()
    with pytest.raises(ConfigurationError, match="SIGNING_SERVICE_SESSION_SECRET: is not set"):
        settings.require_session_secret()


def test_no_secret_shows_when_settings_are_printed_or_refused() -> None:
    secret = "pa55word-pa55word-pa55word-pa55word"
    settings = parse(
        KEY_PASSPHRASE=secret,
        SESSION_SECRET=secret,
        DATABASE_URL=f"postgresql://signing:{secret}@db/signing",
        SMTP_URL=f"smtps://signing:{secret}@mail.example.org",
        MAIL_FROM="signing@example.org",
    )
    assert secret not in repr(settings)
    for name in ("DATABASE_URL", "SMTP_URL"):
        with pytest.raises(ConfigurationError) as refused:
            parse(None, **{name: f"unknown://signing:{secret}@host/x"})
        assert secret not in str(refused.value) + refused.value.hint
