"""``signing-service record``: the transparency log, from the outside.

``audit`` and ``witness`` need nothing but this package's base dependencies; they work on any log that speaks
C2SP tlog-tiles, tlog-checkpoint and tlog-witness.
"""

from __future__ import annotations

import argparse
import importlib

from signing_service.commands.terminal import make_parser
from signing_service.errors import UsageError

COMMANDS = {  # name: module, what it does
    "audit": ("signing_service.commands.record_audit", "recompute a whole log, or check receipts against it"),
    "witness": ("signing_service.commands.record_witness", "cosign other people's checkpoints, served or by file"),
}


def main(arguments: list[str]) -> int:
    """Run one of the record's commands; give its exit code."""
    parser = make_parser("record", __doc__)
    parser.epilog = "\n".join(
        ["commands (each has its own --help):", *(f"  {name:<10} {does}" for name, (_, does) in COMMANDS.items())]
    )
    parser.add_argument("command", metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="…", help="what the command takes")
    options = parser.parse_args(arguments)
    if options.command not in COMMANDS:
        raise UsageError(f"there is no command 'record {options.command}'", hint=f"there are: {', '.join(COMMANDS)}")
    module = importlib.import_module(COMMANDS[options.command][0])
    return int(module.main(options.words))
