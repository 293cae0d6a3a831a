"""``signing-service doctor``: check what the service needs, and say what to do about what is wrong.

Nothing is changed, but a timestamp is asked for; ``--mail ADDRESS`` sends a test mail too. Exit code 0 if all is
well, 1 if something is wrong, 2 if the settings themselves are.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.encoding import format_time
from signing_service.errors import ConfigurationError, SigningServiceError
from signing_service.pki.keystore import KeyStore, read_passphrase
from signing_service.settings import Settings
from signing_service.store import installation, outbox, publisher
from signing_service.store.database import Database
from signing_service.store.migrations import check_schema
from signing_service.workflow.delivery import open_smtp, send_test_mail
from signing_service.workflow.service import Service, load_fonts, open_service, system_clock
from signing_service.workflow.trust import current
from signing_service.workflow.witnessing import witnesses_of

EXPIRY_WARNING = timedelta(days=365)
MIN_FREE_DISK = 1 << 30  # bytes
MAX_CLOCK_DIFFERENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome: ``ok``, ``warning`` or ``wrong``."""

    level: str
    check: str
    text: str
    hint: str = ""


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
        "service": _check_service,
        "timestamps": _check_timestamps,
        "fonts": _check_fonts,
        "disk": _check_disk,
        "mail": lambda settings: _check_mail(settings, test_mail),
    }
    for name, check in checks.items():
        try:
            yield from check(settings)
        except SigningServiceError as error:
            yield Finding("wrong", name, error.message, error.hint)


def _check_secrets(settings: Settings) -> Iterator[Finding]:
    settings.require_session_secret()
    if settings.key_passphrase_file is not None:
        read_passphrase(settings.key_passphrase_file, settings.keys)
        yield Finding("ok", "secrets", f"passphrase in {settings.key_passphrase_file}, session secret set")
    else:
        settings.require_key_passphrase()
        hint = "other processes of this user can read it there; KEY_PASSPHRASE_FILE keeps it in a file"
        yield Finding("warning", "secrets", "the passphrase of the keys stands in the environment", hint)


def _check_keys(settings: Settings) -> Iterator[Finding]:
    now = system_clock()
    keys = KeyStore.open(settings.keys, settings.require_key_passphrase().encode(), now)
    for certificate in (keys.root, keys.issuing_ca, keys.services_ca, keys.seal, keys.timestamp):
        end = certificate.not_valid_after_utc
        if end - now < EXPIRY_WARNING:
            text = f"{certificate.subject.rfc4514_string()} expires on {end:%Y-%m-%d}"
            yield Finding("warning", "keys", text, "rotate it in time; old signatures stay valid")
    yield Finding("ok", "keys", f"complete, private and matching in {settings.keys}")


def _check_database(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.database_url)
    try:
        if installation.find_on(database) is None:
            raise ConfigurationError("the database is empty", hint="run `signing-service init` once")
        check_schema(database)
        database.check_durability()
        yield Finding("ok", "database", f"{database.dialect}, schema current, commits survive a power loss")
    finally:
        database.dispose()


def _check_service(settings: Settings) -> Iterator[Finding]:
    service = open_service(settings)
    try:
        yield Finding("ok", "record", f"database, guard {settings.guard} and keys belong together")
        yield from _check_clock(service)
        yield from _check_outbox(service)
        yield from _check_witnesses(service)
    finally:
        service.database.dispose()


def _check_clock(service: Service) -> Iterator[Finding]:
    with service.database.read() as session:
        newest = publisher.newest(session)
    now = service.clock()
    if newest is not None and newest.published > now:
        text = f"it is {format_time(now)} here, but a checkpoint was published at {format_time(newest.published)}"
        yield Finding("wrong", "clock", text, "set this machine's clock; run an NTP client")
    else:
        yield Finding("ok", "clock", format_time(now))


def _check_outbox(service: Service) -> Iterator[Finding]:
    with service.database.read() as session:
        counts = outbox.counts(session)
    if counts.get("failed"):
        yield Finding(
            "warning", "mail", f"{counts['failed']} mails were refused for good", "the secretariat sees which"
        )


def _check_witnesses(service: Service) -> Iterator[Finding]:
    with service.database.read() as session:
        trust = current(session)
    asked = {witness.key for witness in service.witnesses}
    if trust.quorum is None:
        hint = "ask members to run one each: docs/witness.md, WITNESSES_FILE"
        yield Finding("warning", "witnesses", "none: nobody would notice a forked record but by receipts", hint)
    for key in trust.witnesses:
        if key not in asked:
            text = f"{key.name} is in the trust file but not asked"
            yield Finding("warning", "witnesses", text, "add its line to WITNESSES_FILE")
    for key in asked - set(trust.witnesses):
        hint = "it counts from the next trust file on that names it"
        yield Finding("warning", "witnesses", f"{key.name} is asked but not in the trust file", hint)
    for one in witnesses_of(service):
        if one.alarm:
            yield Finding("wrong", "witnesses", f"ALARM: {one.alarm}", "stop writing, compare record and guard")
        elif one.error:
            yield Finding("warning", "witnesses", one.error, "it is asked again by itself")


def _check_timestamps(settings: Settings) -> Iterator[Finding]:
    if not settings.timestamp_urls:
        hint = "set TIMESTAMP_URLS and TIMESTAMP_ANCHORS_FILE before the first real agreement"
        yield Finding("warning", "timestamps", "the service stamps with its own clock: time not independent", hint)
        return
    service = open_service(settings)
    try:
        for authority in service.authorities:
            now = service.clock()
            token = authority.timestamp(sha256(b"signing-service doctor").digest(), now)
            if abs(token.time - now) > MAX_CLOCK_DIFFERENCE:
                text = f"{authority.name} says {format_time(token.time)}, this machine {format_time(now)}"
                yield Finding("wrong", "clock", text, "set this machine's clock; run an NTP client")
            else:
                yield Finding("ok", "timestamps", f"{authority.name} answers")
    finally:
        service.database.dispose()


def _check_fonts(settings: Settings) -> Iterator[Finding]:
    load_fonts(settings)
    yield Finding("ok", "fonts", "all there")


def _check_disk(settings: Settings) -> Iterator[Finding]:
    folder = next(path for path in (settings.guard.absolute(), *settings.guard.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GiB free at {folder}"
    yield Finding(
        "ok" if free >= MIN_FREE_DISK else "warning", "disk", text, "" if free >= MIN_FREE_DISK else "make room"
    )


def _check_mail(settings: Settings, test_mail: str | None) -> Iterator[Finding]:
    if settings.smtp is None:
        text = f"no mail server: mails are files in {Path(settings.mail_dir)}"
        yield Finding("warning", "mail", text, "set SMTP_URL and MAIL_FROM")
    else:
        with open_smtp(settings.smtp):
            yield Finding("ok", "mail", f"{settings.smtp.host} lets us in")
    if test_mail is not None:
        service = open_service(settings)
        try:
            send_test_mail(service, test_mail)
        finally:
            service.database.dispose()
        yield Finding("ok", "mail", f"test mail handed over for {test_mail}")


def _print(finding: Finding) -> None:
    print(f"{finding.level:<8} {finding.check:<10} {finding.text}", file=sys.stdout)
    if finding.hint:
        print(f"{'':<8} {'':<10} hint: {finding.hint}")
