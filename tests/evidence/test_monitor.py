"""A party's monitor sees its own events and the agreement's, and every lie is an alarm of its own."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.encoding import canonical_json, parse_canonical_json
from signing_service.errors import ForkError, FormatError, RecordError, RetiredKeyError, SigningServiceError
from signing_service.evidence.event_lines import BundledEvent
from signing_service.evidence.monitor import MonitorState, format_state, parse_state
from signing_service.evidence.record_keys import RecordKeys, RetiredKey
from signing_service.record.entry import make_entry
from signing_service.record.note import Signer
from tests.cast import SOMCHAI
from tests.evidence.followed import LIFE, OTHER, Service, service
from tests.record.cast import AGREEMENT, IMPOSTOR, LOG, event, salt


def test_it_shows_the_partys_own_events_and_the_agreements_and_nobody_elses():
    seen, state = service().follow()
    assert [(item.index, item.mark, item.type) for item in seen] == [
        (1, "all", "publication"),
        (2, "own", "mandate"),
        (3, "CHECK", "enrolment"),
        (4, "CHECK", "confirmation"),
        (6, "CHECK", "issuance"),
        (7, "own", "refusal"),
    ]
    assert "Lin Shuyi may act" in seen[1].text
    assert "njupt:president: a one-time certificate for the signature was issued" in seen[4].text
    assert state.frontier.size == 9


def test_the_next_round_reads_only_what_is_new():
    log = service()
    _, state = log.follow()
    log.asked.clear()
    assert log.follow(state) == ([], state)
    assert log.asked == ["checkpoint"]
    log.add(event(7, "signature", signer="njupt:president", revision=1, pdf_sha256="44" * 32))
    seen, _ = log.follow(state)
    assert [(item.index, item.mark) for item in seen] == [(9, "own")]
    assert "feed 9" in log.asked
    assert "feed 0" not in log.asked


def test_a_state_is_read_back_and_continues():
    log = service()
    _, state = log.follow()
    assert parse_state(format_state(state), RecordKeys(LOG.verifier_key)) == state


@pytest.mark.parametrize("member", ["checkpoint", "frontier", "agreements", "v"])
@pytest.mark.parametrize("value", [None, 1, "x", ["x"], {"x": 1}, {"x": {"sequence": 1, "digest": 5}}])
def test_a_damaged_state_is_refused(member: str, value: object):
    state = parse_canonical_json(format_state(service().follow()[1])[:-1])
    if (member, value) == ("v", 1):
        value = 2
    with pytest.raises(SigningServiceError):
        parse_state(canonical_json({**state, member: value}), RecordKeys(LOG.verifier_key))


def test_a_state_whose_tree_is_not_its_checkpoints_is_refused():
    state = service().follow()[1]
    forged = replace(state, frontier=replace(state.frontier, hashes=(*state.frontier.hashes[:-1], bytes(32))))
    with pytest.raises(FormatError, match="does not fit together"):
        parse_state(format_state(forged), RecordKeys(LOG.verifier_key))


def test_an_agreement_that_is_added_later_is_read_from_the_beginning():
    log = service()
    _, state = log.follow()
    log.add(event(7, "archive-timestamp", revision=1, pdf_sha256="44" * 32))
    seen, both = log.follow(state, AGREEMENT, OTHER)
    assert [(item.index, item.type) for item in seen] == [(0, "publication"), (9, "archive-timestamp")]
    assert set(both.heads) == {AGREEMENT, OTHER}
    assert log.follow(both, AGREEMENT, OTHER)[0] == []


def alarm(log: Service, state: MonitorState | None = None, **options: tuple[int, ...]) -> SigningServiceError:
    with pytest.raises(RecordError) as raised:
        log.follow(state, **options)
    return raised.value


def test_a_rollback_is_an_alarm():
    log = service()
    _, state = log.follow()
    del log.entries[-1]
    error = alarm(log, state)
    assert isinstance(error, ForkError)
    assert "rolled back: its checkpoint has size 8, an earlier one had 9" in error.message


def test_a_second_root_of_one_size_is_an_alarm():
    log = service()
    _, state = log.follow()
    log.entries[0] = make_entry(event(0, "publication", OTHER), salt(99), None)
    error = alarm(log, state)
    assert isinstance(error, ForkError)
    assert "two roots for size 9" in error.message


@pytest.mark.parametrize("agreements", [(AGREEMENT,), (AGREEMENT, OTHER)], ids=["followed", "one of them new"])
def test_a_history_rewritten_under_a_larger_checkpoint_is_an_alarm(agreements: tuple[str, ...]):
    log = service()
    _, state = log.follow()
    log.entries[0] = make_entry(event(0, "publication", OTHER), salt(99), None)
    log.add(event(7, "archive-timestamp"))
    with pytest.raises(ForkError, match="size 10 does not grow from the one of size 9"):
        log.follow(state, *agreements)


def test_entries_that_are_not_those_of_the_checkpoint_are_an_alarm(monkeypatch: pytest.MonkeyPatch):
    log = service()
    _, state = log.follow()
    honest = log.fetch
    log.add(event(7, "archive-timestamp"))
    other = service()
    other.add(event(7, "withdrawal", reason="never"))
    monkeypatch.setattr(log, "fetch", lambda path: other.fetch(path) if "entries" in path else honest(path))
    error = alarm(log, state)
    assert not isinstance(error, ForkError)
    assert "do not make the root of its checkpoint of size 10" in error.message


def test_a_log_signed_by_another_key_is_an_alarm():
    log = service()
    log.signer = IMPOSTOR
    assert "carries no signature" in alarm(log).message


def test_a_second_entry_of_one_sequence_is_an_alarm():
    log = service()
    _, state = log.follow()
    log.add(event(3, "confirmation", signer=SOMCHAI.signer))
    assert "sequence 3 of nanjingtwelveuniversities2 appears twice" in alarm(log, state).message


def test_a_gap_and_a_broken_chain_are_alarms():
    log = service()
    _, state = log.follow()
    log.add(event(8, "signature", signer="njupt:president"))
    assert "follows a gap" in alarm(log, state).message
    log = service()
    log.entries.append(make_entry(event(7, "withdrawal"), salt(9), bytes(32)))
    assert "does not name its predecessor" in alarm(log, state).message


def test_bytes_that_are_no_entry_are_an_alarm():
    log = service()
    log.entries.append(b'{"scope" : "' + AGREEMENT.encode() + b'"}')
    assert "entry 9 of the log is not an entry of this service" in alarm(log).message


@pytest.mark.parametrize("index", [1, 4, 7])
def test_an_opening_that_is_withheld_is_an_alarm(index: int):
    log = service()
    log.erase(index, 7, claim=False)
    assert f"the opening of entry {index} " in alarm(log).message
    del log.lines[index]
    assert f"withholds entry {index}" in alarm(log).message


def test_another_event_than_the_entry_commits_to_is_an_alarm():
    log = service()
    log.lines[6] = replace(log.lines[6], event=event(5, "issuance", signer=SOMCHAI.signer))
    assert "not what its entry commits to" in alarm(log).message
    log = service()
    log.lines[6] = BundledEvent(6, log.entries[5], log.lines[5].event, log.lines[5].salt)
    assert "shows another than the log holds" in alarm(log).message


def test_a_feed_that_is_closed_is_an_alarm_once_there_is_something_to_see():
    log = service()
    _, state = log.follow()
    log.closed.add(AGREEMENT)
    assert log.follow(state) == ([], state)
    log.add(event(7, "issuance", signer="njupt:president"))
    error = alarm(log, state)
    assert "does not open to this token, while the log has 1 new entries" in error.message
    assert "revoked, or openings are withheld" in error.hint


def test_a_feed_that_turns_in_circles_ends():
    log = service()
    log.feed = lambda agreement, start: Service.feed(log, agreement, 0)  # type: ignore[method-assign]
    assert "withholds entry" in alarm(log).message


def test_a_refusal_that_was_erased_is_shown_and_no_alarm():
    log = service()
    log.erase(7, 7)
    seen, _ = log.follow()
    assert [(item.index, item.type) for item in seen][-2:] == [(7, "refusal"), (9, "erased")]
    assert "a private reason" not in " ".join(item.text for item in seen)


def test_what_was_seen_before_may_be_erased_later():
    log = service()
    _, state = log.follow()
    log.erase(3, 7)
    seen, _ = log.follow(state)
    assert "event 2 (enrolment) was erased: asked for" in seen[0].text


def test_an_enrolment_that_was_erased_before_it_was_seen_is_an_alarm_until_it_is_explained():
    log = service()
    log.erase(3, 7)
    error = alarm(log)
    assert "entry 3 (enrolment, sequence 2 of" in error.message
    assert "--accept-erased 3" in error.hint
    assert log.follow(accepted=(3,))[0][2].text == "erased, and not seen here before"


def test_nothing_that_an_event_says_steers_the_terminal():
    log = service(*LIFE[:6], event(6, "refusal", signer="njupt:president", reason="\x1b[2Jno \u202e"))
    assert log.follow()[0][-1].text.endswith("declined: \ufffd[2Jno \ufffd")


def test_the_checkpoints_of_an_alarm_are_the_proof():
    log = service()
    _, state = log.follow()
    root = base64.b64decode(state.checkpoint.split(b"\n")[2])
    assert root == state.frontier.root()


def test_a_retired_key_that_signs_on_is_an_alarm_of_its_own():
    log = service()
    old, new = LOG, Signer(LOG.name, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    _, state = log.follow()
    size = state.frontier.size
    log.keys = RecordKeys(new.verifier_key, (RetiredKey(old.verifier_key, size),))
    assert log.follow(state)[0] == []  # what the old key signed in its time still counts
    log.add(event(7, "signature", signer="njupt:president", revision=1, pdf_sha256="44" * 32))
    with pytest.raises(RetiredKeyError, match=f"of {size + 1} entries is signed by a key .* retired at {size}"):
        log.follow(state)
    log.signer = new
    assert [item.type for item in log.follow(state)[0]] == ["signature"]


def test_a_state_that_a_retired_key_signed_after_its_time_is_an_alarm_too():
    _, state = service().follow()
    new = Signer(LOG.name, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    with pytest.raises(RetiredKeyError):
        parse_state(format_state(state), RecordKeys(new.verifier_key, (RetiredKey(LOG.verifier_key, 8),)))
