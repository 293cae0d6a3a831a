from __future__ import annotations

from pathlib import Path

import pytest

from torture.faults import QUOTA, Fault, break_the_disk, sign_through
from torture.killing import make_venue

SEED = "2025-04-11"
FAULTS = 6  # in this sample; `make torture` does many more

DISK = {
    "no sync": (Fault("fsync,fdatasync", "EIO"), "disk"),
    "no space": (Fault("pwrite64", "ENOSPC"), "the operator has to free space"),
    "no room": (QUOTA, "disk"),
    "no new name": (Fault("rename", "EIO"), "the operator has to look at the disk"),
}


@pytest.mark.parametrize(("fault", "words"), DISK.values(), ids=DISK)
def test_a_failing_disk_acknowledges_nothing_says_so_and_goes_on_when_it_is_well(
    tmp_path: Path, fault: Fault | str, words: str
):
    found = sign_through(make_venue(tmp_path / "venue", 2), fault)
    assert found.complaints == []
    assert any(words in said for said in found.excuses), found.excuses
    assert found.acknowledged == 1


def test_a_disk_that_fails_now_and_then_loses_nothing(tmp_path: Path):
    found = break_the_disk(make_venue(tmp_path / "venue", 3), SEED, FAULTS)
    assert found.clean, found.complaints
    assert found.acknowledged == 4
