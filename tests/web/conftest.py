"""A published agreement behind the real application: through Flask's client, and on a port for Chromium."""

from __future__ import annotations

import functools
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import update
from werkzeug.serving import make_server

from signing_service.pki.keystore import KeyStore
from signing_service.settings import Settings, parse_settings
from signing_service.store.tables import Person
from signing_service.web.app import create_app
from signing_service.web.hall import States
from signing_service.workflow.initialisation import FirstOfficer, initialise
from signing_service.workflow.service import open_service, system_clock
from tests.cast import ALLIANCE, NOON, OFFICER, PASSPHRASE, PUBLIC_URL
from tests.databases import PostgresServer
from tests.web.screen import Screen
from tests.web.visitor import Visitor
from tests.workflow.conftest import _copy_of, made_keys, password_hash  # noqa: F401 (fixtures)
from tests.workflow.devices import asking_for_passkeys
from tests.workflow.world import Clock, World

CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Template:
    """A service's folder as tests begin with it; each test works on a copy."""

    folder: Path
    settings: Settings
    world: World
    postgres: PostgresServer | None
    """Where the copies of a database are made that is no file in the folder."""

    @classmethod
    def make(
        cls, settings: Settings, keys: Path, password: str, now: datetime, server: PostgresServer | None
    ) -> Template:
        """A service with a draft agreement, its people and their passwords."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(KeyStore, "create", _copy_of(keys))
            made = initialise(settings, FirstOfficer(OFFICER.name, OFFICER.email), now)
        world = World.of(replace(made.service, clock=lambda: now), made.officer_id)
        with world.service.database.begin() as session:
            session.execute(update(Person).values(password_hash=password))
        return cls(settings.keys.parent, settings, world, server)

    def published(self, folder: Path) -> Template:
        """The same, in another folder, with the agreement published."""
        return self._becomes(folder, self.copy(folder).publish())

    def asking_for_passkeys(self, folder: Path) -> Template:
        """The same, in another folder, with one more agreement whose rules ask for passkeys."""
        world = self.copy(folder)
        world.clock.forward(seconds=1)  # so that it is the newer one
        return self._becomes(folder, asking_for_passkeys(world))

    def _becomes(self, folder: Path, world: World) -> Template:
        world.service.database.dispose()
        return replace(self, folder=folder, settings=world.service.settings, world=world)

    def copy(self, folder: Path) -> World:
        """The world of a copy in ``folder``, its clock at the same time."""
        self.world.service.database.dispose()
        shutil.copytree(self.folder, folder)
        url = self.postgres.copy(self.settings.database_url) if self.postgres else None
        clock = Clock(self.world.clock.now)
        service = open_service(settings_in(folder, self.settings.public_url, url), clock)
        return replace(self.world, service=service, clock=clock)

    def forget(self, world: World) -> None:
        """Close a copy that is not needed any more."""
        world.service.database.dispose()
        if self.postgres:
            self.postgres.drop(world.service.settings.database_url)


def settings_in(folder: Path, public_url: str, database_url: str | None = None) -> Settings:
    """Those of a service with everything in ``folder``, but for a ``database_url`` of elsewhere."""
    return parse_settings(
        {
            "SIGNING_SERVICE_PUBLIC_URL": public_url,
            "SIGNING_SERVICE_NAME": ALLIANCE,
            "SIGNING_SERVICE_DATABASE_URL": database_url or f"sqlite:///{folder / 'service.sqlite3'}",
            "SIGNING_SERVICE_KEYS": str(folder / "keys"),
            "SIGNING_SERVICE_KEY_PASSPHRASE": PASSPHRASE,
            "SIGNING_SERVICE_SESSION_SECRET": "a secret that only the tests use",
            "SIGNING_SERVICE_PASSWORD_NEEDS_CODE": "no",
            "SIGNING_SERVICE_GUARD": str(folder / "guard"),
            "SIGNING_SERVICE_TRUST_FILE": str(folder / "trust.json"),
            "SIGNING_SERVICE_MAIL_DIR": str(folder / "mail"),
        }
    )


@pytest.fixture(scope="session")
def port() -> int:
    """A free port of this machine, the same for all live servers of this process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Templates:
    """Each made when it is first asked for: ``draft`` and ``published`` over HTTPS at NOON, the others on the port.

    Those go by the system's clock, as browsers do: ``live`` is published; in ``asking`` Lin and Somchai have another
    agreement, which asks for passkeys.
    """

    folder: Path
    keys: Path
    password: str
    port: int
    server: PostgresServer | None
    made: dict[str, Template] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Template:
        if name not in self.made:
            self.made[name] = self._make(name, self.folder / name)
        return self.made[name]

    def _make(self, name: str, folder: Path) -> Template:
        if name == "published":
            return self["draft"].published(folder)
        if name == "live":
            return self["local"].published(folder)
        if name == "asking":
            return self["live"].asking_for_passkeys(folder)
        local = name == "local"
        url, now = (f"http://localhost:{self.port}", system_clock()) if local else (PUBLIC_URL, NOON)
        settings = settings_in(folder, url, self.server.create() if self.server else None)
        return Template.make(settings, self.keys, self.password, now, self.server)


