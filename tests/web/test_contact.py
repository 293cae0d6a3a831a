"""Whom to ask stands on every page, beside what failed, and nowhere where the operator has named nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Flask

from signing_service.setting_values import Contact
from signing_service.web.app import create_app
from tests.cast import LIN
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]
CONTACT = Contact("Alliance <secretariat>", "office@alliance.example", "+86 (25) 5550-0123")


def app_with(world: World, contact: Contact | None) -> Flask:
    settings = replace(world.service.settings, secretariat=contact)
    app = create_app(replace(world.service, settings=settings))
    app.testing = True
    return app


def test_every_page_says_at_its_foot_whom_to_ask(world: World):
    anybody = Visitor(app_with(world, CONTACT))
    for path in ("/", "/sign-in", "/invitation", "/verify", "/trust"):
        page = anybody.get(path).text
        assert "Alliance &lt;secretariat&gt;" in page, path
        assert 'href="mailto:office@alliance.example"' in page, path
        assert 'href="tel:+862555500123"' in page, path


def test_a_page_that_is_not_there_says_why_that_may_be_and_whom_to_ask_once(world: World):
    page = Visitor(app_with(world, CONTACT)).get("/nowhere")
    assert page.status_code == 404
    assert "The address may be incomplete" in page.text
    assert page.text.count("Do you need help?") == 1


def test_where_signing_fails_stands_whom_to_ask(world: World):
    lin = Visitor(app_with(world, CONTACT)).sign_in(LIN)
    page = lin.get(f"/agreements/{world.agreement}/").text
    failed = page.partition('data-stage="failed"')[2].partition('data-stage="done"')[0]
    assert "mailto:office@alliance.example" in failed


def test_where_nobody_is_named_nothing_is_shown(world: World):
    lin = Visitor(app_with(world, None)).sign_in(LIN)
    for path in ("/", "/nowhere", f"/agreements/{world.agreement}/", "/account/"):
        assert "Do you need help?" not in lin.get(path).text, path
