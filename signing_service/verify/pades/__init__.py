"""Profile ``pades``: steps 0 to 5 for any signed PDF from anywhere, by a reader that is general but repairs nothing.

:mod:`.xref` and :mod:`.document` read the file revision by revision (classic tables, cross-reference streams, object
streams, hybrid files); :mod:`.signatures` finds the signatures and what they cover; :mod:`.comparison` walks two
revisions side by side and knows what may differ; :mod:`.cms` reads containers in BER; :mod:`.validation` proves times
and paths; :mod:`.profile` puts the steps in order.

A file whose cross-reference data is wrong is refused: readers that repair disagree with each other, and the
disagreement is what attacks are made of.
"""
