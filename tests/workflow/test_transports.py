"""How the service comes to its mail server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from signing_service.errors import UnavailableError
from signing_service.setting_values import SmtpServer
from signing_service.workflow import transports
from signing_service.workflow.transports import open_smtp
from tests.workflow.mail_server import FreePortController, MailServer


@pytest.fixture
def plain_server() -> Iterator[int]:
    """The port of a mail server that speaks no TLS."""
    controller = FreePortController(MailServer(), hostname="127.0.0.1", port=0)
    controller.start()
    yield controller.port
    controller.stop()


def test_certificate_authorities_are_read_once_and_only_for_tls(
    plain_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def note() -> ssl.SSLContext:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", note)
    transports._tls.cache_clear()
    with open_smtp(SmtpServer("127.0.0.1", plain_server, "none", None, None), "sign.example.org"):
        assert made == []
    for _ in range(2):
        server = SmtpServer("127.0.0.1", plain_server, "tls", None, None)
        with pytest.raises(UnavailableError), open_smtp(server, "sign.example.org"):
            pass
    assert len(made) == 1
    assert made[0].verify_mode == ssl.CERT_REQUIRED
    assert made[0].check_hostname
