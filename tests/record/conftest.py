"""Fixtures of the record's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signing_service.record.witness_store import Witness, WitnessStore
from tests.record.cast import NANJING_WITNESS
from tests.record.witnessed import LOGS


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    with WitnessStore(tmp_path / "witness.db") as store:
        yield Witness(NANJING_WITNESS, LOGS, store)
