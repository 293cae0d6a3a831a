"""``signing-service renew``: append a further archive timestamp before the last one can no longer be verified.

Names one agreement by its id, or takes ``--all`` that end within twelve months; without either it lists how long each
one holds. The server need not run; the worker does the same by itself where it can.
"""

from __future__ import annotations

import sys

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import SigningServiceError, UsageError
from signing_service.verify.wrapping import counted
from signing_service.workflow.clock_check import open_to_record
from signing_service.workflow.renewal import Standing, due, renew, standings
from signing_service.workflow.service import Service


def main(arguments: list[str]) -> int:
    """Renew, or list; exit code 1 if one of several could not be renewed."""
    parser = make_parser("renew", __doc__)
    parser.add_argument("agreement", nargs="?", metavar="AGREEMENT", help="the agreement's id")
    parser.add_argument("--all", action="store_true", help="all that end within twelve months")
    options = parser.parse_args(arguments)
    if options.agreement and options.all:
        raise UsageError("an agreement and --all are both given", hint="give one of them")
    service = open_to_record(settings_from_environment())
    if options.agreement:
        print(_line(renew(service, options.agreement)))
        return 0
    if options.all:
        return _renew_all(service)
    listed = list(standings(service))
    if not listed:
        print("no agreement is archived yet, so none can need a renewal")
    for standing in listed:
        print(_line(standing) + ("  renew it now" if standing.is_due(service.clock()) else ""))
    return 0


def _renew_all(service: Service) -> int:
    code = 0
    found = due(service)
    if not found:
        print("nothing ends within twelve months")
    for standing in found:
        try:
            print(_line(renew(service, standing.agreement)))
        except SigningServiceError as error:
            print(f"error: {standing.reference}: {error.message}", file=sys.stderr)
            print(f"hint: {error.hint}", file=sys.stderr)
            code = 1
    return code


def _line(standing: Standing) -> str:
    left = f"{counted(standing.fields_left, 'renewal')} left"
    return f"{standing.reference:<16} provable until {standing.until:%Y-%m-%d}  {left}   {standing.agreement}"
