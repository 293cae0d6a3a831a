"""``signing-service ceremony``: a whole signing over HTTP against a fresh service of its own, then its verification.

Publishes the specimen agreement, lets each representative enrol a passkey (a software one here), be confirmed by the
officer and sign with a key of their own, countersigns, waits for the archive timestamp, downloads and verifies. Leaves
agreement.pdf, evidence.zip, trust.json and root.pem in the folder.
Exit code 0 only if the result verifies.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from signing_service.commands.terminal import make_parser
from signing_service.errors import UsageError
from signing_service.verify.options import whole_number

if TYPE_CHECKING:
    from signing_service.ceremony.run import Results

STEPS_BESIDE_SIGNATURES = 4  # service, publication, countersignature, archive timestamp


def main(arguments: list[str]) -> int:
    """Run the ceremony with a progress bar, verify, and say where the files are."""
    parser = make_parser("ceremony", __doc__)
    parties = "how many parties sign (default: 12)"
    parser.add_argument("--parties", type=whole_number(1), default=12, metavar="N", help=parties)
    parser.add_argument("--folder", type=Path, default=Path("var/ceremony"), help="default: var/ceremony")
    parser.add_argument(
        "--assurance",
        choices=("passkey", "service"),
        default="passkey",
        help="what the sealed rules ask for: passkeys, confirmed by the officer (default), or passwords",
    )
    options = parser.parse_args(arguments)
    _refuse_other_folders(options.folder)
    begin = time.monotonic()
    results = _run(options.parties, options.folder, options.assurance)
    ran = time.monotonic() - begin
    code = _verify(results)
    outcome = "verified" if code == 0 else "NOT verified"
    print(f"\n{outcome}; the ceremony took {ran:.1f} s, verifying {time.monotonic() - begin - ran:.1f} s")
    for path in (results.pdf, results.evidence, results.trust, results.root):
        print(f"  {path}")
    return code


def _refuse_other_folders(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / "service").is_dir():
        raise UsageError(f"{folder} holds something other than a ceremony", hint="name an empty folder: --folder DIR")


def _run(parties: int, folder: Path, assurance: str) -> Results:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from signing_service.ceremony.run import run_ceremony

    if not sys.stdout.isatty():
        return run_ceremony(parties, folder, lambda line: print(line, flush=True), assurance)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns) as progress:
        task = progress.add_task("making a fresh service", total=parties + STEPS_BESIDE_SIGNATURES)

        def say(line: str) -> None:
            progress.update(task, advance=1, description=line)

        return run_ceremony(parties, folder, say, assurance)


def _verify(results: Results) -> int:
    from signing_service.verify.command import main as verify

    print()
    return verify(["--trust", str(results.trust), str(results.evidence)])
