"""What may follow a signature, in every usual form: ours beside pyHanko; where they differ, a reason stands here."""

from __future__ import annotations

import warnings

import pytest

from signing_service.verify.verdict import Verdict
from tests.attacks.documents import CONTROLS, office
from tests.attacks.judges import pyhanko_accepts
from tests.attacks.test_attacks import judge
from tests.attacks.variants import BASES, EDITS, VARIANTS
from tests.verify.foreign import SIGNED_AT

# The kinds of documents after whose signing an edit is not permitted; both judges refuse it, or pyHanko is explained.
REFUSED = {
    "an application's data on the page": ("closed",),
    "an application's data in the catalog": ("closed",),
    "an empty field": ("closed",),
    "an empty field that no page lists": ("closed",),
    "an empty field with a lock": ("closed",),
    "a widget apart from its field": ("closed",),
    "a note": ("form", "certified", "closed", "locked"),
    "a note with its pop-up": ("form", "certified", "closed", "locked"),
    "a field filled in": ("closed", "locked"),
    "another field filled in": ("closed",),
}

NO_RULE = "it has no rule for this entry, which shows nothing and does nothing (ISO 32000-2 table 31, 14.5)"
FIELDS_AFTER_CLOSING = "it lets empty fields be added to a document that was closed to all changes (table 257, P=1)"
EXPLAINED = {
    "an update whose table has no section": "its reader stops at a table without a section; others read on",
    "the page's time of change": NO_RULE,
    "the page's order of tabs": NO_RULE,
    "an application's data on the page": NO_RULE,
    "an application's data in the catalog": NO_RULE,
    "an empty field": FIELDS_AFTER_CLOSING,
    "an empty field that no page lists": FIELDS_AFTER_CLOSING,
    "an empty field with a lock": FIELDS_AFTER_CLOSING,
    "a widget apart from its field": FIELDS_AFTER_CLOSING,
    "a note": "it permits no annotations, though P=3 does (table 257); ours permits notes",
    "a note with its pop-up": "it permits no annotations, though P=3 does",
}
# of every edit on a document with a lock:
LOCKED = "it refuses any update after a lock without a certification, as if the locked field were a part of it"


def pyhanko(pdf: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyhanko_accepts(pdf, [office().root.certificate], SIGNED_AT)


@pytest.mark.parametrize("base", BASES)
def test_what_the_variants_are_made_from_is_accepted_by_both(base):
    assert judge(CONTROLS[base](), base, "pades").verdict is Verdict.PASSED
    assert pyhanko(CONTROLS[base]())


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_judged_by_what_is_permitted_and_a_difference_explained(name):
    edit, _, base = name.rpartition(" on ")
    pdf = VARIANTS[name]()

    report = judge(pdf, base, "pades")

    expected = Verdict.FAILED if base in REFUSED.get(edit, ()) else Verdict.PASSED
    assert report.verdict is expected, [check.message for check in report.problems]
    if pyhanko(pdf) is not (expected is Verdict.PASSED):
        assert edit in EXPLAINED or base == "locked"


def test_nothing_is_explained_that_does_not_differ():
    """Else an explanation would outlive its reason."""
    assert set(EXPLAINED) <= set(EDITS)
    assert LOCKED
    for edit in EXPLAINED:
        pairs = [(name, build()) for name, build in VARIANTS.items() if name.startswith(f"{edit} on ")]
        assert any(
            pyhanko(pdf) is not (judge(pdf, "form", "pades").verdict is Verdict.PASSED)
            for name, pdf in pairs
            if not name.endswith(" on locked")
        ), edit
