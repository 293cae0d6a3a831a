"""Whether the parties that an agreement is to have can meet its rule of who must sign, in words for who chose them.

Example::

    told = unmet(SignatureRule("at-least", 8), {"njupt": "Nanjing"}, {})
    told.message   # at least 8 parties must sign, but only 1 would be left that counts
"""

from __future__ import annotations

from collections.abc import Mapping

from signing_service.agreement.rules import SignatureRule
from signing_service.errors import InputError

_HINT = "keep the parties for now, change the rule “Who must sign” on the draft's page of rules, then take them out"


def unmet(rule: SignatureRule, counted: Mapping[str, str], before: Mapping[str, str]) -> InputError | None:
    """The error to raise or show where so few parties, by id, cannot meet the rule; None where they can.

    ``counted``: names of the parties that are no guests. ``before``: those of the parties that there were.
    """
    if rule.count > len(counted):
        message = "at least %(count)s parties must sign, but only %(left)s would be left that count"
        return InputError(message, hint=_HINT, count=rule.count, left=len(counted))
    gone = [before.get(party, party) for party in rule.parties if party not in counted]
    if gone:
        message = "by the rules these must sign, so they cannot be taken out or become guests: %(parties)s"
        return InputError(message, hint=_HINT, parties=", ".join(gone))
    return None
