"""The application for any WSGI server: ``gunicorn wsgi:application``, with the settings in the environment.

The worker (mails, archiving) is a process of its own then: ``signing-service worker``. ``signing-service serve`` is
gunicorn, application and worker in one.
"""

from __future__ import annotations

import os

from signing_service.settings import parse_settings
from signing_service.web.app import create_app
from signing_service.workflow.clock_check import open_to_write

application = create_app(open_to_write(parse_settings(os.environ)))
