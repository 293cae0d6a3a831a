"""Logs that another implementation wrote (tests/record/foreign/make_logs.go): they audit clean, their corrupted copies
are refused for the right reason, and their cosignatures verify.

``sumdb`` has an origin with spaces that is not its key's name, and partial tiles of five earlier checkpoints;
``odd-origin`` an origin with a plus and other scripts, extension lines, 20 signatures of unknown keys and types, three
cosignatures, entries of 0 and of 65,535 bytes; ``full-tile`` ends with a full tile.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from signing_service.cli import main
from signing_service.record.audit import AuditReport, audit
from signing_service.record.cosignature import verify_cosignatures
from signing_service.record.note import VerifierKey, parse_verifier_key
from signing_service.record.sources import folder_fetch
from signing_service.record.tiles import hash_reader
from signing_service.record.tree import consistency_proof
from signing_service.record.witness import Refusal, Request, WitnessState, advance, authenticate, configure_logs
from tests.record.test_recompute import flip, lose

FOREIGN = Path(__file__).with_name("foreign")
ORIGINS = {
    "sumdb": "go.sum database tree",
    "odd-origin": "Länder-Log № 7 (a + b)  of «日志»",
    "full-tile": "full.example/log",
}
Damage = Callable[[Path], None]


@dataclass(frozen=True)
class ForeignLog:
    folder: Path
    kept: Path
    origin: str

    @property
    def key(self) -> VerifierKey:
        return parse_verifier_key((self.kept / "vkey").read_text(encoding="utf-8").strip())

    @property
    def earlier(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.kept.glob("checkpoint.*"))]

    def audited(self, origin: str | None = None) -> AuditReport:
        return audit(folder_fetch(self.folder), [self.key], origin=origin or self.origin, since=self.earlier)


def unpacked(name: str, folder: Path) -> ForeignLog:
    with zipfile.ZipFile(FOREIGN / f"{name}.zip") as archive:
        archive.extractall(folder)
    return ForeignLog(folder / name, folder / f"{name}.kept", ORIGINS[name])


@pytest.mark.parametrize(("name", "size"), [("sumdb", 700), ("odd-origin", 300), ("full-tile", 256)])
def test_it_audits_clean_and_grew_from_each_of_its_earlier_checkpoints(tmp_path: Path, name: str, size: int):
    log = unpacked(name, tmp_path)
    report = log.audited()
    assert (report.verdict, report.findings) == ("PASSED", ())
    assert report.checkpoint is not None
    assert (report.checkpoint.size, report.checkpoint.origin) == (size, ORIGINS[name])


def test_an_origin_that_is_not_the_keys_name_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log = unpacked("odd-origin", tmp_path)
    words = ["record", "audit", str(log.folder), "--key", str(log.kept / "vkey")]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "is of the origin 'Länder-Log № 7 (a + b)  of «日志»', not of '日志.example/gō:443'" in out
    assert "and 19 more" not in out
    assert out.rstrip().endswith("19 more")
    assert main([*words, "--origin", log.origin]) == 0


def test_its_cosignatures_verify_beside_twenty_signatures_of_unknown_keys(tmp_path: Path):
    log = unpacked("odd-origin", tmp_path)
    keys = [parse_verifier_key(line) for line in (log.kept / "witnesses").read_text(encoding="utf-8").split()]
    found = verify_cosignatures((log.folder / "checkpoint").read_bytes(), keys, 3)
    assert [item.key.name for item in found] == [f"witness{number}.example/wîtness" for number in range(3)]


def test_a_partial_tile_that_was_taken_away_is_read_from_the_full_one(tmp_path: Path):
    log = unpacked("sumdb", tmp_path)
    for path in log.folder.rglob("000.p"):
        if path.parent.name != "1":  # the level's last tile is still partial
            for tile in path.iterdir():
                tile.unlink()
    assert log.audited().verdict == "PASSED"


def write(path: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        (folder / path).write_bytes(change((folder / path).read_bytes()))

    return damage


def swap(one: str, other: str) -> Damage:
    def damage(folder: Path) -> None:
        first, second = (folder / one).read_bytes(), (folder / other).read_bytes()
        (folder / one).write_bytes(second)
        (folder / other).write_bytes(first)

    return damage


def roll_back(folder: Path) -> None:
    (folder / "checkpoint").write_bytes((folder.with_name("sumdb.kept") / "checkpoint.3").read_bytes())


@pytest.mark.parametrize(
    ("name", "damage", "path", "reason"),
    [
        ("sumdb", lose("tile/0/001"), "tile/0/001", "is missing"),
        ("sumdb", lose("tile/entries/002.p/188"), "tile/entries/002.p/188", "is missing"),
        ("sumdb", lose("tile/1/000.p/2"), "tile/1/000.p/2", "is missing"),
        ("sumdb", lose("checkpoint"), "checkpoint", "is missing"),
        ("sumdb", flip("tile/0/000", 33), "tile/0/000", "1 of 256 hashes are not those of the entries"),
        ("sumdb", flip("tile/0/002.p/188", -1), "tile/0/002.p/188", "1 of 188 hashes are not those of the entries"),
        ("sumdb", flip("tile/1/000.p/2", 40), "tile/1/000.p/2", "1 of 2 hashes are not those of the level below"),
        ("sumdb", flip("tile/entries/001", 10), "tile/entries/001", "entry 256 is not what the signed tree holds"),
        ("sumdb", write("tile/0/001", lambda data: data[:-32]), "tile/0/001", "is truncated or altered"),
        ("sumdb", write("tile/entries/001", lambda data: data[:-1]), "tile/entries/001", "ends before the last"),
        ("sumdb", write("tile/entries/001", lambda data: data + b"\0\0"), "tile/entries/001", "2 bytes after its 256"),
        ("sumdb", swap("tile/0/000", "tile/0/001"), "tile/0/000", "holds what belongs to tile/0/001"),
        ("sumdb", swap("tile/entries/000", "tile/entries/001"), "tile/entries/001", "belongs to tile/entries/000"),
        ("sumdb", roll_back, "checkpoint", "rolled back: it has size 256, but an earlier one has size 700"),
        ("sumdb", flip("checkpoint", 22), "checkpoint", "signature of sum.example.org is wrong"),
        ("odd-origin", write("checkpoint", lambda data: data.replace(b"rotation 12", b"rotation 13")), "checkpoint",
         "signature of 日志.example/gō:443 is wrong"),
        ("odd-origin", flip("tile/entries/000", 200), "tile/entries/000", "entry 2 is not what the signed tree holds"),
        ("full-tile", flip("tile/1/000.p/1", 0), "tile/1/000.p/1", "1 of 1 hashes"),
    ],
)  # fmt: skip
def test_each_corrupted_copy_is_refused_for_its_reason(
    tmp_path: Path, name: str, damage: Damage, path: str, reason: str
):
    log = unpacked(name, tmp_path)
    damage(log.folder)
    report = log.audited()
    assert report.verdict == "FAILED"
    assert any(finding.path == path and reason in finding.problem for finding in report.findings), report.findings


def test_our_witness_follows_it_by_the_names_that_it_has(tmp_path: Path):
    log = unpacked("sumdb", tmp_path)
    logs = configure_logs([log.key], {log.key: log.origin})
    state = WitnessState()
    for signed in log.earlier:
        request = Request(state.size, (), signed)
        checkpoint = authenticate(request, logs)
        assert not isinstance(checkpoint, Refusal)
        proof = consistency(log, state.size, checkpoint.size)
        judged = advance(state, Request(state.size, proof, signed), checkpoint)
        assert isinstance(judged, WitnessState), judged
        state = judged
    assert state.size == 700
    assert isinstance(authenticate(Request(0, (), log.earlier[0]), configure_logs([log.key])), Refusal)


def consistency(log: ForeignLog, old: int, new: int) -> tuple[bytes, ...]:
    """The proof out of the log's own tiles."""
    return tuple(consistency_proof(old, new, hash_reader(new, folder_fetch(log.folder)))) if old else ()
