"""The application for any WSGI server: ``gunicorn wsgi:application``, with the settings in the environment.

The worker (mails, archiving) is a process of its own then: ``signing-service worker``. ``signing-service serve`` is
gunicorn, application and worker in one. What every process needs that records something is here, too: the threads that
compare its clock each hour and look for PostgreSQL's standby. A server may load this before it forks its processes
(``gunicorn --preload``).
"""

from __future__ import annotations

import os

from signing_service.settings import parse_settings
from signing_service.web.app import create_app
from signing_service.workflow.clock_check import open_to_write
from signing_service.workflow.rotation import tell_of_outdated_keys
from signing_service.workflow.worker import make_watchers

service = open_to_write(parse_settings(os.environ))
tell_of_outdated_keys(service)
application = create_app(service)


def _watch() -> None:
    for worker in make_watchers(service):
        worker.start()


def _begin_anew() -> None:
    """In a process that was forked: the threads stayed behind, and the connections are the other's."""
    service.database.leave_connections()
    _watch()


os.register_at_fork(after_in_child=_begin_anew)
_watch()
