"""``keys`` lists and replaces the service's keys; whatever is interrupted is finished or undone, never mixed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConfigurationError, KeyStoreError
from signing_service.pki import rotation
from signing_service.settings import parse_settings
from signing_service.store import openings
from signing_service.workflow.service import Service, open_keys, open_service, system_clock
from tests.commands.conftest import Run

ROLES = ("issuing-ca", "services-ca", "seal", "timestamp")


class PowerCut(BaseException):
    """What no handler of errors survives: the process is gone, and nothing can be tidied or said."""


def service() -> Service:
    return open_service(parse_settings(os.environ))


def certificate(folder: Path, role: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "keys" / f"{role}.pem").read_bytes())


def rotations(members: str = "role") -> list[str]:
    with service().database.read() as session:
        found = openings.of_type(session, "service", "key-rotated")
    return [parse_canonical_json(one.event or b"")[members] for one in found]


def test_the_list_shows_every_key_with_its_end_and_place(
    installed: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("keys") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["root", "issuing-ca", "services-ca", "seal", "timestamp", "record"]
    assert all(" file " in line for line in lines)
    assert "no end" in lines[-1]


@pytest.mark.parametrize("role", ROLES)
def test_each_certificate_is_replaced_recorded_and_kept(installed: str, folder: Path, run: Run, role: str) -> None:
    old = certificate(folder, role)
    assert run("keys", "rotate", role, "--reason", "exercise") == 0
    new = certificate(folder, role)
    assert new.public_key() != old.public_key()
    assert role in rotations()
    assert set(rotations("reason")) == {"exercise"}
    assert old in [one.certificate for one in service().keys.retired]


def test_a_new_services_ca_brings_its_seal_and_timestamp_along(installed: str, run: Run) -> None:
    assert run("keys", "rotate", "services-ca") == 0
    assert rotations() == ["services-ca", "seal", "timestamp"]
    assert all(one.last_word for one in service().keys.retired)


def test_the_records_key_is_replaced_and_the_trust_file_succeeds(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    old = service().trust.record_key
    assert run("keys", "rotate", "record") == 0
    printed = capsys.readouterr().out
    new = service().trust
    assert str(new.record_key) in printed
    assert [one.key for one in new.retired_record_keys] == [old]
    assert rotations() == ["record"]
    assert run("keys", "rotate", "record") == 0
    assert len(service().trust.retired_record_keys) == 2


def test_a_process_that_still_has_the_old_key_signs_no_checkpoint(installed: str, run: Run) -> None:
    running = service()
    run("keys", "rotate", "record")
    with pytest.raises(ConfigurationError, match="was replaced while this process was running"):
        running.publish()


def test_the_root_goes_offline_and_comes_back_for_one_command(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    medium = folder / "medium"
    medium.mkdir()
    assert run("keys", "offline", str(medium)) == 0
    assert not (folder / "keys" / "root.key").exists()
    assert run("keys") == 0
    assert "offline" in capsys.readouterr().out.split("\n")[1]
    assert run("keys", "rotate", "issuing-ca") == 2
    assert "--root-key FILE" in capsys.readouterr().err
    assert run("keys", "rotate", "issuing-ca", "--root-key", str(medium / "root.key")) == 0
    assert not (folder / "keys" / "root.key").exists()
    assert run("doctor") == 0


def test_another_roots_key_is_refused(installed: str, folder: Path, run: Run) -> None:
    settings = parse_settings(os.environ)
    with pytest.raises(KeyStoreError, match=r"does not belong to root\.pem"):
        rotation.read_root(
            folder / "keys" / "services-ca.key",
            settings.require_key_passphrase().encode(),
            certificate(folder, "root"),
        )


def interrupt(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the next rotation die where ``rotation.<name>`` would be called."""

    def die(*_: object) -> None:
        raise PowerCut

    monkeypatch.setattr(rotation, name, die)


def test_a_rotation_that_was_recorded_is_finished(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        interrupt(patched, "commit")
        with pytest.raises(PowerCut):
            run("keys", "rotate", "seal")
    assert run("keys") == 2
    assert "keys resume" in capsys.readouterr().err
    assert run("keys", "resume") == 0
    assert "the rotation is finished" in capsys.readouterr().out
    assert run("doctor") == 0
    assert len(service().keys.retired) == 1


def test_a_rotation_of_the_record_that_was_recorded_is_finished(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        interrupt(patched, "commit")
        with pytest.raises(PowerCut):
            run("keys", "rotate", "record")
    assert run("keys", "resume") == 0
    assert len(service().trust.retired_record_keys) == 1
    assert (folder / "var" / "trust.json").read_bytes() == service().trust_bytes


def test_a_rotation_that_was_never_recorded_is_undone(
    installed: str, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse_settings(os.environ)
    keys = open_keys(settings, system_clock())
    store = rotation.Store(settings.keys, settings.require_key_passphrase().encode(), keys)
    rotation.prepare(store, "seal", system_clock())
    assert run("keys", "rotate", "seal") == 2
    assert run("keys", "resume") == 0
    assert "it is undone" in capsys.readouterr().out
    assert open_keys(settings, system_clock()).seal == keys.seal


@pytest.mark.parametrize("moved", range(1, 6))
def test_a_power_cut_after_any_file_leaves_what_resume_finishes(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    replace, calls = os.replace, []

    def die_later(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) > moved:
            raise PowerCut
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", die_later)
        with pytest.raises(PowerCut):
            run("keys", "rotate", "services-ca")
    assert run("keys", "resume") == 0
    assert run("doctor") == 0


def test_there_is_nothing_to_resume_where_nothing_was_interrupted(
    installed: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("keys", "resume") == 2
    assert "no rotation of keys was interrupted" in capsys.readouterr().err


def test_a_copy_of_the_keys_from_before_a_rotation_is_refused(installed: str, folder: Path, run: Run) -> None:
    """The record's key of a backup is not the trust file's any more."""
    shutil.copytree(folder / "keys", folder / "copy")
    run("keys", "rotate", "record")
    shutil.rmtree(folder / "keys")
    shutil.copytree(folder / "copy", folder / "keys")
    assert run("doctor") == 1
