"""A person's browser without scripts: Flask's client with cookies, CSRF tokens, forms and JSON."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from signing_service.encoding import canonical_json, to_base64url
from tests.cast import PASSWORD, PUBLIC_URL, Person
from tests.workflow.world import OneTimeKey

_SEEN = re.compile(r'name="seen" type="hidden" value="([0-9a-f]{64})"')
_CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)">')


class Visitor:
    """Somebody who looks at pages, fills in forms and asks the endpoints that scripts ask."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.csrf = ""

    def get(self, path: str, **options: Any) -> Any:
        answer = self.client.get(path, base_url=PUBLIC_URL, **options)
        found = _CSRF.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.csrf = found.group(1)
        return answer

    def submit(self, path: str, **fields: Any) -> Any:
        """Send a form."""
        return self.client.post(path, base_url=PUBLIC_URL, data={"csrf_token": self.csrf, **fields})

    def look_and_publish(self, agreement: str, **ticks: str) -> Any:
        """Look at a draft's page and send its form."""
        path = f"/secretariat/agreements/{agreement}/"
        found = _SEEN.search(self.get(path).text)
        assert found, "this is no draft's page"
        return self.submit(f"{path}publish", seen=found.group(1), **ticks)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Send JSON."""
        return self.client.post(path, base_url=PUBLIC_URL, json=body, headers={"X-CSRF-Token": self.csrf, **headers})

    def sign_in(self, person: Person, password: str = PASSWORD) -> Visitor:
        self.get("/sign-in")
        answer = self.submit("/sign-in", email=person.email, password=password)
        assert answer.status_code == 302, answer.text
        self.get("/record/")  # the token is a new one after signing in
        return self

    def begin(self, agreement: str, signer: str) -> dict[str, Any]:
        body = {"signer": signer, "mark": {"typed": "Signature"}, "consent_language": "en"}
        answer = self.post(f"/api/agreements/{agreement}/attempts", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def approve(self, attempt: dict[str, Any], key: OneTimeKey, password: str = PASSWORD) -> Any:
        statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
        body = {
            "request": to_base64url(key.request),
            "statement": to_base64url(statement),
            "approval": {"password": password},
        }
        return self.post(f"/api/attempts/{attempt['attempt']}/approval", body)
