"""The command ``signing-service verify``: files or folders in, one verdict each, the worst as exit code.

Exit codes: 0 PASSED, 1 FAILED, 2 usage error, 3 INDETERMINATE. Kept lean: what a file does not need is not imported.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from signing_service.errors import FormatError, UsageError
from signing_service.verify.options import Parser, whole_number

if TYPE_CHECKING:
    from signing_service.verify.report import Report
    from signing_service.verify.trust import Trust

MAX_FILE_BYTES = 256 * 1024 * 1024  # a bundle's limit; a PDF's own is lower
PROOF_SUFFIX = ".tlog-proof"  # of one event of the record, which lies beside it
_PEM = b"-----BEGIN CERTIFICATE-----"
SUFFIXES = (".pdf", ".zip", PROOF_SUFFIX)  # what is taken from a folder

_DESCRIPTION = """\
Verify signed PDFs and evidence bundles, offline. PATH is a PDF, a bundle (.zip) or a folder of them; or the proof of
one event of the record (17.tlog-proof), with the event beside it (17.event.json); or later trust files, of which it
is told whether each was signed by an officer of the one before it, from the one given with --trust on.

exit codes: 0 PASSED, 1 FAILED, 2 usage error, 3 INDETERMINATE (what is missing is named); of several files the worst.

