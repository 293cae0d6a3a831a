"""What a signature costs the server, at the 1st and at the 200th, beside pyHanko signing the same document."""

from __future__ import annotations

import statistics
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from bench.stage import Stage
from bench.table import Row, best_of


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Sign agreements of 12 and 200 parties (40 without ``--full``)."""
    small = Stage.make(folder / "small", 12)
    base = small.pdf()
    costs, sizes = [], [len(base)]
    for signer, person in small.signers:
        costs.append(small.sign(signer, person))
        sizes.append(len(small.pdf()))
    largest = max(after - before for before, after in pairwise(sizes)) / 1024
    small.close()
    peer = _pyhanko(base)
    many = 200 if full else 40
    growing = Stage.make(folder / "large", many).sign_all()
    first, last = statistics.median(growing[:10]), statistics.median(growing[-10:])
    median = statistics.median(costs)
    size = (len(small.pdf()) - len(base)) / 14 / 1024
    return [
        Row(
            "signing",
            "server CPU a signature, 12 parties",
            median * 1000,
            "ms",
            "<= 30 ms",
            f"pyHanko sign_pdf {peer * 1000:.0f} ms",
            peer / median,
        ),
        Row("signing", f"the last of {many} beside the first", last / first, "times", "<= 1.5 times"),
        Row("signing", "the largest signature with timestamp, any script", largest, "KB", "<= 20 KB"),
        Row("signing", "a signature with its part of the archive (OCSP)", size, "KB", "<= 20 KB"),
    ]


def _pyhanko(pdf: bytes) -> float:
    """Seconds that pyHanko's own sign_pdf takes for one visible signature on the same document, no timestamp."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner, signers
    from pyhanko.stamp import TextStampStyle

    signer = signers.SimpleSigner.load_pkcs12(_pkcs12(), passphrase=b"peer")
    style = TextStampStyle(stamp_text="Signed by %(signer)s\n%(ts)s")

    def run() -> None:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        metadata = PdfSignatureMetadata(field_name="njupt:president", md_algorithm="sha256")
        PdfSigner(metadata, signer, stamp_style=style).sign_pdf(writer)

    return best_of(3, run)


def _pkcs12() -> str:
    import tempfile
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Peer")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    builder = builder.add_extension(
        x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
    )
    protection = serialization.BestAvailableEncryption(b"peer")
    data = pkcs12.serialize_key_and_certificates(b"peer", key, builder.sign(key, hashes.SHA256()), None, protection)
    with tempfile.NamedTemporaryFile(suffix=".p12", delete=False) as file:
        file.write(data)
    return file.name
