from __future__ import annotations

import pytest

from signing_service.workflow.pace import EARLY, FIRST_GUESS, FORGET, Pace

QUEUE = "an agreement"


class Timer:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def pace(timer: Timer) -> Pace:
    return Pace(timer)


def test_a_queue_that_was_never_looked_at_is_guessed(pace: Pace):
    assert pace.wait(QUEUE, 1, 10) == pytest.approx(10 * FIRST_GUESS * EARLY)


def test_who_waits_in_a_slow_queue_is_told_to_ask_later(pace: Pace, timer: Timer):
    first = pace.wait(QUEUE, 1, 10)
    timer.now += 4
    assert pace.wait(QUEUE, 5, 10) > first  # a second a ticket


def test_a_queue_that_stood_still_while_nobody_asked_does_not_put_everybody_off(pace: Pace, timer: Timer):
    first = pace.wait(QUEUE, 1, 10)
    for head in range(2, 5):
        timer.now += 3
        later = pace.wait(QUEUE, head, 10)
    assert later < 2 * first  # at first it became 25 times as much, and the queue stood still for that time
    for head in range(5, 12):
        timer.now += FIRST_GUESS
        later = pace.wait(QUEUE, head, 10)
    assert later < 1.1 * first


def test_a_queue_that_does_not_move_is_not_taken_for_a_fast_one(pace: Pace, timer: Timer):
    first = pace.wait(QUEUE, 1, 10)
    timer.now += 1
    assert pace.wait(QUEUE, 1, 10) == first


def test_an_old_look_says_nothing_about_now(pace: Pace, timer: Timer):
    first = pace.wait(QUEUE, 1, 10)
    timer.now += FORGET + 1
    assert pace.wait(QUEUE, 5, 10) == first


def test_who_is_next_asks_at_once(pace: Pace):
    assert pace.wait(QUEUE, 1, 0) == 0


def test_the_pace_that_was_seen_is_told_without_a_look(pace: Pace, timer: Timer):
    assert pace.of(QUEUE) == FIRST_GUESS
    pace.wait(QUEUE, 1, 10)
    timer.now += 0.04
    pace.wait(QUEUE, 2, 10)
    assert 0.04 < pace.of(QUEUE) < FIRST_GUESS
