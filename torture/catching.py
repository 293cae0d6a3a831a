"""Does the harness see what it is there to see? Each planted bug must end in a finding of its trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.crowd import Venue
from torture.failover import stay_away
from torture.findings import Findings
from torture.killing import make_venue, run_cycle
from torture.power import cut_the_power
from torture.trials import dead_browser, forged_signature, killed_before_a_mail, no_authority, older_database

PARTIES = 3
KILLS = 12
STATES = 120
TURNS = 3

Trial = Callable[[Venue, str, str | None], Findings]


def _killed(*points: str) -> Trial:
    """Everybody signs while servers are killed at these points; without any, nobody is killed."""

    def trial(venue: Venue, seed: str, bug: str | None) -> Findings:
        return run_cycle(venue, seed, KILLS if points else 0, points, bug)

    return trial


def _cut_off(venue: Venue, seed: str, bug: str | None) -> Findings:
    return cut_the_power(venue, seed, STATES, bug)


def _standby_away(venue: Venue, seed: str, bug: str | None) -> Findings:
    return stay_away(venue.folder.with_name(f"{venue.folder.name}-with-standby"), seed, PARTIES, bug)


TRIALS: dict[str, Trial] = {
    "any successor": _killed(),
    "receipts anew": _killed(),
    "receipts before the standby": _standby_away,
    "checkpoint before commit": _killed("after an entry"),
    "sent before sending": killed_before_a_mail,
    "mail after commit": _killed("after a commit"),
    "no guard": older_database,
    "leases for ever": dead_browser,
    "own clock instead": no_authority,
    "unverified": forged_signature,
    "commits unsynced": _cut_off,
    "guard unsynced": _cut_off,
    "folders unsynced": _cut_off,
    "mails unsynced": _cut_off,
}
"""Planted bug: the trial in which it must show."""


def catch(bug: str, folder: Path, seed: str) -> Findings:
    """Plant one bug into the servers of a small agreement; what comes back is not clean if it was caught.

    Where a trial kills at moments that chance draws, none may fall where the bug shows: then others are drawn.
    """
    for turn in range(TURNS):
        found = TRIALS[bug](make_venue(folder / str(turn), PARTIES), f"{seed} {turn}", bug)
        if not found.clean:
            break
    return found