examples:

  signing-service verify --trust trust.json evidence.zip
  signing-service verify --trust trust.json archive/
  signing-service verify --trust trust-on-paper.json trust-2.json trust.json
  signing-service verify --profile pades --trust anchors.pem contract.pdf
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the words after its name; give its exit code."""
    options = _parser().parse_args(arguments)
    trust = read_trust_files(options.trust)
    at = _parse_moment(options.at)
    paths = list(_files(options.paths))
    if not paths:
        raise UsageError(
            f"no PDF or bundle was found in {', '.join(options.paths)}", hint="name a .pdf or .zip file, or its folder"
        )
    successors = {str(path): data for path in paths if (data := _trust_file_in(path))}
    if successors and (options.trust or len(successors) > 1):
        return _verify_successors(options, paths, successors)
    several = len(paths) > 1 or Path(options.paths[0]).is_dir()
    if options.html and several:
        raise UsageError("--html takes one file", hint="verify the files one by one")
    if several:
        from signing_service.verify.folders import verify_many

        return verify_many(paths, options.trust, at, options.profile, options.jobs, as_json=options.json)
    report = verify_path(paths[0], trust, at, options.profile)
    if options.html:
        from signing_service.verify.html import report_to_html

        Path(options.html).write_text(report_to_html(report), encoding="utf-8")
    _print(report, as_json=options.json)
    return report.exit_code


def verify_path(path: Path, trust: Trust, at: datetime, profile: str) -> Report:
    """Read one file and verify it; raises UsageError where it cannot be read."""
    if path.suffix == PROOF_SUFFIX:
        from signing_service.verify.proof import EVENT_SUFFIX, verify_proof_file

        event = path.with_suffix(EVENT_SUFFIX)
        return verify_proof_file(_read(path), _read(event) if event.exists() else None, trust, at, str(path))
    from signing_service.verify.verifier import verify_file

    data = _read(path)
    _refuse_receipt(path, data)
    if path.suffix.lower() not in SUFFIXES and (data.lstrip()[:1] == b"{" or data.startswith(_PEM)):
        raise UsageError(
            f"{path} is what trust comes from, not what is to be verified",
            hint=f"give it with --trust: verify --trust {path} evidence.zip",
        )
    return verify_file(data, trust, at, profile, str(path))


def _refuse_receipt(path: Path, data: bytes) -> None:
    """Raise UsageError on a receipt, which another command checks."""
    from signing_service.verify.kinds import RECEIPT, kind_of

    if data.lstrip()[:1] == b"{" and kind_of(data) is RECEIPT:
        raise UsageError(f"{path} is {RECEIPT.what}, not an agreement", hint=RECEIPT.hint.replace("FILE", str(path)))


def _trust_file_in(path: Path) -> bytes:
    """The bytes of what looks like a trust file; none of anything else."""
    data = _read(path) if path.suffix.lower() not in SUFFIXES and path.is_file() else b""
    _refuse_receipt(path, data)
    return data if data.lstrip()[:1] == b"{" else b""


def _verify_successors(options: argparse.Namespace, paths: Sequence[Path], files: Mapping[str, bytes]) -> int:
    from signing_service.verify.successors import chain_to_json, chain_to_text, verify_successors
    from signing_service.verify.terminal import width_of
    from signing_service.verify.wrapping import PAPER

    if any(str(path) not in files for path in paths):
        name = next(iter(files))
        raise UsageError(f"{name} is what trust comes from", hint="verify trust files and documents separately")
    if options.html:
        raise UsageError("--html is for documents", hint="trust files are told as text or with --json")
    given = ((name, _read(Path(name))) for name in options.trust)
    trusted = next((one for one in given if one[1].lstrip()[:1] == b"{"), None)
    if trusted and all(data == trusted[1] for data in files.values()):
        raise UsageError(f"{trusted[0]} is what trust comes from; nothing else is given", hint="add a PDF or a bundle")
    chain = verify_successors(trusted, files)
    if options.json:
        print(json.dumps(chain_to_json(chain), ensure_ascii=False, indent=2))
    else:
        print(chain_to_text(chain, width_of(sys.stdout, PAPER)))
    return chain.verdict.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = Parser("verify", _DESCRIPTION, usage="[--trust FILE]… [OPTION]… PATH…")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="PDF, evidence bundle or folder; or later trust files")
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="trust file (trust.json) or PEM anchors; may be repeated. Get it from elsewhere than the file",
    )
    parser.add_argument("--at", metavar="TIME", help="moment of validation, ISO 8601 (default: now)")
    parser.add_argument(
        "--profile",
        choices=("agreement", "pades"),
        default="agreement",
        metavar="NAME",
        help="agreement: this service's documents (default); pades: any signed PDF",
    )
    parser.add_argument("--json", action="store_true", help="print JSON (docs/report.md)")
    parser.add_argument("--html", metavar="FILE", help="write the report as one self-contained page")
    jobs = "processes for folders (default: all cores)"
    parser.add_argument("--jobs", type=whole_number(0), default=0, metavar="N", help=jobs)
    return parser


def read_trust_files(files: Sequence[str]) -> Trust:
    """Read what ``--trust`` names; raises UsageError, which names the file and its problem."""
    from signing_service.verify.trust import read_trust

    try:
        return read_trust((_read(Path(file)) for file in files), files)
    except FormatError as error:
        raise UsageError(error.message, hint=error.hint) from error


def _parse_moment(text: str | None) -> datetime:
    """Read ``--at``; a time without a zone is UTC."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text!r} is no ISO 8601 time", hint="for example 2025-04-11T08:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _files(paths: Iterable[str]) -> Iterator[Path]:
    for text in paths:
        path = Path(text)
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.suffix.lower() in SUFFIXES and item.is_file())
        else:
            yield path


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path} cannot be read: there is no such file", hint=_near(path)) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _near(path: Path) -> str:
    """What to do about a file that is not there: the name beside it that is most like it."""
    from difflib import get_close_matches

    try:
        there = [item.name for item in path.parent.iterdir()]
    except OSError:
        there = []
    near = get_close_matches(path.name, there, 1)
    return f"did you mean {path.parent / near[0]}?" if near else "look at the name and the folder that it is in"


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        from signing_service.verify.json_report import report_to_json

        print(json.dumps(report_to_json(report), ensure_ascii=False, indent=2))
        return
    from signing_service.verify.terminal import shows_colour, width_of
    from signing_service.verify.text import report_to_text
    from signing_service.verify.wrapping import PAPER

    sys.stdout.write(report_to_text(report, colour=shows_colour(sys.stdout), width=width_of(sys.stdout, PAPER)))
