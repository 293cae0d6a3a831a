"""Where a notice leads, and what its recipient does next: the words on its button, and a sentence where one is needed.

Example::

    step = next_step("signed", "zh")
    step.page % {"agreement": agreement_id, "signer": signer}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signing_service.workflow.mails import translations

AGREEMENT = "/agreements/%(agreement)s/"
PASSKEYS = "/passkeys/"

URGENT = frozenset(
    (
        *("turn", "reminder", "confirmed", "confirmed in turn", "differed", "revoked", "mandate"),
        *("enrolled", "question", "answer", "refused", "declined"),
    )
)
"""The kinds of notices that say until when their agreement can be signed."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a mail asks its recipient to do."""

    button: str
    page: str = AGREEMENT
    """The path that it leads to, to be filled with ``agreement`` and ``signer``."""
    sentence: str = ""
    """Empty where the notice's own words say it."""


def next_step(kind: str, locale: str) -> NextStep:
    """The next step of a notice of that kind; to open the agreement, where nothing else is known."""
    gettext = translations(locale).gettext
    steps = _of_representatives(gettext) | _of_officers(gettext) | _of_accounts(gettext)
    return steps.get(kind) or NextStep(gettext("Open the agreement"))


def _of_representatives(gettext: Callable[[str], str]) -> dict[str, NextStep]:
    read_and_sign = gettext("Please open the agreement, read it and sign it.")
    nothing = gettext("You need to do nothing more.")
    receipt = gettext("Please keep your receipt.")
    own = gettext("Your passkeys")
    opens, sign = gettext("Open the agreement"), gettext("Open and sign")
    return {
        "turn": NextStep(sign, AGREEMENT, read_and_sign),
        "reminder": NextStep(sign, AGREEMENT, read_and_sign),
        "confirmed": NextStep(sign),
        "differed": NextStep(own, PASSKEYS),
        "revoked": NextStep(own, PASSKEYS),
        "paper": NextStep(opens, AGREEMENT, nothing),
        "answer": NextStep(gettext("Read the answer"), AGREEMENT + "questions/", gettext("You can ask again there.")),
        "signed": NextStep(gettext("Open your receipt"), AGREEMENT + "receipts/%(signer)s/", receipt),
        # the agreement itself is closed to who has no mandate in it
        "replaced": NextStep(gettext("Your agreements"), "/agreements/", nothing),
        "countersigned": NextStep(
            opens, AGREEMENT, gettext("Please download both, and keep them in your university's archive.")
        ),
        "withdrawn": NextStep(opens, AGREEMENT, nothing),
        "extended": NextStep(opens, AGREEMENT, gettext("If you have not signed yet, please do so by then.")),
    }


def _of_officers(gettext: Callable[[str], str]) -> dict[str, NextStep]:
    refused = gettext("Call the person if you did not expect this. While signing is open, they may still sign.")
    return {
        "enrolled": NextStep(gettext("Compare the code"), "/secretariat/passkeys/"),
        "question": NextStep(gettext("Answer the question"), "/secretariat/agreements/%(agreement)s/questions/"),
        "refused": NextStep(gettext("Open the agreement"), AGREEMENT, refused),
        "address": NextStep(gettext("Open the person's page"), "/secretariat/people/%(person)s/access/"),
        "alarm": NextStep(gettext("Open the record"), "/record/"),
    }


def _of_accounts(gettext: Callable[[str], str]) -> dict[str, NextStep]:
    account = gettext("See how you sign in")
    kinds = ("own-address", "password-set", "passkey-added", "passkey-removed", "codes-set")
    return {kind: NextStep(account, "/account/") for kind in kinds}
