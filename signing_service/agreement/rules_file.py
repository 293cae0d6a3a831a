"""Rules written into an agreement's ``agreement.toml``, everything else as its author left it.

Example::

    toml = with_rules(toml, Rules(SignatureRule("all"), EntryIntoForce("on-countersignature"), closes=closes))
    moment = in_zone(datetime(2025, 4, 11, 18, 0), "Asia/Shanghai")  # 10:00 UTC
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from signing_service.agreement.rules import EntryIntoForce, Rules, SignatureRule
from signing_service.agreement.toml import parse_toml
from signing_service.encoding import format_time
from signing_service.errors import InputError

_HEADER = re.compile(r"\s*\[+\s*([\w-]+)")


def with_rules(toml: bytes, rules: Rules) -> bytes:
    """The same file with these rules; raises InputError where the old ones are not a table of their own."""
    old = toml.decode("utf-8")
    kept, leaving_out = [], False
    for line in old.splitlines(keepends=True):
        header = _HEADER.match(line)
        if header:
            leaving_out = header[1] == "rules"
        if not leaving_out:
            kept.append(line)
    new = "".join(kept).rstrip() + "\n\n" + _table(rules)
    if _all_but_rules(new) != _all_but_rules(old):
        raise InputError("agreement.toml: its rules cannot be replaced", hint="write them as a [rules] table")
    return new.encode()


def _all_but_rules(toml: str) -> dict[str, Any] | None:
    try:
        values = parse_toml(toml)
    except ValueError:
        return None
    return {name: value for name, value in values.items() if name != "rules"}


def _table(rules: Rules) -> str:
    lines = ["[rules]", f"signatures = {_signatures(rules.signatures)}"]
    lines += [f'opens = "{format_time(rules.opens)}"'] if rules.opens else []
    lines += [f'closes = "{format_time(rules.closes)}"'] if rules.closes else []
    lines += [f'order = "{rules.order}"', f'minimum_assurance = "{rules.minimum_assurance}"']
    lines += [f'{name} = "{value}"' for name, value in _spoken_of(rules).items()]
    return "\n".join([*lines, f"entry_into_force = {_force(rules.entry_into_force)}", ""])


def _spoken_of(rules: Rules) -> dict[str, str]:
    """The rules that have no entry where they refuse."""
    return {name: value for name in ("paper", "extension") if (value := getattr(rules, name)) != "refused"}


def _signatures(rule: SignatureRule) -> str:
    if rule.kind == "at-least":
        return f'{{ kind = "at-least", count = {rule.count} }}'
    if rule.kind == "named":
        names = ", ".join(f'"{party}"' for party in rule.parties)
        return f'{{ kind = "named", parties = [{names}] }}'
    return f'{{ kind = "{rule.kind}" }}'


def _force(rule: EntryIntoForce) -> str:
    if rule.kind == "days-after":
        return f'{{ kind = "days-after", days = {rule.days} }}'
    return f'{{ kind = "on-date", date = "{rule.date}" }}' if rule.date else f'{{ kind = "{rule.kind}" }}'


def in_zone(local: datetime, zone: str) -> datetime:
    """A wall clock's time in an IANA zone as UTC; the earlier of two where clocks are put back.

    Raises InputError for an unknown zone, for a time that is left out there because clocks are put forward, and for one
    whose UTC is before the year 1 or after 9999.
    """
    try:
        there = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InputError("%(zone)s is no time zone", hint="choose one like Asia/Shanghai", zone=repr(zone)) from None
    try:
        moment = local.replace(tzinfo=there).astimezone(UTC)
    except OverflowError:
        hint, time = "choose another time", f"{local:%Y-%m-%d %H:%M}"
        raise InputError("%(time)s is beyond the calendar", hint=hint, time=time) from None
    if moment.astimezone(there).replace(tzinfo=None) != local:
        raise InputError(
            "%(time)s does not exist in %(zone)s: clocks are put forward then",
            hint="choose another time",
            time=f"{local:%Y-%m-%d %H:%M}",
            zone=zone,
        )
    return moment
