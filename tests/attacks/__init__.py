"""Published attacks on signed PDFs, made from our own ceremony and from documents that another hand signed.

Each attack is one function that gives the attacked bytes, registered with the profile that must refuse it and a pattern
of the reason. Classes: universal forgery, incremental saving and signature wrapping (Mladenov et al., CCS 2019), shadow
attacks (Mainka et al., NDSS 2021), attacks on certification (Rohlmann et al., S&P 2021), and what CMS, cross-reference
data and the record offer besides. :mod:`tests.attacks.mutate` changes bytes at random.
"""
