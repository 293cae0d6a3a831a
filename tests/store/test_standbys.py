from __future__ import annotations

import pytest

from signing_service.store.standbys import wanted_by


@pytest.mark.parametrize(
    ("names", "wanted"),
    [("", 0), ("two", 1), ("two, three", 1), ("*", 1), ("2 (a, b)", 2), ("FIRST 1 (a, b)", 1), ("any 2(a, b, c)", 2)],
)
def test_how_many_standbys_a_commit_waits_for_is_read_as_postgresql_does(names: str, wanted: int):
    assert wanted_by(names) == wanted
