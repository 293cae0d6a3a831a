"""The page on which an officer chooses a draft's rules: whose signatures, when, in which order, entry into force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from signing_service.agreement.rules import MAX_DAYS, EntryIntoForce, Rules, SignatureRule
from signing_service.agreement.rules_file import in_zone
from signing_service.agreement.terms import Terms
from signing_service.errors import InputError, SigningServiceError
from signing_service.web.error_words import joined
from signing_service.web.names import party_name
from signing_service.web.presentation import sentence
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import draft_rules, overview
from signing_service.workflow.draft_checklist import PAPER_STOPS_TURNS

blueprint = Blueprint("rules_form", __name__, url_prefix="/secretariat")


class RulesForm(FlaskForm):  # type: ignore[misc]
    """All rules of a draft; which of the fields count follows from the choices."""

    signatures = SelectField(
        _l("Who must sign"),
        choices=[
            SelectChoice("all", _l("all parties")),
            SelectChoice("at-least", _l("at least so many")),
            SelectChoice("named", _l("the parties ticked")),
        ],
    )
    count = IntegerField(_l("How many, at least"), [Optional()])
    named = SelectMultipleField(
        _l("Which parties"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    zone = SelectField(_l("Time zone of the two times below"))
    opens = DateTimeLocalField(_l("Signing opens (optional)"), [Optional()])
    closes = DateTimeLocalField(_l("Signing closes (optional)"), [Optional()])
    extension = BooleanField(_l("A lead officer may extend it while signing is open"))
    order = SelectField(
        _l("Order"),
        choices=[SelectChoice("free", _l("any")), SelectChoice("in-turns", _l("as the parties stand"))],
    )
    minimum_assurance = SelectField(
        _l("How signatures are approved"),
        choices=[
            SelectChoice("service", _l("with a password or a passkey")),
            SelectChoice("passkey", _l("with a passkey only")),
        ],
    )
    paper = SelectField(
        _l("Signatures on paper"),
        choices=[
            SelectChoice("refused", _l("are not accepted")),
            SelectChoice("shown", _l("are shown, and count for nothing")),
            SelectChoice("counts", _l("count, if an officer attests them")),
        ],
    )
    force = SelectField(
        _l("Entry into force"),
        [InputRequired()],
        choices=[
            SelectChoice("on-countersignature", _l("with the countersignature")),
            SelectChoice("days-after", _l("some days after it")),
            SelectChoice("on-date", _l("on a date, but not before it")),
        ],
    )
    days = IntegerField(_l("How many days"), [Optional()])
    date = DateField(_l("Date"), [Optional()])

    parties_that_count: int = 0

    def validate(self, extra_validators: Any = None) -> bool:
        """Judge every field that the choices ask for; what stands in the others does not matter."""
        super().validate(extra_validators)
        for field in self._left_out():
            field.errors = ()
        checks = (self._check_signatures, self._check_times, self._check_paper, self._check_force)
        for field, message in (mistake for check in checks for mistake in check()):
            field.errors = field.errors or [message]
        return not self.errors

    def _left_out(self) -> list[Field]:
        wanted = {"at-least": self.count, "named": self.named, "days-after": self.days, "on-date": self.date}
        return [field for choice, field in wanted.items() if choice not in (self.signatures.data, self.force.data)]

    def _check_signatures(self) -> Iterator[tuple[Field, str]]:
        if self.signatures.data == "at-least" and not 0 < (self.count.data or 0) <= self.parties_that_count:
            yield self.count, _("Write a number from 1 to %(limit)s.", limit=self.parties_that_count)
        if self.signatures.data == "named" and not self.named.data:
            yield self.named, _("Tick those that must sign.")

    def _check_force(self) -> Iterator[tuple[Field, str]]:
        if self.force.data == "days-after" and not 0 < (self.days.data or 0) <= MAX_DAYS:
            yield self.days, _("Write a number from 1 to %(limit)s.", limit=MAX_DAYS)
        if self.force.data == "on-date" and self.date.data is None:
            yield self.date, _("Choose the date.")

    def _check_times(self) -> Iterator[tuple[Field, str]]:
        for field in (self.opens, self.closes):
            try:
                _moment(field, self.zone.data)
            except InputError as error:
                yield field, joined(sentence(error.message), sentence(error.hint))
        if self.opens.data and self.closes.data and self.opens.data >= self.closes.data:
            yield self.closes, _("It has to close after it opens.")

    def _check_paper(self) -> Iterator[tuple[Field, str]]:
        if self.order.data == "in-turns" and self.paper.data == "shown":
            yield self.paper, sentence(PAPER_STOPS_TURNS)

    def first_mistake(self) -> str:
        """The field that the browser goes to, in the order of the page."""
        return next((field.name for field in self if field.errors), "")

    def rules(self) -> Rules:
        """What was chosen, once it is valid."""
        kind, force = self.signatures.data, self.force.data
        return Rules(
            signatures=SignatureRule(
                kind,
                self.count.data if kind == "at-least" else 0,
                tuple(self.named.data or ()) if kind == "named" else (),
            ),
            entry_into_force=EntryIntoForce(
                force, self.days.data if force == "days-after" else 0, self.date.data if force == "on-date" else None
            ),
            opens=_moment(self.opens, self.zone.data),
            closes=_moment(self.closes, self.zone.data),
            order=self.order.data,
            minimum_assurance=self.minimum_assurance.data,
            paper=self.paper.data,
            extension="allowed" if self.extension.data and self.closes.data else "refused",
        )


def _moment(field: Field, zone: str) -> datetime | None:
    return in_zone(field.data, zone) if field.data else None


@blueprint.route("/agreements/<agreement_id>/rules", methods=["GET", "POST"])
@officer_required
def edit(agreement_id: str) -> ResponseReturnValue:
    """Show and take the rules of a draft."""
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    form, failure = make_form(view.terms), None
    if form.validate_on_submit():
        try:
            draft_rules.set_rules(service, officer_id, agreement_id, form.rules())
        except SigningServiceError as error:
            failure = error
        else:
            flash(_("The rules are stored."), "good")
            return redirect(url_for("secretariat.agreement", agreement_id=agreement_id), code=303)
    page = render_template("secretariat/rules.html", view=view, form=form, failure=failure)
    return page, failure.status if failure else 400 if form.errors else 200


def make_form(terms: Terms) -> RulesForm:
    """The form with what the draft says now; times in the first party's zone."""
    rules, zones = terms.rules, zones_of(terms)
    named = rules.signatures.parties
    form = RulesForm(
        data={
            "signatures": rules.signatures.kind,
            "count": rules.signatures.count or None,
            "named": list(named),
            "zone": zones[0],
            "opens": _there(rules.opens, zones[0]),
            "closes": _there(rules.closes, zones[0]),
            "order": rules.order,
            "minimum_assurance": rules.minimum_assurance,
            "paper": rules.paper,
            "extension": rules.extension == "allowed" or rules.closes is None,
            "force": rules.entry_into_force.kind,
            "days": rules.entry_into_force.days or None,
            "date": rules.entry_into_force.date,
        }
    )
    form.parties_that_count = sum(not party.guest for party in terms.parties)
    form.zone.choices = [SelectChoice(zone) for zone in zones]
    form.named.choices = [SelectChoice(party.id, party_name(party)) for party in terms.parties if not party.guest]
    return form


def zones_of(terms: Terms) -> list[str]:
    """The parties' time zones, the first party's first, and UTC."""
    return list(dict.fromkeys([*(party.time_zone for party in terms.parties), "UTC"]))


def _there(moment: datetime | None, zone: str) -> datetime | None:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment else None