@pytest.fixture(scope="session")
def templates_on(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    made_keys: Path,  # noqa: F811
    password_hash: str,  # noqa: F811
    port: int,
) -> Callable[[str], Templates]:
    """The templates of services with one kind of database."""

    @functools.cache
    def on(kind: str) -> Templates:
        server = request.getfixturevalue("postgres") if kind == "postgresql" else None
        return Templates(tmp_path_factory.mktemp(kind), made_keys, password_hash, port, server)

    return on


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, templates_on: Callable[[str], Templates]) -> Templates:
    """Those of ``--database``, for what is made once for a whole module."""
    return templates_on(request.config.getoption("--database"))


@pytest.fixture
def copy(
    templates_on: Callable[[str], Templates], database_kind: str, tmp_path: Path
) -> Iterator[Callable[[str], World]]:
    """Opens a copy of a template by its name."""
    templates = templates_on(database_kind)
    opened: list[tuple[Template, World]] = []

    def open_copy(name: str) -> World:
        template = templates[name]
        opened.append((template, template.copy(tmp_path / "service")))
        return opened[-1][1]

    yield open_copy
    for template, world in opened:
        template.forget(world)


@pytest.fixture
def draft(request: pytest.FixtureRequest, copy: Callable[[str], World]) -> World:
    """A service over HTTPS whose agreement is still a draft (published, if the test also takes ``world``)."""
    return copy("published" if "world" in request.fixturenames else "draft")


@pytest.fixture
def world(draft: World) -> World:
    """The same with the agreement published; the clock stands at NOON."""
    return draft


@pytest.fixture
def app(draft: World) -> Flask:
    app = create_app(draft.service)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.extensions["hall_states"] = States(memory=0)
    return app


@pytest.fixture
def anybody(app: Flask) -> Visitor:
    """A browser in which nobody is signed in."""
    return Visitor(app)


@pytest.fixture
def visit(app: Flask) -> Callable[..., Visitor]:
    """Signs a person of the cast in, with a browser of their own."""
    return lambda person: Visitor(app).sign_in(person)


class LiveServer:
    """The application on a port of this machine, in the test's own process."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.url = f"http://localhost:{port}"
        self.app = create_app(world.service)
        self._server = make_server("127.0.0.1", port, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def live(request: pytest.FixtureRequest, copy: Callable[[str], World], port: int) -> Iterator[LiveServer]:
    """A published agreement on a port, by the system's clock, which browsers go by too.

    A module whose ``TEMPLATE`` names another template has that one.
    """
    world = copy(getattr(request.module, "TEMPLATE", "live"))
    object.__setattr__(world.service, "clock", system_clock)
    server = LiveServer(world, port)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without the window around the page, which took two thirds of the tests' CPU.

    Its driver keeps an event loop running, so it ends before another module's tests begin.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def screen(chromium: Browser, live: LiveServer) -> Iterator[Callable[..., Screen]]:
    """Opens a window of its own for a person: ``screen(width=360)``; what goes wrong in it fails the test."""
    screens: list[Screen] = []

    def open_window(**options: Any) -> Screen:
        screens.append(Screen(chromium, live.url, **options))
        return screens[-1]

    yield open_window
    for one in screens:
        one.close()
