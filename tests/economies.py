"""What tests do at less cost than the service: for the whole session, in the tests' own processes.

Nothing of it is a setting of the service: a process of its own (``tests.commands.serving``, ``torture``) is as
people get it. A test about such a cost asks for the real thing by its fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from signing_service.workflow import passwords

AT_FULL_COST = passwords._HASHER
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """A password is hashed with hardly any work, since half the tests sign somebody in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        yield


@pytest.fixture
def passwords_at_full_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the service hashes them."""
    monkeypatch.setattr(passwords, "_HASHER", AT_FULL_COST)


class CompiledOnce(BytecodeCache):
    """What Jinja compiled, for all applications of this process."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if compiled := self._compiled.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


class AddressCompiledOnce(Rule):
    """An address whose builder is compiled once in this process, whichever application it belongs to."""

    _builders: ClassVar[dict[tuple[object, ...], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, self.host, self.subdomain, repr(self.defaults), append_unknown)
        if key not in self._builders:
            self._builders[key] = super()._compile_builder(append_unknown)
        return self._builders[key]


@pytest.fixture(autouse=True, scope="session")
def pages_compiled_once() -> Iterator[None]:
    """Each test has an application of its own, but all have the same templates and addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": CompiledOnce()})
        patch.setattr(Flask, "url_rule_class", AddressCompiledOnce)
        yield
