"""What notices by mail say: a subject and a sentence each, in the recipient's language."""

from __future__ import annotations

from collections.abc import Callable

from signing_service.workflow.mails import translations


def subject_and_body(kind: str, locale: str, values: dict[str, str]) -> tuple[str, str]:
    """The subject and the sentence of a notice of that kind, in the recipient's language.

    Of those in ASKING the subject is empty: asking_subject gives it.
    """
    gettext = translations(locale).gettext
    kind = "replaced in part" if "kept" in values else kind
    of_people = _about_people(gettext) | _about_passkeys(gettext) | _about_waiting(gettext)
    notices = _about_acts(gettext) | _about_the_end(gettext) | of_people
    notices |= _about_addresses(gettext) | _about_accounts(gettext)
    subject, body = notices[kind]
    return subject, body % values


def _about_passkeys(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "enrolled": (
            gettext("A passkey waits for your confirmation"),
            gettext(
                "%(name)s of %(party)s has enrolled a passkey. Please call or meet the person, compare the code that "
                "both of your screens show, and confirm it."
            ),
        ),
        "confirmed": (
            gettext("Confirmed: you can sign now"),
            gettext("%(officer)s of the secretariat has confirmed your passkey. You can sign the agreement now."),
        ),
        "confirmed in turn": (
            gettext("Your passkey is confirmed"),
            gettext(
                "%(officer)s of the secretariat has confirmed your passkey. This agreement is signed in turns: you are "
                "told by mail when it is your turn."
            ),
        ),
        **_about_passkeys_taken_back(gettext),
        "paper": (
            gettext("Your signature on paper is attested"),
            gettext("%(officer)s of the secretariat has attested that you signed this agreement by hand."),
        ),
    }


