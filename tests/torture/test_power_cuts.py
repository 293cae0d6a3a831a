from __future__ import annotations

import random
from pathlib import Path

import pytest

from signing_service.errors import UnavailableError
from torture.disk import Disk
from torture.killing import make_venue
from torture.power import cut_the_power
from torture.trace import Event, Traced, read_trace

SEED = "2025-04-11"
STATES = 60  # in this sample; `make torture` looks at many more


def test_power_cuts_lose_no_receipt_whatever_became_of_what_was_not_synced(tmp_path: Path):
    found = cut_the_power(make_venue(tmp_path / "venue", 2), SEED, STATES)
    assert found.clean, found.complaints
    assert (found.power_cuts, found.acknowledged) == (STATES, 3)


def test_commits_that_are_not_synced_fail_that_test(tmp_path: Path):
    found = cut_the_power(make_venue(tmp_path / "venue", 2), SEED, STATES, "commits unsynced")
    assert found.lost > 0


def test_a_traced_server_that_ends_at_once_is_not_waited_for(tmp_path: Path):
    venue = make_venue(tmp_path / "venue", 2)
    with pytest.raises(UnavailableError, match="ended before it answered"), Traced(venue, tmp_path / "trace", "no bug"):
        pass
    assert "KeyError: 'no bug'" in (venue.folder / "service.log").read_text()


FOLDER, FILE = "/srv", "/srv/file"


def _contents(disk: Disk) -> set[bytes | None]:
    chance = random.Random(SEED)
    return {disk.after_a_cut(chance).get(FILE) for _ in range(300)}


def _disk(*events: Event, before: dict[str, bytes] | None = None) -> Disk:
    disk = Disk(before if before is not None else {FILE: b"old"})
    for event in events:
        disk.apply(event)
    return disk


def test_what_was_synced_is_there_after_a_cut():
    synced = (Event("write", FILE, b"new"), Event("begin sync", FILE), Event("sync", FILE))
    assert _contents(_disk(*synced)) == {b"new"}


def test_what_was_not_synced_may_be_there_or_not():
    assert _contents(_disk(Event("write", FILE, b"new"))) == {b"old", b"new"}


def test_a_sync_says_nothing_of_what_was_written_after_it_began():
    late = (Event("begin sync", FILE), Event("write", FILE, b"new"), Event("sync", FILE))
    assert _contents(_disk(*late)) == {b"old", b"new"}


def test_sectors_arrive_in_any_order():
    first, second = bytes(512), b"\xff" * 512
    kept = _contents(_disk(Event("write", FILE, first + second), before={FILE: b"o" * 1024}))
    assert kept == {one + other for one in (first, b"o" * 512) for other in (second, b"o" * 512)}


@pytest.mark.parametrize(("syncs", "possible"), [((), {b"old", b"new"}), ((FOLDER,), {b"new"})])
def test_a_new_name_stays_only_once_its_folder_was_synced(syncs: tuple[str, ...], possible: set[bytes]):
    beside = f"{FILE}.new"
    written = [Event("create", beside), Event("write", beside, b"new"), Event("begin sync", beside)]
    renamed = [*written, Event("sync", beside), Event("rename", beside, target=FILE)]
    synced = [event for path in syncs for event in (Event("begin sync", path), Event("sync", path))]
    assert _contents(_disk(*renamed, *synced)) == possible


def test_a_trace_is_read_in_the_order_in_which_calls_ended(tmp_path: Path):
    handle = "4<" + "".join(f"\\x{byte:02x}" for byte in FILE.encode()) + ">"
    lines = (
        f"7 fdatasync({handle} <unfinished ...>",
        f'8 pwrite64({handle}, "\\x6e\\x65\\x77", 3, 9) = 3',
        "7 <... fdatasync resumed>) = 0",
        f'8 pwrite64({handle}, "\\x6e", 1, 0) = -1 EIO (Input/output error) (INJECTED)',
    )
    trace = tmp_path / "trace"
    trace.write_text("\n".join(lines))
    assert [(event.kind, event.data, event.offset) for event in read_trace(trace)] == [
        ("begin sync", b"", 0),
        ("write", b"new", 9),
        ("sync", b"", 0),
    ]
