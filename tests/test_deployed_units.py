"""deploy/systemd, deploy/postgresql: units that systemd takes, paths that pages name, tools where Debian has them."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from signing_service.cli import COMMANDS
from signing_service.settings import parse_settings

CHECKOUT = Path(__file__).parent.parent
DEPLOY = CHECKOUT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
RUNNING = [unit for unit in UNITS if "backup" not in unit.name]
README = (DEPLOY / "README.md").read_text()
PROGRAM = "/opt/signing-service/.venv/bin/signing-service"


def name_of(path: Path) -> str:
    return path.name


def service_of(unit: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    return dict(parser["Service"])


def sandbox_of(unit: Path) -> list[str]:
    """What the unit may do, but for the folders that it may write to."""
    lines = unit.read_text().partition("StateDirectory=")[2].partition("\n[Install]")[0].strip().splitlines()
    return [line for line in lines if not line.startswith(("#", "ReadWritePaths="))]


def writable(unit: Path) -> set[str]:
    return {path.removeprefix("-") for path in service_of(unit)["ReadWritePaths"].split()}


def test_the_units_example_environment_parses() -> None:
    lines = (DEPLOY / "systemd" / "environment.example").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    environment = {name: text.strip('"') for name, text in pairs}
    settings = parse_settings(environment, lambda _: b"0123456789abcdef0123456789abcdef\n")
    assert settings.keys.is_relative_to("/var/lib/signing-service")
    assert "SIGNING_SERVICE_LISTEN" not in environment, "an instance's port comes from its unit"


@pytest.mark.parametrize("unit", [*UNITS, *TIMERS], ids=name_of)
def test_each_unit_is_one_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    for command, option in re.findall(rf"{PROGRAM} ([a-z]+)(?: (--[a-z-]+))?", unit.read_text()):
        assert command in COMMANDS
        assert not option or option in (CHECKOUT / "signing_service" / "commands" / f"{command}.py").read_text()
    if shutil.which("systemd-analyze"):
        for each in (*UNITS, unit):
            text = each.read_text().replace(PROGRAM, "/bin/true")
            (tmp_path / each.name.replace("@", "@8000")).write_text(text)
        copy = tmp_path / unit.name.replace("@", "@8000")
        done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not done.stderr


def test_every_unit_is_as_confined_as_the_others() -> None:
    for unit in UNITS:
        assert sandbox_of(unit) == sandbox_of(UNITS[0]), unit.name
        assert "ProtectSystem=strict" in sandbox_of(unit)
        for setting in ("User", "EnvironmentFile", "WorkingDirectory"):
            assert service_of(unit)[setting] == service_of(UNITS[0])[setting], unit.name


def test_the_units_may_write_to_the_folders_that_the_pages_name() -> None:
    database = (DEPLOY / "postgresql" / "README.md").read_text()
    guard = Path(re.findall(r"SIGNING_SERVICE_GUARD=(\S+)", database)[0]).parent
    maildir = re.findall(r"`maildir:(/[a-z/]+)`", (CHECKOUT / "docs" / "configuration.md").read_text())[0]
    for unit in RUNNING:
        assert writable(unit) == {str(guard), maildir}, unit.name
    backup = DEPLOY / "systemd" / "signing-service-backup.service"
    pages = README + (CHECKOUT / "docs" / "operations.md").read_text()
    folders = {str(Path(path).parent) for path in re.findall(r"(?:backup|restore) (/\S+)\.signing", pages)}
    assert writable(backup) == folders == {"/backup"}
    assert '"/backup/$$(date -u +%%F).signing"' in backup.read_text()
    for folder in (guard, maildir, *folders):
        assert f"`{folder}`" in README


def test_each_night_a_backup_is_made_and_the_doctor_looks_and_a_failure_is_a_failed_unit() -> None:
    assert [timer.stem for timer in TIMERS] == ["signing-service-backup", "signing-service-doctor"]
    for timer in TIMERS:
        unit = service_of(timer.with_suffix(".service"))
        assert unit["Type"] == "oneshot"
        assert not [name for name in unit if name.startswith(("Restart", "SuccessExitStatus"))]
        assert not unit["ExecStart"].startswith("-")
        assert re.search(r"^OnCalendar=\*-\*-\* 0\d:\d\d$", timer.read_text(), re.MULTILINE)
        assert re.search(rf"^systemctl enable --now {timer.name}$", README, re.MULTILINE)
    doctor = service_of(DEPLOY / "systemd" / "signing-service-doctor.service")
    assert doctor["ExecStart"] == f"{PROGRAM} doctor"
    assert "`signing-service-doctor.timer`" in (CHECKOUT / "docs" / "operations.md").read_text()


def test_the_instances_that_the_page_starts_are_those_that_nginx_knows() -> None:
    known = re.findall(r"server 127\.0\.0\.1:(\d+)", (DEPLOY / "nginx" / "signing-service.conf").read_text())
    started = re.findall(r"^systemctl enable --now (signing-service@.*)$", README, re.MULTILINE)
    assert started == [" ".join(f"signing-service@{port}" for port in known)]
    instance = service_of(DEPLOY / "systemd" / "signing-service@.service")
    assert instance["Environment"] == "SIGNING_SERVICE_LISTEN=127.0.0.1:%i"
    assert instance["ExecStart"] == f"{PROGRAM} serve --no-worker"
    assert service_of(DEPLOY / "systemd" / "signing-service-worker.service")["ExecStart"] == f"{PROGRAM} worker"


def test_the_page_updates_on_systemd_and_in_containers_in_one_order() -> None:
    steps = ("stop", "backup /backup/before-update", "git", "upgrade", "start", "up --detach")
    for part in (README.split("## 5. Update")[1].split("##")[0], README.split("\nUpdate:")[1].split("The units")[0]):
        block = part.split("```")[1]
        places = [block.index(step) for step in steps if step in block]
        assert len(places) == 5
        assert places == sorted(places)


def test_the_commands_of_the_page_put_the_name_and_the_address_into_the_caddyfile() -> None:
    command = re.findall(r"^(sed .* deploy/Caddyfile) > ", README, re.MULTILINE)[0]
    done = subprocess.run(["sh", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "\nsign.example.org {\n" in done.stdout
    assert "reverse_proxy 127.0.0.1:8000 {\n" in done.stdout
    assert "$" not in done.stdout


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """Where Debian has PostgreSQL's tools; the newest one is not the last by its letters."""
    for version in ("9.6", "15", "17"):
        folder = tmp_path / "postgresql" / version / "bin"
        folder.mkdir(parents=True)
        (folder / "pg_rewind").write_text("#!/bin/sh\n")
        (folder / "pg_rewind").chmod(0o755)
    return tmp_path / "postgresql"


