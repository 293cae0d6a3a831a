"""The table of signatures on the report's page: for whom, by whom and when, by what evidence.

    "".join(signature_table(report, words))
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from signing_service.verify.html_facts import moment
from signing_service.verify.html_text import in_language, told_text
from signing_service.verify.report import Report, SignatureReport
from signing_service.verify.speech import ENGLISH, Words
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import Verdict

_WHICH_TIME = _l(
    "The time that counts is the one of the timestamp: it proves when the signature was there. "
    "The time that a signature states itself, and prints in its box, is when its visible mark was made."
)
_GUEST = _l("guest: attests, and counts for no quorum")
_VERDICTS = {
    Verdict.PASSED: _l("good"),
    Verdict.INDETERMINATE: _l("not proven"),
    Verdict.FAILED: _l("bad"),
}
KINDS = {
    "seal": _l("seal of the alliance"),
    "signature": _l("signature"),
    "countersignature": _l("countersignature of the secretariat"),
    "archive": _l("archive timestamp"),
    "certification": _l("certification"),
    "timestamp": _l("timestamp"),
}


def signature_table(report: Report, words: Words) -> Iterator[str]:
    """The lines of its HTML, the heading included; nothing where there is no signature."""
    _ = words.say
    if not report.signatures:
        return
    yield f"<h2>{_('Signatures')}</h2><p>{_(_WHICH_TIME)}</p>"
    yield '<table class="signatures"><thead><tr>'
    yield "".join(f'<th scope="col">{name}</th>' for name in (_("For"), _("By, and when"), _("Evidence")))
    yield "</tr></thead><tbody>"
    for signature in report.signatures:
        cells = (_for_whom(signature, words), _by_whom(signature, words), _evidence(signature, words))
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table>"


def _for_whom(item: SignatureReport, words: Words) -> str:
    verdict = f'<strong class="{item.verdict.value}">{item.verdict.value}</strong>'
    if words.language != ENGLISH:
        verdict += f" {words.say(_VERDICTS[item.verdict])}"
    kind = words.say(KINDS.get(item.kind, item.kind))
    party = in_language(item.party, "en", words) if item.party else in_language(kind, words.language, words)
    native = in_language(item.party_native, item.party_language, words) if item.party_native != item.party else ""
    field = in_language(item.field, words.language, words) if item.field not in (item.party, item.kind) else ""
    return "<br>".join(part for part in (verdict, party, native, field) if part)


def _by_whom(item: SignatureReport, words: Words) -> str:
    _ = words.say
    signer = [in_language(item.signer, words.language, words), in_language(item.role, "en", words)]
    signer.append(in_language(_(_GUEST), words.language, words) if item.guest else "")
    if item.certificate_sha256:
        signer.append(f"<code>{item.certificate_sha256[:32]}</code>")
    clock = {True: _("independent"), False: _("time not independent"), None: ""}[item.time_independent]
    time = moment(item.time) if item.time else _("no time is proven")
    by = f"{item.time_authority} ({clock})" if clock else item.time_authority
    stated = item.claimed_time if item.time and item.claimed_time != item.time else None
    proven = [in_language(time, words.language, words), in_language(by, words.language, words), _stated(stated, words)]
    return "<br>".join(part for part in (*signer, *proven) if part)


def _stated(time: datetime | None, words: Words) -> str:
    _ = words.say
    return "<small>" + _("states itself: %(time)s", time=moment(time)) + "</small>" if time else ""


def _evidence(item: SignatureReport, words: Words) -> str:
    _ = words.say
    consent = ""
    if item.consent:
        consent = in_language(f"“{item.consent}” ({item.consent_language})", item.consent_language, words)
    parts = {
        _("Approved by"): told_text(item.approval, words),
        _("Identity"): told_text(item.identity, words),
        _("Approved sentence"): consent,
        _("Mandate"): told_text(item.mandate, words),
        _("Record entry"): str(item.entry) if item.entry is not None else "",
        _("Changed later"): "; ".join(told_text(one, words) for one in item.changes),
    }
    listed = "".join(f"<dt>{name}</dt> <dd>{text}</dd>" for name, text in parts.items() if text)
    return f"<dl>{listed}</dl>" if listed else ""
