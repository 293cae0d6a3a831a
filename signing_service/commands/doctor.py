"""``signing-service doctor``: check what the service needs, and say what to do about what is wrong.

Nothing is changed, but a timestamp is asked for; ``--mail ADDRESS`` sends a test mail too. Exit code 0 if all is
well, 1 if something is wrong, 2 if the settings themselves are.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from signing_service.commands.findings import (
    Finding,
    check_clock,
    check_mails,
    check_proofs,
    check_publication,
    check_rotations,
    check_standby,
    check_witnesses,
    check_worker,
)
from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import SigningServiceError, TimestampError
from signing_service.settings import Settings
from signing_service.store import installation
from signing_service.store.guard import Guard
from signing_service.store.migrations import check_schema
from signing_service.verify.terminal import width_of
from signing_service.verify.wrapping import wrapped
from signing_service.workflow.delivery import send_test_mail
from signing_service.workflow.readiness import LEAST_FREE
from signing_service.workflow.service import key_passphrase, load_fonts, open_keys, open_service, system_clock
from signing_service.workflow.transports import open_smtp

EXPIRY_WARNING = timedelta(days=365)
MIN_FREE_DISK = 1 << 30  # bytes
_TEXT = 20  # columns before what is told
_CHECKS = (
    check_rotations, check_clock, check_publication, check_worker, check_mails, check_proofs,
    check_witnesses,
)  # fmt: skip
Check = Callable[[Settings], Iterator[Finding]]


def main(arguments: list[str]) -> int:
    """Run every check and print what it found."""
    parser = make_parser("doctor", __doc__)
    parser.add_argument("--mail", metavar="ADDRESS", help="send a test mail to this address")
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    worst = 0
    for finding in examine(settings, options.mail):
        _print(finding)
        worst = max(worst, 1 if finding.level == "wrong" else 0)
    return worst


def examine(settings: Settings, test_mail: str | None = None) -> Iterator[Finding]:
    """Run the checks in the order in which they depend on each other; a failure hides no later one."""
    checks: dict[str, Check] = {
        "secrets": _check_secrets,
        "keys": _check_keys,
        "database": _check_database,
        "standby": _check_standby,
        "fonts": _check_fonts,
        "service": _check_service,
        "timestamps": _check_timestamps,
        "disk": _check_disk,
        "contact": _check_contact,
        "mail": lambda settings: _check_mail(settings, test_mail),
    }
    said: set[str] = set()  # what stands in the way of several checks is one finding, of the first of them
    for name, check in checks.items():
        try:
            yield from check(settings)
        except SigningServiceError as error:
            if error.message not in said:
                yield Finding("wrong", name, error.message, error.hint)
            said.add(error.message)
        except OSError as error:
            yield Finding("wrong", name, f"{error.filename or name}: {error.strerror}", "check the disk and its rights")


def _check_secrets(settings: Settings) -> Iterator[Finding]:
    settings.require_session_secret()
    key_passphrase(settings)
    if settings.key_passphrase_file is not None:
        yield Finding("ok", "secrets", f"passphrase in {settings.key_passphrase_file}, session secret set")
    else:
        hint = "other processes of this user can read it there; KEY_PASSPHRASE_FILE keeps it in a file"
        yield Finding("warning", "secrets", "the passphrase of the keys stands in the environment", hint)


def _check_keys(settings: Settings) -> Iterator[Finding]:
    now = system_clock()
    keys = open_keys(settings, now)
    for certificate in (keys.root, keys.issuing_ca, keys.services_ca, keys.seal, keys.timestamp):
        end = certificate.not_valid_after_utc
        if end - now < EXPIRY_WARNING:
            text = f"{certificate.subject.rfc4514_string()} expires on {end:%Y-%m-%d}"
            yield Finding("warning", "keys", text, "signing-service keys rotate; old signatures stay valid")
    if (settings.keys / "root.key").exists():
        hint = "signing-service keys offline DIR moves it to a medium that you lock away"
        yield Finding("warning", "keys", "the root's key lies on this machine", hint)
    yield Finding("ok", "keys", f"complete, private and matching in {settings.keys}")


def _check_database(settings: Settings) -> Iterator[Finding]:
    database = installation.open_database(settings.database_url)
    try:
        if installation.find_on(database) is None:
            raise installation.missing()
        check_schema(database)
        database.check_durability()
        yield Finding("ok", "database", f"{database.dialect}, schema current, commits survive a power loss")
    finally:
        database.dispose()


def _check_standby(settings: Settings) -> Iterator[Finding]:
    """Of the database alone: keys that a commit which hangs has left half changed hide nothing of why it hangs."""
    database = installation.open_database(settings.database_url)
    try:
        yield from check_standby(database)
    finally:
        database.dispose()


def _check_service(settings: Settings) -> Iterator[Finding]:
    service = open_service(settings)
    try:
        yield Finding("ok", "record", f"database, guard {settings.guard} and keys belong together")
        for check in _CHECKS:
            yield from check(service)
    finally:
        service.database.dispose()


def _check_timestamps(settings: Settings) -> Iterator[Finding]:
    if not settings.timestamp_urls:
        hint = "set TIMESTAMP_URLS and TIMESTAMP_ANCHORS_FILE before the first real agreement"
        yield Finding("warning", "timestamps", "the service stamps with its own clock: time not independent", hint)
        return
    service = open_service(settings)
    try:
        for authority in service.authorities:
            try:
                authority.timestamp(sha256(b"signing-service doctor").digest(), service.clock())
            except TimestampError as error:
                hint = (
                    error.hint or "try it with curl from this machine, and compare TIMESTAMP_ANCHORS_FILE with its root"
                )
                yield Finding("wrong", "timestamps", f"{authority.name}: {error.message}", hint)
            else:  # its time is ours, or its token would not be accepted
                yield Finding("ok", "timestamps", f"{authority.name} answers")
    finally:
        service.database.dispose()


def _check_fonts(settings: Settings) -> Iterator[Finding]:
    load_fonts(settings)
    yield Finding("ok", "fonts", "all there")


def _check_disk(settings: Settings) -> Iterator[Finding]:
    places = {settings.guard.absolute().parent, settings.mail_dir.absolute(), *_database_folder(settings)}
    folders = {next(path for path in (place, *place.parents) if path.is_dir()) for place in places}
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free
        text = f"{free / (1 << 30):.1f} GiB free at {folder}"
        if not is_writable(folder):
            hint = "give it to the service's user (chown), or run doctor as that user"
            yield Finding("wrong", "disk", f"{folder} cannot be written to", hint)
        elif free < LEAST_FREE:
            yield Finding("wrong", "disk", text, "make room now: nothing can be signed on a full disk")
        elif free < MIN_FREE_DISK:
            yield Finding("warning", "disk", text, "make room")
        else:
            yield Finding("ok", "disk", text)
    if is_writable(settings.guard.absolute().parent):
        Guard(settings.guard).check_writable()  # its lock may be somebody else's: of root, who ran a command once


def is_writable(folder: Path) -> bool:
    """Whether this process may make files in ``folder``."""
    return os.access(folder, os.W_OK)


def _database_folder(settings: Settings) -> list[Path]:
    scheme, _, path = settings.database_url.partition(":///")
    return [Path(path).absolute().parent] if scheme == "sqlite" else []


def _check_mail(settings: Settings, test_mail: str | None) -> Iterator[Finding]:
    if settings.smtp is None:
        text = f"no mail server: mails are files in {Path(settings.mail_dir)}"
        yield Finding("warning", "mail", text, "set SMTP_URL and MAIL_FROM")
    else:
        with open_smtp(settings.smtp, settings.relying_party_id):
            yield Finding("ok", "mail", f"{settings.smtp.host}:{settings.smtp.port} lets us in")
    if test_mail is not None:
        service = open_service(settings)
        try:
            send_test_mail(service, test_mail)
        finally:
            service.database.dispose()
        yield Finding("ok", "mail", f"test mail handed over for {test_mail}")


def _check_contact(settings: Settings) -> Iterator[Finding]:
    contact = settings.secretariat
    if contact is None:
        hint = "set SECRETARIAT, and SECRETARIAT_PHONE where there is one"
        yield Finding("warning", "contact", "pages and mails name nobody whom people can ask", hint)
    else:
        parts = (contact.name, contact.email, contact.telephone)
        yield Finding("ok", "contact", f"people are told to ask {', '.join(filter(None, parts))}")


def _print(finding: Finding) -> None:
    said = [f"{finding.level:<8} {finding.check:<10} {finding.text}"]
    if finding.hint:
        said.append(f"{'':<{_TEXT}}hint: {finding.hint}")
    for line in said:
        print("\n".join(wrapped(line, width_of(sys.stdout), _TEXT)))
