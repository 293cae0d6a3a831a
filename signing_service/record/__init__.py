"""The record: an append-only Merkle log in C2SP's formats, as functions over bytes.

Nothing here opens a database or trusts a server. The service appends (``store.ledger``), this package
says what the bytes are and whether they hold together. Verifying an event offline::

    checkpoint = verify_checkpoint(proof.checkpoint, log_key)      # checkpoint.py: signature, origin
    verify_cosignatures(proof.checkpoint, witness_keys, quorum)    # cosignature.py: nobody saw a fork
    verify_proof(proof, entry, checkpoint)                         # proof.py: the entry is in the log
    verify_opening(entry, event, salt)                             # entry.py: the entry is this event's

===============  =======================================================
tree             RFC 6962 hashing, frontiers, inclusion and consistency
tiles            C2SP tlog-tiles: paths, hash tiles, entry bundles
note             C2SP signed-note: keys, signature lines
checkpoint       C2SP tlog-checkpoint
cosignature      C2SP tlog-cosignature v1 (Ed25519)
proof            C2SP tlog-proof
entry            entries, commitments, openings (docs/formats.md, 7)
witness          C2SP tlog-witness, as a pure state machine
audit            recompute a whole log, ours or anybody's
===============  =======================================================
"""
