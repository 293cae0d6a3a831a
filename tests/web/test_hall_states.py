"""The hall's answers: many viewers cost one look at the database, and one hall's viewers keep no other's waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from signing_service.errors import NotFoundError
from signing_service.web.hall import MEMORY, States

PATIENCE = 60  # seconds, of which a test that passes takes none


class Database:
    """Answers with what it is asked for; of the hall called ``slow`` only when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, agreement_id: str) -> bytes:
        self.asked.append(agreement_id)
        if agreement_id == "unknown":
            raise NotFoundError("there is no such agreement")
        if agreement_id == "slow":
            self.begun.set()
            assert self.let_go.wait(PATIENCE)
        return agreement_id.encode()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    database = Database()
    monkeypatch.setattr("signing_service.web.hall._state", database)
    yield database
    database.let_go.set()


def test_a_hall_full_of_viewers_asks_the_database_once(database: Database):
    states = States(clock=lambda: 7.0)
    assert {states.of("hall") for _ in range(100)} == {b"hall"}
    assert database.asked == ["hall"]


def test_many_who_come_at_once_wait_for_one_answer(database: Database):
    states = States(clock=lambda: 7.0)
    with ThreadPoolExecutor(5) as pool:
        viewers = [pool.submit(states.of, "slow") for _ in range(5)]
        assert database.begun.wait(PATIENCE)
        database.let_go.set()
        assert {viewer.result(PATIENCE) for viewer in viewers} == {b"slow"}
    assert database.asked == ["slow"]


def test_viewers_of_one_hall_wait_for_no_other(database: Database):
    states = States(clock=lambda: 7.0)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(states.of, "slow")
        try:
            assert database.begun.wait(PATIENCE)
            assert pool.submit(states.of, "other").result(PATIENCE) == b"other"
            assert not slow.done()
        finally:
            database.let_go.set()
        assert slow.result(PATIENCE) == b"slow"


def test_an_answer_is_given_for_a_moment_and_then_made_anew(database: Database):
    now = [7.0]
    states = States(clock=lambda: now[0])
    for moment in (7.0, 7.0 + MEMORY / 2, 7.0 + MEMORY):
        now[0] = moment
        states.of("hall")
    assert database.asked == ["hall", "hall"]


def test_nothing_is_kept_of_halls_that_nobody_watches_or_that_do_not_exist(database: Database):
    now = [7.0]
    states = States(clock=lambda: now[0])
    for number in range(50):
        states.of(f"hall {number}")
        with pytest.raises(NotFoundError):
            states.of("unknown")
    assert len(states.kept()) == 50
    now[0] += MEMORY
    states.of("hall 7")
    assert states.kept() == ["hall 7"]
