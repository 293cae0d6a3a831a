"""``signing-service demo``: serve the demo alliance on this machine, and print sign-in links for everyone in it.

The first start makes keys, database and the specimen agreement; later ones keep them. A database that is not the
demo's is refused. Settings may be given as for ``serve``; by default everything lies in ``keys`` and ``var``.
"""

from __future__ import annotations

import os

from signing_service.commands.init import make_missing_secrets
from signing_service.commands.logs import log_to_terminal, never_show_settings
from signing_service.commands.server import check_port, run_server
from signing_service.commands.terminal import make_parser, print_pairs, settings_from_environment
from signing_service.setting_values import PREFIX
from signing_service.settings import Settings
from signing_service.store import installation
from signing_service.store.database import Database
from signing_service.store.migrations import upgrade
from signing_service.verify.options import whole_number
from signing_service.workflow.delivery import deliver
from signing_service.workflow.demo import DemoLink, demo_links, initialise_demo, publish_demo
from signing_service.workflow.service import open_service

DEFAULTS = {
    "NAME": "12 Countries, 12 Universities International Alliance",
    "KEY_PASSPHRASE_FILE": "var/secrets/key-passphrase",
    "SESSION_SECRET_FILE": "var/secrets/session-secret",
    "PASSWORD_NEEDS_CODE": "no",
}


def main(arguments: list[str]) -> int:
    """Make the demo if it is not there, print its links, serve."""
    parser = make_parser("demo", __doc__)
    parser.add_argument("--port", type=whole_number(1, 65535), default=8000, help="on 127.0.0.1 (default: 8000)")
    options = parser.parse_args(arguments)
    _set_defaults(options.port)
    make_missing_secrets()
    settings = settings_from_environment()
    check_port(settings)
    log_to_terminal(requests=False)
    never_show_settings(settings)
    links = prepare(settings)
    run_server(settings, on_ready=lambda: _print(settings, links))
    return 0


def prepare(settings: Settings) -> list[DemoLink]:
    """Make the demo where there is none, and give fresh links; raises ConflictError on another service's database."""
    if not _is_made(settings):
        print("making the demo's keys, database and agreement …", flush=True)
        made = initialise_demo(settings)
        publish_demo(made.service)
        while deliver(made.service):
            pass  # the invitations' mails now, so that the links come last on the terminal
        made.service.database.dispose()
    _upgrade_demo(settings)
    service = open_service(settings)
    try:
        return demo_links(service)
    finally:
        service.database.dispose()


def _upgrade_demo(settings: Settings) -> None:
    """Bring the demo's database to the schema of a newer checkout; nobody else's is touched."""
    database = Database(settings.database_url)
    try:
        installed = installation.find_on(database)
        if installed is not None and installed.demo:
            upgrade(database)
    finally:
        database.dispose()


def _set_defaults(port: int) -> None:
    defaults = {**DEFAULTS, "PUBLIC_URL": f"http://localhost:{port}", "LISTEN": f"127.0.0.1:{port}"}
    for name, text in defaults.items():
        variable = PREFIX + name
        without_file = variable.removesuffix("_FILE")
        if not os.environ.get(variable) and not os.environ.get(without_file):
            os.environ[variable] = text


def _is_made(settings: Settings) -> bool:
    database = Database(settings.database_url)
    try:
        return installation.find_on(database) is not None
    finally:
        database.dispose()


def _print(settings: Settings, links: list[DemoLink]) -> None:
    print(f"\nThe demo alliance is on {settings.public_url} (stop it with Ctrl-C). Sign in with these links:\n")
    print_pairs((link.place, f"{link.name}\n{link.link}") for link in links)
    print("\nEach link works once; the next start prints new ones.", flush=True)
