"""The captures' rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera.facts import Announcement, Capture, Surroundings
from quart_assessment.camera.fragments import LEDGER
from quart_assessment.camera.tables import captures, expected_captures
from quart_assessment.database.schema import Uuid
from quart_assessment.sessions.fragments import OWNED_SESSION

_COLUMNS = [captures.c[name] for name in Capture.__slots__]
_KEYS = {"session_id", "capture_id"}
_IDS = ARRAY(Uuid)
# Both hold the session's verbs off, and neither an answer; the second holds other captures off, too.
_SHARE_OWNED = sa.text(f"{OWNED_SESSION} FOR SHARE OF s")
_LOCK_OWNED = sa.text(f"{OWNED_SESSION} FOR NO KEY UPDATE OF s")
_SURROUNDINGS = sa.text("""
    SELECT (SELECT count(*) FROM captures c WHERE c.session_id = :session_id AND c.kept) AS kept,
        ARRAY(SELECT e.capture_id FROM expected_captures e
              WHERE e.session_id = :session_id AND e.capture_id = ANY(:ids) AND NOT e.skipped) AS announced,
        ARRAY(SELECT q.id FROM questions q
              WHERE q.session_id = :session_id AND q.id = ANY(:questions)) AS questions,
        ARRAY(SELECT u.message_id FROM turns u
              WHERE u.session_id = :session_id AND u.message_id = ANY(:messages)) AS messages
""").bindparams(
    sa.bindparam("session_id", type_=Uuid),
    *(sa.bindparam(name, type_=_IDS) for name in ("ids", "questions", "messages")),
)
_LEDGER = sa.text(f"SELECT l.* FROM sessions s, LATERAL ({LEDGER}) l WHERE s.id = :session_id")  # noqa: S608
_STORED = sa.select(*_COLUMNS).where(
    captures.c.session_id == sa.bindparam("session_id"),
    captures.c.capture_id.in_(sa.bindparam("ids", expanding=True)),
)


def _upsert() -> Insert:
    statement = insert(captures)
    replaced = {name: column for name, column in statement.excluded.items() if name not in _KEYS}
    return statement.on_conflict_do_update(
        index_elements=["session_id", "capture_id"], set_=replaced, where=captures.c.kept.is_(False)
    )


_UPSERT = _upsert().returning(captures.c.capture_id)


async def lock_owned(
    connection: AsyncConnection, token_hash: bytes, session_id: UUID, *, alone: bool
) -> bool:
    """Lock the caller's session against its verbs and, `alone`, other captures; False where not theirs."""
    found = await connection.execute(
        _LOCK_OWNED if alone else _SHARE_OWNED, {"token_hash": token_hash, "session_id": session_id}
    )
    return found.one_or_none() is not None


async def select_surroundings(
    connection: AsyncConnection,
    session_id: UUID,
    ids: Sequence[UUID],
    questions: Sequence[UUID] = (),
    messages: Sequence[UUID] = (),
) -> Surroundings:
    """Read what decides about the captures `ids`, which name these questions and messages."""
    values = {"ids": ids, "questions": questions, "messages": messages}
    found = await connection.execute(
        _SURROUNDINGS, {"session_id": session_id} | {name: list(given) for name, given in values.items()}
    )
    row = found.one()
    return Surroundings(row.kept, frozenset(row.announced), frozenset(row.questions), frozenset(row.messages))


async def select_captures(
    connection: AsyncConnection, session_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, Capture]:
    """Read those captures of a session that are stored, kept or not."""
    found = await connection.execute(_STORED, {"session_id": session_id, "ids": list(ids)})
    return {row.capture_id: Capture(**row._mapping) for row in found}


async def select_named(
    connection: AsyncConnection, session_id: UUID, filenames: Sequence[str]
) -> list[Capture]:
    """Read the kept captures of a session that came under these file names."""
    wanted = captures.c.kept & captures.c.filename.in_(filenames)
    found = await connection.execute(sa.select(*_COLUMNS).where(captures.c.session_id == session_id, wanted))
    return [Capture(**row._mapping) for row in found]


async def upsert_captures(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> int:
    """Store captures and count them; one that was not kept before is replaced, a kept one never."""
    # In one order everywhere, so that two requests with the same ids cannot wait for each other.
    ordered = sorted(rows, key=lambda row: row["capture_id"].bytes)
    return len((await connection.execute(_UPSERT, ordered)).all())


async def select_page(
    connection: AsyncConnection, session_id: UUID, *, kept: bool, after: UUID | None, limit: int
) -> list[Capture]:
    """Read a session's captures in the order of storing, from behind `after`; with `kept` only kept ones."""
    order = sa.tuple_(captures.c.received_at, captures.c.capture_id)
    statement = sa.select(*_COLUMNS).where(captures.c.session_id == session_id)
    if kept:
        statement = statement.where(captures.c.kept)
    if after is not None:
        last = captures.alias()
        behind = (
            sa.select(last.c.received_at, last.c.capture_id)
            .where(last.c.session_id == session_id, last.c.capture_id == after)
            .scalar_subquery()
        )
        statement = statement.where(order > behind)
    ordered = statement.order_by(captures.c.received_at, captures.c.capture_id).limit(limit)
    return [Capture(**row._mapping) for row in await connection.execute(ordered)]


async def insert_expected(
    connection: AsyncConnection,
    session_id: UUID,
    announced: Sequence[Announcement],
    received_at: datetime,
    suspect: frozenset[UUID],
) -> None:
    """Store announcements; one that was announced before changes nothing."""
    rows = [
        {
            "session_id": session_id,
            "received_at": received_at,
            "clock_suspect": one.capture_id in suspect,
            **{name: getattr(one, name) for name in Announcement.__slots__},
        }
        for one in announced
    ]
    await connection.execute(insert(expected_captures).values(rows).on_conflict_do_nothing())


async def select_unannounced(
    connection: AsyncConnection, session_id: UUID, ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Tell which of `ids` have not been announced."""
    found = await connection.execute(
        sa.select(expected_captures.c.capture_id).where(
            expected_captures.c.session_id == session_id, expected_captures.c.capture_id.in_(ids)
        )
    )
    return frozenset(ids) - frozenset(found.scalars())


async def select_ledger(connection: AsyncConnection, session_id: UUID) -> tuple[int, int]:
    """Count a session's announced captures, and those of them that got a receipt."""
    row = (await connection.execute(_LEDGER, {"session_id": session_id})).one()
    return row.expected, row.received


async def select_assessment_kind(
    connection: AsyncConnection, session_id: UUID, assessment_id: UUID
) -> Literal["phq", "chat"] | None:
    """Tell which part an assessment of the session is; None where it is not one of its own."""
    found = await connection.execute(
        sa.text(
            "SELECT a.kind FROM assessments a WHERE a.id = :assessment_id AND a.session_id = :session_id"
        ),
        {"assessment_id": assessment_id, "session_id": session_id},
    )
    kind: Literal["phq", "chat"] | None = found.scalar_one_or_none()
    return kind
