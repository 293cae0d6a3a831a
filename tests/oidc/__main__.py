"""``python -m tests.oidc``: fetch the provider that the tests start."""

from tests.oidc.provider import install

install()
