"""Twelve people sign one after another on one shared device, and nothing of one is left for the next."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Response, expect

from signing_service.ceremony.authenticator import Authenticator
from signing_service.store import acts
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.people import NewPerson, add_person
from tests.cast import OFFICER, PASSWORD, Person, University
from tests.web.conftest import LiveServer
from tests.web.devices import Socket, approve
from tests.web.screen import Screen
from tests.workflow.devices import PASSKEY_RULES, Devices
from tests.workflow.world import source

Screens = Callable[..., Screen]

OWN = ("/agreements/", "/api/", "/passkeys/")  # addresses of what is somebody's
BACK = 2  # pages
OK = 200
ENDED = (302, 401, 403, 404)  # what an address of an earlier person may answer
STORED = """async () => ({
  local: Object.entries(localStorage),
  session: Object.entries(sessionStorage),
  databases: (await indexedDB.databases()).map((one) => one.name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  name: window.name,
})"""
KEEP = """async (name) => {
  localStorage.setItem('name', name);
  sessionStorage.setItem('name', name);
  await (await caches.open(name)).put('/kept', new Response(name));
  await new Promise((done) => { indexedDB.open(name).onsuccess = (event) => done(event.target.result.close()); });
}"""
NOTHING = {"local": [], "session": [], "databases": [], "caches": [], "workers": 0, "name": ""}
ASK = """(addresses) => Promise.all(addresses.map(async (address) => {
  const answer = await fetch(address, {redirect: 'manual', cache: 'force-cache'});
  return [address, answer.type === 'opaqueredirect' ? 302 : answer.status, await answer.text()];
}))"""  # out of the browser's cache, if anything is still in it
TYPED = "() => [...document.querySelectorAll('input:not([type=hidden]), textarea')].map((one) => one.value)"


TREES = (
    "Alder",
    "Birch",
    "Cedar",
    "Douglas",
    "Elm",
    "Fir",
    "Ginkgo",
    "Hazel",
    "Ironwood",
    "Juniper",
    "Katsura",
    "Linden",
)


def delegation(number: int) -> Person:
    """The representative of one of twelve universities; no name is a part of another's."""
    word = TREES[number]
    university = University(
        word.lower(), f"Specimen University of {word}", f"大学{number}", "zh", "CN", "Asia/Shanghai"
    )
    mail = f"{word.lower()}@delegations.example"
    return Person(word.lower(), f"Rector {word}son", None, university, "president", mail)


TWELVE = tuple(delegation(number) for number in range(12))


@pytest.fixture
def hall(live: LiveServer) -> Devices:
    """An agreement of twelve that asks for passkeys; everybody's key was made and confirmed beforehand."""
    world = live.world
    universities = tuple(person.university for person in TWELVE if person.university)
    agreement = create_draft(world.service, world.officer, source(universities, PASSKEY_RULES))
    ids = dict(world.ids)
    for person in TWELVE:
        ids[person] = add_person(world.service, world.officer, NewPerson(person.name, person.email))
        authority = Authority("Senate", world.service.clock().date())
        give_mandate(world.service, world.officer, agreement, person.signer, ids[person], authority)
    world = replace(world, agreement=agreement, ids=ids).publish()
    keys = {person_id: Authenticator(live.url) for person_id in (world.officer, *ids.values())}
    devices = Devices(world, keys)
    devices.add_officer(world.officer)
    for person in TWELVE:
        devices.confirm(devices.enrol(person), method="in-person")
    return devices


class Table:
    """The shared device, and what was asked from it while somebody sat there."""

    def __init__(self, screen: Screen, devices: Devices) -> None:
        self.screen, self.page, self.devices = screen, screen.page, devices
        self.socket = Socket(screen)
        self.person: Person | None = None
        self.asked: dict[Person, set[str]] = {}
        """The addresses that were each one's, by who sat there."""
        self.page.on("response", self._note)

    def _note(self, response: Response) -> None:
        address = response.url.removeprefix(self.screen.url).removesuffix("/approval").removesuffix("/signature")
        asked = response.request.method == "GET" or "/api/attempts/" in address  # an attempt can be read as well
        if self.person and asked and response.status == OK and address.startswith(OWN):
            self.asked.setdefault(self.person, set()).add(address)

    def key(self, person: Person) -> Authenticator:
        return self.devices.of[self.devices.world.ids[person]]

    def unlock(self, person: Person) -> None:
        """The officer comes with a password, hands the device over and steps back."""
        self.page.get_by_role("link", name="Officer: sign in").click()
        expect(self.page.get_by_label("E-mail address")).to_be_visible()
        assert self.page.evaluate(TYPED) == ["", "", ""], "the form holds nothing of whoever used it last"
        self.page.get_by_label("E-mail address").fill(OFFICER.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("link", name=f"to {person.name}").click()
        self.page.get_by_role("button", name=f"to {person.name}").click()
        expect(self.page.get_by_text(f"this device is yours, {person.name}")).to_be_visible()
        self.person = person

    def let_the_officer_try(self) -> None:
        """The officer's own key does not approve in the place of the person's."""
        self.socket.plug_in(self.devices.of[self.devices.world.officer])
        approve(self.screen.propose())
        expect(self.screen.section.get_by_role("alert").filter(visible=True)).to_contain_text("passkey")
        self.page.reload()

    def sign(self) -> None:
        assert self.person
        self.socket.plug_in(self.key(self.person))
        approve(self.screen.propose()).expect_signed()
        self.page.wait_for_url("**/receipts/**")
        self.socket.pull_out()

    def leave_traces(self) -> None:
        """What a page could have kept of the person, in every place that a browser has for it."""
        assert self.person
        self.page.evaluate(KEEP, self.person.name)
        assert self.page.evaluate(STORED) != NOTHING

    def give_back(self) -> None:
        self.page.get_by_role("button", name="Finish").first.click()
        expect(self.page.get_by_role("heading", name="The table is free")).to_be_visible()
        self.person = None

    def traces(self) -> str:
        """All that the device holds and shows, the pages behind the back button included."""
        assert self.page.evaluate(STORED) == NOTHING
        assert [cookie for cookie in self.screen.context.cookies() if "_user_id" in unpacked(cookie["value"])] == []
        shown = [self.page.content()]
        for _ in range(BACK):
            self.page.go_back(wait_until="domcontentloaded")
            shown.append(self.page.content())
        self.page.goto("/table/")
        return "\n".join(shown)

    def answers(self, addresses: set[str]) -> list[tuple[str, int, str]]:
        """What these addresses answer to this device now, its cache asked first."""
        return [tuple(found) for found in self.page.evaluate(ASK, sorted(addresses))]


def unpacked(cookie: str) -> str:
    """What a signed cookie of Flask's says."""
    packed = cookie.lstrip(".").partition(".")[0]
    data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    return (zlib.decompress(data) if cookie.startswith(".") else data).decode(errors="replace")


def receipts_in(addresses: set[str]) -> set[str]:
    return {address for address in addresses if "/receipts/" in address or "/attempts/" in address}


@pytest.fixture
def table(screen: Screens, hall: Devices) -> Table:
    window = screen(width=1024, height=768)
    window.page.goto("/table/")
    return Table(window, hall)


def test_twelve_sign_in_turn_at_one_table_and_nobody_finds_a_trace_of_who_was_there_before(table: Table, hall: Devices):
    for number, person in enumerate(TWELVE):
        table.unlock(person)
        if number == 0:
            table.let_the_officer_try()
        before = table.asked.get(TWELVE[number - 1], set()) if number else set()
        for address, status, text in table.answers(receipts_in(before)):
            assert status in ENDED, address
            assert TWELVE[number - 1].name not in text
        table.sign()
        assert len(receipts_in(table.asked[person])) == 2, "an attempt and a receipt"
        table.leave_traces()
        table.give_back()
        left = table.traces()
        assert [one.name for one in TWELVE if one.name in left] == []
        for address, status, text in table.answers(table.asked[person]):
            assert status in ENDED, address
            assert person.name not in text
    with hall.world.service.database.read() as session:
        signed = [one.signer for one in acts.summary(session, hall.world.agreement)]
    assert sorted(signed) == sorted(person.signer for person in TWELVE)
