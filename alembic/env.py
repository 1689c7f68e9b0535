"""Runs the migrations over asyncpg, one runner at a time."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

import quart_assessment.accounts.tables
import quart_assessment.audit.tables
import quart_assessment.camera.tables
import quart_assessment.chat.spending.tables
import quart_assessment.chat.tables
import quart_assessment.jobs.tables
import quart_assessment.phq.tables
import quart_assessment.safety.tables
import quart_assessment.sessions.tables
import quart_assessment.studies.tables  # noqa: F401
from quart_assessment.database.migrations import application_role, migrated
from quart_assessment.database.schema import metadata
from quart_assessment.settings import Settings


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_run() -> None:
    settings = Settings()
    url = settings.migration_database_url or settings.database_url
    if url is None:
        raise SystemExit("neither MIGRATION_DATABASE_URL nor DATABASE_URL is set")
    engine = create_async_engine(url.get_secret_value(), poolclass=sa.pool.NullPool)
    async with engine.begin() as connection:
        await migrated(connection, _run, application_role(settings))
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(_connect_and_run())
else:
    _run(given)
