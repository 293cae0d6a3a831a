"""What programs ask every site for: the icon, what crawlers shall leave alone, whom to tell of a weakness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.robotparser import RobotFileParser

import pytest

from signing_service.errors import ConfigurationError
from signing_service.setting_values import parse_security_contact
from tests.cast import NOON, PUBLIC_URL
from tests.web.visitor import Visitor
from tests.workflow.world import World


def test_the_icon_is_the_one_that_pages_link(anybody: Visitor, world: World):
    icon = anybody.get("/favicon.ico")
    assert icon.mimetype == "image/svg+xml"
    assert icon.data.startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')
    assert icon.data == anybody.get("/static/emblem.svg").data
    assert 'rel="icon" href="/static/emblem.svg" type="image/svg+xml"' in anybody.get("/verify").text


@pytest.mark.parametrize(
    "path", ["agreements/x/", "secretariat/people", "account/", "api/attempts", "invitation", "sign-in", "metrics"]
)
def test_crawlers_are_asked_to_leave_alone_what_is_not_for_everybody(anybody: Visitor, world: World, path: str):
    rules = RobotFileParser()
    rules.parse(anybody.get("/robots.txt").text.splitlines())
    assert not rules.can_fetch("anybody", f"{PUBLIC_URL}/{path}")
    for public in ("", "verify", "trust", "record/", "status/x", "ceremony/x", "static/emblem.svg"):
        assert rules.can_fetch("anybody", f"{PUBLIC_URL}/{public}"), public


@pytest.mark.parametrize(
    ("settings", "contact"),
    [
        ({"mail_from": "Alliance <signing@example.org>"}, "mailto:signing@example.org"),
        ({"mail_from": "a@example.org", "mail_reply_to": "office@example.org"}, "mailto:office@example.org"),
        ({"mail_reply_to": "office@example.org", "security_contact": "cert@example.org"}, "mailto:cert@example.org"),
        ({"security_contact": "https://example.org/report"}, "https://example.org/report"),
    ],
)
def test_whoever_finds_a_weakness_learns_whom_to_tell(
    anybody: Visitor, world: World, settings: dict[str, str], contact: str
):
    changed = replace(world.service.settings, **settings)  # type: ignore[arg-type]
    object.__setattr__(world.service, "settings", changed)
    answer = anybody.get("/.well-known/security.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == contact
    assert fields["Canonical"] == f"{PUBLIC_URL}/.well-known/security.txt"
    expires = datetime.strptime(fields["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert 150 < (expires - NOON).days < 365


def test_a_contact_that_nobody_can_write_to_is_refused_at_start():
    with pytest.raises(ConfigurationError, match="neither a mail address nor an https URL"):
        parse_security_contact("the secretariat")
