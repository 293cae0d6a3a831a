"""Fixtures that every test may use. The cast stands in tests/cast.py; each folder may add a conftest of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

pytest_plugins = ["tests.databases"]

CHECKOUT = Path(__file__).parent.parent

# Deterministic: the same examples on every run, on every machine, however slow it is.
hypothesis_settings.register_profile("tests", derandomize=True, deadline=None, max_examples=60)
hypothesis_settings.load_profile("tests")


@pytest.fixture(autouse=True, scope="session")
def no_settings_from_outside() -> None:
    """The machine's own SIGNING_SERVICE_ variables reach no test, except the fonts' folder."""
    for name in [name for name in os.environ if name.startswith("SIGNING_SERVICE_")]:
        if name != "SIGNING_SERVICE_FONTS":
            del os.environ[name]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT
