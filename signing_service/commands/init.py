"""``signing-service init``: make a new service, once.

Makes the keys, the database, the guard and the trust file; prints the trust file's fingerprint and a single-use
link for the first officer. Missing files for the keys' passphrase and the session secret are made too. What is there
already is never made again.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from signing_service.commands.terminal import make_parser, print_pairs, settings_from_environment
from signing_service.errors import ConfigurationError, UsageError
from signing_service.setting_values import PREFIX
from signing_service.workflow.clock_check import check_clock_before
from signing_service.workflow.initialisation import FirstOfficer, Initialised, initialise, make_secret_file
from signing_service.workflow.service import system_clock

SECRET_FILES = ("KEY_PASSPHRASE_FILE", "SESSION_SECRET_FILE")


def main(arguments: list[str]) -> int:
    """Initialise the service that the environment's settings describe."""
    options = _parser().parse_args(arguments)
    given = os.environ.get(f"{PREFIX}PUBLIC_URL", "")
    if options.public_url and given and options.public_url.rstrip("/") != given.rstrip("/"):
        raise UsageError(f"PUBLIC_URL is set to {given}", hint="unset it, or give the same on the command line")
    defaults = {f"{PREFIX}PUBLIC_URL": options.public_url} if options.public_url else {}
    made = make_missing_secrets()
    settings = settings_from_environment(defaults)
    check_clock_before(settings)
    officer = FirstOfficer(options.officer_name, options.officer_email)
    _print(initialise(settings, officer, system_clock()), officer, made)
    return 0


def make_missing_secrets() -> list[Path]:
    """Make the files that the two secret settings name, where they are missing.

    Raises ConfigurationError before anything is made where keys are there that need the missing passphrase.
    """
    keys = Path(os.environ.get(f"{PREFIX}KEYS") or "keys")
    made = []
    for name in SECRET_FILES:
        path = Path(os.environ.get(PREFIX + name) or os.devnull)
        if path.exists():
            continue
        if name == "KEY_PASSPHRASE_FILE" and any(keys.glob("*.key")):
            raise ConfigurationError(
                f"{keys} holds keys, but {path}, whose passphrase opens them, is gone",
                hint="restore it; to begin a demo anew, move the keys away too: both are made again",
            )
        make_secret_file(path)
        made.append(path)
    return made


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("init", __doc__)
    parser.add_argument("public_url", nargs="?", metavar="URL", help="public URL, if PUBLIC_URL is not set")
    parser.add_argument("--officer-name", required=True, metavar="NAME", help="the first officer of the secretariat")
    parser.add_argument("--officer-email", required=True, metavar="ADDRESS", help="where that officer gets mail")
    return parser


def _print(made: Initialised, officer: FirstOfficer, secrets: list[Path]) -> None:
    settings = made.service.settings
    print(f"{settings.name} is ready as {settings.public_url}\n")
    pairs = [
        ("keys", f"{settings.keys}"),
        ("trust file", f"{settings.trust_file}"),
        ("fingerprint", f"{made.fingerprint}\nprint it and publish it: auditors compare with it"),
        ("first officer", f"{officer.name} <{officer.email}>"),
        ("link", f"{made.officer_link}\nsingle use, valid for a day"),
    ]
    pairs += [("secret made", f"{path}") for path in secrets]
    print_pairs(pairs)
    print("\nNow back up the keys and, apart from them, their passphrase. Then: signing-service serve")
