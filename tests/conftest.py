"""Fixtures that every test may use. The cast stands in tests/cast.py; each folder may add a conftest of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from werkzeug.sansio.multipart import Data, Event, MultipartEncoder, State

pytest_plugins = ["tests.databases", "tests.economies"]

CHECKOUT = Path(__file__).parent.parent

# Deterministic: the same examples on every run, on every machine, however slow it is.
hypothesis_settings.register_profile("tests", derandomize=True, deadline=None, max_examples=60)
hypothesis_settings.load_profile("tests")


# Modules that take half a minute with a test or a few: they begin first, so that none is what a worker ends with alone.
LONG = (
    "tests/web/test_twelve_at_the_table_in_chromium.py",
    "tests/web/test_demo_in_chromium.py",
    "tests/own_certificates/test_pages_in_chromium.py",
    "tests/torture/",
    "tests/web/test_signing_in_chromium.py",
    "tests/web/test_pages_in_chromium.py",
    "tests/web/test_passkeys_in_chromium.py",
    "tests/own_certificates/",
    "tests/test_wheel.py",
    "tests/web/",
    "tests/commands/",
    "tests/workflow/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the modules by how long they take; within a module the tests stay as they stand there."""

    def place(item: pytest.Item) -> int:
        return next((at for at, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def no_settings_from_outside() -> None:
    """The machine's own SIGNING_SERVICE_ variables reach no test, except the fonts' folder."""
    for name in [name for name in os.environ if name.startswith("SIGNING_SERVICE_")]:
        if name != "SIGNING_SERVICE_FONTS":
            del os.environ[name]


@pytest.fixture(autouse=True, scope="session")
def forms_as_browsers_send_them() -> Iterator[None]:
    """Let Flask's test client end the headers of an empty part with a blank line, as every browser does."""
    send = MultipartEncoder.send_event

    def with_blank_line(self: MultipartEncoder, event: Event) -> bytes:
        empty = isinstance(event, Data) and not event.data and self.state == State.DATA_START
        return (b"\r\n" if empty else b"") + send(self, event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MultipartEncoder, "send_event", with_blank_line)
        yield


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT
