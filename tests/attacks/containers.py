"""Containers: what CMS leaves unsigned, and signed attributes that a careless reader accepts.

Made on revision 0 of our ceremony, whose seal key signs again where the attack needs a signature that verifies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.pdf.delta import byte_range_digest, embed, seal_delta
from signing_service.pdf.grammar import read_tail
from signing_service.pki.cms import assemble, signed_attributes
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.verify.der import wrap
from signing_service.verify.pades.ber import read_element
from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, ceremony
from tests.attacks.editing import container_of, with_container
from tests.cast import ALLIANCE, NOON


def _stamp(data: bytes) -> bytes:
    return BuiltInAuthority(ceremony().keystore).timestamp(hashlib.sha256(data).digest(), NOON).der


def resealed(change: Callable[[bytes], bytes] = lambda attributes: attributes, **parts: Any) -> bytes:
    """Revision 0 anew, with signed attributes changed before they are signed by the real seal key."""
    held = ceremony()
    delta = seal_delta(held.layout, read_tail(held.base), ALLIANCE, "Seal", NOON)
    digest = parts.get("digest", byte_range_digest(held.base, delta))
    attributes = change(signed_attributes(digest, parts.get("named", held.keystore.seal), None))
    signature = held.keystore.sign("seal", attributes)
    chain = parts.get("chain", [held.keystore.seal, held.keystore.services_ca])
    der = assemble(attributes, signature, chain, parts.get("token", _stamp)(signature))
    return held.base + embed(delta, parts.get("container", lambda item: item)(der))


def reframed(change: Callable[[cms.ContentInfo], None]) -> bytes:
    """Revision 0 with its container changed in what nobody signs."""
    pdf = CONTROLS["sealed"]()
    info = cms.ContentInfo.load(container_of(pdf))
    change(info)
    return with_container(pdf, info.dump())


def _signed_data(change: Callable[[cms.SignedData], None]) -> bytes:
    return reframed(lambda info: change(info["content"]))


def _signer(change: Callable[[cms.SignerInfo], None]) -> bytes:
    return _signed_data(lambda data: change(data["signer_infos"][0]))


def _attributes(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """Change the list of signed attributes; the order is kept as it comes out."""

    def apply(attributes: bytes) -> bytes:
        parsed = cms.CMSAttributes.load(attributes)
        items = b"".join(change([item.dump() for item in parsed]))
        size = len(items)
        length = (
            bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big") if size > 255 else bytes([0x81, size])
        )
        return b"\x31" + length + items

    return apply


def _without(oid: str) -> Callable[[bytes], bytes]:
    needle = core.ObjectIdentifier(oid).dump()
    return _attributes(lambda items: [item for item in items if needle not in item[:20]])


_FORM = "not the DER|canonical|not exactly|not of the profile|signers|elements"


@attack("containers", on="sealed", agreement="one signer|not the DER", pades="0 signers")
def no_signer_at_all():
    return _signed_data(lambda data: data.__setitem__("signer_infos", cms.SignerInfos([])))


@attack("containers", on="sealed", agreement="one signer", pades="2 signers")
def two_signers():
    pdf = CONTROLS["sealed"]()
    info = read_element(container_of(pdf), padded=True)
    parts = info.children[1].children[0].children
    signers = wrap(0x31, parts[-1].children[0].der * 2)
    data = wrap(0x30, b"".join(part.der for part in parts[:-1]) + signers)
    return with_container(pdf, wrap(0x30, info.children[0].der + wrap(0xA0, data)))


@attack("containers", on="sealed", agreement="not exactly those", pades="content-type is missing")
def the_content_type_is_not_signed():
    return resealed(_without("1.2.840.113549.1.9.3"))


@attack("containers", on="sealed", agreement="not exactly those", pades="message-digest is missing")
def the_digest_is_not_signed():
    return resealed(_without("1.2.840.113549.1.9.4"))


@attack("containers", on="sealed", agreement="not exactly those", pades="does not name its signer's certificate")
def the_certificate_is_not_signed():
    return resealed(_without("1.2.840.113549.1.9.16.2.47"))


@attack("containers", on="sealed", agreement="twice|canonical|not the DER", pades="stands twice")
def an_attribute_stands_twice():
    return resealed(_attributes(lambda items: sorted([*items, items[1]])))


@attack("containers", on="sealed", agreement="canonical|not the DER|does not fit", pades="does not fit")
def attributes_are_out_of_order_and_signed_in_order():
    pdf = resealed()
    der = container_of(pdf)
    parsed = cms.ContentInfo.load(der)["content"]["signer_infos"][0]["signed_attrs"]
    items = [item.dump() for item in parsed]
    return with_container(pdf, der.replace(b"".join(items), b"".join(reversed(items))))


@attack("containers", on="sealed", agreement="canonical|not the DER|does not fit")
def attributes_are_out_of_order_and_signed_so():
    return resealed(_attributes(lambda items: list(reversed(items))))


@attack("containers", on="sealed", agreement="signed digest", pades="signed digest")
def the_digest_is_of_other_bytes():
    return resealed(digest=hashlib.sha256(b"another document").digest())


@attack("containers", on="sealed", agreement="signing-certificate-v2 does not", pades="names another certificate")
def the_signed_certificate_is_another():
    return resealed(named=ceremony().keystore.services_ca)


@attack("containers", on="sealed", agreement="certificate", pades="certificate")
def another_certificate_with_the_same_key_takes_its_place():
    return _signed_data(
        lambda data: data.__setitem__("certificates", [_impostor(), _der(ceremony().keystore.services_ca)])
    )


def _der(certificate: x509.Certificate) -> cms.CertificateChoices:
    return cms.CertificateChoices.load(certificate.public_bytes(Encoding.DER))


def _impostor() -> cms.CertificateChoices:
    """The seal's key, serial number and issuer under another name, signed by nobody whom we trust."""
    real = ceremony().keystore.seal
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Impostor")]))
        .issuer_name(real.issuer)
        .public_key(real.public_key())
        .serial_number(real.serial_number)
        .not_valid_before(real.not_valid_before_utc)
        .not_valid_after(real.not_valid_after_utc)
    )
    return _der(builder.sign(key, hashes.SHA256()))


@attack("containers", on="sealed", agreement="not in the file|not the DER", pades="not in the file")
def the_certificate_is_left_out():
    return _signed_data(lambda data: data.__setitem__("certificates", [_der(ceremony().keystore.services_ca)]))


@attack("containers", on="sealed", agreement="not a link of the chain")
def the_root_is_embedded():
    held = ceremony().keystore
    return resealed(chain=[held.seal, held.services_ca, held.root])


@attack("containers", on="sealed", agreement="not a link of the chain")
def a_certificate_is_embedded_that_nobody_needs():
    held = ceremony().keystore
    return resealed(chain=[held.seal, held.services_ca, held.issuing_ca])


@attack("containers", on="sealed", agreement="version 1")
def the_version_is_another():
    return _signed_data(lambda data: data.__setitem__("version", "v3"))


@attack(
    "containers",
    on="sealed",
    agreement="algorithms other|announces other",
    pades="contradict|announce|signed digest|does not fit",
)
def the_digest_algorithm_is_another():
    def change(signer):
        signer["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": "sha512"})

    return _signer(change)


@attack("containers", on="sealed", agreement="algorithms other")
def an_algorithm_has_a_null_where_there_is_none():
    def change(data):
        algorithm = algos.DigestAlgorithm({"algorithm": "sha256", "parameters": core.Null()})
        data["digest_algorithms"] = cms.DigestAlgorithms([algorithm])
        data["signer_infos"][0]["digest_algorithm"] = algorithm

    return _signed_data(change)


@attack("containers", on="sealed", agreement="DER")
def the_length_is_indefinite():
    der = container_of(CONTROLS["sealed"]())
    size = int.from_bytes(der[2:4], "big")
    return with_container(CONTROLS["sealed"](), b"\x30\x80" + der[4 : 4 + size] + b"\x00\x00")


@attack("containers", on="sealed", agreement="padded with zeroes only", pades="bytes follow")
def a_byte_stands_in_the_padding():
    der = bytearray(container_of(CONTROLS["sealed"]()))
    der[-1] = 1
    return with_container(CONTROLS["sealed"](), bytes(der))


@attack("containers", on="sealed", agreement="lower-case|agreed form")
def the_digits_are_upper_case():
    pdf = CONTROLS["sealed"]()
    digits = container_of(pdf).hex().encode()
    return pdf.replace(digits, digits.upper())


@attack("containers", on="sealed", agreement="id-data", pades="content of its own")
def the_container_has_content_of_its_own():
    def change(data):
        data["encap_content_info"]["content"] = b"signed elsewhere"

    return _signed_data(change)


@attack("containers", on="sealed", agreement="does not fit", pades="does not fit")
def the_signature_value_is_anothers():
    other = ec.generate_private_key(ec.SECP256R1()).sign(b"something", ec.ECDSA(hashes.SHA256()))

    def change(signer):
        signer["signature"] = other

    return _signer(change)


@attack("containers", on="sealed", agreement="exactly one timestamp", pades="")
def there_is_no_timestamp():
    return _signer(lambda signer: signer.__delitem__("unsigned_attrs"))


@attack("containers", on="sealed", agreement="the timestamp is of other bytes", pades="the timestamp is of other bytes")
def the_timestamp_is_copied_from_another_signature():
    return resealed(token=lambda signature: _stamp(b"another signature"))


@attack("containers", on="sealed", agreement="timestamps|one value|exactly one")
def there_are_two_timestamps():
    pdf = CONTROLS["sealed"]()
    info = read_element(container_of(pdf), padded=True)
    parts = info.children[1].children[0].children
    fields = parts[-1].children[0].children
    attribute = fields[-1].children[0]
    doubled = wrap(0x30, attribute.children[0].der + wrap(0x31, attribute.children[1].children[0].der * 2))
    signer = wrap(0x30, b"".join(part.der for part in fields[:-1]) + wrap(0xA1, doubled))
    data = wrap(0x30, b"".join(part.der for part in parts[:-1]) + wrap(0x31, signer))
    return with_container(pdf, wrap(0x30, info.children[0].der + wrap(0xA0, data)))


@attack("containers", on="sealed", agreement="not exactly those|canonical")
def a_signing_time_is_signed_too():
    item = cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(NOON)})]})
    return resealed(_attributes(lambda items: sorted([*items, item.dump()])))


@attack("containers", on="sealed", agreement="is not for timestamping", pades="")
def the_timestamp_is_by_a_key_that_is_not_for_it():
    held = ceremony().keystore

    class Seal:
        timestamp, services_ca = held.seal, held.services_ca

        @staticmethod
        def sign(role: str, data: bytes) -> bytes:
            return held.sign("seal", data)

    def token(signature: bytes) -> bytes:
        return BuiltInAuthority(Seal()).timestamp(hashlib.sha256(signature).digest(), NOON).der

    return resealed(token=token)
