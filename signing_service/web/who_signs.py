"""The secretariat's page of who signs: mandates given in a draft, and given anew, with a reason, once it is published.

A form with a mistake comes back with what was typed, open at its party, the message at the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from signing_service.agreement.mandates import check_days
from signing_service.agreement.names import clean_name
from signing_service.errors import ConflictError, InputError, SigningServiceError
from signing_service.web.error_words import joined
from signing_service.web.presentation import sentence
from signing_service.web.proof import proof_required
from signing_service.web.visitor import officer_required, the_service, visitor
from signing_service.workflow import mandates, overview, people
from signing_service.workflow.mandates import Authority
from signing_service.workflow.overview import AgreementView, SignerView
from signing_service.workflow.permissions import OPERATOR
from signing_service.workflow.reasons import clean_reason

blueprint = Blueprint("who_signs", __name__, url_prefix="/secretariat/agreements/<agreement_id>")


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _accepted_by(check: Callable[[Any], object]) -> Callable[[Any, Any], None]:
    """A validator whose message is that of the error which ``check`` raises."""

    def validate(form: Any, field: Any) -> None:
        try:
            check(field.data)
        except InputError as error:
            raise ValidationError(_words(error)) from None

    return validate


def _words(error: InputError) -> str:
    return joined(sentence(error.message), sentence(error.hint))


class MandateForm(FlaskForm):  # type: ignore[misc]
    """Who acts for a party, by whose authority, until when; in the order in which the page asks."""

    person = StringField(_l("Person"), [InputRequired(_l("Name a person.")), Length(max=400)], [_strip])
    organ = StringField(
        _l("Authorised by"),
        [InputRequired(_l("Say who authorised this person.")), _accepted_by(clean_name)],
        [_strip],
    )
    first_day = DateField(_l("Valid from"), [Optional()])
    last_day = DateField(_l("Valid until"), [Optional()])
    document = StringField(_l("Document (number, date)"), [Optional(), Length(max=200)], [_strip])
    pdf = FileField(_l("The document as a PDF"))
    reason = StringField(_l("Why another mandate"), [], [_strip])
    document_bytes: bytes | None = None

    def validate_last_day(self, field: Any) -> None:
        """Refuse days of which none is left; what is no date has been told already."""
        today = the_service().clock().astimezone(UTC).date()
        _accepted_by(lambda last_day: check_days(self.first_day.data or today, last_day, today))(self, field)

    def validate_pdf(self, field: Any) -> None:
        """Read the file that was chosen, if any."""
        if field.data and field.data.filename:
            self.document_bytes = field.data.read()
            _accepted_by(lambda _: mandates.check_document(self.document_bytes or b""))(self, field)


@blueprint.post("/mandates/<signer>")
@officer_required
@proof_required
def give_mandate(agreement_id: str, signer: str) -> ResponseReturnValue:
    """Store who signs; where something is wrong with the form, show it again."""
    service, officer_id = the_service(), visitor().person_id
    view = overview.agreement_view(service, officer_id, agreement_id)
    view.terms.signer(signer)
    form, failure = MandateForm(), None
    if form.validate_on_submit(extra_validators=_of_reason(view, signer)):
        try:
            given = _give(view, signer, form)
        except (InputError, ConflictError) as error:
            given, failure = False, error
        if given:
            flash(_("The mandate is given."), "good")
            page = "secretariat.agreement" if view.state == "draft" else "who_signs.representatives"
            return redirect(url_for(page, agreement_id=agreement_id) + f"#{signer}")
    if form.document_bytes and not form.pdf.errors:
        form.pdf.errors = [_("Choose the file again.")]  # browsers keep no chosen file
    view = overview.agreement_view(service, officer_id, agreement_id)
    return _page(view, given={signer: form}, failure=failure), failure.status if failure else 400


def _of_reason(view: AgreementView, signer: str) -> dict[str, list[Callable[[Any, Any], None]]]:
    """What is asked of the reason: one has to be given where somebody is replaced in a published agreement."""
    replaced = any(one.id == signer and one.representative for one in view.signers)
    return {"reason": [_accepted_by(clean_reason)]} if replaced and view.state != "draft" else {}


def _give(view: AgreementView, signer: str, form: MandateForm) -> bool:
    """Store the mandate; False, with a message at the field, where the person cannot be named."""
    service, officer_id = the_service(), visitor().person_id
    try:
        person = people.find_person(service, officer_id, form.person.data or "")
        if person.office == OPERATOR:
            raise InputError("%(name)s is an operator, who sees no agreement's content", name=person.name)
    except InputError as error:
        form.person.errors = [_words(error)]
        return False
    first_day = form.first_day.data or service.clock().astimezone(UTC).date()
    document = form.document.data or None
    authority = Authority(form.organ.data or "", first_day, form.last_day.data, document, form.document_bytes)
    if view.state == "draft" and authority.pdf is None:  # browsers send no file anew
        kept = mandates.document_of_same(service, officer_id, view.id, signer, person.id, authority)
        authority = replace(authority, pdf=kept)
    mandates.give_mandate(service, officer_id, view.id, signer, person.id, authority, form.reason.data or "")
    return True


@blueprint.get("/representatives")
@officer_required
def representatives(agreement_id: str) -> str:
    """Who is still to sign a published agreement, each to be replaced with a reason."""
    return _page(overview.agreement_view(the_service(), visitor().person_id, agreement_id))


def _page(
    view: AgreementView, given: Mapping[str, MandateForm] | None = None, failure: SigningServiceError | None = None
) -> str:
    waiting = [signer for signer in view.signers if signer.status not in ("signed", "paper")]
    forms = mandate_forms(view, waiting, given)
    return render_template("secretariat/representatives.html", view=view, failure=failure, given=given or {}, **forms)


def mandate_forms(
    view: AgreementView, signers: Iterable[SignerView], given: Mapping[str, MandateForm] | None = None
) -> dict[str, Any]:
    """A form for each signer with who is named now, the people whom all suggest, and which signer is to be named next.

    In a draft a form holds the present mandate, to be changed; later another mandate needs another authority.
    ``given``: the form of a signer as it was sent.
    """
    service, officer_id = the_service(), visitor().person_id
    signers, given = list(signers), given or {}
    named = [signer.person_id for signer in signers if signer.person_id]
    offered = [one for one in people.offered(service, officer_id, always=named) if one.office != OPERATOR]
    spelled = {person.id: people.spelled(person) for person in offered}
    authorities = mandates.present_authorities(service, officer_id, view.id)

    def begun(signer: SignerView) -> MandateForm:
        data: dict[str, Any] = {"person": spelled.get(signer.person_id or "", "")}
        if view.state == "draft" and signer.id in authorities:
            present = authorities[signer.id]
            data |= {name: getattr(present, name) for name in ("organ", "first_day", "last_day", "document")}
        return MandateForm(formdata=None, data=data)

    return {
        "mandate_forms": [(signer, given.get(signer.id) or begun(signer)) for signer in signers],
        "authorities": authorities,
        "offered": list(spelled.values()),
        "to_name": next((one.id for one in signers if not _can_act(authorities.get(one.id))), ""),
    }


def _can_act(authority: Authority | None) -> bool:
    """Whether somebody is named, by a mandate of which days are left."""
    try:
        if authority is not None:
            check_days(authority.first_day, authority.last_day, the_service().clock().astimezone(UTC).date())
    except InputError:
        return False
    return authority is not None
