"""The report as one self-contained page that can be printed and filed: no script, no image, nothing fetched.

Path("report.html").write_text(report_to_html(report), encoding="utf-8")
report_to_section(report)  # the same, to stand in a page that has its own heading and style
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape

from signing_service.verify.report import Report, SignatureReport
from signing_service.verify.text import clean
from signing_service.verify.verdict import Check

_STYLE = """
body { font: 11pt/1.45 "Noto Sans", system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem;
  color: #1b1f24; background: #fff }
h1 { font-size: 1.5rem; border-left: .5rem solid; padding-left: .75rem }
h2 { font-size: 1.1rem; margin-top: 1.75rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem; text-align: left; vertical-align: top }
td { overflow-wrap: break-word }
td:first-child { white-space: nowrap }
.PASSED { color: #1a6b34 } .FAILED { color: #a40e26 } .INDETERMINATE { color: #7d4e00 }
code { font-size: .85em; overflow-wrap: anywhere }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid } }
"""


def report_to_html(report: Report) -> str:
    """Give the page. Every text from the file is escaped, control and bidirectional characters replaced."""
    return "\n".join(_page(report)) + "\n"


def report_to_section(report: Report) -> str:
    """Give what stands under the verdict, without the page around it."""
    return "\n".join(_section(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    verdict = report.verdict.value
    indication = f" ({report.indication.value})" if report.indication else ""
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{verdict}: {_text(report.name)}</title><style>{_STYLE}</style></head><body>"
    yield f'<h1 class="{verdict}">{verdict}{indication}</h1>'
    yield from _section(report)
    yield "</body></html>"


def _section(report: Report) -> Iterator[str]:
    yield "<table>"
    for name, value in _facts(report):
        yield f'<tr><th scope="row">{name}</th><td>{_text(value)}</td></tr>'
    yield "</table>"
    if report.problems:
        yield "<h2>What is wrong or missing</h2><ul>"
        yield from (_problem(check) for check in report.problems)
        yield "</ul>"
    if report.signatures:
        yield "<h2>Signatures</h2><table><thead><tr>"
        yield "".join(f'<th scope="col">{name}</th>' for name in ("Verdict", "For", "By", "When", "Evidence"))
        yield "</tr></thead><tbody>"
        for signature in report.signatures:
            yield _signature(signature)
        yield "</tbody></table>"
    yield f"<h2>Checks</h2><p>{len(report.checks)} checks were made.</p>"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    agreement, record = report.agreement, report.record
    yield "File", report.name
    if agreement is not None:
        yield "Agreement", f"{agreement.title}, {agreement.reference}, version {agreement.version}"
        yield "State", agreement.state
        if agreement.entry_into_force is not None:
            yield "In force from", _moment(agreement.entry_into_force)
    yield "SHA-256", f"{report.sha256} ({report.size} bytes)"
    yield "Verified as of", _moment(report.at)
    yield "Trust file", report.trust_fingerprint or "none"
    if record is not None and record.origin:
        witnesses = f"cosigned by {', '.join(record.witnesses)}" if record.witnesses else "not witnessed"
        yield "Record", f"{record.origin}, {record.size} entries, {witnesses}, uniqueness {record.uniqueness}"
    if report.provable_until is not None:
        yield "Provable until", _moment(report.provable_until)


def _signature(item: SignatureReport) -> str:
    names = dict.fromkeys((item.party or item.kind, item.party_native, item.field))  # a seal's field is called so too
    party = "<br>".join(_text(part) for part in names if part)
    signer = "<br>".join(_text(part) for part in (item.signer, item.role) if part)
    signer += f"<br><code>{item.certificate_sha256[:32]}</code>" if item.certificate_sha256 else ""
    time = _moment(item.time) if item.time else "no time is proven"
    clock = {True: "independent", False: "time not independent", None: ""}[item.time_independent]
    consent = f"“{item.consent}” ({item.consent_language})" if item.consent else ""
    evidence = [item.approval, item.identity, consent, f"mandate {item.mandate}" if item.mandate else "", *item.changes]
    evidence.append(f"record entry {item.entry}" if item.entry is not None else "")
    cells = [
        f'<strong class="{item.verdict.value}">{item.verdict.value}</strong>',
        party,
        signer,
        "<br>".join(_text(part) for part in (time, item.time_authority, clock) if part),
        "<br>".join(_text(part) for part in evidence if part),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _problem(check: Check) -> str:
    indication = f" [{check.indication.value}]" if check.indication else ""
    hint = f"<br>{_text(check.hint)}" if check.hint else ""
    verdict = f'<strong class="{check.verdict.value}">{check.verdict.value}</strong>'
    return f"<li>{verdict} {_text(check.subject)}: {_text(check.message)}{indication}{hint}</li>"


def _text(text: str) -> str:
    return escape(clean(text))


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
