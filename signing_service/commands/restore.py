"""``signing-service restore FILE``: bring a backup back into the empty place that DATABASE_URL names.

Everything in it is verified first: the record entry by entry, every revision, and the guard, which refuses a backup
that is older than what was published. Where anything is wrong the place stays empty. Then the keys are checked too.
"""

from __future__ import annotations

from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.store.backup import restore
from signing_service.store.guard import Guard
from signing_service.verify.wrapping import counted
from signing_service.workflow.service import open_service


def main(arguments: list[str]) -> int:
    """Restore, and say how much was verified."""
    parser = make_parser("restore", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="what `signing-service backup` wrote")
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    counts = restore(options.file, settings.database_url, Guard(settings.guard))
    print(
        f"restored and verified: {counted(counts.entries, 'entry', 'entries')} ({counts.erased} erased), "
        f"{counted(counts.checkpoints, 'checkpoint')}, {counted(counts.revisions, 'revision')}"
    )
    open_service(settings).publish()
    print("database, guard and keys belong together; the service may be started")
    return 0