def _about_passkeys_taken_back(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    places = "\n\n" + gettext("It was for:") + "\n%(places)s"
    return {
        "differed": (
            gettext("Your passkey was not confirmed"),
            gettext(
                "%(officer)s of the secretariat found that the codes differed, so your passkey was revoked. Please "
                "make a new one and compare its code. If the codes differ again, stop and call the secretariat."
            )
            + places,
        ),
        "revoked": (
            gettext("Your passkey was revoked"),
            gettext(
                "%(officer)s of the secretariat has revoked your approval passkey. Nothing is approved with it any "
                "more; signatures that you have given stand. To sign, make a new one; if this surprises you, call the "
                "secretariat."
            )
            + places,
        ),
    }


ASKING = ("invitation", "reminder", "turn")
"""The kinds of mail that ask for a signature."""


def asking_subject(kind: str, locale: str, title: str, reference: str) -> str:
    """The subject of a mail of a kind in ASKING: it names the agreement that is to be signed."""
    gettext = translations(locale).gettext
    subjects = {
        "invitation": gettext("Please sign: %(title)s (%(reference)s)"),
        "reminder": gettext("Reminder: please sign %(title)s (%(reference)s)"),
        "turn": gettext("It is your turn to sign: %(title)s (%(reference)s)"),
    }
    return subjects[kind] % {"title": title, "reference": reference}


def _about_waiting(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "turn": (
            "",
            gettext("those who sign before you have done so or have declined: it is your turn to sign."),
        ),
        "reminder": (
            "",
            gettext("this is a reminder: the agreement below is open for your signature."),
        ),
        "question": (
            gettext("A question for the secretariat"),
            gettext("%(name)s asks:") + "\n\n%(text)s",
        ),
        "answer": (
            gettext("The secretariat has answered your question"),
            gettext("you asked:")
            + "\n\n%(question)s\n\n"
            + gettext("%(officer)s of the secretariat answers:")
            + "\n\n%(answer)s",
        ),
    }


def _about_people(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "refused": (
            gettext("A representative declined to sign"),
            gettext("%(name)s, who is to sign for %(party)s, declined, for this reason: %(reason)s"),
        ),
        "declined": (
            gettext("You have declined to sign"),
            gettext(
                "on %(when)s you declined to sign the agreement below for %(party)s, for this reason: %(reason)s\n\n"
                "If this was not you, please tell the secretariat at once. While signing is open, you may still sign."
            ),
        ),
        **_about_mandates(gettext),
    }


def _about_mandates(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    replaced = gettext("Somebody else signs in your place")
    lost = gettext(
        "%(officer)s of the secretariat has named somebody else to give this signature, which you no longer give:"
    )
    still = gettext("You are still to give:")
    unexpected = gettext("If you did not expect this, please tell the secretariat.")
    return {
        "replaced": (replaced, f"{lost}\n– %(place)s\n\n{unexpected}"),
        "replaced in part": (
            replaced,
            f"{lost}\n– %(place)s\n\n{still}\n%(kept)s\n\n{unexpected}",
        ),
        "mandate": (
            gettext("You have a new mandate"),
            gettext(
                "%(officer)s of the secretariat has given you a new mandate for this signature, by %(organ)s, in place "
                "of the earlier one:"
            )
            + "\n– %(place)s\n\n"
            + gettext("The reason: %(reason)s")
            + "\n\n"
            + gettext("A passkey that was confirmed for the earlier mandate has to be confirmed anew."),
        ),
    }


def _about_addresses(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "own-address": (
            gettext("Your e-mail address was changed"),
            gettext(
                "on %(when)s %(officer)s of the secretariat changed the e-mail address of your account from %(old)s to "
                "%(new)s. Links that were sent before work no more; you sign in with the new address now.\n\n"
                "If you did not ask for this, call the secretariat at once, at a number that you know."
            ),
        ),
        "address": (
            gettext("An e-mail address was changed"),
            gettext(
                "on %(when)s %(officer)s changed the e-mail address of %(name)s from %(old)s to %(new)s. If you do not "
                "know why, call %(name)s at a number that you know before you confirm a passkey of theirs."
            ),
        ),
    }


def _about_accounts(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    unless = "\n\n" + gettext(
        "If this was you, you need to do nothing. If not, call the secretariat at once, at a number that you know. On "
        "the page below you can sign out everywhere else."
    )
    return {
        "password-set": (
            gettext("A password was chosen for your account"),
            gettext("on %(when)s a password was chosen for your account.") + unless,
        ),
        "codes-set": (
            gettext("One-time codes were set up for your account"),
            gettext("on %(when)s one-time codes were set up beside the password of your account.") + unless,
        ),
        "passkey-added": (
            gettext("A passkey was made for your account"),
            gettext("on %(when)s a passkey was made for your account, %(use)s.") + unless,
        ),
        "passkey-removed": (
            gettext("A passkey of your account was revoked"),
            gettext("on %(when)s a passkey of your account was revoked, which you had %(use)s. It no longer works.")
            + unless,
        ),
    }


def _about_acts(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "signed": (
            gettext("Your signature is recorded"),
            gettext(
                "your signature was recorded on %(when)s. Your receipt is behind the link below.\n\n"
                "If this was not you, please tell the secretariat at once."
            ),
        ),
        "complete": (
            gettext("All required signatures are there"),
            gettext("all required signatures are there. An officer can now countersign."),
        ),
        "enough": (
            gettext("Enough parties have signed"),
            gettext(
                "enough parties have signed. An officer can now countersign; who has not signed by then cannot sign "
                "any more: %(missing)s."
            ),
        ),
        "countersigned": (
            gettext("The agreement is countersigned"),
            gettext(
                "%(officer)s countersigned for the secretariat on %(when)s. The signed PDF and the evidence can be "
                "downloaded."
            ),
        ),
    }


def _about_the_end(gettext: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    return {
        "withdrawn": (
            gettext("The agreement was withdrawn"),
            gettext("%(officer)s of the secretariat withdrew the agreement, for this reason: %(reason)s"),
        ),
        "extended": (
            gettext("There is more time to sign"),
            gettext(
                "the agreement can now be signed until %(until)s. %(officer)s of the secretariat gives this reason: "
                "%(reason)s"
            ),
        ),
        "renewal": (
            gettext("The proof of the signatures is to be renewed"),
            gettext(
                "the timestamp that the signatures rest on can be verified until %(until)s. The service adds a new one "
                "by itself where it can; if it could not, whoever runs it finds the reason with: "
                "signing-service renew %(agreement)s"
            ),
        ),
    }
