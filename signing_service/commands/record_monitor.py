"""``signing-service record monitor``: a party follows the record and the feed of its agreements, and hears of lies.

URL is the record's address. The token file holds a line `AGREEMENT TOKEN` for each agreement, as the secretariat showed
it. Each round verifies that the log only grew since the checkpoint in the state file, opens every new entry of those
agreements, and prints the events that concern the party; CHECK marks those by which somebody else could come to sign
in its name. The state file is made by the first round; keep it, it is what a fork is noticed by.

exit codes: 0 all is well (with --once), 1 ALARM: a fork or rollback, a withheld opening, two entries of one sequence,
a key that signs on after it was retired, 2 usage error, 3 log or feed did not answer (with --once; without, they are
asked again).
"""

from __future__ import annotations

import argparse
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signing_service.commands.terminal import make_parser
from signing_service.errors import (
    ForkError,
    FormatError,
    NotFoundError,
    RecordError,
    RetiredKeyError,
    UnavailableError,
    UsageError,
)
from signing_service.evidence.monitor import MonitorState, follow, format_state, parse_state
from signing_service.evidence.record_keys import RecordKeys
from signing_service.evidence.sightings import Sighting
from signing_service.evidence.trust import parse_trust_file
from signing_service.record.note import ED25519, MAX_NOTE, VerifierKey, parse_verifier_key
from signing_service.record.sources import is_address, url_fetch
from signing_service.record.tiles import Fetch
from signing_service.verify.options import whole_number

EVERY = 60.0  # seconds between two rounds
SECOND_LOOK = 2.0  # seconds before an alarm that may be a moment of the service's is looked at again
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
MAX_FILE = 1 << 20  # bytes
UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom and what this monitor follows, and where it keeps what it saw."""

    url: str
    keys: RecordKeys
    party: str
    tokens: dict[str, str]
    state: Path
    accepted: tuple[int, ...] = ()

    @property
    def fetch(self) -> Fetch:
        """Reads the log; what its one moving part, the checkpoint, was last is remembered for an alarm."""
        return url_fetch(self.url)

    def feed(self, agreement: str, start: int) -> bytes:
        """A page of one agreement's feed."""
        return url_fetch(self.url, self.tokens[agreement])(f"feed/{agreement}?from={start}")


def main(arguments: list[str]) -> int:
    """Follow until an alarm, or for one round."""
    options = _parser().parse_args(arguments)
    watch = _watch(options)
    while True:
        code = _round(watch)
        if options.once or code == 1:
            return code
        time.sleep(options.every)


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("record monitor", __doc__)
    parser.add_argument("url", metavar="URL", help="the record's address, like https://sign.example.org/record")
    parser.add_argument("--feed-token-file", required=True, metavar="FILE", help="lines of AGREEMENT TOKEN, mode 0600")
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--trust", metavar="FILE", help="the trust file: it names the log's key, and those before it")
    key.add_argument("--key", metavar="VKEY", help="the log's verifier key, or a file that holds it")
    parser.add_argument("--state", required=True, metavar="FILE", help="what was seen so far; made by the first round")
    parser.add_argument("--party", required=True, metavar="ID", help="the party's id in the agreements, like njupt")
    parser.add_argument("--once", action="store_true", help="one round, then end")
    parser.add_argument(
        "--every", type=float, default=EVERY, metavar="SECONDS", help=f"between two rounds (default {EVERY:.0f})"
    )
    parser.add_argument(
        "--accept-erased",
        type=whole_number(0),
        action="append",
        default=[],
        metavar="INDEX",
        help="an entry whose erasure before it was seen is explained; may be repeated",
    )
    return parser


def _watch(options: argparse.Namespace) -> Watch:
    parts = urlsplit(options.url)
    if not is_address(options.url) or (parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS):
        raise UsageError(f"{options.url} is not an https address", hint="the feed's token must not travel in the clear")
    keys = _read_trust(Path(options.trust)) if options.trust else RecordKeys(_read_key(options.key))
    tokens = _read_tokens(Path(options.feed_token_file))
    return Watch(options.url, keys, options.party, tokens, Path(options.state), tuple(options.accept_erased))


def _read_trust(path: Path) -> RecordKeys:
    try:
        trust = parse_trust_file(_read(path))
    except FormatError as error:
        raise UsageError(f"--trust: {error.message}", hint=error.hint) from error
    return RecordKeys(trust.record_key, trust.retired_record_keys)


def _read_key(text: str) -> VerifierKey:
    if "+" not in text:
        text = _read(Path(text)).decode("utf-8", "replace").strip()
    try:
        key = parse_verifier_key(text)
    except FormatError as error:
        raise UsageError(f"--key: {error.message}", hint=error.hint) from error
    if key.type != ED25519:
        raise UsageError("--key takes the log's verifier key (type 01), not a witness's")
    return key


def _read_tokens(path: Path) -> dict[str, str]:
    data = _read(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"{path} is readable by others", hint=f"chmod 600 {path}")
    lines = [line.split() for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines or any(len(words) != 2 or not all(word.isascii() for word in words) for words in lines):
        raise UsageError(f"{path} does not hold lines of an agreement's id and a token", hint="copy the line as shown")
    return {words[0]: words[1] for words in lines}


def _round(watch: Watch) -> int:
    """One round, and a second look where the service may just have been between two steps; gives the exit code."""
    try:
        state = _read_state(watch)
        try:
            seen, new = _follow(watch, state)
        except (ForkError, RetiredKeyError):
            raise
        except RecordError:
            time.sleep(SECOND_LOOK)
            seen, new = _follow(watch, state)
    except (UnavailableError, NotFoundError) as error:
        _say(f"unknown: {error.message}")
        return UNKNOWN
    except (RecordError, FormatError) as error:
        _say(f"ALARM: {error.message}")
        _say(f"hint: {error.hint or 'keep the state file, and ask the secretariat and the other parties'}")
        return 1
    for item in seen:
        print(_line(item), flush=True)
    _write(watch.state, format_state(new))
    return 0


def _follow(watch: Watch, state: MonitorState) -> tuple[list[Sighting], MonitorState]:
    notes: list[bytes] = []
    try:
        return follow(
            state,
            _remembering(watch.fetch, notes),
            watch.feed,
            watch.keys,
            sorted(watch.tokens),
            party=watch.party,
            accepted=watch.accepted,
        )
    except (ForkError, RetiredKeyError):
        proof = watch.state.with_name(watch.state.name + ".alarm")
        _write(proof, state.checkpoint + b"\n" + b"".join(notes))
        _say(f"the checkpoints are kept in {proof}")
        raise


def _remembering(fetch: Fetch, notes: list[bytes]) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        data = fetch(path)
        if path == "checkpoint":
            notes.append(data[:MAX_NOTE])
        return data

    return read


def _line(item: Sighting) -> str:
    return f"{item.time}  entry {item.index:<6} {item.mark:<5}  {item.type:<16} {item.text}"


def _read_state(watch: Watch) -> MonitorState:
    if not watch.state.exists():
        return MonitorState()
    try:
        return parse_state(_read(watch.state), watch.keys)
    except RetiredKeyError:
        raise  # what was seen earlier was not the service's: an alarm
    except (FormatError, RecordError) as error:
        raise UsageError(
            f"{watch.state} is no state of this monitor: {error.message}", hint="restore it; without it a fork goes by"
        ) from error


def _write(path: Path, data: bytes) -> None:
    """Write beside, sync, rename: a power loss leaves the old state or the new one."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
