"""``signing-service record feed``: tokens by which a party follows the openings of its agreement's entries.

``make`` prints a line for the party's token file; it is shown once and stored hashed. ``list`` shows who has one,
``revoke`` ends it. An officer does the same on the secretariat's page. The party runs ``record monitor`` with it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.encoding import format_time
from signing_service.workflow.feeds import feeds_of, make_feed, revoke_feed
from signing_service.workflow.service import Service, open_service


def main(arguments: list[str]) -> int:
    """Run ``make``, ``list`` or ``revoke``."""
    options = _parser().parse_args(arguments)
    command: Callable[[Service, argparse.Namespace], None] = options.run
    command(open_service(settings_from_environment()), options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("record feed", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("make", help="make a token for a party of an agreement, and print it once")
    make.add_argument("agreement", metavar="AGREEMENT", help="the agreement's id")
    make.add_argument("party", metavar="PARTY", help="the party's id, like njupt")
    make.set_defaults(run=_make)
    listed = commands.add_parser("list", help="show an agreement's feeds")
    listed.add_argument("agreement", metavar="AGREEMENT", help="the agreement's id")
    listed.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="end a feed; its token opens nothing any more")
    revoke.add_argument("agreement", metavar="AGREEMENT", help="the agreement's id")
    revoke.add_argument("feed", metavar="FEED", help="the feed's id, as list shows it")
    revoke.set_defaults(run=_revoke)
    return parser


def _make(service: Service, options: argparse.Namespace) -> None:
    token = make_feed(service, None, options.agreement, options.party)
    print(f"{options.agreement} {token}")
    print("hint: this line is shown once; the party keeps it in a file that only its owner reads", file=sys.stderr)


def _list(service: Service, options: argparse.Namespace) -> None:
    for feed in feeds_of(service, None, options.agreement):
        used = f"last read {format_time(feed.last_used)}" if feed.last_used else "never read"
        end = f"revoked {format_time(feed.revoked)}" if feed.revoked else used
        print(f"{feed.id}  {feed.party:<16} made {format_time(feed.created)}  {end}")


def _revoke(service: Service, options: argparse.Namespace) -> None:
    revoke_feed(service, None, options.agreement, options.feed)
    print(f"feed {options.feed} is closed")
