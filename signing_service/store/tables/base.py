"""What all tables share: the declarative base, the naming of constraints, times in UTC.

A time column takes and gives aware datetimes only; what is stored is UTC on both databases::

    created: Mapped[datetime]  # timestamptz on PostgreSQL, ISO text of fixed width on SQLite
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

ID_LENGTH = 26  # characters: 128 random bits in lower-case base32 (docs/formats.md 1)
SIGNER_LENGTH = 65  # characters: "<party>:<role>", each at most 32
SHA256_LENGTH = 64  # lower-case hexadecimal digits

Id = String(ID_LENGTH)
SignerId = String(SIGNER_LENGTH)
Sha256 = String(SHA256_LENGTH)
Big = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER may be a rowid on SQLite

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC with microseconds; a naive one is a programming error."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcTime(), bytes: LargeBinary()}  # noqa: RUF012 (SQLAlchemy's interface)
