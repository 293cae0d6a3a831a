"""A guard that is lost for good, begun again with the checkpoint that an operator states to be the newest published.

A backup cannot tell what was published after it. So without the guard none is restored, unless somebody says which
checkpoint is the newest that anybody outside has: a log witness, a representative's receipt, or nobody but the backup::

    stated = checkpoint_in(Path("receipt.json").read_bytes())
    counts = restore(source, url, guard, stated)  # verified against it, as against the guard; recorded as an event

It takes the lost guard's place in every check, and a record that does not extend it is refused.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.encoding import to_base64url
from signing_service.errors import ForkError, FormatError, InputError, RecordError
from signing_service.evidence.receipt import is_receipt, parse_receipt
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import parse_trust_file
from signing_service.record.checkpoint import Checkpoint, parse_checkpoint
from signing_service.record.note import Note, from_base64, parse_note
from signing_service.record.proof import HEADER, parse_proof
from signing_service.store import installation, publisher
from signing_service.store.guard import Guard, Guarded

EVENT = "guard-stated"
_SPELLED = re.compile(r"(0|[1-9][0-9]{0,18}):([A-Za-z0-9+/]{43}=)\Z")


@dataclass(frozen=True, slots=True)
class Stated:
    """The checkpoint of which an operator says that it is the newest that was published."""

    size: int
    root: bytes
    note: bytes | None = None
    """The signed checkpoint that somebody had kept; None where it is said to be the restored database's own newest."""

    @property
    def members(self) -> dict[str, object]:
        """Those of the event that says so, for good."""
        source = "backup" if self.note is None else "outside"
        return {"size": self.size, "root": to_base64url(self.root), "source": source}


def checkpoint_in(data: bytes) -> Stated:
    """The checkpoint in a receipt, an offline proof or a signed checkpoint; raises FormatError. Nothing is verified.

    Lines that a mail or a terminal ended in another way are taken: what they say is signed.
    """
    data = data.replace(b"\r\n", b"\n").strip()
    if is_receipt(data):
        data = parse_proof(parse_receipt(data).proof).checkpoint
    elif data.startswith(HEADER.encode()):
        data = parse_proof(data + b"\n").checkpoint
    else:
        data += b"\n"
    checkpoint = parse_checkpoint(parse_note(data).text)
    return Stated(checkpoint.size, checkpoint.root, data)


def parse_stated(text: str) -> Stated | None:
    """Read what :func:`spelled` wrote; None where it is nothing of that form."""
    match = _SPELLED.match(text)
    return Stated(int(match[1]), from_base64(match[2])) if match else None


def spelled(size: int, root: bytes) -> str:
    """A checkpoint in one word, to be compared and typed: its size and its root, as its own lines have them."""
    return f"{size}:{base64.b64encode(root).decode()}"


def require_guard(session: Session, guard: Guard, source: str) -> None:
    """Raise ForkError where there is no guard although there was one: of what follows, nothing could be checked.

    ``source`` names the backup in the command that begins the guard again.
    """
    if guard.read() is not None:
        return
    newest = publisher.newest(session)
    if newest is None:  # `init` publishes the first one: somebody has taken them out, so that nothing would be asked
        raise ForkError(
            f"there is no guard at {guard.path}, and no checkpoint in this backup", hint="restore another backup"
        )
    own = _parsed(newest.note.encode())
    word = spelled(own.size, own.root)
    command = f"signing-service restore {source} --newest-checkpoint"
    raise ForkError(
        f"there is no guard at {guard.path}, so nothing tells whether more was published after this backup, whose "
        f"newest checkpoint is {word}",
        hint=f"put the guard back. If it is lost for good: a record that goes on from less than was published "
        f"contradicts receipts that people hold, and never recovers. Ask log witnesses and representatives for their "
        f"newest checkpoint or receipt, and state it: {command} FILE. Only where nobody has one of more than "
        f"{own.size} entries: {command} {word}",
    )


def require_none(guard: Guard) -> None:
    """Raise InputError where the guard is there, which knows better than anybody; GuardError where none can be."""
    guarded = guard.read()
    if guarded is not None:
        raise InputError(
            f"the guard {guard.path} is there, and its checkpoint of {guarded.size} entries is the newest",
            hint="leave --newest-checkpoint out: it is for a guard that is lost",
        )
    guard.check_writable()


def guarded_by(session: Session, stated: Stated) -> Guarded:
    """What the guard would hold were ``stated`` the newest, for a database whose own record is not believed yet.

    Raises InputError where it is not the database's own newest although that was said, ForkError where the record's
    key has not signed it.
    """
    if stated.note is None:
        newest = publisher.newest(session)
        own = _parsed(newest.note.encode()) if newest else None
        if newest is None or own is None or (own.size, own.root) != (stated.size, stated.root):
            said = spelled(own.size, own.root) if own else "none"
            raise InputError(
                f"the newest checkpoint of this backup is {said}, not {spelled(stated.size, stated.root)}",
                hint="a checkpoint that somebody else has kept is stated as a file: a receipt, or the signed text",
            )
        return Guarded(stated.size, stated.root, newest.note.encode())
    return Guarded(stated.size, stated.root, _signed_by_the_record(session, stated.note))


def newest_of(session: Session, guarded: Guarded) -> bytes:
    """The note that the new guard holds: the stated one, or the database's own where that is newer, and verified."""
    newest = publisher.newest(session)
    return guarded.note if newest is None or newest.size < guarded.size else newest.note.encode()


def _signed_by_the_record(session: Session, note: bytes) -> bytes:
    """The note with the record's own signatures alone, as it was published before anybody cosigned it."""
    data = installation.trust_file(session)
    trust = parse_trust_file(data or b"")
    keys = (trust.record_key, *(one.key for one in trust.retired_record_keys))
    try:
        verify_record_checkpoint(note, trust.record_key, trust.retired_record_keys, trust.record_origin)
    except RecordError as error:
        raise ForkError(
            f"the checkpoint that was stated is not this record's: {error.message}",
            hint="is it of this service? where the record's key was replaced after this backup, take a newer backup",
        ) from error
    parsed = parse_note(note)
    own = tuple(one for one in parsed.signatures if any(one.is_of(key) for key in keys))
    return Note(parsed.text, own).format()


def _parsed(note: bytes) -> Checkpoint:
    try:
        return parse_checkpoint(parse_note(note).text)
    except FormatError as error:
        message = f"the newest checkpoint is damaged: {error.message}"
        raise RecordError(message, hint="restore another backup") from error
