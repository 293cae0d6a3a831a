"""``signing-service restore FILE``: bring a backup back into the empty place that DATABASE_URL names.

Everything in it is verified first: the record entry by entry, every revision, and the guard, which refuses a backup
that is older than what was published. Where anything is wrong the place stays empty. Then the keys are checked too.

Where the guard is lost for good, ``--newest-checkpoint`` states what was published instead: a FILE that a log witness
or a representative has kept (a signed checkpoint, a receipt, an offline proof), or SIZE:ROOT of the backup's own
newest checkpoint, as this command prints it, where nobody has a newer one. The backup must hold it, a new guard begins
with it, and the record says so for good. State less than was published, and the record contradicts receipts that
people hold: docs/operations.md, "The guard is lost".
"""

from __future__ import annotations

from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import FormatError, UsageError
from signing_service.evidence.receipt import MAX_RECEIPT
from signing_service.store.backup import restore
from signing_service.store.guard import Guard
from signing_service.store.lost_guard import Stated, checkpoint_in, parse_stated, spelled
from signing_service.verify.wrapping import counted
from signing_service.workflow import trust
from signing_service.workflow.clock_check import check_clock_before
from signing_service.workflow.service import open_service

_WANTED = "a receipt or signed checkpoint that somebody kept, or the backup's own as this command prints it"


def main(arguments: list[str]) -> int:
    """Restore, and say how much was verified."""
    parser = make_parser("restore", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="what `signing-service backup` wrote")
    stated_help = "only where the guard is lost: what was published, a file or SIZE:ROOT"
    parser.add_argument("--newest-checkpoint", metavar="CHECKPOINT", help=stated_help)
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    stated = _stated(options.newest_checkpoint) if options.newest_checkpoint else None
    if stated is not None:
        check_clock_before(settings)  # an event will be dated by this machine's clock
    settings.guard.parent.mkdir(parents=True, exist_ok=True)
    counts = restore(options.file, settings.database_url, Guard(settings.guard), stated)
    print(
        f"restored and verified: {counted(counts.entries, 'entry', 'entries')} ({counts.erased} erased), "
        f"{counted(counts.checkpoints, 'checkpoint')}, {counted(counts.revisions, 'revision')}"
    )
    if stated is not None:
        said = spelled(stated.size, stated.root)
        print(f"{settings.guard} is a new guard: {said} was stated to be the newest checkpoint, and the record says so")
    service = open_service(settings)
    service.publish()
    if not settings.trust_file.exists():
        with service.database.read() as session:
            trust.write_copy(settings.trust_file, trust.current_bytes(session))
    print("database, guard and keys belong together; the service may be started")
    return 0


def _stated(text: str) -> Stated:
    """The checkpoint in a file, or the one that the text spells."""
    try:
        with Path(text).open("rb") as file:
            return checkpoint_in(file.read(MAX_RECEIPT + 1))
    except FileNotFoundError as error:
        stated = parse_stated(text)
        if stated is None:
            raise UsageError(f"--newest-checkpoint: {text} is neither a file nor SIZE:ROOT", hint=_WANTED) from error
        return stated
    except FormatError as error:
        raise FormatError(f"--newest-checkpoint: {text}: {error.message}", hint=_WANTED) from error
    except OSError as error:
        raise UsageError(f"--newest-checkpoint: {text}: {error.strerror}") from error
