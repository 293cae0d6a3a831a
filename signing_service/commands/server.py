"""The HTTP server: gunicorn with one process of threads, the application in it, the worker beside it.

The application is made after the fork, because a database pool and its locks belong to one process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

if TYPE_CHECKING:
    from signing_service.settings import Settings

GRACE = 30  # seconds for requests in flight when the server is told to stop
MAX_HEADER = 8190  # bytes of one header field


def run_server(settings: Settings, *, worker: bool = True, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal ends it; ``on_ready`` runs once the port is open."""
    _Server(settings, worker=worker, on_ready=on_ready).run()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, *, worker: bool, on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._worker = worker
        self._on_ready = on_ready
        super().__init__()

    def load_config(self) -> None:
        host, port = self._settings.listen
        options: dict[str, Any] = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "graceful_timeout": GRACE,
            "keepalive": 15,
            "limit_request_field_size": MAX_HEADER,
            "forwarded_allow_ips": "",  # the application judges X-Forwarded-* by TRUSTED_PROXIES
            "loglevel": "warning",
            "proc_name": "signing-service",
            "when_ready": lambda _server: self._on_ready(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from signing_service.web.app import create_app
        from signing_service.workflow.service import open_service
        from signing_service.workflow.worker import Worker

        service = open_service(self._settings)
        if self._worker:
            Worker(service).start()
        logging.getLogger(__name__).debug("serving %s", self._settings.public_url)
        return create_app(service)
