"""The HTTP server: gunicorn with one process of threads, the application in it, the worker beside it.

The application is made after the fork, because a database pool and its locks belong to one process.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from signing_service.errors import ConfigurationError

if TYPE_CHECKING:
    from signing_service.settings import Settings
    from signing_service.store.wall_clock import WallClock
    from signing_service.workflow.worker import Worker

GRACE = 30  # seconds for requests in flight when the server is told to stop
WORKER_GRACE = 5  # seconds for a mail or an archive timestamp in progress, after that
KEEPALIVE = 15  # seconds that a connection waits for its next request; deploy/nginx gives it back sooner
MAX_HEADER = 8190  # bytes of one header field


def run_server(
    settings: Settings,
    *,
    worker: bool = True,
    on_ready: Callable[[], None] = lambda: None,
    wall_clock: WallClock | None = None,
) -> None:
    """Serve until a signal ends it; ``on_ready`` runs once requests are answered.

    ``wall_clock``: the clock as it was compared; a process that stands in later goes by it, whatever jumped meanwhile.
    """
    _Server(settings, worker=worker, on_ready=on_ready, wall_clock=wall_clock).run()


def check_port(settings: Settings) -> None:
    """Raise ConfigurationError unless the address can be listened on now."""
    host, port = settings.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on: {error.strerror}"
            raise ConfigurationError(
                f"LISTEN: {host}:{port} {reason}", hint="stop what runs there, or change LISTEN"
            ) from error


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(
        self, settings: Settings, *, worker: bool, on_ready: Callable[[], None], wall_clock: WallClock | None
    ) -> None:
        self._settings, self._wall_clock = settings, wall_clock
        self._worker = worker
        self._on_ready = on_ready
        self._running: list[Worker] = []
        super().__init__()

    def load_config(self) -> None:
        host, port = self._settings.listen
        options: dict[str, Any] = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "graceful_timeout": GRACE,
            "keepalive": KEEPALIVE,
            "limit_request_field_size": MAX_HEADER,
            "forwarded_allow_ips": "",  # the application judges X-Forwarded-* by TRUSTED_PROXIES
            "loglevel": "warning",
            "proc_name": "signing-service",
            "control_socket_disable": True,  # nobody manages it at run time; its socket wants a writable home
            "post_worker_init": self._report,
            "worker_exit": self._finish,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _report(self, process: Any) -> None:
        if process.age == 1:  # the first process, and not one that stands in for it later
            self._on_ready()
            sys.stdout.flush()

    def _finish(self, _server: Any, _process: Any) -> None:
        """After the last request: let mails and archiving in progress come to their end."""
        for worker in self._running:
            worker.stop(timeout=WORKER_GRACE)

    def load(self) -> Any:
        from signing_service.web.app import create_app
        from signing_service.workflow.service import open_service
        from signing_service.workflow.worker import make_watchers, make_workers

        service = open_service(self._settings, wall_clock=self._wall_clock)
        self._running = make_workers(service) if self._worker else make_watchers(service)
        for worker in self._running:
            worker.start()
        logging.getLogger(__name__).debug("serving %s", self._settings.public_url)
        return create_app(service)
