"""What machines ask: ready or not, and the figures; to whom that is told, and what stands in the way."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.orm import Session

from signing_service.commands.logs import cover, without_secrets
from signing_service.store.database import Database
from signing_service.store.standbys import Standbys
from signing_service.web.app import create_app
from signing_service.workflow import readiness
from signing_service.workflow.service import Service
from tests.cast import LIN, PASSWORD
from tests.web.visitor import Visitor
from tests.workflow.world import World

TOKEN = "0123456789abcdef0123456789abcdef"


def figures(answer: str) -> dict[str, float]:
    families = text_string_to_metric_families(answer)
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def from_afar(anybody: Visitor, path: str, **headers: str) -> int:
    return int(anybody.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"}, headers=headers).status_code)


def test_a_service_that_is_well_is_ready(anybody: Visitor) -> None:
    answer = anybody.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready", "database": "ok", "schema": "ok", "clock": "ok", "guard": "ok", "keys": "ok", "disk": "ok",
    }  # fmt: skip


def test_a_missing_standby_is_named_and_takes_no_server_out_of_service(
    anybody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "look_at_standbys", lambda _: Standbys(1, 0))
    answer = anybody.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert answer.json["standby"].startswith("0 of 1 synchronous standbys follow the database")


def lose_the_guard(world: World, _: pytest.MonkeyPatch) -> None:
    world.service.guard.path.unlink()


def lose_the_tables(world: World, _: pytest.MonkeyPatch) -> None:
    with world.service.database.connect() as connection:
        connection.execute(text("DROP TABLE installation"))


def go_back_in_schema(world: World, _: pytest.MonkeyPatch) -> None:
    with world.service.database.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))


def outlive_the_keys(world: World, _: pytest.MonkeyPatch) -> None:
    world.clock.now += timedelta(days=365 * 11)


def lock_the_guards_folder(world: World, patched: pytest.MonkeyPatch) -> None:
    folder, real = world.service.guard.path.parent, os.access
    patched.setattr(os, "access", lambda path, mode: Path(path) != folder and real(path, mode))


def set_the_clock_back(world: World, _: pytest.MonkeyPatch) -> None:
    world.service.database.wall_clock.newest = datetime(2055, 1, 1, tzinfo=UTC)


def fill_the_disk(_: World, patched: pytest.MonkeyPatch) -> None:
    patched.setattr(readiness, "LEAST_FREE", 1 << 62)


@pytest.mark.parametrize(
    ("part", "spoil"),
    [
        ("guard", lose_the_guard),
        ("guard", lock_the_guards_folder),
        ("database", lose_the_tables),
        ("schema", go_back_in_schema),
        ("keys", outlive_the_keys),
        ("disk", fill_the_disk),
        ("clock", set_the_clock_back),
    ],
)
def test_a_part_that_fails_is_named_and_nobody_is_sent_here(
    world: World, app: Flask, part: str, spoil: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(world, monkeypatch)  # type: ignore[operator]
    answer = Visitor(app).get("/readyz")
    assert answer.status_code == 503
    assert (answer.json or {})[part] != "ok"


def test_a_guard_that_cannot_be_written_is_named_before_a_signature_fails_of_it(
    world: World, anybody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_the_guards_folder(world, monkeypatch)
    told = anybody.get("/readyz").json["guard"]
    assert str(world.service.guard.path.parent) in told
    assert told.endswith("cannot be written to")


def take_the_database_down(world: World, patched: pytest.MonkeyPatch) -> list[int]:
    """Nothing listens there; the connections that were asked for are counted."""
    asked: list[int] = []
    down = Database("postgresql://signing:pa55word@127.0.0.1:9/signing")
    real = down.read

    @contextlib.contextmanager
    def read() -> Iterator[Session]:
        asked.append(1)
        with real() as session:
            yield session

    for name in ("read", "begin", "look", "ask", "connect"):
        patched.setattr(world.service.database, name, read)
    return asked


def test_a_database_that_does_not_answer_is_told_and_waited_for_once(
    world: World, anybody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = take_the_database_down(world, monkeypatch)
    answer = anybody.get("/readyz")
    assert answer.status_code == 503
    told = answer.json
    assert told.pop("database").startswith("the database signing at 127.0.0.1:9 does not answer: ")
    assert told == {"status": "not ready", "clock": "ok", "guard": "ok", "keys": "ok", "disk": "ok"}
    assert asked == [1]
    assert "pa55word" not in answer.text


def test_the_figures_go_on_while_the_database_does_not_answer(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    anybody = Visitor(app)
    assert figures(anybody.get("/metrics").text)["signing_service_database_up"] == 1
    take_the_database_down(world, monkeypatch)
    answer = anybody.get("/metrics")
    assert answer.status_code == 200
    found = figures(answer.text)
    assert found["signing_service_database_up"] == 0
    assert found["signing_service_requests_total operations.metrics GET 200"] == 1
    assert found["signing_service_key_expiry_timestamp_seconds seal"] > world.clock.now.timestamp()
    assert "signing_service_record_entries" not in found


def test_strangers_learn_whether_it_is_ready_but_not_why(anybody: Visitor) -> None:
    answer = anybody.get("/readyz", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.json == {"status": "ready"}


def test_the_figures_are_there_for_this_machine(world: World, app: Flask) -> None:
    anybody = Visitor(app)
    anybody.get("/")
    found = figures(anybody.get("/metrics").text)
    assert found["signing_service_requests_total public.home GET 200"] == 1
    assert found["signing_service_request_seconds_count public.home"] == 1
    assert found["signing_service_record_entries"] == found["signing_service_record_published"] > 0
    assert found["signing_service_mails waiting"] == 4
    assert found["signing_service_agreements_awaiting_archive"] == 0
    assert found["signing_service_key_expiry_timestamp_seconds seal"] > world.clock.now.timestamp()


def test_no_name_is_in_the_figures(world: World, app: Flask) -> None:
    visitor = Visitor(app).sign_in(LIN)
    visitor.get(f"/agreements/{world.agreement}/")
    told = visitor.get("/metrics").text
    for secret in (LIN.name, LIN.email, world.agreement, PASSWORD):
        assert secret not in told


def test_strangers_find_no_figures(anybody: Visitor) -> None:
    assert from_afar(anybody, "/metrics") == 404


def test_a_proxy_that_is_not_trusted_does_not_lend_its_address(anybody: Visitor) -> None:
    """nginx on this machine, TRUSTED_PROXIES forgotten: everybody would come from 127.0.0.1."""
    assert anybody.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404


@pytest.fixture
def guarded(world: World) -> Visitor:
    """The same service with a token for its figures."""
    service: Service = replace(world.service, settings=replace(world.service.settings, metrics_token=TOKEN))
    return Visitor(create_app(service))


def test_with_the_token_they_are_there_from_anywhere(guarded: Visitor) -> None:
    assert from_afar(guarded, "/metrics", Authorization=f"Bearer {TOKEN}") == 200


def test_a_wrong_token_is_worth_nothing_even_here(guarded: Visitor) -> None:
    assert guarded.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert from_afar(guarded, "/metrics", Authorization="Basic " + TOKEN) == 404


def test_every_answer_has_its_requests_id_and_a_line_in_the_log(
    anybody: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="signing_service")
    first, second = anybody.get("/"), anybody.get("/")
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    lines = [record for record in caplog.records if record.message == "request"]
    assert [(line.endpoint, line.status) for line in lines] == [("public.home", 200)] * 2  # type: ignore[attr-defined]


def test_an_id_from_outside_counts_from_a_trusted_proxy_only(anybody: Visitor) -> None:
    answer = anybody.get("/", headers={"X-Request-ID": "forged-by-anybody"})
    assert answer.headers["X-Request-ID"] != "forged-by-anybody"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("asked with Bearer abc.def-ghi", "asked with Bearer …"),
        ("GET /invitation#abcdefghijklmnopqrstuvwxyz", "GET /invitation#…"),
        ("GET /invitation?language=th#abcdefghijklmnopqrstuvwxyz", "GET /invitation?language=th#…"),
        ("postgresql://signing:pa55@db/signing", "postgresql://signing:…@db/signing"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_looks_like_a_secret_is_covered(said: str, kept: str) -> None:
    assert cover(said) == kept


def test_values_under_telling_names_are_dropped() -> None:
    line = without_secrets(None, "info", {"event": "x", "password": PASSWORD, "Token": "t", "status": 200})
    assert line == {"event": "x", "password": "…", "Token": "…", "status": 200}


@pytest.mark.databases("sqlite", "postgresql")
def test_errors_of_the_database_do_not_show_what_was_stored(world: World) -> None:
    gone = r"no such table|does not exist"
    with pytest.raises(Exception, match=gone) as failure, world.service.database.read() as session:
        session.execute(text("SELECT :secret FROM nowhere"), {"secret": PASSWORD})
    assert PASSWORD not in str(failure.value)


def test_the_page_names_every_figure_that_there_is(anybody: Visitor) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    anybody.get("/")
    told = anybody.get("/metrics").text
    names = {family.name for family in text_string_to_metric_families(told)}
    for name in {name.removesuffix("_created") for name in names}:
        assert name in page, f"docs/operations.md does not tell of {name}"
