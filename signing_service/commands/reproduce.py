"""``signing-service reproduce PDF``: rebuild the unsigned bytes from the attached source and compare.

Exit code 0: the same bytes. 1: other bytes from the same libraries and fonts. 3: other libraries or fonts, named.
"""

from __future__ import annotations

import os
from pathlib import Path

from signing_service.commands.terminal import make_parser
from signing_service.errors import UsageError
from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.pdf.rendering.reproduction import reproduce

EXIT_CODES = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}


def main(arguments: list[str]) -> int:
    """Reproduce one PDF and print what came of it."""
    parser = make_parser("reproduce", __doc__)
    parser.add_argument("pdf", type=Path, metavar="PDF", help="a published agreement, signed or not")
    path = parser.parse_args(arguments).pdf
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    made = reproduce(data, open_fonts(find_fonts(os.environ)))
    print(f"{made.verdict}: {made.reason}")
    print(f"  unsigned bytes  {made.base_sha256}")
    if made.rebuilt_sha256:
        print(f"  made again      {made.rebuilt_sha256}")
    for difference in made.differences:
        print(f"  {difference}")
    return EXIT_CODES[made.verdict]
