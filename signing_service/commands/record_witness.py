"""``signing-service record witness``: cosign other people's checkpoints, so that nobody is shown a forked history.

``init`` makes the witness's key. ``serve`` answers C2SP tlog-witness over HTTP; put a TLS proxy before it. ``cosign``
does the same for a request, or a signed checkpoint, in a file, and writes the cosignature to standard output. Both keep
in the state file what they cosigned last: keep that file, a witness that forgets can be made to contradict itself.

exit codes: 0 cosigned, 1 refused (a fork, a bad signature or proof), 2 usage error, 3 a proof from another size is
needed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from signing_service.commands.terminal import make_parser
from signing_service.errors import FormatError, UsageError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import ED25519, VerifierKey, format_verifier_key, parse_note, parse_verifier_key
from signing_service.record.witness import MAX_REQUEST, Logs, Request, configure_logs, format_request
from signing_service.record.witness_key import make_key_file, read_key_file
from signing_service.record.witness_server import make_server
from signing_service.record.witness_store import Witness, WitnessStore

KEY_FILE = "witness.key"
STATE_FILE = "witness.db"
ADDRESS = "127.0.0.1:8080"
STALE = 3
CONFLICT = 409


def main(arguments: list[str]) -> int:
    """Run ``init``, ``serve`` or ``cosign``."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    return command(options)


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("record witness", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make the witness's key and print its verifier key")
    init.add_argument("name", metavar="NAME", help="the witness's name, like witness.njupt.edu.cn")
    init.set_defaults(run=_init)
    serve = commands.add_parser("serve", help="answer add-checkpoint requests over HTTP")
    serve.add_argument("--listen", default=ADDRESS, metavar="HOST:PORT", help=f"where to listen (default {ADDRESS})")
    serve.set_defaults(run=_serve)
    cosign = commands.add_parser("cosign", help="cosign a request or checkpoint in a file, offline")
    cosign.add_argument(
        "file", metavar="FILE", help="an add-checkpoint request, or a signed checkpoint; - for standard input"
    )
    cosign.set_defaults(run=_cosign)
    for command in (init, serve, cosign):
        command.add_argument("--key", default=KEY_FILE, metavar="FILE", help=f"the witness's key (default {KEY_FILE})")
    for command in (serve, cosign):
        command.add_argument("--state", default=STATE_FILE, metavar="FILE", help=f"the state (default {STATE_FILE})")
        command.add_argument(
            "--log",
            action="append",
            required=True,
            metavar="[ORIGIN=]VKEY",
            help="verifier key of a log to witness, after its origin where that is not the key's name; may be repeated",
        )
    return parser


def _init(options: argparse.Namespace) -> int:
    cosigner = make_key_file(Path(options.key), options.name)
    print(format_verifier_key(cosigner.verifier_key))
    print(f"hint: the line above is public: give it to the logs' operators; {options.key} stays here", file=sys.stderr)
    return 0


def _serve(options: argparse.Namespace) -> int:
    host, colon, port = options.listen.rpartition(":")
    if not colon or not port.isdecimal():
        raise UsageError(f"--listen {options.listen!r} is not HOST:PORT")
    with WitnessStore(Path(options.state)) as store:
        witness = Witness(read_key_file(Path(options.key)), _logs(options.log), store)
        try:
            server = make_server((host.strip("[]"), int(port)), witness, _say)
        except (OSError, OverflowError) as error:
            raise UsageError(f"cannot listen on {options.listen}: {error}") from error
        _say(f"witness {witness.cosigner.name} listens on http://{host}:{server.server_port}/add-checkpoint")
        with server:
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                _say("stopped")
    return 0


def _cosign(options: argparse.Namespace) -> int:
    body = sys.stdin.buffer.read(MAX_REQUEST + 1) if options.file == "-" else _read(Path(options.file))
    with WitnessStore(Path(options.state)) as store:
        witness = Witness(read_key_file(Path(options.key)), _logs(options.log), store)
        if not body.startswith(b"old "):
            body = _as_request(body, store)
        answer = witness.add_checkpoint(body, datetime.now(UTC))
    if answer.refusal is None:
        sys.stdout.buffer.write(answer.body)
        sys.stdout.flush()
        return 0
    _say(f"error: not cosigned: {answer.refusal.reason}")
    if answer.refusal.fork:
        _say(f"hint: this proves that the log was forked; keep {options.file} and {options.state}, and tell the others")
    elif answer.status == CONFLICT:
        _say(f"hint: ask the log's operator for a request from size {answer.refusal.size}")
        return STALE
    return 1


def _as_request(signed_checkpoint: bytes, store: WitnessStore) -> bytes:
    """A bare checkpoint as the request that it can be: the first of its log, or the latest again."""
    try:
        checkpoint = parse_checkpoint(parse_note(signed_checkpoint).text)
    except FormatError as error:
        raise UsageError(f"file is neither a request nor a signed checkpoint: {error.message}") from error
    known = store.state(checkpoint.origin).size
    return format_request(Request(known if known == checkpoint.size else 0, (), signed_checkpoint))


def _logs(words: list[str]) -> Logs:
    origins = dict(_log(text) for text in words)
    if any(key.type != ED25519 for key in origins):
        raise UsageError("--log takes a log's verifier key (type 01), not a witness's")
    return configure_logs(origins, origins)


def _log(text: str) -> tuple[VerifierKey, str]:
    """A log's key and origin."""
    try:
        key = parse_verifier_key(text)
    except FormatError as error:
        origin, given, vkey = text.rpartition("=")
        if not origin or not given:
            raise UsageError(f"--log: {error.message}", hint=error.hint) from error
        try:
            return parse_verifier_key(vkey), origin
        except FormatError as of_key:
            raise UsageError(f"--log: {of_key.message}", hint=of_key.hint) from of_key
    return key, key.name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_REQUEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
