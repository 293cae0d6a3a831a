"""Log witnesses cosign the record in the background; who is missing is named, who contradicts is an alarm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from signing_service.errors import ConfigurationError, ForkError, FormatError, NotFoundError, RecordError
from signing_service.evidence.trust import parse_trust_file
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.cosignature import Cosigner, verify_cosignatures
from signing_service.record.note import parse_note
from signing_service.record.witness import configure_logs
from signing_service.record.witness_client import obtain_cosignature
from signing_service.record.witness_store import Witness, WitnessStore
from signing_service.store import cosignatures, outbox, people
from signing_service.store.outbox import ClaimedMail
from signing_service.store.tables import WitnessProgress
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from signing_service.workflow.notification import tell_about_contradiction
from signing_service.workflow.proofs import newest_checkpoint
from signing_service.workflow.public_record import record_state
from signing_service.workflow.witnesses import parse_witnesses, witness_id
from signing_service.workflow.witnessing import ask_witnesses, request_for, take_in
from signing_service.workflow.worker import make_workers
from tests.cast import ALES, LIN, NOON, SOMCHAI
from tests.record.cast import ANDAMAN_WITNESS, NANJING_WITNESS, STEPPE_WITNESS
from tests.record.witnessed import signed
from tests.workflow.judging import verify_evidence
from tests.workflow.witnesses import RunningWitness, answering, running
from tests.workflow.world import World

MakeWorld = Callable[..., World]
COSIGNERS = (NANJING_WITNESS, ANDAMAN_WITNESS, STEPPE_WITNESS)


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[RunningWitness]]:
    with running(tmp_path, *COSIGNERS) as started:
        yield started


@pytest.fixture
def with_witnesses(make_world: MakeWorld, tmp_path: Path) -> Callable[..., World]:
    """A world whose trust file names the witnesses of these lines, with a quorum."""

    def make(*lines: str, quorum: str) -> World:
        (tmp_path / "witnesses").write_text("# the members' witnesses\n\n" + "".join(lines))
        return make_world(WITNESSES_FILE=str(tmp_path / "witnesses"), WITNESS_QUORUM=quorum)

    return make


def watched(world: World, witnesses: list[RunningWitness]) -> World:
    for witness in witnesses:
        witness.watch(world.service.trust.record_key)
    return world


@pytest.fixture
def world(with_witnesses: Callable[..., World], witnesses: list[RunningWitness]) -> World:
    """Three witnesses that answer; two of them are needed."""
    return watched(with_witnesses(*(witness.line for witness in witnesses), quorum="2"), witnesses)


def finish(world: World) -> None:
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    world.archive()


def progress(world: World, cosigner: Cosigner) -> WitnessProgress:
    with world.service.database.read() as session:
        rows = {row.witness: row for row in cosignatures.progress_of_all(session)}
    return rows[witness_id(cosigner.verifier_key)]


def alarms(world: World) -> list[ClaimedMail]:
    with world.service.database.begin() as session:
        return [mail for mail in outbox.claim(session, now=world.clock(), lease=NOON - NOON) if mail.kind == "alarm"]


def test_the_trust_file_names_the_configured_witnesses_and_the_quorum(world: World) -> None:
    trust = parse_trust_file(world.service.settings.trust_file.read_bytes())
    assert trust.witnesses == tuple(cosigner.verifier_key for cosigner in COSIGNERS)
    assert trust.quorum == 2


def test_every_witness_cosigns_the_newest_checkpoint_and_is_not_asked_twice(world: World) -> None:
    world.publish()
    assert ask_witnesses(world.service) == 3
    assert ask_witnesses(world.service) == 0
    with world.service.database.read() as session:
        found = verify_cosignatures(newest_checkpoint(session), world.service.trust.witnesses, 3)
    assert [one.key.name for one in found] == [cosigner.name for cosigner in COSIGNERS]
    state = record_state(world.service)
    assert (state.cosigned, state.witnessed) == (3, state.size)


def test_the_next_checkpoint_is_cosigned_as_its_growth(world: World, witnesses: list[RunningWitness]) -> None:
    for act in (world.publish, lambda: world.sign(LIN), lambda: world.sign(SOMCHAI)):
        act()
        assert ask_witnesses(world.service) == 3
    key = world.service.trust.record_key
    assert {witness.store.state(key.name).size for witness in witnesses} == {record_state(world.service).size}
    assert not any("409" in line for witness in witnesses for line in witness.said)


def test_a_ceremony_that_a_quorum_cosigned_passes_and_one_that_it_did_not_is_indeterminate(
    world: World, witnesses: list[RunningWitness]
) -> None:
    finish(world)
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.INDETERMINATE
    missing = "cosigned by 0 of the 2 witnesses that are needed; missing: " + ", ".join(one.name for one in COSIGNERS)
    assert any(missing in check.message for check in report.checks)

    witnesses[2].watch(NANJING_WITNESS.verifier_key)  # it knows another log, and answers 404
    assert ask_witnesses(world.service) == 2
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.PASSED, [check.message for check in report.checks if check.indication]
    assert report.record.witnesses == (NANJING_WITNESS.name, ANDAMAN_WITNESS.name)


def test_a_bundle_takes_the_checkpoint_that_is_cosigned_when_the_newest_is_of_no_concern_to_it(world: World) -> None:
    finish(world)
    ask_witnesses(world.service)
    other = World.of(world.service, world.officer, people=world.ids).publish()
    state = record_state(other.service)
    assert (state.cosigned, state.witnessed) == (0, state.witnessed)
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.PASSED
    assert (report.record.size, state.witnessed) == (state.witnessed, report.record.size)
    assert report.record.size < state.size


def test_a_witness_that_does_not_answer_is_asked_again_after_a_growing_wait(
    with_witnesses: Callable[..., World], witnesses: list[RunningWitness]
) -> None:
    with answering(500, b"out of order") as url:
        broken = f"{STEPPE_WITNESS.verifier_key} {url}\n"
        world = watched(with_witnesses(witnesses[0].line, broken, quorum="1"), witnesses[:1]).publish()
        assert ask_witnesses(world.service) == 1
        waits = []
        for _ in range(3):
            row = progress(world, STEPPE_WITNESS)
            assert (row.alarm, "answers 500" in (row.error or "")) == (None, True)
            waits.append((row.next_attempt - world.clock()).total_seconds())
            assert ask_witnesses(world.service) == 0
            assert progress(world, STEPPE_WITNESS).attempts == row.attempts, "too early"
            world.clock.now = row.next_attempt
            ask_witnesses(world.service)
    assert waits == [60, 120, 240]


def test_a_fork_is_an_alarm_that_the_officers_are_told_of_once(
    world: World, witnesses: list[RunningWitness], caplog: pytest.LogCaptureFixture
) -> None:
    world.publish()
    size = record_state(world.service).size
    with WitnessStore(Path(":memory:")) as store:  # what this witness was once shown is not what the record holds
        witnesses[0].store = store
        witnesses[0].watch(world.service.trust.record_key)
        forked = signed(size, signer=world.service.record_signer)
        witness = Witness(NANJING_WITNESS, configure_logs([world.service.trust.record_key]), store)
        assert witness.add_checkpoint(b"old 0\n\n" + forked, NOON).status == 200
        with caplog.at_level(logging.CRITICAL):
            assert ask_witnesses(world.service) == 2
        assert f"ALARM: log witness {NANJING_WITNESS.name} cosigned another root for size {size}" in caplog.text
        assert "another root" in (progress(world, NANJING_WITNESS).alarm or "")
        with world.service.database.read() as session:
            addresses = {officer.email for officer in people.officers(session)}
        assert {mail.recipient for mail in alarms(world)} == addresses
        assert "contradicts the record" in alarms(world)[0].subject
        world.sign(LIN)
        world.clock.forward(hours=3)
        ask_witnesses(world.service)
        assert "does not grow from" in (progress(world, NANJING_WITNESS).error or "")
        assert len(alarms(world)) == len(addresses)


@pytest.mark.parametrize(
    ("language", "told", "advised"),
    [
        ("en", "does not grow from what log witness", "stop writing and compare with the guard"),
        ("zh", "并非由日志见证者", "请停止写入"),
        ("ru", "не продолжает то, что заверил свидетель журнала", "остановите запись"),
        ("th", "ไม่ได้ต่อจากสิ่งที่พยานของบันทึก", "ให้หยุดเขียน"),
    ],
)
def test_an_alarm_says_in_the_officers_language_what_is_wrong(
    world: World, language: str, told: str, advised: str
) -> None:
    with pytest.raises(ForkError) as caught:
        obtain_cosignature(lambda _: (422, b""), signed(7), NANJING_WITNESS.verifier_key, lambda _, __: bytes(32))
    with world.service.database.begin() as session:
        people.get(session, world.officer).locale = language
        error = caught.value
        tell_about_contradiction(session, world.service, error.message, error.hint, NOON)
    text = alarms(world)[0].text
    assert told in text
    assert NANJING_WITNESS.name in text
    assert advised in text


def test_a_witness_that_answers_with_anothers_line_is_no_alarm_and_no_cosignature(
    with_witnesses: Callable[..., World],
) -> None:
    with answering(200, ANDAMAN_WITNESS.cosign(signed(7), NOON).format().encode()) as url:
        world = with_witnesses(f"{NANJING_WITNESS.verifier_key} {url}", quorum="1").publish()
        assert ask_witnesses(world.service) == 0
    row = progress(world, NANJING_WITNESS)
    assert (row.alarm, row.attempts) == (None, 1)
    assert "without its cosignature" in (row.error or "")


def test_signing_goes_on_while_no_witness_can_be_reached(with_witnesses: Callable[..., World]) -> None:
    world = with_witnesses(f"{NANJING_WITNESS.verifier_key} http://127.0.0.1:9", quorum="1").publish()
    assert ask_witnesses(world.service) == 0
    world.sign(LIN)
    assert "cannot be asked" in (progress(world, NANJING_WITNESS).error or "")


@contextmanager
def offline_witness(world: World, path: Path) -> Iterator[Witness]:
    with WitnessStore(path) as store:
        yield Witness(NANJING_WITNESS, configure_logs([world.service.trust.record_key]), store)


def test_a_witness_works_by_file(with_witnesses: Callable[..., World], tmp_path: Path) -> None:
    world = with_witnesses(str(NANJING_WITNESS.verifier_key), quorum="1").publish()
    with offline_witness(world, tmp_path / "offline.db") as witness:
        for act in (lambda: None, lambda: world.sign(LIN)):
            act()
            request = request_for(world.service, NANJING_WITNESS.name)
            world.sign(SOMCHAI) if b"old 0" not in request else None  # the record goes on meanwhile
            answer = witness.add_checkpoint(request, NOON)
            assert answer.status == 200
            size = parse_checkpoint(parse_note(request.partition(b"\n\n")[2]).text).size
            assert take_in(world.service, answer.body) == [(NANJING_WITNESS.name, size)]
            assert take_in(world.service, answer.body) == [(NANJING_WITNESS.name, size)]
    assert record_state(world.service).witnessed == size
    assert ask_witnesses(world.service) == 0


def test_a_file_without_a_good_line_of_a_known_witness_is_refused(with_witnesses: Callable[..., World]) -> None:
    world = with_witnesses(str(NANJING_WITNESS.verifier_key), quorum="1").publish()
    with pytest.raises(RecordError, match=f"no line of a known witness, only of {ANDAMAN_WITNESS.name}"):
        take_in(world.service, ANDAMAN_WITNESS.cosign(signed(7), NOON).format().encode())
    with pytest.raises(RecordError, match="for none of the newest"):
        take_in(world.service, NANJING_WITNESS.cosign(signed(7), NOON).format().encode())
    with pytest.raises(FormatError):
        take_in(world.service, b"hello\n")
    with pytest.raises(NotFoundError) as refused:
        request_for(world.service, "witness.nowhere.example")
    assert NANJING_WITNESS.name in refused.value.hint


def test_a_service_with_witnesses_has_a_thread_for_them(world: World) -> None:
    assert world.service.witnesses
    assert len(make_workers(world.service)) == len(make_workers(replace(world.service, witnesses=()))) + 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names 0 witnesses"),
        ("hello", "witnesses:1: key is not of the form"),
        (f"\n{NANJING_WITNESS.verifier_key} ftp://w.example", "witnesses:2: 'ftp://w.example' is not an address"),
        (f"{NANJING_WITNESS.verifier_key} https://w.example?a=b", "is not an address"),
        (f"{NANJING_WITNESS.verifier_key} https://w.example:port", "is not a URL"),
        (f"{NANJING_WITNESS.verifier_key} https://w.example 8", "there is more on the line"),
        (f"{NANJING_WITNESS.verifier_key}\n{NANJING_WITNESS.verifier_key}", "names a witness twice"),
        (str(NANJING_WITNESS.verifier_key)[:-4], "witnesses:1: "),
        ("sign.example.org+033de0ae+Ac4z", "witnesses:1: "),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_witnesses(text, "witnesses")
    assert str(refused.value).startswith("SIGNING_SERVICE_WITNESSES_FILE: ")
    assert reason in str(refused.value)


def test_a_logs_key_is_no_witnesss(world: World) -> None:
    with pytest.raises(ConfigurationError, match="is not a witness's"):
        parse_witnesses(str(world.service.trust.record_key), "witnesses")


def test_a_quorum_larger_than_the_witnesses_is_refused(with_witnesses: Callable[..., World]) -> None:
    with pytest.raises(ConfigurationError, match=r"WITNESS_QUORUM: is 2, but .* names 1 witness$"):
        with_witnesses(str(NANJING_WITNESS.verifier_key), quorum="2")
