"""A secret that is planted in every place of a log line, one after the other, comes out of none of them."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from structlog.contextvars import bind_contextvars, clear_contextvars

from signing_service.commands import logs
from signing_service.settings import parse_settings
from tests.cast import PUBLIC_URL

LINK = "aTokenOf43Letters" + 26 * "x"
SEED = "JBSWY3DPEHPK3PXP"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJsaW4ifQ.c2lnbmF0dXJl"
SETTING = "the session secret of this service, long enough"
PASSWORD = "pa55-of-the-database"

# a planted secret → how it would get into a text
PLANTED = {
    LINK: f"{PUBLIC_URL}/invitation#{LINK}",
    "abc.def-ghi": "asked with Bearer abc.def-ghi",
    SEED: f"otpauth://totp/Alliance:lin?secret={SEED}&issuer=Alliance",
    JWT: f"the ID token {JWT} is expired",
    "stolen-code-1": "GET /sign-in/university/njupt/return?code=stolen-code-1&iss=x",
    SETTING: f"bad signature under {SETTING}",
    PASSWORD: f"connection to {PASSWORD}@db refused",
}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logs, "_never", set())
    environment = {
        "PUBLIC_URL": PUBLIC_URL,
        "SESSION_SECRET": SETTING,
        "DATABASE_URL": f"postgresql://signing:{PASSWORD}@db/signing",
    }
    logs.never_show_settings(parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in environment.items()}))
    yield
    clear_contextvars()


class Stranger:
    """Something that is no text, but says a lot about itself."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Stranger {self.text}>"


def raised(text: str) -> BaseException:
    try:
        try:
            raise ValueError(text)
        except ValueError as error:
            raise RuntimeError(f"again: {text}") from error
    except RuntimeError as error:
        return error


def bound(log: logging.Logger, text: str) -> None:
    bind_contextvars(seen=text)
    log.info("it happened")


PLACES: dict[str, Callable[[logging.Logger, str], None]] = {
    "the message": lambda log, text: log.warning(text),
    "an argument": lambda log, text: log.warning("it says %s", text),
    "a named argument": lambda log, text: log.warning("it says %(what)s", {"what": text}),
    "a value beside": lambda log, text: log.warning("it happened", extra={"seen": text}),
    "a value deep inside": lambda log, text: log.warning("it happened", extra={"seen": {"all": [{"of": (text,)}]}}),
    "bytes": lambda log, text: log.warning("it happened", extra={"seen": text.encode()}),
    "an object": lambda log, text: log.warning("it happened", extra={"seen": Stranger(text)}),
    "an exception and its cause": lambda log, text: log.error("it failed", exc_info=raised(text)),
    "what is bound to the request": bound,
}


def written(form: str, say: Callable[[logging.Logger], None]) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs._formatter(form))
    log = logging.getLogger("signing_service.of_this_test")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.DEBUG)
    say(log)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_planted_secret_comes_out_of_no_place(form: str, place: Callable[[logging.Logger, str], None]):
    for secret, text in PLANTED.items():
        line = written(form, lambda log, text=text: place(log, text))  # type: ignore[misc]
        assert secret not in line, line
        assert logs.HIDDEN in line


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_what_is_no_secret_is_there(form: str, place: Callable[[logging.Logger, str], None]):
    assert "nothing to hide" in written(form, lambda log: place(log, "nothing to hide"))


@pytest.mark.parametrize("name", sorted(logs.SECRET_NAMES))
@pytest.mark.parametrize("form", ["text", "json"])
def test_under_a_telling_name_nothing_is_shown_however_deep(form: str, name: str):
    deep = {"inner": [{name.title(): "harmless words"}]}
    line = written(form, lambda log: log.info("it happened", extra={"seen": deep}))
    assert "harmless words" not in line
    assert logs.HIDDEN in line
