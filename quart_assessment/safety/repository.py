"""The alerts' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.schema import Json, new_id
from quart_assessment.safety.fragments import alerted
from quart_assessment.safety.tables import alert_notices, alerts

MOST_ALERTS = 500
Way = Literal["log", "mail"]


@dataclass(frozen=True, slots=True)
class Alert:
    """That somebody may be at risk: what was seen, what was shown, who took care."""

    study_id: UUID
    id: UUID
    session_id: UUID
    source: str
    state: str
    value: float
    detector: str
    session_ms: int | None
    received_at: datetime
    opened_at: datetime
    raised_at: datetime | None
    raises: int
    notified_at: datetime | None
    escalated_at: datetime | None
    help_version: int | None
    help_shown: dict[str, Any] | None
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None
    outcome: str | None
    note: str | None


_LIVE_HELP = sa.text("""
    SELECT h.version, h.content, s.language
    FROM sessions s JOIN help_texts h ON h.study_id = s.study_id
    WHERE s.id = :session_id ORDER BY h.version DESC LIMIT 1
""")
_TOLD = "(SELECT max(n.at) FROM alert_notices n WHERE n.alert_id = a.id AND n.position {0} 1) AS {1}"
_COLUMNS = ", ".join(
    [
        "s.study_id",
        *(f"a.{column.name}" for column in alerts.c),
        _TOLD.format("=", "notified_at"),
        _TOLD.format(">", "escalated_at"),
    ]
)
_ALERTS = sa.text(f"""
    SELECT {_COLUMNS} FROM alerts a JOIN sessions s ON s.id = a.session_id
    WHERE (CAST(:session_id AS uuid) IS NULL OR a.session_id = :session_id)
      AND (CAST(:study_ids AS uuid[]) IS NULL OR s.study_id = ANY(:study_ids))
      AND (CAST(:state AS text) IS NULL OR a.state = :state)
      AND (CAST(:after AS uuid) IS NULL OR a.id < :after)
    ORDER BY a.id DESC LIMIT :limit
""").columns(help_shown=Json)  # noqa: S608
_ONE_OF = f"SELECT {_COLUMNS} FROM alerts a JOIN sessions s ON s.id = a.session_id WHERE a.id = :alert_id"  # noqa: S608
_ONE = sa.text(_ONE_OF).columns(help_shown=Json)
_LOCKED = sa.text(_ONE_OF + " FOR UPDATE OF a").columns(help_shown=Json)
_OPEN = sa.text(
    f"""
    WITH hits AS (
        SELECT CAST(:alert_id AS uuid) AS alert_id, CAST(:session_id AS uuid) AS session_id,
               CAST(:source AS text) AS source, CAST(:value AS double precision) AS value,
               CAST(:detector AS text) AS detector, CAST(:session_ms AS bigint) AS session_ms,
               CAST(:received_at AS timestamptz) AS received_at, CAST(:help_version AS integer) AS help_version,
               CAST(:help_shown AS jsonb) AS help_shown
    ), {alerted("hits")}
    SELECT id FROM alerted
    """  # noqa: S608
).bindparams(sa.bindparam("help_shown", type_=Json))
_BACKLOG = sa.text(
    "SELECT coalesce(extract(epoch FROM now() - min(opened_at)), 0) FROM alerts WHERE state = 'open'"
)


async def select_live_help(
    connection: AsyncConnection, session_id: UUID
) -> tuple[int, dict[str, Any], str] | None:
    """Read the newest help text of the session's study: version, content, the session's language."""
    row = (await connection.execute(_LIVE_HELP, {"session_id": session_id})).one_or_none()
    return None if row is None else (row.version, row.content, row.language)


async def upsert_alert(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Open an alert, or raise the open one of this session and source."""
    await connection.execute(_OPEN, {"alert_id": new_id()} | values)


async def select_alerts(
    connection: AsyncConnection,
    *,
    session_id: UUID | None = None,
    study_ids: Sequence[UUID] | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = MOST_ALERTS,
) -> list[Alert]:
    """Read alerts, the newest first: of one session, or of studies (None: of all), from `after` on."""
    found = await connection.execute(
        _ALERTS,
        {
            "session_id": session_id,
            "study_ids": None if study_ids is None else list(study_ids),
            "state": state,
            "after": after,
            "limit": limit,
        },
    )
    return [Alert(**row._mapping) for row in found]


async def select_alert(connection: AsyncConnection, alert_id: UUID, *, lock: bool) -> Alert | None:
    """Read an alert, locked if asked; None where there is none."""
    row = (await connection.execute(_LOCKED if lock else _ONE, {"alert_id": alert_id})).one_or_none()
    return None if row is None else Alert(**row._mapping)


async def update_acknowledged(
    connection: AsyncConnection, alert_id: UUID, account_id: UUID, outcome: str, note: str
) -> None:
    """Store who took care of an alert, and how."""
    await connection.execute(
        alerts.update()
        .where(alerts.c.id == alert_id)
        .values(
            state="acknowledged",
            acknowledged_by=account_id,
            acknowledged_at=sa.func.now(),
            outcome=outcome,
            note=note,
        )
    )


async def select_told(connection: AsyncConnection, alert_id: UUID, raises: int) -> set[int]:
    """Give the places of the contacts who know of an alert as it was raised last."""
    found = await connection.execute(
        sa.select(alert_notices.c.position).where(
            alert_notices.c.alert_id == alert_id, alert_notices.c.raises == raises
        )
    )
    return set(found.scalars())


async def insert_notice(
    connection: AsyncConnection, alert_id: UUID, raises: int, position: int, way: Way
) -> None:
    """Store that a contact was told; who was told already stays so."""
    values = {"alert_id": alert_id, "raises": raises, "position": position, "way": way}
    await connection.execute(insert(alert_notices).values(values).on_conflict_do_nothing())


async def select_backlog_age(connection: AsyncConnection) -> float:
    """Give the age of the oldest open alert in seconds, 0 if none is open."""
    return float((await connection.execute(_BACKLOG)).scalar_one())
