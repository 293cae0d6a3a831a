from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from signing_service.errors import UnavailableError
from signing_service.store import ledger, outbox, turns
from signing_service.store.database import Database
from signing_service.store.wall_clock import LARGEST_STEP, Judge, WallClock, after
from tests.cast import NOON, SOMCHAI
from tests.store.world import AGREEMENT, add_person, begin_attempt, give_mandate, publish_agreement


class Hands:
    """A wall clock and one that counts from boot, moved by the test."""

    def __init__(self) -> None:
        self.wall = self.steady = 1000.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> WallClock:
        return WallClock(lambda: self.wall, lambda: self.steady)


def test_time_that_passes_is_no_jump():
    hands = Hands()
    clock = hands.clock()
    hands.pass_by(86_400)
    clock.check(NOON)


@pytest.mark.parametrize("seconds", [3600, -3600, 86_400, 61])
def test_a_jump_stops_the_record_until_the_clock_is_right_again(seconds: int):
    hands = Hands()
    clock = hands.clock()
    hands.wall += seconds
    with pytest.raises(UnavailableError, match=f"jumped by {seconds} seconds"):
        clock.check(NOON)
    hands.wall -= seconds
    clock.check(NOON)


def test_a_step_of_ntp_is_no_jump():
    hands = Hands()
    clock = hands.clock()
    hands.wall -= 5
    clock.check(NOON)


def sleep_each_night(hands: Hands, nights: int, judge: Judge) -> WallClock:
    """A virtual machine that stands still for 5 seconds each night, whose clock NTP then sets right."""
    clock = hands.clock()
    for _ in range(nights):
        hands.pass_by(86_400 - 5)
        hands.wall += 5
        clock.agree(judge)
    return clock


def test_small_steps_of_a_clock_that_authorities_confirm_never_add_up_to_a_jump():
    sleep_each_night(Hands(), 400, "authorities").check(NOON)


def test_small_steps_that_only_the_database_confirms_add_up():
    with pytest.raises(UnavailableError, match="jumped by 65 seconds"):
        sleep_each_night(Hands(), 13, "database").check(NOON)


@pytest.mark.parametrize("seconds", [61, -61, 86_400])
def test_an_authority_that_lies_sets_no_clock_going_that_has_jumped(seconds: int):
    hands = Hands()
    clock = hands.clock()
    hands.wall += seconds
    for _ in range(3):
        clock.agree("authorities")
        with pytest.raises(UnavailableError, match=f"jumped by {seconds} seconds"):
            clock.check(NOON)
    hands.wall -= seconds
    clock.check(NOON)


@pytest.mark.parametrize(
    ("behind", "given"),
    [(-timedelta(minutes=5), NOON + timedelta(minutes=5)), (timedelta(seconds=3), NOON), (LARGEST_STEP, NOON)],
)
def test_an_event_is_not_dated_before_its_predecessor(behind: timedelta, given: datetime):
    assert after(NOON - behind, f"{NOON:%Y-%m-%dT%H:%M}Z") == given


def _append(database: Database, now: datetime) -> ledger.Appended:
    with database.begin() as session:
        return ledger.append(session, "service", "withdrawal", {"reason": "a test"}, now)


def test_a_clock_that_was_set_back_writes_nothing_into_the_record(database: Database):
    _append(database, NOON)
    with pytest.raises(UnavailableError, match=r"before 2025-04-11T04:00:00Z: .* clock says 2025-04-11T03:00:00Z"):
        _append(database, NOON - timedelta(hours=1))
    assert _append(database, NOON + timedelta(minutes=1)).index == 1


def test_machines_whose_clocks_differ_by_seconds_write_times_that_go_up(database: Database):
    first = _append(database, NOON)
    second = _append(database, NOON - timedelta(seconds=20))
    assert first.event[first.event.index(b'"time"') :][:30] == second.event[second.event.index(b'"time"') :][:30]


def test_a_process_whose_clock_jumped_writes_nothing(database: Database):
    hands = Hands()
    database.wall_clock = hands.clock()
    _append(database, NOON)
    hands.wall += 86_400
    with pytest.raises(UnavailableError, match="clock jumped"):
        _append(database, NOON + timedelta(days=1))


def test_a_place_from_before_the_clock_was_set_back_holds_up_nobody(database: Database):
    lease = timedelta(seconds=10)
    with database.begin() as session:
        publish_agreement(session)
        mandate = give_mandate(session, add_person(session, SOMCHAI), "andaman:president")
        dead, living = begin_attempt(session, mandate).id, begin_attempt(session, mandate).id
        assert turns.take(session, AGREEMENT, dead, now=NOON + timedelta(hours=1), lease=lease) == 0
    with database.begin() as session:
        assert turns.take(session, AGREEMENT, living, now=NOON, lease=lease) == 0


def test_a_mail_from_before_the_clock_was_set_back_goes_out(database: Database):
    with database.begin() as session:
        tomorrow, words = NOON + timedelta(days=1), {"subject": "Signed", "text": "It is signed."}
        mail = outbox.add(
            session, recipient=SOMCHAI.email, kind="signed", locale="en", html=None, now=tomorrow, **words
        )
    with database.begin() as session:
        assert [one.id for one in outbox.claim(session, now=NOON, lease=timedelta(minutes=5))] == [mail.id]
