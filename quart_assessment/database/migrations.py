"""Brings the tables to the newest migration, once, however many start at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from quart_assessment.settings import Settings

APPEND_ONLY = ("audit_events", "consents", "response_revisions")
LOCK = 0x71_61_6D_69


def alembic_config() -> Config:
    """Find alembic.ini beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package, package.parent):
        if (folder / "alembic.ini").exists() and (folder / "alembic" / "env.py").exists():
            return Config(folder / "alembic.ini")
    raise FileNotFoundError("alembic.ini is neither beside the package nor inside it")


def head() -> str:
    """Give the newest migration that this code knows."""
    found = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if found is None:
        raise LookupError("there is no migration")
    return found


async def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the tables to `revision`, as their owner, and let the application's role use them."""
    url = settings.migration_database_url or settings.database_url
    if url is None:
        raise ValueError("neither MIGRATION_DATABASE_URL nor DATABASE_URL is set")
    verb = command.upgrade if revision == "head" else command.downgrade
    config = alembic_config()

    def run(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        verb(config, revision)

    engine = create_async_engine(url.get_secret_value(), poolclass=sa.pool.NullPool)
    try:
        async with engine.begin() as connection:
            await migrated(connection, run, application_role(settings))
    finally:
        await engine.dispose()


async def migrated(
    connection: AsyncConnection, run: Callable[[sa.Connection], None], role: str | None
) -> None:
    """Have `run` migrate under an advisory lock, then let `role` use the tables there are."""
    await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    await connection.run_sync(run)
    there = sa.text("SELECT to_regclass('audit_events') IS NOT NULL")
    if role is not None and (await connection.execute(there)).scalar_one():
        await grant(connection, role)


def application_role(settings: Settings) -> str | None:
    """Name the role the application logs in as, None where the tables' owner serves as that too."""
    if settings.migration_database_url is None or settings.database_url is None:
        return None
    role = make_url(settings.database_url.get_secret_value()).username
    owner = make_url(settings.migration_database_url.get_secret_value()).username
    return None if role == owner else role


async def grant(connection: AsyncConnection, role: str) -> None:
    """Let `role` use the tables; rows of the append-only ones it may add and read, never change."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    await connection.execute(sa.text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
    await connection.execute(
        sa.text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
    )
    for table in (*APPEND_ONLY, "alembic_version"):
        await connection.execute(sa.text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}"))
    await connection.execute(sa.text(f"REVOKE INSERT ON alembic_version FROM {quoted}"))
