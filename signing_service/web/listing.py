"""What the address of a page that lists says: which part of the list, where it begins, what is looked for."""

from __future__ import annotations

from typing import cast, get_args

from flask import request

from signing_service.errors import NotFoundError
from signing_service.store.listing import Stage

LONGEST = 320  # characters of a search; SQLite compares with no pattern of 50,000


def stage() -> Stage:
    """``?stage=``; raises NotFoundError for one that does not exist."""
    given = request.args.get("stage", "")
    if given not in get_args(Stage):
        raise NotFoundError("there is no such page")
    return cast("Stage", given)


def search() -> str:
    """``?search=``, without the spaces around it, as long as what can be found."""
    return request.args.get("search", "").strip()[:LONGEST]


def after() -> str:
    """``?after=``: the id of the last one on the page before."""
    return request.args.get("after", "")
