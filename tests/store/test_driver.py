"""The driver beneath a transaction: what runs together fails together, as SQLAlchemy's own errors."""

import pytest
from sqlalchemy.exc import IntegrityError

from signing_service.store.database import Database
from signing_service.store.driver import Driver

ADD = "INSERT INTO rate_counters (key, count, expires) VALUES (:key, :count, :expires)"
COUNT = "SELECT count(*) FROM rate_counters"


def counter(key: str) -> tuple[str, dict[str, object]]:
    return ADD, {"key": key, "count": 1, "expires": "2026-06-01 12:00:00.000000"}


def test_statements_that_run_together_are_all_kept(database: Database):
    with database.begin() as session:
        Driver(session.connection()).run_all([counter("nanjing"), counter("minsk")])

    with database.read() as session:
        assert Driver(session.connection()).row(COUNT) == (2,)


def test_one_that_fails_undoes_all_that_ran_with_it(database: Database):
    with pytest.raises(IntegrityError), database.begin() as session:
        Driver(session.connection()).run_all([counter("nanjing"), counter("nanjing"), counter("minsk")])

    with database.begin() as session:
        assert Driver(session.connection()).row(COUNT) == (0,)
        Driver(session.connection()).run_all([counter("minsk")])


def test_nothing_to_run_is_no_question(database: Database):
    with database.begin() as session:
        driver = Driver(session.connection())
        driver._raw = driver._cursor = None
        assert driver.run_all([]) == 0


def test_they_say_how_many_rows_the_last_one_changed(database: Database):
    with database.begin() as session:
        driver = Driver.of(session)
        assert driver.run_all([counter("nanjing"), counter("minsk")]) == 1
        assert driver.run_all([counter("astana"), ("UPDATE rate_counters SET count = count + 1", {})]) == 3
        assert driver.run_all([counter("moscow"), ("DELETE FROM rate_counters WHERE count > :most", {"most": 9})]) == 0
