"""The commands of ``signing-service record`` that need the service's own database: checkpoint, prove, export, erase."""

from __future__ import annotations

import sys
from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import UsageError
from signing_service.evidence.event_lines import BundledEvent, format_event_lines
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.export import static_files, write_files
from signing_service.record.note import parse_note
from signing_service.store import openings
from signing_service.store.tree import read_entries
from signing_service.verify.options import whole_number
from signing_service.verify.proof import EVENT_SUFFIX, SUFFIX
from signing_service.verify.wrapping import counted
from signing_service.workflow.clock_check import open_to_record
from signing_service.workflow.erasure import erase
from signing_service.workflow.proofs import newest_checkpoint, prove
from signing_service.workflow.service import Service, open_service


def checkpoint(arguments: list[str]) -> int:
    """Print the newest released checkpoint, a signed note with its cosignatures."""
    parser = make_parser("record checkpoint", _doc("print the newest released checkpoint (a C2SP signed note)"))
    parser.add_argument("--publish", action="store_true", help="sign and release one for everything committed first")
    options = parser.parse_args(arguments)
    service = _service()
    if options.publish:
        service.publish()
    with service.database.read() as session:
        sys.stdout.write(newest_checkpoint(session).decode())
    return 0


def prove_entry(arguments: list[str]) -> int:
    """Print or write the tlog-proof of one entry."""
    doc = "print the offline proof (C2SP tlog-proof) of one entry of the record"
    parser = make_parser("record prove", _doc(doc) + " With --output the event goes beside it, for verify.")
    parser.add_argument("index", type=whole_number(0), help="of the entry, from 0")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there: NAME.tlog-proof, NAME.event.json")
    options = parser.parse_args(arguments)
    if options.output and options.output.suffix != SUFFIX:
        raise UsageError(f"--output takes a name that ends in {SUFFIX}")
    with _service().database.read() as session:
        proof = prove(session, options.index)
        (opening,) = openings.by_index(session, [options.index])
    if options.output:
        options.output.write_bytes(proof)
        line = BundledEvent(opening.index, opening.entry, opening.event, opening.salt)
        beside = options.output.with_suffix(EVENT_SUFFIX)
        beside.write_bytes(format_event_lines([line]))
        print(f"entry {opening.index}: its proof in {options.output}, its event in {beside}")
    else:
        sys.stdout.write(proof.decode())
    return 0


def export(arguments: list[str]) -> int:
    """Write the whole record as static files that any web server can hand out."""
    parser = make_parser("record export", _doc("write the record as static files (C2SP tlog-tiles) into a folder"))
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="made if it is not there; files of earlier exports stay"
    )
    options = parser.parse_args(arguments)
    if options.folder.exists() and not options.folder.is_dir():
        raise UsageError(f"{options.folder} is not a folder")
    with _service().database.read() as session:
        note = newest_checkpoint(session)
        files = static_files(note, lambda start, end: read_entries(session, start, end))
        count = write_files(options.folder, files)
    size = parse_checkpoint(parse_note(note).text).size
    print(f"{counted(count, 'file')} of a record of {counted(size, 'entry', 'entries')} in {options.folder}")
    return 0


def erase_event(arguments: list[str]) -> int:
    """Erase one event's content, where it is allowed."""
    parser = make_parser("record erase", _doc("erase one event's content; docs/privacy.md says which and when"))
    parser.add_argument("agreement", help="the agreement's id")
    parser.add_argument("sequence", type=whole_number(0), help="of the event in the agreement, from 0")
    parser.add_argument("--reason", required=True, help="recorded in the event that says so")
    options = parser.parse_args(arguments)
    service = open_to_record(settings_from_environment())
    index = erase(service, options.agreement, options.sequence, options.reason)
    print(f"erased the event of entry {index}; the entry stays in the record")
    return 0


def _service() -> Service:
    return open_service(settings_from_environment())


def _doc(sentence: str) -> str:
    return f"\n\n{sentence[0].upper()}{sentence[1:]}."
