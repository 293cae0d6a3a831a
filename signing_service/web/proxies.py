"""X-Forwarded-* headers are believed from the configured networks only; from anybody else they are ignored."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """Sends requests that come from ``networks`` through ``proxied``, all others straight to ``direct``."""

    def __init__(
        self, direct: WSGIApplication, proxied: WSGIApplication, networks: tuple[IPv4Network | IPv6Network, ...]
    ) -> None:
        self._direct = direct
        self._proxied = proxied
        self._networks = networks

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        application = self._proxied if self._is_trusted(environ.get("REMOTE_ADDR", "")) else self._direct
        return application(environ, start_response)

    def _is_trusted(self, address: str) -> bool:
        try:
            peer = ip_address(address)
        except ValueError:
            return False  # a Unix socket has no address
        return any(peer in network for network in self._networks if network.version == peer.version)
