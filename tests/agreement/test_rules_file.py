"""Rules written into agreement.toml, and wall clocks read as UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from signing_service.agreement.rules import EntryIntoForce, Rules, SignatureRule
from signing_service.agreement.rules_file import in_zone, with_rules
from signing_service.agreement.source import parse_source
from signing_service.errors import InputError
from tests.agreement import alliance
from tests.workflow.world import source

MORNING = datetime(2025, 4, 11, 1, 0, tzinfo=UTC)
RULES = [
    Rules(SignatureRule("all"), EntryIntoForce("on-countersignature")),
    Rules(SignatureRule("at-least", 2), EntryIntoForce("days-after", 30), opens=MORNING, order="in-turns"),
    Rules(
        SignatureRule("named", parties=("njupt", "andaman")),
        EntryIntoForce("on-date", date=date(2026, 1, 1)),
        closes=MORNING,
        minimum_assurance="passkey",
    ),
]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.signatures.kind)
def test_rules_that_were_written_are_read_again_and_all_else_stays(rules: Rules):
    files = source()
    before = parse_source(files).terms("a" * 26)
    after = parse_source({**files, "agreement.toml": with_rules(files["agreement.toml"], rules)}).terms("a" * 26)
    assert after.rules == rules
    assert (after.parties, after.title, after.reference) == (before.parties, before.title, before.reference)


def test_comments_and_tables_of_the_specimen_stay():
    toml = dict(alliance.source().files)["agreement.toml"]
    new = with_rules(toml, RULES[1])
    assert b"# The demo alliance" in new
    assert new.count(b"[rules]") == 1
    assert with_rules(new, RULES[1]).count(b"[rules]") == 1


def test_rules_outside_a_table_of_their_own_are_not_touched():
    with pytest.raises(InputError, match="cannot be replaced"):
        with_rules(b'title = "x"\n[[parties]]\nid = "a"\n[rules\n', RULES[0])
    with pytest.raises(InputError, match="cannot be replaced"):
        with_rules(b'rules.order = "free"\n', RULES[0])


@pytest.mark.parametrize("place", ["", "[rules]\n"])
def test_rules_beside_what_is_nested_too_deeply_are_refused_as_any_broken_file_is(place: str):
    toml = f"{place}deep = {'[' * 10_000}\n".encode()
    with pytest.raises(InputError, match=r"cannot be replaced|not TOML: nested too deeply"):
        parse_source({**source(), "agreement.toml": with_rules(toml, RULES[0])})


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2025-04-11 18:00", "Asia/Shanghai", "2025-04-11 10:00"),
        ("2025-04-11 18:00", "Asia/Yangon", "2025-04-11 11:30"),
        ("2025-10-26 02:30", "Europe/Berlin", "2025-10-26 00:30"),  # twice there; the earlier
    ],
)
def test_a_wall_clock_is_read_in_its_zone(local: str, zone: str, utc: str):
    assert in_zone(datetime.fromisoformat(local), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_time_that_the_clocks_leave_out_is_refused():
    with pytest.raises(InputError, match="does not exist in Europe/Berlin"):
        in_zone(datetime.fromisoformat("2025-03-30 02:30"), "Europe/Berlin")
    with pytest.raises(InputError, match="is no time zone"):
        in_zone(datetime.fromisoformat("2025-03-30 02:30"), "Mars/Olympus")


@pytest.mark.parametrize(
    ("local", "zone"), [("0001-01-01 00:00", "Asia/Shanghai"), ("9999-12-31 23:59", "America/New_York")]
)
def test_a_time_whose_utc_no_calendar_has_is_refused(local: str, zone: str):
    with pytest.raises(InputError, match="beyond the calendar"):
        in_zone(datetime.fromisoformat(local), zone)
    assert in_zone(datetime.fromisoformat(local), "UTC").year in (1, 9999)
