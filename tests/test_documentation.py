"""The pages for people: commands in them exist, links lead somewhere, and pictures are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from signing_service import cli

CHECKOUT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for path in [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "deploy").rglob("*.md")]
    if "node_modules" not in path.parts
)
COMMAND = r"(?:bin/|(?<![/\w-]))signing-service ([a-z]+)(?![\w/-])"
MAKEFILE = (CHECKOUT / "Makefile").read_text()


def name_of(document: Path) -> str:
    return str(document.relative_to(CHECKOUT))


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            linked = (document.parent / file).resolve() if file else document
            assert linked.exists(), f"{name_of(document)} links to {target}"
            assert not anchor or anchor in anchors(linked), f"{name_of(document)} links to {target}"


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_every_make_target_that_a_page_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for command in re.findall(r"(?:^|`|&& )make ((?:[A-Z]+=\S+ )*[a-z-]+)", document.read_text(), re.MULTILINE):
        assert command.split()[-1] in targets, f"{name_of(document)} names make {command}"


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(document: Path) -> None:
    for command in re.findall(COMMAND, code_of(document)):
        assert command in cli.COMMANDS, f"{name_of(document)} names signing-service {command}"


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_every_option_that_a_page_gives_a_command_is_one_of_its_own(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, words in re.findall(COMMAND + r"((?: [^\n`]+)?)", code_of(document)):
        if command in cli.COMMANDS and "--" in words:
            with pytest.raises(SystemExit):
                importlib.import_module(cli.COMMANDS[command][0]).main([*subcommand(command, words), "--help"])
            known = capsys.readouterr().out
            for option in re.findall(r"--[a-z-]+", words):
                assert option in known, f"{name_of(document)}: signing-service {command} has no {option}"


def subcommand(command: str, words: str) -> list[str]:
    """The words that choose a part of a command: ``witness serve`` of ``record witness serve --log …``."""
    found = re.match(r"(?: [a-z]+(?= |$))*", words) if command in ("keys", "people", "record") else None
    return found[0].split() if found else []


def code_of(document: Path) -> str:
    text = document.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return "\n".join(blocks + spans)


def test_an_auditor_installs_the_same_from_the_same_place_on_both_pages() -> None:
    readme, auditing = (" ".join((CHECKOUT / page).read_text().split()) for page in ("README.md", "docs/auditing.md"))
    place = " lies as `signing-service` (beside it, not in it): ```sh"
    commands = " python3 -m venv auditor && . auditor/bin/activate pip install ./signing-service "
    for page in (readme, auditing):
        assert place in page
        assert commands in page.partition(place)[2][:100]
        assert "pip install . " not in page


def test_every_target_of_the_makefile_explains_itself_in_help() -> None:
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    explained = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert phony == explained


def test_the_changelog_has_an_entry_for_what_is_not_released() -> None:
    assert "\n## Unreleased\n" in (CHECKOUT / "CHANGELOG.md").read_text()
