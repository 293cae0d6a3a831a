"""Two instances behind nginx over one PostgreSQL: any of them answers any request, and one may die."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.crowd import Venue
from signing_service.ceremony.browser import Browser, RefusedError
from tests.databases import PostgresServer
from torture.checks import check
from torture.clients import Client, Ledger
from torture.instances import Instances
from torture.killing import make_venue, wait_for_archive

PARTIES = 4


@pytest.fixture(scope="module")
def venue(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Venue:
    folder = tmp_path_factory.mktemp("several") / "venue"
    return make_venue(folder, PARTIES, postgres.create(), TRUSTED_PROXIES="127.0.0.1")


@pytest.fixture(scope="module")
def instances(venue: Venue) -> Iterator[Instances]:
    with Instances(venue, venue.folder.with_name("instances"), 2) as instances:
        yield instances


def test_failed_attempts_are_counted_across_instances(venue: Venue, instances: Instances):
    browser = Browser(venue.url, "a guesser")
    statuses: list[str] = []
    for number in range(12):
        browser.open("/sign-in")
        try:
            browser.submit("/sign-in", email="lin@njupt.example", password=f"guess {number}")
        except RefusedError as error:
            statuses.append(error.message)
    assert len(instances.served()) == 2
    assert any("429" in status for status in statuses), statuses


def test_a_session_and_its_pages_work_on_every_instance(venue: Venue, instances: Instances):
    client = Client(venue, venue.signers[0], Ledger(), "pages")
    client.come_in()
    for path in ("/agreements/", "/api/session", "/record/", "/record/checkpoint", f"/ceremony/{venue.agreement}"):
        answers = {client.fetch(path)[:40] for _ in range(4)}  # nginx asks the instances in turn
        assert answers, path
    assert len(instances.served()) == 2


def test_everybody_signs_although_one_instance_dies(venue: Venue, instances: Instances):
    ledger = Ledger()
    *clients, officer = [
        Client(venue, member, ledger, f"several {member.signer}") for member in (*venue.signers, venue.officer)
    ]
    ledger.acknowledge(clients[0].member.signer, _come_and_sign(clients[0]))
    with ThreadPoolExecutor(PARTIES) as pool:
        signing = [pool.submit(client.sign_whatever_happens) for client in clients[1:]]
        instances.kill(0)
        for one in signing:
            one.result()
    officer.sign_whatever_happens()
    wait_for_archive(venue, ledger)
    found = check(venue, ledger)
    assert found.clean, found.complaints
    assert found.acknowledged == PARTIES + 1


def _come_and_sign(client: Client) -> bytes:
    client.come_in()
    return client.sign()
