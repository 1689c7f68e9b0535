"""Asking for work, in the transaction of what causes it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.jobs import repository


async def ask(connection: AsyncConnection, kind: str, *key: UUID, run_after: datetime | None = None) -> None:
    """Ask for a job in the caller's transaction; `run_after` is the earliest time it may begin, None: at once.

    `key` are the one to four ids of what it is about. Asked for again before it is finished it stays one job, and
    runs at least once after this transaction's commit (see `jobs.fragments.asked`, also for what this costs).
    """
    await repository.insert_asked(connection, kind, key, run_after)
