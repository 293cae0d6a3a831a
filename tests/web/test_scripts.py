"""A page that signs asks for all its modules at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin

from signing_service.web.headers import CONTENT_SECURITY_POLICY
from tests.cast import ALES, HOA, LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

_PRELOAD = re.compile(r'<link rel="modulepreload" href="([^"]+)">')
_SCRIPT = re.compile(r'<script type="module" src="([^"]+)">')
_FROM = re.compile(r'^(?:import|export|\}).*?"(\.[^"]+\.js)";', re.MULTILINE)


def test_every_module_of_signing_is_asked_for_before_a_script_names_it(visit: Callable[..., Visitor], world: World):
    lin = visit(LIN)
    page = lin.get(f"/agreements/{world.agreement}/")
    preloaded, scripts = _PRELOAD.findall(page.text), _SCRIPT.findall(page.text)
    assert page.text.index("modulepreload") < page.text.index('src="/static/page/signing.js"')
    assert len(preloaded) == len(set(preloaded)) > 20
    named = set()
    assert "/static/page/session.js" in scripts
    for address in [*scripts, *preloaded]:
        answer = lin.get(address)
        assert answer.status_code == 200, address
        named |= {urljoin(address, path) for path in _FROM.findall(answer.text)}
    assert set(preloaded) == named, "all of them, and none that nothing needs"
    assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_so_does_the_page_on_which_an_officer_countersigns(visit: Callable[..., Visitor], world: World):
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    page = visit(OFFICER).get(f"/secretariat/agreements/{world.agreement}/").text
    assert '<link rel="modulepreload" href="/static/signing/flow.js">' in page
