"""What is around a running server lies, hangs or is gone, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bench.crowd import Venue
from signing_service.store import agreements
from torture.authority import LIES
from torture.clients import Client, Ledger
from torture.outages import comes_true, live_through_outages
from torture.postgres import Cluster
from torture.server import Server
from torture.surroundings import GONE, Surroundings, failing, impatient

SEED = "2025-04-11"
WORDS = {
    "wrong nonce": "another nonce",
    "wrong imprint": "another imprint",
    "expired": "is expired since",
    "far-off time": "seconds off ours",
    "slow": "did not answer in time",
    GONE: "cannot be reached",
}


@dataclass
class Served:
    """A server between two timestamp authorities."""

    around: Surroundings
    venue: Venue
    ledger: Ledger

    def client(self, number: int) -> Client:
        client = Client(self.venue, self.venue.signers[number], self.ledger, SEED)
        client.come_in()
        return client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("authorities")
    with Surroundings.around(folder / "beside") as around:
        venue = around.venue(folder / "venue", len(WORDS) + 2)
        server = Server(venue, prepare=impatient)
        server.start()
        yield Served(around, venue, Ledger())
        server.kill()


@pytest.mark.parametrize(("number", "mood"), list(enumerate(WORDS)), ids=list(WORDS))
def test_when_the_first_authority_fails_the_second_is_asked(served: Served, number: int, mood: str):
    first, second = served.around.authorities
    before = second.asked
    with failing(first, mood):
        assert served.client(number).sign()
    assert second.asked == before + 1


def test_when_all_authorities_fail_nothing_is_signed_the_answer_says_why_and_later_the_same_request_signs(
    served: Served,
):
    last = served.client(len(WORDS))
    first, second = served.around.authorities
    with ThreadPoolExecutor(1) as pool, failing(second, GONE), failing(first, "refusing"):
        signing = pool.submit(last.sign)
        for mood in (mood for mood in WORDS if mood != GONE):
            first.mood = mood
            wait_for_excuse(served.ledger, WORDS[mood])
        with failing(first, GONE):
            wait_for_excuse(served.ledger, WORDS[GONE])
        assert not signing.done()
        assert newest_revision(served.venue) == len(WORDS)
        first.mood = "honest"
        assert signing.result()
    assert newest_revision(served.venue) == len(WORDS) + 1
    assert any("nothing was signed; try again in a few minutes" in said for said in served.ledger.excuses)


def test_a_guard_that_is_gone_stops_signing_in_plain_words_and_all_goes_on_once_it_is_back(served: Served):
    guard = served.venue.folder / "guard" / "checkpoint"
    reader, last = served.client(len(WORDS)), served.client(len(WORDS) + 1)
    away = guard.rename(guard.with_name("away"))
    with ThreadPoolExecutor(1) as pool:
        signing = pool.submit(last.sign)
        wait_for_excuse(served.ledger, "the record is not as it was published, so nothing is written to it")
        ready = httpx.get(f"{served.venue.url}/readyz")
        assert (ready.status_code, "there is no guard" in ready.json()["guard"]) == (503, True)
        assert b"Traceback" not in reader.fetch(f"/agreements/{served.venue.agreement}/")
        away.rename(guard)
        assert signing.result()
    assert "Traceback" not in (served.venue.folder / "service.log").read_text()


def wait_for_excuse(ledger: Ledger, words: str) -> None:
    assert comes_true(lambda: any(words in said for said in list(ledger.excuses))), (words, ledger.excuses)


def newest_revision(venue: Venue) -> int:
    service = venue.open_service()
    try:
        with service.database.read() as session:
            return agreements.newest_end(session, venue.agreement).number
    finally:
        service.database.dispose()


def test_the_authorities_lie_in_every_way_that_the_harness_knows():
    assert set(LIES) < set(WORDS)


def test_outages_and_a_network_that_doubles_delays_and_reorders_lose_and_double_nothing(tmp_path: Path):
    cluster = Cluster.make()
    try:
        found = live_through_outages(tmp_path / "venue", SEED, 3, cluster)
    finally:
        cluster.remove()
    assert found.clean, found.complaints
    assert (found.faults, found.acknowledged) == (4, 4)
