"""The log's side of C2SP tlog-witness: make requests, understand answers, verify the cosignature. No network here. ::

    line = obtain_cosignature(post, signed_checkpoint, witness_key, read_hash, known_size=0)

``post(body)`` sends an add-checkpoint request and gives HTTP status and body. For a witness that works
offline, :func:`make_request` gives the file to send and :func:`read_cosignature` reads what comes back.
"""

from __future__ import annotations

from collections.abc import Callable

from signing_service.errors import ForkError, FormatError, RecordError, UnavailableError
from signing_service.record.checkpoint import Checkpoint, parse_checkpoint, parse_decimal
from signing_service.record.cosignature import add_cosignatures, verify_cosignatures
from signing_service.record.note import Signature, VerifierKey, parse_note, parse_signatures
from signing_service.record.tree import ReadHash, consistency_proof
from signing_service.record.witness import Request, format_request

MAX_ANSWER = 65_536  # bytes
OK, CONFLICT, INCONSISTENT = 200, 409, 422

Post = Callable[[bytes], tuple[int, bytes]]


def make_request(signed_checkpoint: bytes, old_size: int, read_hash: ReadHash) -> bytes:
    """An add-checkpoint request to a witness that last cosigned ``old_size`` (0: none yet).

    Raises RecordError if that is beyond the checkpoint.
    """
    size = _content(signed_checkpoint).size
    proof = consistency_proof(old_size, size, read_hash) if old_size else []
    return format_request(Request(old_size, tuple(proof), signed_checkpoint))


def read_cosignature(signed_checkpoint: bytes, answer: bytes, key: VerifierKey) -> Signature:
    """The witness's line out of its answer, verified; raises RecordError if there is none by ``key``, or a bad one."""
    try:
        lines = parse_signatures(answer[:MAX_ANSWER].decode("utf-8"))
    except (UnicodeDecodeError, FormatError) as error:
        raise RecordError("log witness %(witness)s did not answer with signature lines", witness=key.name) from error
    own = [line for line in lines if line.is_of(key)]
    if not own:
        hint = "is this the witness's key?"
        raise RecordError("log witness %(witness)s answered without its cosignature", hint=hint, witness=key.name)
    verify_cosignatures(add_cosignatures(signed_checkpoint, own[:1]), [key], 1)
    return own[0]


def obtain_cosignature(
    post: Post, signed_checkpoint: bytes, key: VerifierKey, read_hash: ReadHash, known_size: int = 0
) -> Signature:
    """Ask one witness for its cosignature; ``known_size`` is what it is believed to have cosigned last.

    1. Send a request from the known size.
    2. If the witness names another size (409), send a second request from that one.
    3. Verify the cosignature.

    Raises ForkError where the witness contradicts the log: it cosigned a larger tree, one of this size with another
    root, or one that this checkpoint does not grow from (then the log's own state is older than, or differs from,
    what it once published). Raises RecordError on an answer that is no cosignature of this witness, UnavailableError
    on every other refusal, which may pass.
    """
    checkpoint = _content(signed_checkpoint)
    # (1)
    status, body = post(make_request(signed_checkpoint, min(known_size, checkpoint.size), read_hash))
    # (2)
    if status == CONFLICT:
        size = _size_seen(body, checkpoint, key)
        status, body = post(make_request(signed_checkpoint, size, read_hash))
        if status == CONFLICT and _size_seen(body, checkpoint, key) == size:
            raise ForkError(
                "log witness %(witness)s cosigned another root for size %(size)s",
                hint="the record was forked or restored from an old copy: stop writing and compare with the guard",
                witness=key.name,
                size=size,
            )
    if status == INCONSISTENT:
        raise ForkError(
            "the checkpoint of size %(size)s does not grow from what log witness %(witness)s cosigned",
            hint="the record was forked or restored from an old copy: stop writing and compare with the guard",
            witness=key.name,
            size=checkpoint.size,
        )
    if status != OK:
        said = body[:200].decode("utf-8", "replace").strip()
        message = "log witness %(witness)s answers %(status)s: %(said)s"
        raise UnavailableError(message, witness=key.name, status=status, said=said)
    # (3)
    return read_cosignature(signed_checkpoint, body, key)


def _size_seen(body: bytes, checkpoint: Checkpoint, key: VerifierKey) -> int:
    try:
        size = parse_decimal(body[:30].decode("ascii").removesuffix("\n"))
    except (UnicodeDecodeError, FormatError) as error:
        raise UnavailableError("log witness %(witness)s answers 409 without a size", witness=key.name) from error
    if size > checkpoint.size:
        raise ForkError(
            "log witness %(witness)s cosigned size %(cosigned)s, this checkpoint has size %(size)s",
            hint="the record may have been restored from an old copy: stop writing and compare with the guard",
            witness=key.name,
            cosigned=size,
            size=checkpoint.size,
        )
    return size


def _content(signed_checkpoint: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(signed_checkpoint).text)
