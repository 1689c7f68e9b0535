"""The audit rows; they are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.audit.tables import audit_events
from quart_assessment.database.schema import new_id


async def insert_event(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Add a row."""
    await connection.execute(audit_events.insert().values({"id": new_id()} | values))
