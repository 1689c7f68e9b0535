"""Whether this worker can keep its promises now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

import sqlalchemy as sa
from quart import Quart

from quart_assessment.camera import reading as captures
from quart_assessment.chat import reading as chat
from quart_assessment.database.current import database_of
from quart_assessment.database.migrations import head

SECONDS = 4.0
_DURABILITY = sa.text(
    "SELECT name FROM pg_settings "
    "WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'"
)
_REVISION = sa.text("SELECT version_num FROM alembic_version")
_newest = cache(head)


class NotReady(Exception):
    """A promise could not be kept now."""


async def failed_checks(app: Quart) -> list[str]:
    """Name the checks that fail: database, durability, migrations, store, model; each within a few seconds."""
    checks: dict[str, Callable[[Quart], Awaitable[None]]] = {
        "database": _database,
        "durability": _durability,
        "migrations": _migrations,
        "store": captures.check_store,
        "model": chat.check_model,
    }
    passed = await asyncio.gather(*(_passes(check(app)) for check in checks.values()))
    return [name for name, ok in zip(checks, passed, strict=True) if not ok]


async def _passes(check: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            await check
    except Exception:  # noqa: BLE001 - whatever goes wrong in a check is the answer to it
        return False
    return True


async def _database(app: Quart) -> None:
    async with database_of(app).reading() as connection:
        await connection.execute(sa.select(1))


async def _durability(app: Quart) -> None:
    async with database_of(app).reading() as connection:
        if (await connection.execute(_DURABILITY)).first() is not None:
            raise NotReady


async def _migrations(app: Quart) -> None:
    newest = await asyncio.to_thread(_newest)
    async with database_of(app).reading() as connection:
        if (await connection.execute(_REVISION)).scalar_one() != newest:
            raise NotReady
