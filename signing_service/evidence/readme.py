"""The README.txt of an evidence bundle: how to check it, in words, with tools that are not ours."""

from __future__ import annotations

import base64

from signing_service.record.checkpoint import Checkpoint

_TEXT = """\
Evidence for agreement {agreement}
==================================================

This file was written together with the agreement in agreement.pdf. It lets
anybody check, offline and years from now, who signed, on whose behalf, when,
and that the record of the signing was not rewritten. It contains no key that
you should trust: get the trust file (trust.json) from the alliance's members
or from paper, and compare its fingerprint before you use it.

The short way
    pip install signing-service
    signing-service verify --trust trust.json {file_name}

What is in here
    agreement.pdf       the agreement with all signatures
    events.jsonl        one line for each event: the entry as it stands in the
                        record, the event, and the salt that opens the entry
    proofs/             for each entry, the proof that the record holds it;
                        all with the same checkpoint (size {size})
    certificates.pem    the certificates that the signatures use
    mandates/           full powers, named by their SHA-256
    manifest.json       the SHA-256 of every other file

By hand, without our software
 1. The files are the ones that the manifest names:
        sha256sum agreement.pdf events.jsonl certificates.pem
    and compare with manifest.json.
 2. The signatures are whole, and the newest covers the file:
        pdfsig agreement.pdf
    The name of each certificate says for which university it was made. One-time
    certificates last one hour: "expired" is right today, the timestamp inside
    the signature is what counts.
 3. The certificates lead to the root that the trust file names. Put the text
    of "certificate" of its "root" into root.pem, each of the certificates that
    ends a "-----BEGIN CERTIFICATE-----" block into a file of its own, and
        openssl x509 -in one.pem -noout -subject -issuer -dates
        openssl verify -no_check_time -CAfile root.pem -untrusted certificates.pem one.pem
 4. An event is the one that its entry commits to. For a line of events.jsonl,
    write the value of "event" to event.json exactly as it stands there, without
    a line feed, and the salt (base64url) as 32 bytes to salt.bin; then
        (printf 'signing-service/event/v1\\000'; cat salt.bin event.json) | sha256sum
    gives the "commitment" of the entry.
 5. The entry is a leaf of the record. Write the value of "entry" to entry.json
    the same way; its leaf hash is
        (printf '\\000'; cat entry.json) | openssl dgst -sha256
    and proofs/<index>.tlog-proof lists, one base64 hash a line, what to combine
    it with: SHA-256 over the byte 01, the left hash and the right hash, up to
        {root}
    which is the root that the checkpoint at the end of each proof signs
    (formats: RFC 6962; c2sp.org/tlog-proof, tlog-checkpoint, signed-note).
 6. A "signature" event names the SHA-256 of the whole PDF as it was after that
    signature ("pdf_sha256"), and its length ("pdf_length"):
        head -c <pdf_length> agreement.pdf | sha256sum
"""


def readme(agreement: str, checkpoint: Checkpoint, file_name: str) -> bytes:
    """The text for one bundle, ASCII."""
    root = base64.b64encode(checkpoint.root).decode()
    return _TEXT.format(agreement=agreement, size=checkpoint.size, root=root, file_name=file_name).encode("ascii")
