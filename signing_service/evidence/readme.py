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

The short way, with the alliance's own verifier (install it from the source or
wheel that the alliance's members hand out, not by its name from elsewhere)
    signing-service verify --trust trust.json {file_name}

What is in here
    agreement.pdf       the agreement with all signatures
    events.jsonl        one line for each event: the entry as it stands in the
                        record, the event, and the salt that opens the entry
    proofs/             for each entry, the proof that the record holds it;
                        all with the same checkpoint (size {size})
    certificates.pem    every certificate in agreement.pdf, in the order in which
                        they stand there; the root is in the trust file alone
    mandates/           full powers, named by their SHA-256
    papers/             scans of signatures on paper, where the rules allow them; named by their SHA-256
    manifest.json       the SHA-256 of every other file

By hand, without our software (a shell with openssl, sha256sum and pdfsig)
 1. The files are the ones that the manifest names:
        sha256sum agreement.pdf events.jsonl certificates.pem README.txt
    and compare with manifest.json.
 2. The signatures are whole, and the newest covers the file:
        pdfsig agreement.pdf
    The name of each certificate says for which university it was made. One-time
    certificates last one hour: "expired" is right today, the timestamp inside
    the signature is what counts.
 3. The certificates lead to the root that the trust file names:
        printf '%b' "$(sed 's/.*"root":{{"certificate":"\\([^"]*\\)".*/\\1/' trust.json)" > root.pem
        awk '/BEGIN/ {{n++}} {{print > ("certificate-" n ".pem")}}' certificates.pem
        for one in certificate-*.pem; do openssl x509 -in $one -noout -subject -dates; done
        for one in certificate-*.pem; do
            openssl verify -no_check_time -CAfile root.pem -untrusted certificates.pem $one; done
    Those of timestamp authorities lead to the trust file's "timestamp_anchors"
    instead, and a university's own certificate to its "party_anchors".
 4. An event is the one that its entry commits to. For line 1 of events.jsonl
    (put another number for another line):
        sed -n 1p events.jsonl > line
        sed 's/.*,"event":\\(.*\\),"index":.*/\\1/' line | tr -d '\\n' > event.json
        sed 's/.*"salt":"\\([^"]*\\)".*/\\1=/' line | tr '_-' '/+' | base64 -d > salt.bin
        (printf 'signing-service/event/v1\\000'; cat salt.bin event.json) | sha256sum
    gives the "commitment" of the entry. Where event and salt are null the event
    was erased, or belongs to somebody else.
 5. The entry is a leaf of the record:
        sed 's/{{"entry":\\(.*\\),"event":.*/\\1/' line | tr -d '\\n' > entry.json
        (printf '\\000'; cat entry.json) | sha256sum
    gives its leaf hash, and proofs/<index>.tlog-proof lists, one base64 hash a
    line, what to combine it with: SHA-256 over the byte 01, the left hash and
    the right hash (in the tree of RFC 6962), up to
        {root}
    which is the root in the checkpoint at the end of each proof. Its signature
    is by the record's key in the trust file
    (formats: RFC 6962; c2sp.org/tlog-proof, tlog-checkpoint, signed-note).
 6. A "signature" event names the SHA-256 of the whole PDF as it was after that
    signature ("pdf_sha256"), and its length ("pdf_length"):
        head -c <pdf_length> agreement.pdf | sha256sum
"""


def readme(agreement: str, checkpoint: Checkpoint, file_name: str) -> bytes:
    """The text for one bundle, ASCII."""
    root = base64.b64encode(checkpoint.root).decode()
    return _TEXT.format(agreement=agreement, size=checkpoint.size, root=root, file_name=file_name).encode("ascii")
