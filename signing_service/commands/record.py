"""``signing-service record``: the transparency log.

``audit``, ``witness`` and ``monitor`` need nothing but this package's base dependencies; the first two work on any log
that speaks C2SP tlog-tiles, tlog-checkpoint and tlog-witness. The others need the service's own database and settings.
"""

from __future__ import annotations

import argparse
import importlib

from signing_service.commands.terminal import make_parser
from signing_service.errors import UsageError

_OURS = "signing_service.commands.record_service"
_WITNESSES = "signing_service.commands.record_witnesses"
COMMANDS = {  # name: module, function, what it does
    "audit": ("signing_service.commands.record_audit", "main", "recompute a whole log, or check receipts against it"),
    "witness": ("signing_service.commands.record_witness", "main", "cosign other people's checkpoints"),
    "monitor": ("signing_service.commands.record_monitor", "main", "follow a party's agreements; alarm at a lie"),
    "checkpoint": (_OURS, "checkpoint", "print the newest checkpoint of this service's record"),
    "prove": (_OURS, "prove_entry", "print the offline proof of one entry"),
    "export": (_OURS, "export", "write the record as static files"),
    "erase": (_OURS, "erase_event", "erase one event's content; its entry stays"),
    "feed": ("signing_service.commands.record_feed", "main", "make or end a party's token for its agreement's events"),
    "witnesses": (_WITNESSES, "witnesses", "show the log witnesses that are asked, and how it goes"),
    "request": (_WITNESSES, "request", "write a request to a witness that works by file"),
    "cosignature": (_WITNESSES, "cosignature", "take in what a witness sent back as a file"),
}


def main(arguments: list[str]) -> int:
    """Run one of the record's commands; give its exit code."""
    parser = make_parser("record", __doc__)
    parser.epilog = "\n".join(
        ["commands (each has its own --help):", *(f"  {name:<11} {does}" for name, (_, _, does) in COMMANDS.items())]
    )
    parser.add_argument("command", metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="…", help="what the command takes")
    options = parser.parse_args(arguments)
    if options.command not in COMMANDS:
        raise UsageError(f"there is no command 'record {options.command}'", hint=f"there are: {', '.join(COMMANDS)}")
    module, function, _ = COMMANDS[options.command]
    return int(getattr(importlib.import_module(module), function)(options.words))
