"""What does not answer is told as that, also to who is signed in; where it lies is for the operator's log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest

from signing_service.errors import (
    DatabaseDownError,
    ForkError,
    GuardError,
    ReplacedKeyError,
    SigningServiceError,
    UnavailableError,
)
from signing_service.workflow import login, overview
from signing_service.workflow.feeds import make_feed
from tests.cast import LIN, NANJING
from tests.web.visitor import Visitor
from tests.workflow.world import World


@pytest.mark.parametrize("path", ["/agreements/", "/api/session"])
def test_who_is_signed_in_is_told_to_try_again(
    visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch, path: str
):
    def no_answer(*_: object, **__: object) -> None:
        raise UnavailableError("the database does not answer", hint="try again")

    lin = visit(LIN)
    monkeypatch.setattr(login, "session_person", no_answer)
    answer = lin.get(path)
    assert answer.status_code == 503
    assert "database does not answer" in answer.text


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DatabaseDownError("the database at 10.0.0.7 does not answer", hint="look at 10.0.0.7"), "nothing is lost"),
        (GuardError("guard /srv/guard/checkpoint: Stale file handle", hint="free /srv"), "cannot be published"),
        (ReplacedKeyError("the record's key was replaced", hint="systemctl try-restart"), "cannot be published"),
        (ForkError("there is no guard at /srv/guard/checkpoint", hint="put /srv back"), "not as it was published"),
    ],
)
@pytest.mark.parametrize("asked", ["text/html", "application/json"])
def test_where_the_operators_things_lie_stands_in_the_log_alone(
    visit: Callable[..., Visitor],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    asked: str,
    error: SigningServiceError,
    told: str,
):
    def fail(*_: object, **__: object) -> None:
        raise error

    lin = visit(LIN)
    monkeypatch.setattr(overview, "agreements_for", fail)
    answer = lin.get("/agreements/", headers={"Accept": asked})
    assert answer.status_code == 503
    assert told in answer.text
    for secret in ("/srv", "10.0.0.7", "systemctl"):
        assert secret not in answer.text
    assert error.message in caplog.text


def refuse_writers(world: World) -> None:
    """As if the synchronous standby were away."""
    world.service.database.gate.is_watched = True
    world.service.database.gate.close()


def test_who_only_reads_goes_on_while_nothing_can_be_stored(visit: Callable[..., Visitor], world: World):
    lin = visit(LIN)
    token = make_feed(world.service, world.officer, world.agreement, NANJING.id)
    refuse_writers(world)
    world.clock.forward(minutes=2)  # so that what she does would be noted in her session
    page = f"/agreements/{world.agreement}/"
    for path in ("/healthz", "/metrics", "/record/", "/verify", "/agreements/", page, f"{page}revisions/0.pdf"):
        assert lin.get(path).status_code == 200, path
    feed = lin.get(f"/record/feed/{world.agreement}", headers={"Authorization": f"Bearer {token}"})
    assert feed.status_code == 200
    ready = lin.get("/readyz")
    assert ready.status_code == 200
    assert "no commit returns" in ready.json["standby"]


def test_a_session_that_cannot_be_noted_lasts_no_longer_for_that(world: World, visit: Callable[..., Visitor]):
    lin = visit(LIN)
    refuse_writers(world)
    world.clock.now += world.service.settings.session_idle - timedelta(seconds=1)
    assert lin.get("/agreements/").status_code == 200
    world.clock.forward(seconds=1)
    assert lin.get("/agreements/").status_code == 302


def test_what_has_to_be_counted_is_refused_while_nothing_can_be_stored(anybody: Visitor, world: World):
    anybody.get("/verify")
    refuse_writers(world)
    answer = anybody.submit("/verify", document=(BytesIO(b"%PDF-1.7"), "agreement.pdf"))
    assert answer.status_code == 503
    assert "database does not answer" in answer.text
    assert "standby" not in answer.text  # which is for the operator