def find_tools(installed: Path, data: Path) -> subprocess.CompletedProcess[str]:
    """What a script of deploy/postgresql finds that begins so, without anything on its PATH."""
    lines = f"set -eu; data='{data}'; . '{DEPLOY}/postgresql/tools'; command -v pg_rewind"
    environment = {"PATH": "/usr/bin:/bin", "POSTGRESQL": str(installed)}
    return subprocess.run(["sh", "-c", lines], env=environment, capture_output=True, text=True, check=False)


def test_postgresqls_tools_are_found_where_debian_has_them(debian: Path, tmp_path: Path) -> None:
    assert find_tools(debian, tmp_path / "new").stdout == f"{debian}/17/bin/pg_rewind\n"
    (tmp_path / "PG_VERSION").write_text("15\n")
    assert find_tools(debian, tmp_path).stdout == f"{debian}/15/bin/pg_rewind\n"


def test_where_there_are_none_their_package_is_named(tmp_path: Path) -> None:
    done = find_tools(tmp_path / "nowhere", tmp_path)
    assert done.returncode == 1
    assert "there is no pg_rewind" in done.stderr
    assert "apt install postgresql-15" in done.stderr
    assert "`apt install postgresql-15`" in (DEPLOY / "postgresql" / "README.md").read_text()


def test_every_script_looks_for_the_tools_before_it_calls_one() -> None:
    scripts = [path for path in (DEPLOY / "postgresql").iterdir() if os.access(path, os.X_OK)]
    assert len(scripts) == 5
    for script in scripts:
        before, found, after = script.read_text().partition('\n. "$(dirname "$0")/tools"\n')
        tools = r"^(?!#).*\b(?:initdb|pg_ctl|pg_basebackup|pg_rewind)\b"
        assert not re.search(tools, before, re.MULTILINE), script.name
        assert bool(found) == bool(re.search(tools, after, re.MULTILINE)), script.name
