"""A clock that is wrong from the start: who says so, what is written by it, and what a liar can do about it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.commands import findings
from signing_service.encoding import format_time, parse_canonical_json
from signing_service.errors import ConfigurationError, UnavailableError
from signing_service.pki.http_authority import HttpAuthority
from signing_service.store import cosignatures, ledger, openings, publisher, standing
from signing_service.store.standing import newest_time, standing_still, stands_until
from signing_service.store.wall_clock import WallClock
from signing_service.workflow import clock_check
from signing_service.workflow.clock_check import INTERVAL, check_clock, check_clock_before, clock_once, record_ahead
from signing_service.workflow.officers import add_officer
from signing_service.workflow.people import NewPerson
from signing_service.workflow.readiness import readiness
from signing_service.workflow.service import open_service, system_clock
from signing_service.workflow.worker import Worker, make_watchers, make_workers
from tests.cast import LIN, NOON, SECOND_OFFICER
from tests.pki.authorities import ROOT, Behaviour, Stamper, served
from tests.workflow.world import World

DAYS = timedelta(days=2)
YEARS = timedelta(days=9000)  # ahead of the machine's own clock, too
NOBODY = "http://127.0.0.1:9/tsr"  # the discard port: nobody answers there


@contextlib.contextmanager
def beside(world: World, *behaviours: Behaviour | str) -> Iterator[World]:
    """The service with these timestamp authorities."""
    with contextlib.ExitStack() as stack:
        urls = [one if isinstance(one, str) else stack.enter_context(served(one)) for one in behaviours]
        authorities = tuple(HttpAuthority(url, [ROOT.certificate]) for url in urls)
        yield replace(world, service=replace(world.service, authorities=authorities))


def saying(offset: timedelta = timedelta(0)) -> Behaviour:
    """An authority whose clock is so far from noon."""
    return Behaviour(Stamper(time=NOON + offset))


def record_something(world: World, officer: str = "tan@temasek.example") -> None:
    """An event of the service itself."""
    add_officer(world.service, world.officer, NewPerson(SECOND_OFFICER.name, officer))


def opened_anew(world: World) -> World:
    """As after a restart."""
    service = open_service(world.service.settings, world.clock)
    return replace(world, service=replace(service, authorities=world.service.authorities))


def publish_ahead(world: World) -> World:
    """Published by a clock that was two days ahead; it is right again now, and the service was restarted."""
    world.clock.forward(days=2)
    world.publish()
    world.clock.forward(days=-2)
    return opened_anew(world)


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(seconds=59), -timedelta(seconds=59)])
def test_a_clock_that_the_authority_confirms_writes(world: World, offset: timedelta):
    with beside(world, saying(offset)) as world:
        check_clock(world.service)
        record_something(world)


@pytest.mark.parametrize("offset", [DAYS, -DAYS, timedelta(seconds=62), -timedelta(seconds=62)])
def test_by_a_clock_that_the_authority_contradicts_nothing_starts_and_nothing_is_written(
    world: World, offset: timedelta
):
    with beside(world, saying(offset)) as world:
        who = world.service.authorities[0].name
        with pytest.raises(ConfigurationError, match=f"by this machine's clock, but .* by {who}"):
            check_clock(world.service)
        with pytest.raises(UnavailableError, match="so nothing is recorded now"):
            record_something(world)
        assert "so nothing is recorded now" in {part.name: part.problem for part in readiness(world.service)}["clock"]


def test_doctor_names_who_contradicts_the_clock_before_a_process_refuses_to_start(world: World):
    with beside(world, saying(-DAYS)) as world:
        who = world.service.authorities[0].name
        [found] = findings.check_clock(world.service)
        assert found.level == "wrong"
        assert f"by this machine's clock, but {format_time(NOON - DAYS)} by {who}" in found.text
        assert "NTP" in found.hint
        assert not world.service.database.wall_clock.doubted, "it changes nothing"


def test_authorities_that_do_not_answer_keep_nobody_from_starting(world: World, caplog: pytest.LogCaptureFixture):
    unsigned = Behaviour(Stamper(nonce=lambda nonce: (nonce or 0) + 1, time=NOON + DAYS))
    with beside(world, NOBODY, Behaviour(Stamper(), status=503), unsigned) as world:
        with caplog.at_level(logging.WARNING):
            check_clock(world.service)
        assert caplog.text.count("clock: not compared with") == 3
        assert not world.service.database.wall_clock.vouched
        record_something(world)


def test_one_authority_that_lies_among_others_is_told_and_stops_nobody(world: World, caplog: pytest.LogCaptureFixture):
    with beside(world, saying(DAYS), saying()) as world:
        check_clock(world.service)
        assert f"{world.service.authorities[0].name} differs by 2 days" in caplog.text
        record_something(world)
        assert not world.service.database.wall_clock.vouched, "one word against another's"


def test_the_greater_part_of_the_authorities_decides(world: World):
    with beside(world, saying(DAYS), saying(), saying(DAYS)) as world, pytest.raises(ConfigurationError):
        check_clock(world.service)


def test_a_lying_authority_shifts_no_time_that_is_recorded(world: World):
    with beside(world, saying(timedelta(seconds=59)), saying(DAYS)) as world:
        check_clock(world.service)
        record_something(world)
        with world.service.database.read() as session:
            newest = openings.of_scope(session, "service")[-1]
        assert parse_canonical_json(newest.event or b"")["time"] == format_time(NOON)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_clock_that_is_not_the_databases_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch):
    check_clock(world.service)
    monkeypatch.setattr(clock_check, "system_clock", lambda: system_clock() + DAYS)
    with pytest.raises(ConfigurationError, match=r"by this machine's clock, but .* by the database's clock"):
        check_clock(world.service)
    with pytest.raises(UnavailableError, match="by the database's clock it is"):
        record_something(world)


def test_before_init_the_clock_is_compared_too(world: World):
    with served(saying(DAYS)) as url:
        settings = replace(world.service.settings, timestamp_urls=(url,), timestamp_anchors_file=None)
        check_clock_before(settings, world.clock)  # without anchors it is nobody's word
        anchors = world.service.settings.keys / "anchors.pem"
        anchors.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
        with pytest.raises(ConfigurationError, match="by this machine's clock, but"):
            check_clock_before(replace(settings, timestamp_anchors_file=anchors), world.clock)


def test_what_was_recorded_by_a_clock_ahead_stops_all_writing_where_nobody_vouches_for_the_clock(world: World):
    world = publish_ahead(world)
    until = f"{NOON + DAYS:%Y-%m-%dT%H:%M}"
    with pytest.raises(UnavailableError, match=f"nothing can be recorded here before {until}.*clock says"):
        record_something(world)
    assert until in {part.name: part.problem for part in readiness(world.service)}["clock"]
    world.clock.forward(days=2)
    record_something(world)
    assert not any(part.problem for part in readiness(world.service) if part.name == "clock")


def test_an_authority_that_confirms_the_clock_lets_all_go_on_but_what_is_dated_in_the_future(world: World):
    world = publish_ahead(world)
    with beside(world, saying()) as world:
        check_clock(world.service)
        record_something(world)
        with pytest.raises(UnavailableError, match="nothing can be recorded here before"):
            world.sign(LIN)
        assert not any(part.problem for part in readiness(world.service) if part.name == "clock")
        with world.service.database.read() as session:
            assert [one.scope for one in standing_still(session, world.clock())] == [world.agreement]
            assert stands_until(session, "service", world.clock()) is None


def test_what_waits_is_named_however_much_was_recorded_elsewhere_since(world: World, monkeypatch: pytest.MonkeyPatch):
    world = publish_ahead(world)
    monkeypatch.setattr(standing, "LOOKED", 1)
    with beside(world, saying()) as world:
        check_clock(world.service)
        record_something(world)
        ahead = record_ahead(world.service)
        assert ahead is not None
        assert (ahead.newest, ahead.standing) == (NOON + DAYS, (("TEST/1", NOON + DAYS),))
        world.clock.forward(days=2)
        assert record_ahead(world.service) is None


def test_a_process_that_goes_on_compares_its_clock_every_hour_and_while_it_is_in_doubt(world: World):
    answer = Stamper()
    with beside(world, Behaviour(lambda request: answer.but(time=told[-1])(request))) as world:
        told = [NOON]
        clock_once(world.service)
        told.append(NOON + DAYS)
        clock_once(world.service)
        record_something(world)  # nobody was asked again so soon
        world.clock.forward(seconds=INTERVAL.total_seconds())
        clock_once(world.service)
        with pytest.raises(UnavailableError, match="so nothing is recorded now"):
            record_something(world, "another@temasek.example")
        told.append(world.clock())
        clock_once(world.service)
        record_something(world, "another@temasek.example")


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_where_somebody_else_tells_the_time_every_process_that_records_compares_it(world: World):
    database = world.service.database.dialect == "postgresql"
    assert clocks(make_watchers(world.service)) == database
    with beside(world, saying()) as asking:
        assert clocks(make_watchers(asking.service)) == clocks(make_workers(asking.service)) == 1


def clocks(workers: list[Worker]) -> int:
    return sum(one._thread.name == "clock" for one in workers)


def test_of_two_authorities_that_contradict_each_other_none_vouches_for_a_clock_behind_the_record(world: World):
    world = publish_ahead(world)
    with beside(world, saying(DAYS), saying()) as world:
        check_clock(world.service)
        with pytest.raises(UnavailableError, match="nothing can be recorded here before"):
            record_something(world)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_whose_clock_is_right_again_is_heard_while_the_authorities_are_silent(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    with beside(world, NOBODY) as world:
        with monkeypatch.context() as wrong:
            wrong.setattr(clock_check, "system_clock", lambda: system_clock() + DAYS)
            clock_once(world.service)
        with pytest.raises(UnavailableError, match="by the database's clock it is"):
            record_something(world)
        clock_once(world.service)
        record_something(world)


def test_what_an_authority_says_counts_although_the_database_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def no_answer(_database: object) -> None:
        raise UnavailableError("the database does not answer", hint="try again")

    with beside(world, saying(DAYS)) as world:
        with monkeypatch.context() as down:
            down.setattr(clock_check, "off_the_database", no_answer)
            assert clock_once(world.service) == (0, True), "asked again after the usual pause, not in a second"
        [said] = [record for record in caplog.records if "does not answer" in record.getMessage()]
        assert said.exc_info is None
        assert world.service.database.wall_clock.compared is None, "asked again at the next look"
        with pytest.raises(UnavailableError, match="so nothing is recorded now"):
            record_something(world)


def test_a_log_witness_that_dates_its_cosignature_far_ahead_stops_nobody(world: World):
    world.publish()
    with world.service.database.begin() as session:
        size = len(openings.of_scope(session, "service")) + len(openings.of_scope(session, world.agreement))
        time = NOON + timedelta(days=900_000)
        cosignatures.add(session, size, "witness-1", "—", time=time, now=world.clock())
    record_something(opened_anew(world))


def test_a_machine_whose_clock_is_in_doubt_publishes_for_others_and_stops_none_that_starts_afterwards(world: World):
    world.publish()
    service = world.service
    with service.database.begin() as session:  # by a machine whose clock is right, and which dies before it publishes
        ledger.append(session, world.agreement, "test", {}, world.clock())
    doubted = WallClock()
    doubted.contradict("authorities", "an authority", YEARS)
    right, service.database.wall_clock = service.database.wall_clock, doubted
    ahead = replace(world, service=replace(service, clock=lambda: world.clock() + YEARS))
    with pytest.raises(UnavailableError, match="so nothing is recorded now"):
        record_something(ahead)
    ahead.service.publish()
    service.database.wall_clock = right
    with service.database.read() as session:
        released = publisher.newest(session)
        assert released is not None
        assert released.published == NOON + YEARS
        assert newest_time(session) == NOON
    world = opened_anew(world)
    assert not any(part.problem for part in readiness(world.service) if part.name == "clock")
    record_something(world)
