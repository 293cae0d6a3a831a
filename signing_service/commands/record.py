"""``signing-service record``: the transparency log.

``audit`` and ``witness`` need nothing but this package's base dependencies; they work on any log that speaks
C2SP tlog-tiles, tlog-checkpoint and tlog-witness. The others need the service's own database and settings.
"""

from __future__ import annotations

import argparse
import importlib

from signing_service.commands.terminal import make_parser
from signing_service.errors import UsageError

_OURS = "signing_service.commands.record_service"
COMMANDS = {  # name: module, function, what it does
    "audit": ("signing_service.commands.record_audit", "main", "recompute a whole log, or check receipts against it"),
    "witness": ("signing_service.commands.record_witness", "main", "cosign other people's checkpoints"),
    "checkpoint": (_OURS, "checkpoint", "print the newest checkpoint of this service's record"),
    "prove": (_OURS, "prove_entry", "print the offline proof of one entry"),
    "export": (_OURS, "export", "write the record as static files"),
    "erase": (_OURS, "erase_event", "erase one event's content; its entry stays"),
}


def main(arguments: list[str]) -> int:
    """Run one of the record's commands; give its exit code."""
    parser = make_parser("record", __doc__)
    parser.epilog = "\n".join(
        ["commands (each has its own --help):", *(f"  {name:<10} {does}" for name, (_, _, does) in COMMANDS.items())]
    )
    parser.add_argument("command", metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="…", help="what the command takes")
    options = parser.parse_args(arguments)
    if options.command not in COMMANDS:
        raise UsageError(f"there is no command 'record {options.command}'", hint=f"there are: {', '.join(COMMANDS)}")
    module, function, _ = COMMANDS[options.command]
    return int(getattr(importlib.import_module(module), function)(options.words))
