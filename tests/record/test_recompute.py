"""What is exported is recomputed by a program that shares no code with the project, and so is each corrupted copy."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signing_service.record.audit import audit
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.export import static_files, write_files
from signing_service.record.sources import folder_fetch
from signing_service.record.tree import Frontier, leaf_hash
from tests.cast import ORIGIN
from tests.record.cast import IMPOSTOR, LOG
from tests.record.logs import OURS

PROGRAM = Path(__file__).with_name("recompute.py")
SIZE = 66_000  # more than one full tile of the second level


def recomputed(folder: Path, vkey: str = str(LOG.verifier_key)) -> str:
    """What the judge says: size and root, or its complaint."""
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), str(folder), vkey], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip()


def export(folder: Path, entries: list[bytes]) -> Checkpoint:
    root = Frontier().extend([leaf_hash(entry) for entry in entries]).root()
    checkpoint = Checkpoint(ORIGIN, len(entries), root)
    note = sign_checkpoint(checkpoint, LOG)
    write_files(folder, static_files(note, lambda start, end: entries[start:end]))
    return checkpoint


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(folder, OURS)
    return folder


def test_the_judge_shares_no_code_with_the_project() -> None:
    names = [node for node in ast.walk(ast.parse(PROGRAM.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in names for alias in node.names}
    assert imported == {"base64", "collections.abc", "hashlib", "pathlib", "sys"}


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 700])
def test_logs_of_every_shape_are_recomputed(tmp_path: Path, size: int) -> None:
    checkpoint = export(tmp_path, OURS[:size])
    assert recomputed(tmp_path) == f"{size} {checkpoint.root.hex()}"


def test_a_log_with_a_third_level_of_tiles_is_recomputed(tmp_path: Path) -> None:
    checkpoint = export(tmp_path, [b"entry %d" % number for number in range(SIZE)])
    assert recomputed(tmp_path) == f"{SIZE} {checkpoint.root.hex()}"


def flip(path: str, offset: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = bytearray((folder / path).read_bytes())
        data[offset] ^= 1
        (folder / path).write_bytes(data)

    return damage


def lose(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


def swap(folder: Path) -> None:
    one, other = folder / "tile/entries/000", folder / "tile/entries/001"
    one.rename(folder / "third")
    other.rename(one)
    (folder / "third").rename(other)


@pytest.mark.parametrize(
    "damage",
    [
        flip("tile/0/000", 0),
        flip("tile/0/002.p/188", -1),
        flip("tile/1/000.p/2", 40),
        flip("tile/entries/001", 100),
        flip("tile/entries/002.p/188", 0),
        flip("checkpoint", 20),
        flip("checkpoint", -20),
        lose("tile/0/001"),
        lose("tile/1/000.p/2"),
        lose("tile/entries/000"),
        lose("checkpoint"),
        swap,
    ],
)
def test_judge_and_audit_both_refuse_each_corrupted_copy(
    exported: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    damage(folder)
    assert not recomputed(folder).startswith("700 ")
    assert audit(folder_fetch(folder), [LOG.verifier_key]).verdict == "FAILED"


def test_a_log_signed_by_another_key_is_refused_by_both(exported: Path) -> None:
    assert recomputed(exported, str(IMPOSTOR.verifier_key)) == "the checkpoint is not signed by the key"
    assert audit(folder_fetch(exported), [IMPOSTOR.verifier_key]).verdict == "FAILED"
