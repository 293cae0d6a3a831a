"""``signing-service people``: what the service holds about a person.

``export EMAIL`` prints every row and every event about the person with that address as JSON, for the person to take
away (docs/privacy.md). Secrets are shown only as whether there is one.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import UsageError
from signing_service.verify.wrapping import counted
from signing_service.workflow.personal_export import export_person
from signing_service.workflow.service import open_service


def main(arguments: list[str]) -> int:
    """Run ``export``."""
    parser = make_parser("people", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    export = commands.add_parser("export", help="print all that the service holds about a person, as JSON")
    export.add_argument("email", metavar="EMAIL", help="the person's address")
    export.add_argument("--output", type=Path, metavar="FILE", help="a new file for it, of mode 0600")
    export.set_defaults(run=_export)
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    return command(options)


def _export(options: argparse.Namespace) -> int:
    found = export_person(open_service(settings_from_environment()), options.email)
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if options.output is None:
        print(text, end="")
        return 0
    try:
        descriptor = os.open(options.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{options.output} cannot be made: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    events, tables = counted(len(found["events"]), "event"), counted(len(found["rows"]), "table")
    print(f"{events} and {tables} of rows in {options.output}")
    return 0
