"""``signing-service keys``: list the service's keys, replace one, take the root offline.

Without a command it lists every key with its end and place. ``rotate ROLE`` makes the next key of the issuing-ca, the
services-ca (with seal and timestamp), the seal, the timestamp or the record; it is recorded as an event, old
signatures stay valid, and running processes use it once they are restarted. ``offline DIR`` moves the root's key to
another medium; ``rotate … --root-key FILE`` reads it from there for that one command. ``resume`` finishes what a power
cut interrupted.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from signing_service.commands.terminal import make_parser, print_pairs, settings_from_environment
from signing_service.errors import UsageError
from signing_service.pki import rotation
from signing_service.pki.authority import PROFILES
from signing_service.pki.keystore import MAKING, PENDING, RECORD, KeyStore
from signing_service.pki.rotation import Replaced
from signing_service.record.note import Signer
from signing_service.settings import Settings
from signing_service.verify.wrapping import counted
from signing_service.workflow.clock_check import open_to_record
from signing_service.workflow.rotation import resume, rotate, rotate_record
from signing_service.workflow.service import key_passphrase, open_keys, open_service, system_clock

SOON = timedelta(days=365)  # before a key's end, it is marked
RESTART = (
    "restart what runs: systemctl try-restart 'signing-service*', or docker compose restart service; "
    "where other machines have a copy of the keys folder, copy it to them first"
)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key as ``keys`` lists it."""

    role: str
    until: datetime | None
    """None for the record's key, which has no end."""
    place: str
    """``file``, ``token`` or ``offline``."""
    identity: str


def main(arguments: list[str]) -> int:
    """List keys, or do what the command says."""
    options = _parser().parse_args(arguments)
    settings = settings_from_environment()
    if options.command == "rotate":
        try:
            return _rotate(settings, options)
        except KeyboardInterrupt:
            if any((settings.keys / folder).exists() for folder in (MAKING, PENDING)):
                print("interrupted: signing-service keys resume finishes the rotation, or undoes it", file=sys.stderr)
            raise
    if options.command == "offline":
        copy = rotation.take_root_offline(settings.keys, key_passphrase(settings), options.folder)
        print(f"the root's key is in {copy} and no longer here; make a second copy and keep them apart")
        return 0
    if options.command == "resume":
        print("the rotation is finished" if resume(settings) else "the rotation was not recorded yet; it is undone")
        print(RESTART)
        return 0
    _list(settings)
    return 0


def list_keys(keys: KeyStore, directory: Path, signer: Signer) -> list[KeyLine]:
    """Every key with its end and place, the retired ones last."""
    lines = [
        KeyLine(
            role, keys.certificate(role).not_valid_after_utc, _place(directory, role),
            keys.certificate(role).subject.rfc4514_string(),
        )
        for role in PROFILES
    ]  # fmt: skip
    lines.append(KeyLine(RECORD, None, _place(directory, RECORD), str(signer.verifier_key)))
    for one in keys.retired:
        end = one.certificate.not_valid_after_utc
        lines.append(KeyLine(f"{one.role}, retired", end, "gone", one.certificate.subject.rfc4514_string()))
    return lines


def _place(directory: Path, role: str) -> str:
    if (directory / f"{role}.token").exists():
        return "token"
    return "file" if (directory / f"{role}.key").exists() else "offline"


def _list(settings: Settings) -> None:
    now = system_clock()
    service = open_service(settings)
    for line in list_keys(open_keys(settings, now), settings.keys, service.record_signer):
        end = "no end" if line.until is None else f"{line.until:%Y-%m-%d}"
        mark = "  rotate it soon" if line.place != "gone" and line.until and line.until - now < SOON else ""
        print(f"  {line.role:<20} {end:<12} {line.place:<8} {line.identity}{mark}")


def _rotate(settings: Settings, options: argparse.Namespace) -> int:
    service = open_to_record(settings)
    if options.role == RECORD:
        if options.root_key:
            raise UsageError("the record's key does not depend on the root", hint="leave --root-key out")
        made = rotate_record(service, options.reason, in_token=options.in_token)
        print_pairs(
            [
                ("record key", f"{made.key}\ngive it to the log witnesses"),
                ("old key", f"counts for checkpoints of at most {counted(made.old.size, 'entry', 'entries')}"),
                ("trust file", f"{settings.trust_file}\nsigned by the old key; publish it with its fingerprint"),
                ("fingerprint", made.fingerprint),
            ]
        )
    else:
        replaced = rotate(service, options.role, options.reason, root_key=options.root_key, in_token=options.in_token)
        print_pairs((one.role, _change(one)) for one in replaced)
    print(RESTART)
    return 0


def _change(one: Replaced) -> str:
    new, old = one.new.not_valid_after_utc, one.old.not_valid_after_utc
    return f"valid until {new:%Y-%m-%d}, in place of the one until {old:%Y-%m-%d}"


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("keys", __doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    rotate_parser = commands.add_parser("rotate", help="make the next key of a role", allow_abbrev=False)
    rotate_parser.add_argument("role", choices=[*rotation.ROTATED, RECORD], metavar="ROLE")
    rotate_parser.add_argument("--reason", default="planned", help="recorded in the event (default: planned)")
    rotate_parser.add_argument("--root-key", type=Path, metavar="FILE", help="the root's key, if it is offline")
    rotate_parser.add_argument("--in-token", action="store_true", help="make it in the PKCS#11 token of the settings")
    offline = commands.add_parser("offline", help="move the root's key to another medium", allow_abbrev=False)
    offline.add_argument("folder", type=Path, metavar="DIR", help="where that medium is mounted")
    commands.add_parser("resume", help="finish or undo an interrupted rotation", allow_abbrev=False)
    return parser
