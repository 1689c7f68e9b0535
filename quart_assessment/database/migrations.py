"""Brings the tables to the newest migration, once, however many start at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from alembic import command
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
    config = alembic_config()
    url = settings.migration_database_url or settings.database_url
    if url is None:
        raise ValueError("neither MIGRATION_DATABASE_URL nor DATABASE_URL is set")
    config.attributes["url"] = url.get_secret_value()
    config.attributes["application_role"] = application_role(settings)
    # alembic's own entry point is a blocking call that runs an event loop of its own.
    verb = command.downgrade if revision != "head" else command.upgrade
    await asyncio.to_thread(verb, config, revision)


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
