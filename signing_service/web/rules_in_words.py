"""An agreement's rules as sentences: whose signatures, when, in which order, how approved, and entry into force."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from signing_service.agreement.rules import EntryIntoForce, Rules
from signing_service.agreement.terms import Terms
from signing_service.web.error_words import listed
from signing_service.web.names import party_name
from signing_service.web.presentation import day, moment


def rules_in_words(terms: Terms, extended_until: datetime | None = None) -> list[str]:
    """One sentence a rule, in the interface's language; with the end to which signing was extended, if it was."""
    rules = terms.rules
    in_turns = _("They sign in the order in which the parties are listed.")
    by_passkey = _("Each signature is approved with a passkey that the secretariat has confirmed.")
    return [
        *_signatures(terms),
        *_window(rules, extended_until),
        in_turns if rules.order == "in-turns" else _("They sign in any order."),
        by_passkey if rules.minimum_assurance == "passkey" else _("A password or a passkey approves a signature."),
        *_paper(rules),
        _entry_into_force(rules.entry_into_force),
    ]


def _signatures(terms: Terms) -> list[str]:
    counted = [party for party in terms.parties if not party.guest]
    rule, others = terms.rules.signatures, _others(terms.rules)
    if rule.kind == "at-least":
        words = _("At least %(count)s of %(total)s parties must sign.", count=rule.count, total=len(counted))
        return [words, others] if rule.count < len(counted) else [words]
    if rule.kind == "named":
        names = listed(party_name(party) for party in counted if party.id in rule.parties)
        words = _("These parties must sign: %(names)s.", names=names)
        return [words, others] if len(rule.parties) < len(counted) else [words]
    return [ngettext("The one party must sign.", "All %(num)s parties must sign.", len(counted))]


def _others(rules: Rules) -> str:
    """What whoever is not needed may do, and until when."""
    if rules.closes is None:
        return str(_("Whoever else has not signed may sign until the secretariat countersigns; afterwards nobody can."))
    words = _(
        "Whoever else has not signed may sign until signing closes or the secretariat countersigns, whichever comes "
        "first; afterwards nobody can."
    )
    return str(words)


def _window(rules: Rules, extended_until: datetime | None) -> list[str]:
    """Sentences with times as HTML: what stands in them is ours, a translation or a moment's mark-up."""
    sentences = []
    if rules.opens is not None:
        sentences.append(_("Signing opens on %(time)s.", time=moment(rules.opens)))
    if rules.closes is not None and extended_until is not None:
        until, sealed = moment(extended_until), moment(rules.closes)
        sentences.append(_("Signing closes on %(time)s (extended; sealed: %(sealed)s).", time=until, sealed=sealed))
    elif rules.closes is not None:
        sentences.append(_("Signing closes on %(time)s.", time=moment(rules.closes)))
    if rules.extension == "allowed":
        sentences.append(_("A lead officer may extend it, while it is open."))
    return [Markup(sentence) for sentence in sentences]  # noqa: S704 (no text of others in it)


def _paper(rules: Rules) -> list[str]:
    if rules.paper == "counts":
        return [_("The sealed rules of this agreement let a signature on paper count, if an officer attests it.")]
    if rules.paper == "shown":
        return [_("The sealed rules of this agreement show a signature on paper, but it counts for nothing.")]
    return []


def _entry_into_force(rule: EntryIntoForce) -> str:
    if rule.kind == "days-after":
        text = ngettext(
            "It enters into force %(num)s day after the countersignature.",
            "It enters into force %(num)s days after the countersignature.",
            rule.days,
        )
        return str(text)
    if rule.date is not None:
        words = _("It enters into force on %(day)s, but not before the countersignature.", day=day(rule.date))
        return str(words)
    return str(_("It enters into force with the countersignature."))
