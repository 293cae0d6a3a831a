"""The workflow's world, for threats against a running service."""

from tests.workflow.conftest import made_keys, make_world, password_hash, world  # noqa: F401 (fixtures)
