"""docs/trust.md names a test in every row, and each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROW = re.compile(r"^\|(?!---).*\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z_]+)`")


def test_every_row_names_a_test_that_is_there(checkout: Path):
    page = (checkout / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = ROW.findall(page)[1:]

    assert len(rows) > 20
    assert [row for row in rows if not TEST.search(row)] == []
    for path, name in TEST.findall(page):
        assert f"def {name}(" in (checkout / path).read_text(encoding="utf-8"), f"{path}::{name}"
