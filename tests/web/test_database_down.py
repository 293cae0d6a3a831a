"""What does not answer is told as that, also to who is signed in; where it lies is for the operator's log."""

from __future__ import annotations

from collections.abc import Callable

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
from tests.cast import LIN
from tests.web.visitor import Visitor


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
