"""What the service's own record looks like from outside: exported, audited, witnessed, and held against receipts."""

from __future__ import annotations

import shutil
from pathlib import Path

from signing_service.evidence import parse_receipt, verify_receipt_in_log
from signing_service.record.audit import audit
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.export import static_files, write_files
from signing_service.record.note import parse_note
from signing_service.record.sources import folder_fetch
from signing_service.record.witness import configure_logs
from signing_service.record.witness_client import obtain_cosignature
from signing_service.record.witness_store import Witness, WitnessStore
from signing_service.store.tree import hash_reader, read_entries
from signing_service.workflow.proofs import newest_checkpoint
from tests.cast import NOON
from tests.record.cast import NANJING_WITNESS
from tests.record.test_recompute import recomputed
from tests.workflow.world import SIGNERS, World


def export(world: World, folder: Path) -> bytes:
    world.service.publish()
    with world.service.database.read() as session:
        signed = newest_checkpoint(session)
        write_files(folder, static_files(signed, lambda start, end: read_entries(session, start, end)))
    return signed


def test_a_ceremonys_record_audits_clean_is_witnessed_and_keeps_every_receipt(world: World, tmp_path: Path):
    world.publish()
    key = world.service.trust.record_key
    receipts = [parse_receipt(world.sign(SIGNERS[0]))]
    earlier = export(world, tmp_path / "log")
    receipts += [parse_receipt(world.sign(person)) for person in SIGNERS[1:]]
    signed = export(world, tmp_path / "log")
    fetch = folder_fetch(tmp_path / "log")

    shutil.rmtree(tmp_path / "log")
    signed = export(world, tmp_path / "log")  # without the partial tiles of the earlier one
    assert recomputed(tmp_path / "log", str(key)).startswith(f"{parse_checkpoint(parse_note(signed).text).size} ")
    report = audit(fetch, [key], since=[earlier])
    assert (report.verdict, report.findings) == ("PASSED", ())
    assert report.checkpoint is not None
    assert report.own_entries == report.checkpoint.size > 10
    for receipt in receipts:
        assert verify_receipt_in_log(receipt, key, None, fetch) == report.checkpoint

    with WitnessStore(tmp_path / "witness.db") as store, world.service.database.read() as session:
        witness = Witness(NANJING_WITNESS, configure_logs([key]), store)

        def post(body: bytes) -> tuple[int, bytes]:
            answer = witness.add_checkpoint(body, NOON)
            return answer.status, answer.body

        for note in (earlier, signed):
            obtain_cosignature(post, note, NANJING_WITNESS.verifier_key, hash_reader(session))
        assert store.state(key.name).size == report.checkpoint.size
