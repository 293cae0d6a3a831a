"""An HTTP client that behaves like a browser on the service's pages: cookies, CSRF token, forms, JSON."""

from __future__ import annotations

import re
import subprocess
import time
from typing import Any

import httpx

from signing_service.errors import SigningServiceError, UnavailableError

TIMEOUT = 60  # seconds for one answer
_CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)">')


class RefusedError(SigningServiceError):
    """The service answered a request of the ceremony with an error."""


class Browser:
    """One person's browser; it is logged in once an invitation or a link was accepted."""

    def __init__(self, base_url: str, user: str) -> None:
        """``user`` names the person in messages."""
        self.user = user
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT, headers={"User-Agent": f"ceremony ({user})"})
        self._csrf = ""

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def open(self, path: str) -> str:
        """Load a page and return its HTML."""
        answer = self._send("GET", path, follow_redirects=True)
        found = _CSRF.search(answer.text)
        if found:
            self._csrf = found.group(1)
        return answer.text

    def read(self, path: str) -> Any:
        """Load JSON."""
        return self._send("GET", path).json()

    def download(self, path: str, start: int = 0) -> bytes:
        """Load a file, from the byte ``start`` on."""
        if not start:
            return self._send("GET", path).content
        answer = self._send("GET", path, extra={"Range": f"bytes={start}-"}, accept=(200, 206))
        return answer.content if answer.status_code == 206 else answer.content[start:]

    def submit(self, path: str, **fields: str) -> httpx.Response:
        """Send a form."""
        return self._send("POST", path, data={"csrf_token": self._csrf, **fields})

    def post(self, path: str, body: dict[str, Any], *, accept: tuple[int, ...] = (200, 201)) -> tuple[int, Any]:
        """Send JSON; return status and JSON. Any other status raises RefusedError with the service's own words."""
        answer = self._send("POST", path, json=body, accept=(*accept, 200))
        return answer.status_code, answer.json()

    def _send(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (200, 201, 302, 303),
        extra: dict[str, str] | None = None,  # headers
        **options: Any,
    ) -> httpx.Response:
        headers = {"X-CSRF-Token": self._csrf, **(extra or {})}
        try:
            answer = self._http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self.user}: {method} {path}: {error}") from error
        if answer.status_code not in accept:
            raise RefusedError(f"{self.user}: {method} {path}: {answer.status_code} {_words(answer)}")
        return answer


def _words(answer: httpx.Response) -> str:
    try:
        value = answer.json()
        return f"{value['error']} {value.get('hint', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())[:300]


def wait_until_ready(base_url: str, seconds: float, server: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the service answers at /healthz; UnavailableError after ``seconds``, or once ``server`` ended."""
    deadline = time.monotonic() + seconds
    what = "does not answer"
    with httpx.Client(base_url=base_url, timeout=2) as client:
        while time.monotonic() < deadline:
            try:
                if client.get("/healthz").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if server is not None and server.poll() is not None:
                what = "ended before it answered"
                break
            time.sleep(0.05)
    raise UnavailableError(f"the service at {base_url} {what}", hint="its log is in the ceremony's folder")
