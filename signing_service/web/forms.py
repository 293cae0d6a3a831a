"""Forms that are sent without scripts; what they hold is checked again by the use case behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from signing_service.agreement.addresses import check_address
from signing_service.agreement.mandates import check_days
from signing_service.agreement.names import clean_name
from signing_service.errors import InputError
from signing_service.web.error_words import joined
from signing_service.web.presentation import sentence
from signing_service.web.visitor import the_service


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def accepted_by(check: Callable[[Any], object]) -> Callable[[Any, Any], None]:
    """A validator whose message is that of the error which ``check`` raises."""

    def validate(form: Any, field: Any) -> None:
        try:
            check(field.data)
        except InputError as error:
            raise ValidationError(words_of(error)) from None

    return validate


def words_of(error: InputError) -> str:
    """What is wrong and what to do, as sentences."""
    return joined(sentence(error.message), sentence(error.hint))


class SignInForm(FlaskForm):  # type: ignore[misc]
    """E-mail address, password, and the code of who has set that up."""

    email = EmailField(
        _l("E-mail address"), [InputRequired(_l("Type your e-mail address.")), Length(max=254)], [_strip]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Type your password.")), Length(max=256)])
    code = StringField(_l("One-time code"), [Optional(), Length(max=12)], [_strip])


class RefusalForm(FlaskForm):  # type: ignore[misc]
    """Declining to sign."""

    reason = TextAreaField(_l("Your reason"), [InputRequired(_l("Give a reason.")), Length(max=2000)], [_strip])
    password = PasswordField(_l("Your password"), [InputRequired(_l("Type your password.")), Length(max=256)])
    code = StringField(_l("One-time code"), [Optional(), Length(max=12)], [_strip])


class TextForm(FlaskForm):  # type: ignore[misc]
    """A question or an answer."""

    text = TextAreaField(_l("Your question"), [InputRequired(_l("Write something.")), Length(max=4000)], [_strip])


class NamesForm(FlaskForm):  # type: ignore[misc]
    """A person's names and address."""

    name = StringField(
        _l("Name in Latin letters"),
        [InputRequired(_l("Type the name.")), Length(max=120), accepted_by(clean_name)],
        [_strip],
    )
    native_name = StringField(
        _l("Name in their own script"), [Optional(), Length(max=120), accepted_by(clean_name)], [_strip]
    )
    email = EmailField(
        _l("E-mail address"),
        [InputRequired(_l("Type the address.")), Length(max=254), accepted_by(check_address)],
        [_strip],
    )


class CorrectionForm(NamesForm):
    """The same of somebody who is known."""

    seen = HiddenField()  # a digest of the person whom the page shows


class LanguageForm(FlaskForm):  # type: ignore[misc]
    """A person's language."""

    locale = SelectField(_l("Language of mails and pages"))


class PersonForm(NamesForm, LanguageForm):
    """A new person."""


class OfficerForm(PersonForm):
    """A new person with an office."""

    office = SelectField(_l("Office"))


class DraftForm(FlaskForm):  # type: ignore[misc]
    """The source files of an agreement."""

    files = MultipleFileField(_l("agreement.toml and one Markdown file a language"))


class PublishForm(FlaskForm):  # type: ignore[misc]
    """That it is no slip of the hand; and, where another agreement is called the same, that this is meant."""

    sure = BooleanField(
        _l("I have checked the text, the rules and the people. It is to be published."),
        [InputRequired(_l("Tick this if it is to be published."))],
    )
    seen = HiddenField()  # a digest of the draft that the page shows
    same = BooleanField(_l("It is meant to have the same number and version."))

    def validate_same(self, field: Any) -> None:
        """Asked for where the page says that there is such an agreement."""
        if self.namesakes and not field.data:
            raise ValidationError(_l("Tick this if it is meant, or change the number or the version."))

    namesakes: bool = False
    """Whether another agreement that has not ended has the number and version."""


class UploadForm(FlaskForm):  # type: ignore[misc]
    """One file."""

    file = FileField(_l("CSV file"))


class RosterForm(FlaskForm):  # type: ignore[misc]
    """Parties and people that were looked at and are to be taken over."""

    content = HiddenField()
    organ = StringField(_l("Authorised by"), [Length(max=200)], [_strip])
    last_day = DateField(_l("Valid until (optional)"), [Optional()])

    def validate_organ(self, field: Any) -> None:
        """Asked for where the rows of the file do not all say it."""
        if self.needs_organ and not field.data:
            raise ValidationError(_l("Say who authorised these people."))

    def validate_last_day(self, field: Any) -> None:
        """The mandates begin today."""
        today = the_service().clock().astimezone(UTC).date()
        try:
            check_days(today, field.data, today)
        except InputError as error:
            said = joined(sentence(error.message), sentence(error.hint))
            raise ValidationError(said) from None

    needs_organ: bool = True


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The first code of a new app."""

    code = StringField(
        _l("One-time code"), [InputRequired(_l("Type the six digits that your app shows.")), Length(max=12)], [_strip]
    )


class UniversityLoginForm(FlaskForm):  # type: ignore[misc]
    """Which university account is a person's: by address, to be confirmed when it comes, or by its identifier."""

    provider = SelectField(_l("University"))
    email = EmailField(_l("E-mail address there"), [Optional(), Length(max=254)], [_strip])
    subject = StringField(_l("Identifier of the account"), [Optional(), Length(max=255)], [_strip])


class RevocationForm(FlaskForm):  # type: ignore[misc]
    """Why an officer takes a person's approval passkey back."""

    reason = SelectField(
        _l("Why"),
        choices=[
            SelectChoice("lost", _l("The device was lost")),
            SelectChoice("replaced", _l("The device was replaced")),
            SelectChoice("withdrawn", _l("The person is to sign no more with it")),
            SelectChoice("mistake", _l("It was confirmed by mistake")),
        ],
    )


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """Nothing but a button; the token of every form stands against forged requests."""
