"""``signing-service record`` for the witnesses that this service asks: how it goes, and those that work by file."""

from __future__ import annotations

import sys
from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.encoding import format_time
from signing_service.errors import UsageError
from signing_service.record.witness_client import MAX_ANSWER
from signing_service.verify.options import whole_number
from signing_service.workflow.service import open_service
from signing_service.workflow.witnessing import request_for, take_in, witnesses_of


def request(arguments: list[str]) -> int:
    """Write the newest checkpoint as a request to a witness that works by file."""
    doc = "\n\nWrite the newest checkpoint as a request that the witness cosigns with: record witness cosign FILE."
    parser = make_parser("record request", doc)
    parser.add_argument("witness", metavar="NAME", help="the witness's name, out of WITNESSES_FILE")
    remembered = "what it remembers (default: what it cosigned last)"
    parser.add_argument("--from", type=whole_number(0), dest="size", metavar="SIZE", help=remembered)
    options = parser.parse_args(arguments)
    service = open_service(settings_from_environment())
    sys.stdout.buffer.write(request_for(service, options.witness, options.size))
    return 0


def cosignature(arguments: list[str]) -> int:
    """Take in what a witness that works by file sent back."""
    doc = "\n\nTake in the cosignature that a witness sent back as a file: its line, or the checkpoint with it."
    parser = make_parser("record cosignature", doc)
    parser.add_argument("file", metavar="FILE", help="what the witness sent; - for standard input")
    options = parser.parse_args(arguments)
    data = sys.stdin.buffer.read(MAX_ANSWER) if options.file == "-" else _read(Path(options.file))
    for name, size in take_in(open_service(settings_from_environment()), data):
        print(f"{name} cosigned the checkpoint of size {size}")
    return 0


def witnesses(arguments: list[str]) -> int:
    """Show how asking each configured witness goes."""
    parser = make_parser("record witnesses", "\n\nShow the witnesses that this service asks, and how it goes.")
    parser.parse_args(arguments)
    found = witnesses_of(open_service(settings_from_environment()))
    if not found:
        print("none: WITNESSES_FILE is not set")
    for one in found:
        said = f"cosigned up to {one.cosigned}" if one.cosigned else "has not cosigned yet"
        if one.error and one.next_attempt:
            said += f"; asked again after {format_time(one.next_attempt)}: {one.error}"
        print(f"{one.name:<32} {one.url or 'by file':<40} {f'ALARM: {one.alarm}; ' if one.alarm else ''}{said}")
    return 1 if any(one.alarm for one in found) else 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_ANSWER)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
