"""Approvals: what a person approves, the evidence that they did, and the check of both.

    statement = Statement(act="signature", agreement=…, signer="njupt:president", …)
    approval = service_approval(statement.to_json(), "password", time)
    verify_approval(approval, Expected(act="signature", agreement=…), at=time)

Pure functions over bytes and values, shared by the service and the verifier.
"""

from signing_service.approval.check import Expected, RelyingParty, verify_approval, verify_assertion
from signing_service.approval.confirmation import (
    Confirmation,
    ConfirmationStatement,
    Enrolled,
    Method,
    enrolment_code,
    verify_confirmation,
)
from signing_service.approval.cose import CoseKey, parse_cose_key
from signing_service.approval.evidence import (
    SERVICE_METHODS,
    Approval,
    Assurance,
    PasskeyAssertion,
    ServiceAssertion,
    service_approval,
)
from signing_service.approval.statement import Act, Statement, challenge_of

__all__ = [
    "SERVICE_METHODS",
    "Act",
    "Approval",
    "Assurance",
    "Confirmation",
    "ConfirmationStatement",
    "CoseKey",
    "Enrolled",
    "Expected",
    "Method",
    "PasskeyAssertion",
    "RelyingParty",
    "ServiceAssertion",
    "Statement",
    "challenge_of",
    "enrolment_code",
    "parse_cose_key",
    "service_approval",
    "verify_approval",
    "verify_assertion",
    "verify_confirmation",
]
