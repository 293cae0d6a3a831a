"""Verification, alone: standard library, ``cryptography`` and, for the PDFs of others, a general PDF reader.

No Flask, no database, no network, no signing code. It shares only the pure and vector-tested ``agreement``,
``approval``, ``record``, ``evidence`` and ``encoding`` with the rest of the service::

    from signing_service.verify.trust import read_trust
    from signing_service.verify.verifier import verify_bundle, verify_pdf

    trust = read_trust([Path("trust.json").read_bytes()])
    report = verify_bundle(Path("evidence.zip").read_bytes(), trust, at=datetime.now(UTC))
    print(report.verdict, report.exit_code)

The steps, whose numbers stand again in modules, checks and reports:

0. limits of size, depth and number (:mod:`.limits`);
1. structure: revisions, ByteRange, canonical ``/Contents``, coverage (:mod:`.structure`, :mod:`.base`);
2. what each revision changed, by allow-list (:mod:`.changes`);
3. CMS: canonical, exact, every embedded certificate used (:mod:`.cms`, :mod:`.container`);
4. path to the trusted anchors at the proven time, revocation (:mod:`.path`, :mod:`.revocation`);
5. timestamps (:mod:`.timestamps`);
6. approval, and the one-time certificate's names (:mod:`.approvals`);
7. the agreement's rules, recomputed (:mod:`.rules`);
8. the record (:mod:`.record`, :mod:`.events`).

Profile ``pades`` does steps 0 to 5 for any signed PDF (:mod:`.pades`). Every check is collected; the worst decides.
"""
