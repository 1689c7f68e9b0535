"""Runs the migrations over asyncpg, one runner at a time."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import quart_assessment.accounts.tables
import quart_assessment.audit.tables
import quart_assessment.camera.tables
import quart_assessment.chat.tables
import quart_assessment.phq.tables
import quart_assessment.safety.tables
import quart_assessment.sessions.tables
import quart_assessment.studies.tables  # noqa: F401
from alembic import context
from quart_assessment.database.migrations import LOCK, application_role, grant
from quart_assessment.database.schema import metadata
from quart_assessment.settings import Settings


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate(connection: AsyncConnection, role: str | None) -> None:
    await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    await connection.run_sync(_run)
    there = sa.text("SELECT to_regclass('audit_events') IS NOT NULL")
    if role is not None and (await connection.execute(there)).scalar_one():
        await grant(connection, role)


async def main() -> None:
    """Run what alembic was asked for in one transaction under an advisory lock."""
    attributes = context.config.attributes
    url = attributes.get("url")
    role = attributes.get("application_role")
    if url is None:
        settings = Settings()
        secret = settings.migration_database_url or settings.database_url
        if secret is None:
            raise SystemExit("neither MIGRATION_DATABASE_URL nor DATABASE_URL is set")
        url, role = secret.get_secret_value(), application_role(settings)
    engine = create_async_engine(url, poolclass=sa.pool.NullPool)
    async with engine.begin() as connection:
        await _migrate(connection, role)
    await engine.dispose()


asyncio.run(main())
