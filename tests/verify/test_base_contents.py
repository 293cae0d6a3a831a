"""A base may hold nothing that runs, covers, hides or travels with it; and only the seal's certificate seals."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pikepdf import Array, Dictionary, Name, Stream, String

from signing_service.errors import FormatError
from signing_service.pdf.delta import byte_range_digest, seal_delta
from signing_service.pki.authority import issue_one_time
from signing_service.pki.cms import assemble, raw_signature_to_der, signed_attributes
from signing_service.pki.profiles import SEAL, certificate_builder
from signing_service.verify.base import read_base
from signing_service.verify.report import Report
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from tests.cast import ALLIANCE, LIN, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.pdf.small_base import make_base, terms_for
from tests.pdf.test_rendering import demo
from tests.verify.world import LATER, World

PEOPLE = (LIN, SOMCHAI)
SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert('signed')"))
Change = Callable[[pikepdf.Pdf], None]


def changed(base: bytes, change: Change) -> bytes:
    buffer = BytesIO()
    with pikepdf.open(BytesIO(base)) as pdf:
        change(pdf)
        pdf.save(
            buffer,
            deterministic_id=True,
            force_version="1.7",
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            linearize=False,
        )
    return buffer.getvalue()


def nothing(pdf: pikepdf.Pdf) -> None:
    pass


def field(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    return next(one for one in pdf.Root.AcroForm.Fields if str(one.T) == name)


def in_catalog(key: str, value: object) -> Change:
    return lambda pdf: pdf.Root.__setitem__(key, value)


def on_page(key: str, value: object) -> Change:
    return lambda pdf: pdf.pages[0].obj.__setitem__(key, value)


def in_field(key: str, value: object) -> Change:
    return lambda pdf: field(pdf, LIN.signer).__setitem__(key, value)


def annotated(**members: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        made = {f"/{key}": value for key, value in members.items()}
        made |= {"/Type": Name.Annot, "/F": 4, "/Rect": Array([60, 10, 300, 30])}
        pdf.pages[0].obj.Annots.append(pdf.make_indirect(Dictionary(made)))

    return change


def with_a_script_by_name(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Names.JavaScript = Dictionary(Names=Array([String("x"), SCRIPT]))


def with_an_outline_that_runs(pdf: pikepdf.Pdf) -> None:
    entry = pdf.make_indirect(Dictionary(Title=String("Article 1"), A=SCRIPT))
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=entry, Last=entry, Count=1))


def with_a_program(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["invoice.exe"] = b"MZ"


def with_an_optional_layer(pdf: pikepdf.Pdf) -> None:
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("print only")))
    pdf.pages[0].obj.Resources.Properties = Dictionary(x=layer)


def with_a_field_on_no_page(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.Annots = Array(list(pdf.pages[0].obj.Annots)[1:])


def with_fields_over_one_another(pdf: pikepdf.Pdf) -> None:
    field(pdf, SOMCHAI.signer).Rect = field(pdf, LIN.signer).Rect


def with_a_signature_before_signing(pdf: pikepdf.Pdf) -> None:
    look = Stream(pdf, b"BT /F1 10 Tf (signed) Tj ET", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    field(pdf, LIN.signer).AP.N = pdf.make_indirect(look)


def test_the_renderers_base_and_the_tests_small_one_are_read_also_after_pikepdf_wrote_them_again():
    assert len(read_base(changed(make_base(terms_for(PEOPLE)), nothing)).fields) == 12
    assert read_base(changed(demo(), nothing)).terms == read_base(demo()).terms


def test_a_link_within_the_document_is_accepted():
    change = annotated(Subtype=Name.Link, Border=Array([0, 0, 0]), Dest=Array([0, Name.Fit]))

    assert read_base(changed(make_base(terms_for(PEOPLE)), change)).fields


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (in_catalog("/OpenAction", SCRIPT), "catalog .*/OpenAction"),
        (in_catalog("/AA", Dictionary(WP=SCRIPT)), "catalog .*/AA"),
        (in_catalog("/OCProperties", Dictionary()), "catalog .*/OCProperties"),
        (with_a_script_by_name, "/Names .*/JavaScript"),
        (with_an_outline_that_runs, "outline entry .*/A$"),
        (with_a_program, "attachment 'invoice.exe'"),
        (on_page("/AA", Dictionary(O=SCRIPT)), "page 1 .*/AA"),
        (on_page("/Rotate", 180), "page 1 .*rotated"),
        (with_an_optional_layer, "resources of page 1 .*/Properties"),
        (annotated(Subtype=Name.Widget, FT=Name.Tx, T=String("amount"), V=String("1")), "annotation .* on page 1"),
        (annotated(Subtype=Name.FreeText, Contents=String("Article 1 is void")), "annotation .* on page 1"),
        (annotated(Subtype=Name.Link, Dest=Array([]), A=SCRIPT), "annotation .*/A$"),
        (annotated(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=String("https://example.org"))), "annotation .*/A$"),
        (in_field("/F", 2), "'njupt:president' .*flags"),
        (in_field("/AA", Dictionary(E=SCRIPT)), "field object .* by the grammar"),
        (in_field("/A", SCRIPT), "field object .* by the grammar"),
        (in_field("/MK", Dictionary(CA=String("signed"))), "'njupt:president' .*/MK"),
        (in_field("/Parent", Dictionary()), "'njupt:president' .*/Parent"),
        (in_field("/Rect", Array([0, 0, 0, 0])), "'njupt:president' .*not seen"),
        (in_field("/Rect", Array([600, 10, 820, 50])), "'njupt:president' .*not seen"),
        (lambda pdf: field(pdf, "seal").__setitem__("/Rect", Array([0, 0, 595, 842])), "'seal' .*place on paper"),
        (with_fields_over_one_another, "'njupt:president' and 'andaman:president' on page 1 .*overlap"),
        (with_a_field_on_no_page, "'njupt:president' .*on no page"),
        (with_a_signature_before_signing, "'njupt:president' .*shows something"),
    ],
)
def test_a_base_with_what_acts_covers_hides_or_travels_is_refused_by_name(change: Change, named: str):
    with pytest.raises(FormatError, match=named):
        read_base(changed(make_base(terms_for(PEOPLE)), change))


class SealedByARepresentative(Ceremony):
    """The seal is made with a one-time key of Lin's."""

    def _seal(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        certificate = issue_one_time(self.keystore, spki, self._subject(LIN), self.now)
        self._seal_with(key, [certificate, self.keystore.issuing_ca])

    def _seal_with(self, key, chain) -> None:
        delta = seal_delta(self.layout, self.tail, ALLIANCE, "Publication", self.now)
        attributes = signed_attributes(byte_range_digest(self.pdf, delta), chain[0], None)
        r, s = decode_dss_signature(key.sign(attributes, ec.ECDSA(hashes.SHA256())))
        signature = raw_signature_to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        self._append(delta, assemble(attributes, signature, chain, self._timestamp(signature).der))


class SealedByTheWrongAuthority(SealedByARepresentative):
    """The seal's certificate has the seal's profile, and the issuer of one-time certificates."""

    def _seal(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.keystore.issuing_ca
        builder = certificate_builder(SEAL, self.keystore.seal.subject, key.public_key(), issuer=issuer, now=self.now)
        self._seal_with(key, [self.keystore.sign_certificate("issuing-ca", builder), issuer])


def sealed(kind: type[Ceremony]) -> Report:
    ceremony = kind.published(PEOPLE)
    ceremony.sign(LIN)
    return verify_pdf(ceremony.pdf, World(ceremony).trust(), LATER)


def test_the_services_own_seal_passes():
    assert sealed(Ceremony).signatures[0].verdict is Verdict.PASSED


def test_a_seal_by_a_representatives_one_time_certificate_is_refused():
    report = sealed(SealedByARepresentative)

    assert report.verdict is Verdict.FAILED
    assert report.signatures[0].verdict is Verdict.FAILED
    messages = " ".join(check.message for check in report.problems)
    assert "the seal is by a one-time certificate of 'Lin Shuyi'" in messages
    assert "urn:signing-service:" in messages


def test_a_seal_by_the_authority_of_the_one_time_certificates_is_refused():
    report = sealed(SealedByTheWrongAuthority)

    assert report.signatures[0].verdict is Verdict.FAILED
    assert [check.message for check in report.problems if check.subject == "field seal"] == [
        "the seal's certificate is from the authority of the one-time certificates"
    ]
