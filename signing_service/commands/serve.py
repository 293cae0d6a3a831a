"""``signing-service serve``: serve the pages over HTTP, for a TLS proxy in front of it.

Mails and interrupted archiving are worked on by a thread beside the pages; ``--no-worker`` leaves them to
``signing-service worker``. Keys, database, guard, settings and clock are checked before the port opens.
"""

from __future__ import annotations

import logging

from signing_service.commands.logs import log_to_terminal, never_show_settings
from signing_service.commands.server import check_port, run_server
from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.workflow.clock_check import open_to_write
from signing_service.workflow.readiness import readiness
from signing_service.workflow.releases import asset_digests, record_release
from signing_service.workflow.rotation import tell_of_outdated_keys
from signing_service.workflow.service import Service


def main(arguments: list[str]) -> int:
    """Check everything, then serve until a signal ends it."""
    parser = make_parser("serve", __doc__)
    parser.add_argument("--no-worker", action="store_true", help="leave mails and archiving to another process")
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    settings.require_session_secret()
    log_to_terminal(settings.log_format)
    never_show_settings(settings)
    check_port(settings)
    service = open_to_write(settings)
    _say_what_is_not_ready(service)
    record_release(service, asset_digests())
    service.database.dispose()
    clock, said = service.database.wall_clock, f"serving {settings.public_url}"
    run_server(settings, worker=not options.no_worker, on_ready=lambda: print(said), wall_clock=clock)
    return 0


def _say_what_is_not_ready(service: Service) -> None:
    """It serves all the same: pages can be read, and most of this ends by itself or while it runs."""
    tell_of_outdated_keys(service)
    for part in readiness(service):
        if part.problem:
            logging.getLogger(__name__).error("%s: %s (signing-service doctor)", part.name, part.problem)
