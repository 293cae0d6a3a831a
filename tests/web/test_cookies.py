"""Who is signed in stays so when two machines' clocks differ, and a machine without room is told as that."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

import pytest

from signing_service.web import representative
from tests.cast import LIN, ORIGIN
from tests.web.visitor import Visitor


def test_a_cookie_of_a_machine_whose_clock_is_ahead_is_good(
    visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 30)
    lin = visit(LIN)
    monkeypatch.setattr(time, "time", lambda: now)
    assert lin.get("/api/session").json["name"] == LIN.name


def test_a_cookie_that_was_changed_is_not(visit: Callable[..., Visitor]):
    lin = visit(LIN)
    cookie = lin.client.get_cookie("__Host-session", domain=ORIGIN)
    changed = cookie.value[:-2] + ("AA" if cookie.value[-2:] != "AA" else "BB")
    lin.client.set_cookie("__Host-session", changed, domain=ORIGIN, secure=True)
    assert lin.get("/api/session").status_code == 401


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EMFILE])
def test_a_machine_without_room_is_told_as_that(
    visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch, reason: int
):
    def no_room(*_: object, **__: object) -> None:
        raise OSError(reason, "no room", "/srv/secret")

    lin = visit(LIN)
    monkeypatch.setattr(representative, "render_template", no_room)
    answer = lin.get("/agreements/")
    assert answer.status_code == 503
    assert "lacks room" in answer.text
    assert "/srv/secret" not in answer.text


def test_any_other_error_of_the_system_is_our_mistake(visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch):
    def wrong(*_: object, **__: object) -> None:
        raise OSError(errno.ENOENT, "missing")

    lin = visit(LIN)
    monkeypatch.setattr(representative, "render_template", wrong)
    assert lin.get("/agreements/").status_code == 500
