"""Pages about errors in a real browser: none is harder to read than the others."""

from __future__ import annotations

from collections.abc import Callable

from signing_service.errors import (
    DatabaseDownError,
    FormatError,
    LimitError,
    NotAllowedError,
    NotFoundError,
    TooManyAttemptsError,
)
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check

Screens = Callable[..., Screen]


def test_every_page_about_an_error_is_accessible_and_fits(screen: Screens, live: LiveServer):
    raised: dict[int, Exception] = {
        400: FormatError("that is no agreement", hint="choose its PDF"),
        403: NotAllowedError("you have no mandate for this signature", hint="ask the secretariat"),
        404: NotFoundError("there is no such agreement"),
        413: LimitError("the file is larger than %(limit)s bytes", limit=33554432),
        429: TooManyAttemptsError("too many attempts", hint="try again in a quarter of an hour"),
        500: RuntimeError("what nobody foresaw"),
        503: DatabaseDownError("the database does not answer", hint="try again in a minute"),
    }

    def fail(status: int) -> str:
        raise raised[status]

    live.app.add_url_rule("/fails/<int:status>", view_func=fail)
    window = screen()
    for status in raised:
        answer = window.page.goto(f"/fails/{status}")
        assert answer is not None
        assert answer.status == status
        check(window.page)
