"""``record monitor`` as a university runs it: against the service itself, and against one that lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.cli import main
from signing_service.commands import record_monitor
from signing_service.evidence.monitor import format_state, parse_state
from signing_service.evidence.record_keys import RecordKeys, RetiredKey
from signing_service.evidence.trust import format_trust_file
from signing_service.record.note import Signer
from signing_service.record.tree import Frontier
from signing_service.store import ledger, openings
from signing_service.store.tables import Event
from signing_service.workflow import feeds
from signing_service.workflow.erasure import erase
from signing_service.workflow.feeds import feeds_of, make_feed, revoke_feed
from signing_service.workflow.public_record import record_state
from tests.cast import HOA, LIN, NANJING, OBSERVER, SOMCHAI
from tests.record.witnessed import LEAVES, signed
from tests.web.conftest import LiveServer

Monitor = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_monitor, "SECOND_LOOK", 0.0)


@pytest.fixture
def monitor(
    live: LiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Monitor:
    """Run one round for a party with its token; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    tokens: dict[str, Path] = {}

    def run(party: str = NANJING.id, *words: str, url: str = f"{live.url}/record") -> tuple[int, str, str]:
        if party not in tokens:
            tokens[party] = tmp_path / f"{party}.token"
            token = make_feed(live.world.service, live.world.officer, live.world.agreement, party)
            tokens[party].write_text(f"{live.world.agreement} {token}\n")
            tokens[party].chmod(0o600)
        command = ["record", "monitor", url, "--feed-token-file", str(tokens[party]), "--party", party, "--once"]
        key = [] if "--trust" in words else ["--key", str(live.world.service.trust.record_key)]
        code = main([*command, *key, "--state", f"{party}.json", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_it_shows_each_event_that_concerns_the_party_once(live: LiveServer, monitor: Monitor):
    code, out, err = monitor()
    assert (code, err) == (0, "")
    assert "all    publication" in out
    assert f"own    mandate          {LIN.signer}: {LIN.name} may act" in out
    assert "until None" not in out
    assert SOMCHAI.name not in out
    assert monitor() == (0, "", "")
    live.world.sign(SOMCHAI)
    live.world.sign(LIN)
    code, out, err = monitor()
    assert [line.split()[3:5] for line in out.splitlines()] == [["CHECK", "issuance"], ["own", "signature"]]
    assert monitor(OBSERVER.id)[0] == 0
    assert Path("njupt.json").stat().st_mode & 0o777 == 0o600


def test_an_erased_refusal_is_no_alarm(live: LiveServer, monitor: Monitor, anybody_refuses: int):
    monitor()
    erase(live.world.service, live.world.agreement, anybody_refuses, "asked for by the person")
    code, out, _ = monitor()
    assert code == 0
    assert f"event {anybody_refuses} (refusal) was erased: asked for by the person" in out


@pytest.fixture
def anybody_refuses(live: LiveServer) -> int:
    """The sequence of a refusal."""
    service, agreement = live.world.service, live.world.agreement
    with service.database.begin() as session:
        members = {"signer": HOA.signer, "mandate_sha256": "00" * 32, "reason": "a private reason", "approval": "AA"}
        sequence = ledger.append(session, agreement, "refusal", members, service.clock()).sequence
    service.publish()
    return sequence


def test_a_withheld_opening_is_an_alarm_until_it_is_given(live: LiveServer, monitor: Monitor):
    monitor()
    live.world.sign(LIN)
    service = live.world.service
    with service.database.begin() as session:
        index = openings.of_type(session, live.world.agreement, "issuance")[0].index
        row = session.get_one(Event, index)
        event, salt = row.event, row.salt
        row.event = row.salt = None
    for _ in range(2):
        code, out, err = monitor()
        assert (code, out) == (1, "")
        assert f"ALARM: the opening of entry {index} (issuance" in err
    with service.database.begin() as session:
        row = session.get_one(Event, index)
        row.event, row.salt = event, salt
    assert monitor()[0] == 0


def test_a_moment_between_two_steps_of_the_service_is_no_alarm(
    live: LiveServer, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
):
    pages = [b""]
    honest = feeds.read_feed

    def late(*arguments: Any) -> bytes:
        return pages.pop() if pages else honest(*arguments)

    monkeypatch.setattr(feeds, "read_feed", late)
    assert monitor()[0] == 0
    assert not pages


def test_a_revoked_token_is_an_alarm_once_something_happens(live: LiveServer, monitor: Monitor):
    monitor()
    world = live.world
    (feed,) = feeds_of(world.service, world.officer, world.agreement)
    revoke_feed(world.service, world.officer, world.agreement, feed.id)
    assert monitor()[0] == 0
    world.sign(LIN)
    code, _, err = monitor()
    assert code == 1
    assert "does not open to this token" in err


def test_a_fork_is_an_alarm_whose_proof_is_kept(live: LiveServer, monitor: Monitor):
    monitor()
    state = parse_state(Path("njupt.json").read_bytes(), RecordKeys(live.world.service.trust.record_key))
    origin = live.world.service.trust.record_origin
    size = state.frontier.size
    other = signed(size, LEAVES, live.world.service.record_signer, origin)
    forged = replace(state, checkpoint=other, frontier=Frontier().extend(LEAVES[:size]))
    Path("njupt.json").write_bytes(format_state(forged))
    code, _, err = monitor()
    assert code == 1
    assert f"ALARM: the log was forked: it signed two roots for size {size}" in err
    proof = Path("njupt.json.alarm").read_bytes()
    assert other in proof
    assert state.checkpoint.splitlines()[2] in proof


def test_a_trust_file_that_retired_the_key_which_still_signs_is_an_alarm(live: LiveServer, monitor: Monitor):
    trust, size = live.world.service.trust, size_now(live)
    new = Signer(trust.record_origin, Ed25519PrivateKey.from_private_bytes(bytes(range(32)))).verifier_key
    for cap, expected in ((size, 0), (size - 1, 1)):
        changed = replace(trust, record_key=new, retired_record_keys=(RetiredKey(trust.record_key, cap),))
        Path("trust.json").write_bytes(format_trust_file(changed))
        code, _, err = monitor(NANJING.id, "--trust", "trust.json")
        assert code == expected, err
    assert f"ALARM: checkpoint of {size} entries is signed by a key that was retired at {size - 1}" in err


def size_now(live: LiveServer) -> int:
    live.world.service.publish()
    return record_state(live.world.service).size


def test_a_service_that_does_not_answer_says_nothing_either_way(monitor: Monitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("signing_service.record.sources.PAUSE", 0.0)
    code, _, err = monitor(NANJING.id, url="http://127.0.0.1:9/record")
    assert code == 3
    assert err.startswith("unknown: ")
    assert monitor(NANJING.id, url="http://127.0.0.1:9/elsewhere")[0] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trust", "njupt.token"], "--trust: "),
        (["--state", "njupt.token"], "is no state of this monitor"),
        (["--key", "nothing"], "nothing cannot be read"),
        (["--key", "a+b+c"], "--key: "),
        (["--feed-token-file", "none"], "none cannot be read"),
        (["--feed-token-file", "open"], "open is readable by others"),
        (["--feed-token-file", "empty"], "does not hold lines of an agreement's id and a token"),
    ],
)
def test_words_that_lead_nowhere_are_a_usage_error(monitor: Monitor, words: list[str], said: str):
    Path("open").write_text("a b\n")
    Path("open").chmod(0o644)
    Path("empty").touch(0o600)
    code, _, err = monitor(NANJING.id, *words)
    assert code == 2
    assert said in err


def test_a_token_does_not_travel_in_the_clear(monitor: Monitor):
    code, _, err = monitor(NANJING.id, url="http://sign.example.org/record")
    assert code == 2
    assert "is not an https address" in err
