"""Starting the provider and signing in at it, as a browser without scripts does.

::

    with UniversityProvider.start(redirect_uri, {"lin-7f3a": {"email": LIN.email}}) as one:
        answer = one.sign_in(address, "lin-7f3a")     # the query of the return address
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import playwright

from signing_service.commands.fonts import find_npm

FOLDER = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"  # Debian 12's own is too old
CLIENT_ID = "signing-service"
CLIENT_SECRET = "a client secret, with: signs & a space"
START = 60  # seconds that it may take to listen
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_ACTION = re.compile(r'<form[^>]* action="([^"]+)"')


def install() -> None:
    """Fetch what package-lock.json names, unless it is there; npm checks each package's hash."""
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        command = [*find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=600)


@dataclass
class UniversityProvider:
    """A provider that listens."""

    issuer: str
    redirect_uri: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    @classmethod
    @contextmanager
    def start(
        cls, redirect_uri: str, accounts: dict[str, dict[str, Any]]
    ) -> Iterator[UniversityProvider]:
        """Run it on a free port until the block ends."""
        install()
        port = _free_port()
        clients = [
            {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "redirect_uris": [redirect_uri],
                "response_types": ["code"],
                "grant_types": ["authorization_code"],
            }
        ]
        command = [str(NODE), "provider.mjs", str(port), json.dumps(clients), json.dumps(accounts)]
        process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            _await_ready(process)
            yield cls(f"http://localhost:{port}", redirect_uri)
        finally:
            process.kill()
            process.communicate()

    def sign_in(self, address: str, login: str) -> dict[str, str]:
        """Go to the address that the service gave, sign in as ``login``, agree; give the answer that comes back."""
        with httpx.Client(timeout=30) as browser:
            answer = browser.get(address)
            for _ in range(12):
                if answer.is_redirect:
                    target = urljoin(str(answer.url), answer.headers["location"])
                    if target.startswith(self.redirect_uri):
                        return dict(parse_qsl(urlsplit(target).query))
                    answer = browser.get(target)
                else:
                    action, hidden = _ACTION.search(answer.text), dict(_HIDDEN.findall(answer.text))
                    assert action is not None, answer.text
                    target = urljoin(str(answer.url), action[1])
                    answer = browser.post(target, data={**hidden, "login": login, "password": "any"})
        raise AssertionError("the provider leads nowhere")

    def rotate(self) -> None:
        """From now on it signs with another key."""
        self.http.post(f"{self.issuer}/rotate").raise_for_status()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "ready":
            return
        assert time.monotonic() < deadline, "the provider does not start"
    raise AssertionError("the provider ended at once")
