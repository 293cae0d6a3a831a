"""``keys`` lists and replaces the service's keys; whatever is interrupted is finished or undone, never mixed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConfigurationError, KeyStoreError, UnavailableError
from signing_service.pki import keyfiles, rotation
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


def in_use(folder: Path) -> dict[str, bytes]:
    """Every file in the keys folder, and what is in it."""
    return {str(path): path.read_bytes() for path in (folder / "keys").rglob("*") if path.is_file()}


MADE = [("seal", 0), ("seal", 1), ("seal", 2), ("record", 0), ("record", 1)]  # role, files that were written before


@pytest.mark.parametrize(("role", "written"), MADE)
def test_a_power_cut_while_a_key_is_made_costs_none_that_is_in_use(
    installed: str,
    folder: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    role: str,
    written: int,
) -> None:
    before, write, calls = in_use(folder), keyfiles.write_new_file, list[Path]()

    def die_later(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) > written:
            raise PowerCut
        write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(keyfiles, "write_new_file", die_later)
        with pytest.raises(PowerCut):
            run("keys", "rotate", role)
    assert run("keys") == 0
    assert run("keys", "rotate", role) == 2
    assert run("keys", "resume") == 0
    assert "it is undone" in capsys.readouterr().out
    assert in_use(folder) == before


def test_a_power_cut_while_a_rotation_is_undone_is_undone_further(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left then has lost its certificate, as what is left of a rotation that was recorded may have."""
    settings, before = parse_settings(os.environ), in_use(folder)
    keys = open_keys(settings, system_clock())
    store = rotation.Store(settings.keys, settings.require_key_passphrase().encode(), keys)
    rotation.prepare(store, "seal", system_clock())

    def remove_one(thing: Path) -> None:
        (thing / "seal.pem").unlink()
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", remove_one)
        with pytest.raises(PowerCut):
            run("keys", "resume")
    assert run("keys", "resume") == 0
    assert "it is undone" in capsys.readouterr().out
    assert in_use(folder) == before


def test_a_token_that_refuses_leaves_everything_as_it_was(installed: str, folder: Path, run: Run) -> None:
    class FullToken:
        def make_signing_key(self, label: str) -> None:
            raise UnavailableError(f"the token has no room for {label}")

    settings, before = parse_settings(os.environ), in_use(folder)
    keys = open_keys(settings, system_clock())
    store = rotation.Store(settings.keys, settings.require_key_passphrase().encode(), keys, FullToken())  # type: ignore[arg-type]
    with pytest.raises(UnavailableError, match="has no room for seal"):
        rotation.prepare(store, "seal", system_clock())
    assert in_use(folder) == before
    assert run("keys", "rotate", "seal") == 0


def test_a_power_cut_when_a_key_comes_back_from_the_token_leaves_no_label_of_the_old_one(
    installed: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def die_after_the_key(source: Path, target: Path) -> None:
        replace(source, target)
        if target == Path("keys/seal.key"):
            raise PowerCut

    settings = parse_settings(os.environ)
    keys = open_keys(settings, system_clock())
    (folder / "keys" / "seal.token").write_text("seal-2015\n")
    store = rotation.Store(settings.keys, settings.require_key_passphrase().encode(), keys)
    rotation.prepare(store, "seal", system_clock())
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", die_after_the_key)
        with pytest.raises(PowerCut):
            rotation.commit(settings.keys)
    rotation.commit(settings.keys)
    assert run("doctor") == 0
    assert open_keys(settings, system_clock()).seal != keys.seal


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
