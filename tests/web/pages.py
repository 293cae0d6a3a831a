"""Every page by who looks at it, so that a new one is looked at too: a test compares this with the routes."""

from __future__ import annotations

from tests.cast import LIN, OFFICER, Person

PUBLIC = (
    "/",
    "/sign-in",
    "/verify",
    "/help/yellow-mark",
    "/trust",
    "/record/",
    "/nowhere",
    "/ceremony/{agreement}",
    "/status/{agreement}",
)
OWN = (
    "/agreements/",
    "/agreements/{agreement}/",
    "/agreements/{agreement}/decline/njupt:president",
    "/agreements/{agreement}/passkey/njupt:president/",
    "/agreements/{agreement}/questions/",
    "/agreements/{agreement}/own-certificate/njupt:president",
    "/passkeys/",
    "/account/",
    "/account/codes/",
    "/prove",
)
OFFICERS = (
    "/secretariat/",
    "/secretariat/people",
    "/secretariat/people/{person}/access/",
    "/secretariat/people/{person}/correction/",
    "/secretariat/officers/",
    "/secretariat/agreements/new",
    "/secretariat/agreements/new/files",
    "/secretariat/agreements/{agreement}/",
    "/secretariat/agreements/{agreement}/history",
    "/secretariat/agreements/{agreement}/correction",
    "/secretariat/agreements/{agreement}/correction/form",
    "/secretariat/agreements/{agreement}/feeds/",
    "/secretariat/agreements/{agreement}/observers/",
    "/secretariat/agreements/{agreement}/paper/",
    "/secretariat/agreements/{agreement}/extension/",
    "/secretariat/agreements/{agreement}/questions/",
    "/secretariat/agreements/{agreement}/representatives",
    "/secretariat/agreements/{agreement}/withdraw",
    "/secretariat/agreements/{draft}/",
    "/secretariat/agreements/{draft}/files",
    "/secretariat/agreements/{draft}/form",
    "/secretariat/agreements/{draft}/own-certificates",
    "/secretariat/agreements/{draft}/parties",
    "/secretariat/agreements/{draft}/rules",
    "/secretariat/passkeys/",
    "/secretariat/table/",
    "/secretariat/table/{agreement}/njupt:president",
    "/service/",
    "/passkeys/",
)
BY_PERSON: dict[Person | None, tuple[str, ...]] = {None: PUBLIC, LIN: OWN, OFFICER: OFFICERS}

ELSEWHERE = {
    "account.invitation": "test_an_invitation_leads_from_the_link_to_the_agreement",
    "representative.receipt": "test_every_stage_of_signing_is_accessible_and_fits",
    "signing_table.free": "test_signing_table.py",
    "verification.report": "test_verification_in_chromium.py",
}  # pages that need something to have happened before
NO_PAGES = (
    *("static", "public.choose_language", "public.font", "public.han_style_sheet", "public.health"),
    *("public.trust_file", "public.earlier_trust_file", "public.root_certificate"),
    *("operations.metrics", "operations.ready"),
    *("record.checkpoint", "record.feed", "record.tile", "hall.state"),
    *("own.clock", "own_certificate.to_sign", "paper.scan", "university.begin", "university.finish"),
    *("api.state", "api.session_state", "passkeys.own_enrolments", "passkeys.waiting"),
    *("representative.pdf", "representative.evidence", "representative.receipt_file", "representative.revision"),
    *("representative.page", "secretariat.preview", "secretariat.preview_page"),
    *("well_known.favicon", "well_known.robots", "well_known.security"),
    *("spreadsheets.history", "spreadsheets.parties", "spreadsheets.people", "sources.present", "sources.specimen"),
)  # files, pictures, JSON, ways to somewhere else
