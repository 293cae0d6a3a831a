"""A log witness (C2SP tlog-witness) as a pure state machine: what to answer, never where it is kept.

A witness remembers one checkpoint for each log, the largest that it cosigned, and cosigns another only
when a proof shows that the log merely grew. Whoever keeps the state makes one step of it atomic::

    request = parse_request(body)                       # or a Refusal: 400
    checkpoint = authenticate(request, logs)            # or a Refusal: 404, 403
    with transaction:                                   # read, judge and write as one
        outcome = advance(state_of(checkpoint.origin), request, checkpoint)   # or a Refusal: 400, 409, 422
        keep(outcome)
    line = cosigner.cosign(request.checkpoint, now)     # only after the state is on the disk

:mod:`witness_store` is such a keeper and :mod:`witness_server` puts it behind HTTP.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from signing_service.errors import FormatError, RecordError
from signing_service.record.checkpoint import Checkpoint, parse_checkpoint, parse_decimal
from signing_service.record.note import MAX_NOTE, VerifierKey, from_base64, parse_note, verify_note
from signing_service.record.tree import EMPTY_ROOT, HASH_SIZE, verify_consistency

MAX_PROOF_LINES = 63  # tlog-witness, "add-checkpoint"
MAX_REQUEST = MAX_NOTE + 64 * 64  # bytes
SIZE_TYPE = "text/x.tlog.size"

Logs = Mapping[str, tuple[VerifierKey, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request: the size that the client believes we know, a proof, a signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The largest checkpoint that was cosigned for one log; before the first, the empty tree."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    checkpoint: bytes = b""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not cosigned.

    ``status`` is the HTTP status of the specification. ``size`` goes with 409: the size of the latest
    cosigned checkpoint, sent as text/x.tlog.size. ``fork`` marks a checkpoint that the log signed
    although it contradicts one that the log signed before: evidence, to be kept and shown.
    """

    status: int
    reason: str
    size: int | None = None
    fork: bool = False


def configure_logs(
    keys: Iterable[VerifierKey], origins: Mapping[VerifierKey, str] | None = None
) -> dict[str, tuple[VerifierKey, ...]]:
    """The logs to witness, by origin: the key's name, unless ``origins`` says another (tlog-checkpoint, "Signatures":
    the two SHOULD match)."""
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for key in keys:
        origin = (origins or {}).get(key, key.name)
        logs[origin] = (*logs.get(origin, ()), key)
    return logs


def parse_request(body: bytes) -> Request | Refusal:
    """Read an add-checkpoint body; a Refusal with status 400 if it is malformed."""
    try:
        return _parse_request(body)
    except FormatError as error:
        return Refusal(400, error.message)


def _parse_request(body: bytes) -> Request:
    head, blank, checkpoint = body.partition(b"\n\n")
    if len(body) > MAX_REQUEST or not blank or not head.isascii():
        raise FormatError("request is too large, or no ASCII lines and an empty one before the checkpoint")
    first, *lines = head.decode("ascii").split("\n")
    if not first.startswith("old "):
        raise FormatError("request does not begin with the old size")
    if len(lines) > MAX_PROOF_LINES:
        raise FormatError(f"request has more than {MAX_PROOF_LINES} proof lines")
    proof = tuple(from_base64(line) for line in lines)
    if any(len(value) != HASH_SIZE for value in proof):
        raise FormatError(f"a proof line does not hold {HASH_SIZE} bytes")
    parse_checkpoint(parse_note(checkpoint).text)
    return Request(parse_decimal(first.removeprefix("old ")), proof, checkpoint)


def format_request(request: Request) -> bytes:
    """Write an add-checkpoint body; what a log sends, or hands over as a file."""
    lines = [f"old {request.old_size}", *(base64.b64encode(value).decode() for value in request.proof)]
    return "".join(line + "\n" for line in lines).encode() + b"\n" + request.checkpoint


def authenticate(request: Request, logs: Logs) -> Checkpoint | Refusal:
    """The request's checkpoint, signed by its log; a Refusal with 404 (unknown origin) or 403 (not signed by it)."""
    checkpoint = parse_checkpoint(parse_note(request.checkpoint).text)
    keys = logs.get(checkpoint.origin)
    if keys is None:
        return Refusal(404, f"no log {checkpoint.origin!r} is witnessed here")
    try:
        verify_note(request.checkpoint, keys)
    except RecordError as error:
        return Refusal(403, error.message)
    return checkpoint


def advance(state: WitnessState, request: Request, checkpoint: Checkpoint) -> WitnessState | Refusal:
    """The state after cosigning ``checkpoint``, which authenticate gave; a Refusal leaves the state as it is.

    1. 400: the old size is beyond the checkpoint's.
    2. 409: the old size is not that of the latest cosigned checkpoint.
    3. 409: the sizes are equal and the roots are not: the log was forked.
    4. 422: the consistency proof does not verify (from size 0 it must be empty).
    """
    # (1)
    if request.old_size > checkpoint.size:
        return Refusal(400, f"old size {request.old_size} is beyond the checkpoint's size {checkpoint.size}")
    # (2)
    if request.old_size != state.size:
        return Refusal(409, f"the latest cosigned checkpoint has size {state.size}", state.size)
    # (3)
    if checkpoint.size == state.size and checkpoint.root != state.root:
        return Refusal(409, f"the log signed two roots for size {state.size}", state.size, fork=True)
    # (4)
    try:
        if state.size:
            verify_consistency(state.size, checkpoint.size, state.root, checkpoint.root, request.proof)
        elif request.proof:
            return Refusal(422, "a proof from size 0 must be empty")
    except RecordError as error:
        return Refusal(422, error.message)
    return WitnessState(checkpoint.size, checkpoint.root, request.checkpoint)
