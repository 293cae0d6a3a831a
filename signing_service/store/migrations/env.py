"""Alembic's entry point: it runs the migrations on the connection that ``upgrade`` opened."""

from __future__ import annotations

from alembic import context

from signing_service.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
