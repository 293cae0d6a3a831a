"""Make sure of the system packages that the tests need: run apt as root, else stop with the one line to run.

Standard library only, so that it can run before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {  # Debian package: the programs that the tests call
    "chromium-headless-shell": ["chromium-headless-shell"],
    "poppler-utils": ["pdfsig", "pdftotext", "pdftoppm"],
    "qpdf": ["qpdf"],
    "openssl": ["openssl"],
    "strace": ["strace"],
    "nginx-light": ["nginx"],
    "faketime": ["faketime"],
    "softhsm2": ["softhsm2-util"],
    "default-jre-headless": ["java"],
    "libnss3-tools": ["certutil", "pk12util"],
}
JAR_FOLDER = Path("/usr/share/java")
JARS = {  # Debian package: the Java library that the second judge of PDF/A, or somebody's own signing software, needs
    "libpdfbox2-java": "preflight.jar",
    "libactivation-java": "javax.activation.jar",
    "libjaxb-api-java": "jaxb-api.jar",
    "libbcpkix-java": "bcpkix.jar",
}


def main() -> int:
    """Exit status 0 when every program is there."""
    missing = missing_packages()
    if not missing:
        return 0
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"error: the tests need {', '.join(missing)}", file=sys.stderr)
        print(f"hint: sudo {' '.join(install)}", file=sys.stderr)
        return 1
    print(f"installing {', '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=False)
    subprocess.run(install, env=environment, check=False)
    return 1 if missing_packages() else 0


def missing_packages() -> list[str]:
    """The Debian packages of which at least one program or library cannot be found."""
    programs = [package for package, names in PACKAGES.items() if not all(map(_find, names))]
    return programs + [package for package, jar in JARS.items() if not (JAR_FOLDER / jar).is_file()]


def _find(program: str) -> str | None:
    """The program's path; some servers lie where only root looks."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


if __name__ == "__main__":
    sys.exit(main())
