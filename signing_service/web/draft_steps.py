"""What is to be done with a draft, in order: each step with what the checklist says of it, and which one is next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signing_service.workflow.draft_checklist import CheckItem


@dataclass(frozen=True, slots=True)
class Step:
    """One section of the draft's page."""

    part: str
    items: tuple[CheckItem, ...]
    ok: bool
    is_next: bool


def steps(checklist: Iterable[CheckItem], *, printable: bool) -> dict[str, Step]:
    """The steps by part; the next one is the first that is not right, and publishing once all are.

    ``printable``: whether the text can be printed.
    """
    items: dict[str, tuple[CheckItem, ...]] = {"text": (), "rules": (), "people": (), "publish": ()}
    for item in checklist:
        items[item.part] += (item,)
    right = {part: all(item.ok for item in of) and (part != "text" or printable) for part, of in items.items()}
    following = next((part for part, ok in right.items() if not ok), "publish")
    return {part: Step(part, of, right[part], part == following) for part, of in items.items()}
