"""What every answer tells the browser, and what it refuses from elsewhere."""

from __future__ import annotations

import re

import pytest

from signing_service import resources
from tests.cast import LIN, OFFICER, PASSWORD, PUBLIC_URL
from tests.web.visitor import Visitor

PAGES = ["/", "/sign-in", "/invitation", "/verify", "/trust", "/help/yellow-mark", "/record/", "/nowhere"]


@pytest.mark.parametrize("path", [*PAGES, "/static/style/base.css", "/trust.json", "/healthz"])
def test_every_answer_allows_nothing_but_our_own_files(anybody: Visitor, path: str):
    headers = anybody.get(path).headers
    policy = headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "object-src 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_the_session_cookie_is_bound_to_this_host_and_closed_to_scripts(anybody: Visitor):
    cookie = anybody.get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_no_template_holds_inline_script_or_style():
    for path in resources.templates().rglob("*.html"):
        if "mail" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text), path
        for tag in re.findall(r"<script[^>]*>", text):
            assert " src=" in tag or 'type="application/json"' in tag, path


def test_no_page_names_another_host(anybody: Visitor):
    for path in PAGES:
        for address in re.findall(r'(?:src|href|action)="([^"]+)"', anybody.get(path).text):
            assert address.startswith(("/", "#", "?")), f"{path}: {address}"


def test_a_form_without_its_token_is_refused(anybody: Visitor):
    anybody.get("/sign-in")
    answer = anybody.submit("/sign-in", csrf_token="", email=LIN.email, password=PASSWORD)
    assert answer.status_code == 400
    assert "Reload it" in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_page_of_another_site_sends_is_refused(anybody: Visitor, site: str):
    anybody.get("/sign-in")
    data = {"csrf_token": anybody.csrf, "email": LIN.email, "password": PASSWORD}
    answer = anybody.client.post("/sign-in", base_url=PUBLIC_URL, data=data, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403


def test_pages_of_somebody_signed_in_stay_in_no_cache(visit, world):
    assert visit(OFFICER).get("/secretariat/").headers["Cache-Control"] == "no-store"


def test_a_request_that_is_too_large_is_refused_as_such(anybody: Visitor):
    anybody.get("/sign-in")
    answer = anybody.submit("/sign-in", email="x" * 3_000_000)
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_an_unexpected_failure_says_nothing_about_the_inside(app, world):
    @app.get("/fails")
    def fails() -> str:
        raise ZeroDivisionError("secret detail")

    answer = Visitor(app).get("/fails")
    assert answer.status_code == 500
    assert "our mistake" in answer.text
    assert "secret detail" not in answer.text
