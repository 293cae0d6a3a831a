"""docs/configuration.md: the table is the settings, and every refusal that it promises is one that start-up makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signing_service.settings import SETTINGS

CHECKOUT = Path(__file__).parent.parent
PAGE = (CHECKOUT / "docs" / "configuration.md").read_text()
PKI = "\n".join(path.read_text() for path in sorted((CHECKOUT / "signing_service" / "pki").glob("key*.py")))


def table_rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_page_has_every_setting_once_with_its_default_and_meaning() -> None:
    expected = [
        [f"`{s.name}`", f"`{s.default}`" if s.default else "", "secret" if s.secret else "", s.meaning]
        for s in SETTINGS
    ]
    assert table_rows("Settings") == expected


@pytest.mark.parametrize("row", table_rows("Keys: what start-up refuses"), ids=lambda row: row[0])
def test_every_refusal_on_the_page_is_one_that_start_up_makes(row: list[str]) -> None:
    said = re.sub(r"^keys directory keys |^keys/[a-z.-]+ ", "", row[1].strip("`").removesuffix("…"))
    words = re.split(r" [a-z-]+\.pem", said)[0].strip()
    assert words in PKI, f"no message of the key store says {words!r}"
