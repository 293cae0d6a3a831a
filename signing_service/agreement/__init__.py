"""The agreement: its text, parties, rules and the acts done under it. Pure domain code without I/O.

* :mod:`~signing_service.agreement.terms`: the sealed, machine-readable part (parties, signers, rules).
* :mod:`~signing_service.agreement.source`: the authors' files (``agreement.toml`` and a Markdown file a language).
* :mod:`~signing_service.agreement.text`: the text as an allow-listed tree of elements.
* :mod:`~signing_service.agreement.acts`: who has signed or declined, who may, and what state follows.
* :mod:`~signing_service.agreement.mandates`: who may sign for whom, from when to when.
* :mod:`~signing_service.agreement.names`: names of people and parties, fit for print and for certificates.
"""
