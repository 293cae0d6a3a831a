"""Certificates, keys, signatures, timestamps and revocation answers: what signing needs of X.509 and CMS.

Everything here works on values and bytes; only :mod:`~signing_service.pki.keystore` touches files and only
:class:`~signing_service.pki.http_authority.HttpAuthority` touches the network. Callers never see a private key of
the service's certificates: :class:`~signing_service.pki.keystore.KeyStore` signs for them.
"""
