"""Statements on asyncpg itself: of a small batch, SQLAlchemy's part costs more than all else on the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection


async def fetch(
    connection: AsyncConnection, statement: str, *values: Sequence[object]
) -> list[Sequence[Any]]:
    """Run a statement, a transaction of its own where the connection is in none, and give its rows.

    Errors are asyncpg's own; a plan that went stale is made anew by asyncpg, once.
    """
    synchronous = connection.sync_connection
    if synchronous is None:
        raise RuntimeError("the connection is not lent yet")
    driver = cast("asyncpg.Connection", synchronous.connection.driver_connection)
    rows: list[Sequence[Any]] = await driver.fetch(statement, *values)
    return rows
