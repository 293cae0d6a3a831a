"""A database that does not answer is told as that, also to who is signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signing_service.errors import UnavailableError
from signing_service.workflow import login
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
