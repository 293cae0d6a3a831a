"""Ours against pyHanko, pdfsig and openssl on every file; each disagreement is explained here, or the test fails."""

from __future__ import annotations

import warnings
from datetime import datetime

import pytest
from cryptography import x509

from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.catalogue import ATTACKS
from tests.attacks.documents import CONTROLS, OURS, office, world
from tests.attacks.editing import contents_span
from tests.attacks.judges import openssl_accepts, pdfsig_accepts, pyhanko_accepts
from tests.attacks.test_attacks import CLASSES, judge
from tests.verify.edits import filled_in, with_empty_field, with_title, with_validation_material
from tests.verify.foreign import SIGNED_AT, Office, plain_pdf
from tests.verify.world import LATER

assert CLASSES

SEES_SIGNED_BYTES_ONLY = "it judges the signed bytes and looks neither at what was changed later nor at trust"
NOT_SINCE_SIGNED = "it compares with the signed revision alone, which had no such material yet"

# (judge, kind and name of the attack or control) to why it differs from ours; a name ending in * stands for a class.
EXPLAINED = {
    ("pyhanko", "control signed"): "the one-time certificate expired; its LTA validation would use the timestamp",
    ("pyhanko", "control archived"): "the one-time certificate expired; its LTA validation would use the timestamp",
    ("pdfsig", "control archived"): "it cannot check document timestamps",
    ("pdfsig", "saving *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "certification *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "parsing *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "shadow *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "material *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "tagging *"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "wrapping a second dictionary claims the same range"): SEES_SIGNED_BYTES_ONLY,
    ("pdfsig", "containers *"): "it takes any container whose digest and signature value fit",
    ("pyhanko", "saving content is appended without table and trailer"): "it takes bytes after the last %%EOF",
    ("pyhanko", "saving content is appended with a table but no trailer"): "it takes bytes after the last %%EOF",
    ("pyhanko", "saving content is appended and the old end repeated"): "it takes bytes after a signed revision",
    ("pyhanko", "saving bytes stand after the end"): "it takes bytes after the last %%EOF",
    ("pyhanko", "saving unlisted objects ride along in an update"): "it looks at listed objects only",
    ("pdfsig", "appearances *"): SEES_SIGNED_BYTES_ONLY,
    ("pyhanko", "appearances *"): "it does not read appearances",
    ("pyhanko", "certification a field shows something else than its value"): "it does not read appearances",
    ("pyhanko", "certification a fields appearance changes and its value does not"): "it does not read appearances",
    ("pyhanko", "certification a field shows something else in a composite font"): "it does not read appearances",
    ("pyhanko", "certification viewers are asked to draw the fields anew"): "it does not read appearances",
    ("pyhanko", "parsing an object hides in the data of another"): "it looks at listed objects only",
    ("pyhanko", "parsing a field draws its lie in curves"): "it does not read appearances",
    ("pyhanko", "material the material is taken out"): NOT_SINCE_SIGNED,
    ("pyhanko", "material an entry for one signature is taken out"): NOT_SINCE_SIGNED,
    ("pyhanko", "material a certificate in the material is another one"): NOT_SINCE_SIGNED,
    ("pyhanko", "material the metadata bring entities"): "it takes a document type whose entities nobody uses",
    ("pyhanko", "material the metadata are in an unknown encoding"): "it reads them as UTF-8 whatever they say",
    ("pyhanko", "control tagged field"): "it has no rule for the structure elements of new fields",
    ("pyhanko", "tagging the document is no longer tagged"): "it lets /MarkInfo change",
    ("pyhanko", "containers the certificate is not signed"): "it does not insist on ESS",
    ("pyhanko", "containers a byte stands in the padding"): "it does not look at the padding",
}


def is_explained(who: str, name: str) -> bool:
    kind = name.partition(" ")[0]
    return (who, name) in EXPLAINED or (who, f"{kind} *") in EXPLAINED


def roots_of(control: str) -> tuple[list[x509.Certificate], datetime]:
    if control in OURS:
        return [world().ceremony.keystore.root], LATER
    return [office().root.certificate], SIGNED_AT


CASES = [(f"control {name}", build, name) for name, build in CONTROLS.items()] + [
    (f"{attack.kind} {attack.name}", attack.build, attack.control) for attack in ATTACKS if attack.profile == "pades"
]


@pytest.mark.parametrize(("name", "build", "control"), CASES, ids=[name for name, _, _ in CASES])
def test_a_disagreement_is_explained(name, build, control, tmp_path):
    pdf = build()
    ours = judge(pdf, control, "pades").verdict is Verdict.PASSED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = {"pyhanko": pyhanko_accepts(pdf, *roots_of(control)), "pdfsig": pdfsig_accepts(pdf, tmp_path)}

    assert [who for who, accepts in theirs.items() if accepts != ours and not is_explained(who, name)] == []


LAWFUL = {
    "rsa": lambda: Office.opened("rsa").sign(plain_pdf()),
    "two signatures": lambda: office().sign(office().sign(plain_pdf()), "Sig2", box=(60, 60, 200, 100)),
    "object streams": lambda: office().sign(plain_pdf(object_streams=True)),
    "filled in": lambda: filled_in(office().sign(plain_pdf(fields=True)), "Reason", "friendship"),
    "empty field": lambda: with_empty_field(office().sign(plain_pdf())),
    "title": lambda: with_title(office().sign(plain_pdf()), "Another title"),
    "validation material": lambda: with_validation_material(office().sign(plain_pdf()), office().root.certificate),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_what_pyhanko_and_pdfsig_accept_as_lawful_we_accept(name, tmp_path):
    pdf, signer = LAWFUL[name](), Office.opened("rsa") if name == "rsa" else office()

    assert pyhanko_accepts(pdf, [signer.root.certificate], SIGNED_AT)
    assert pdfsig_accepts(pdf, tmp_path)
    assert verify_pdf(pdf, signer.trust(), SIGNED_AT, profile="pades").verdict is Verdict.PASSED


@pytest.mark.parametrize("control", ["approval", "sealed", "signed"])
def test_openssl_agrees_on_the_container_and_on_a_changed_byte(control, tmp_path):
    pdf = CONTROLS[control]()
    start, end = contents_span(pdf)
    container = bytes.fromhex(pdf[start + 1 : end - 1].decode())
    length = 4 + int.from_bytes(container[2:4], "big")
    content = pdf[:start] + pdf[end:]
    at = SIGNED_AT if control == "approval" else world().ceremony.acts[0].token.time
    roots, _ = roots_of(control)
    changed = content[:-30] + b"?" + content[-29:]

    assert openssl_accepts(container[:length], content, roots, at, tmp_path)
    assert not openssl_accepts(container[:length], changed, roots, at, tmp_path)
