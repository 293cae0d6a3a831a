"""Apache Preflight, a judge of PDF/A-1b by other people, on files that claim to be PDF/A-3b.

Part 1 forbids four things that part 3 allows and that this service's files have; they are KNOWN, with the clause of
ISO 19005-3 that allows each. All else that Preflight finds counts, forms and signatures included, which pikepdf's
judge leaves out.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

JARS = ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "javax.activation", "jaxb-api")
KNOWN = (
    r"1\.2\.9 : Body Syntax error, EmbeddedFile entry is present in a FileSpecification dictionary",  # 6.8
    r"1\.4\.7 : Trailer Syntax error, EmbeddedFile entry is present in the Names dictionary",  # 6.8
    r"7\.11\.2 : Error on MetaData, part must be 1",  # 6.6.4
    r"3\.1\.11 : Invalid Font definition, \S+: The CIDSet entry is missing for the Composite Subset",  # 6.2.11.4.2
)
_KNOWN = re.compile("|".join(KNOWN))


def findings(folder: Path) -> dict[str, list[str]]:
    """What Preflight finds in each PDF of a folder beyond KNOWN, by the file's name; one Java process for all."""
    classes = ":".join(f"/usr/share/java/{jar}.jar" for jar in JARS)
    command = ["java", "-cp", classes, "org.apache.pdfbox.preflight.Validator_A1b", "batch", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in filter(None, done.stdout.splitlines()):
        head = re.match(r"The file (\S+) is (?:not )?a valid PDF/A-1b file", line)
        if head:
            current = found.setdefault(head[1], [])
        elif current is None or not _KNOWN.fullmatch(line):
            assert current is not None, f"{line} {done.stderr}"
            current.append(line)
    return found
