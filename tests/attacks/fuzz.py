"""Coverage-guided fuzzing of the readers that meet hostile bytes first; needs ``atheris`` (not among the dependencies).

    python -m tests.attacks.fuzz cms   [atheris options, corpus folder…]
    python -m tests.attacks.fuzz xref
    python -m tests.attacks.fuzz bundle
    python -m tests.attacks.fuzz pades           # all steps of that profile
    python -m tests.attacks.fuzz seeds FOLDER      # write a corpus to start from

A target may raise nothing but errors of the tree; whatever else comes out is a finding.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from signing_service.errors import SigningServiceError
from signing_service.evidence import read_bundle
from signing_service.verify.cms import read_signature, read_token
from signing_service.verify.pades.cms import read_container
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.profile import verify_pades
from signing_service.verify.pades.signatures import find_signatures
from signing_service.verify.structure import read_document
from signing_service.verify.trust import Trust

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


def fuzz_cms(data: bytes) -> None:
    """Containers and tokens, strict and tolerant."""
    for read in (read_signature, read_token, read_container):
        _tolerate(partial(read, data))


def fuzz_xref(data: bytes) -> None:
    """Cross-reference data, objects, fields; strict and general."""
    _tolerate(lambda: read_document(data))
    _tolerate(lambda: find_signatures(Document(data)))


def fuzz_pades(data: bytes) -> None:
    """Everything that profile ``pades`` does, without the guard that turns what nobody foresaw into a verdict."""
    _tolerate(lambda: verify_pades(data, Trust(), MOMENT, ""))


def fuzz_bundle(data: bytes) -> None:
    """Evidence bundles."""
    _tolerate(lambda: read_bundle(data))


def _tolerate(read: Callable[[], object]) -> None:
    try:
        read()
    except SigningServiceError:
        pass


TARGETS: dict[str, Callable[[bytes], None]] = {
    "cms": fuzz_cms,
    "xref": fuzz_xref,
    "bundle": fuzz_bundle,
    "pades": fuzz_pades,
}


def write_seeds(folder: Path) -> None:
    """Write good inputs of each kind, a file each."""
    from tests.attacks.documents import CONTROLS, world
    from tests.attacks.editing import container_of

    folder.mkdir(parents=True, exist_ok=True)
    for name, build in CONTROLS.items():
        (folder / f"{name}.pdf").write_bytes(build())
        (folder / f"{name}.cms").write_bytes(container_of(build()).rstrip(b"\x00"))
    (folder / "evidence.zip").write_bytes(world().bundle())


def main() -> int:
    """Run a target under atheris, or write seeds."""
    words = sys.argv[1:]
    if words[:1] == ["seeds"] and len(words) == 2:
        write_seeds(Path(words[1]))
        return 0
    if not words or words[0] not in TARGETS:
        print(__doc__)
        return 2
    atheris = importlib.import_module("atheris")

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *words[1:]], TARGETS[words[0]])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
