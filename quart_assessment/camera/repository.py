"""The captures' rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera.facts import Announcement, Capture, Surroundings
from quart_assessment.camera.fragments import LEDGER
from quart_assessment.camera.statements import ASKED, INSERT, LOOK, NEW
from quart_assessment.camera.tables import captures, expected_captures
from quart_assessment.database.driver import fetch
from quart_assessment.database.failures import is_rolled_back
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


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller's question whether a capture is in the usual case; `count_kept`: and how many are kept."""

    token_hash: bytes
    session_id: UUID
    capture_id: UUID
    count_kept: bool


@dataclass(slots=True)
class NewRow:
    """A capture of the usual case whose file is durable; `timing` and `settings` are JSON, `size` in bytes.

    `in_doubt` tells, after a failure, that the row may be stored nevertheless: the answer to its commit was lost.
    """

    token_hash: bytes
    session_id: UUID
    capture_id: UUID
    trigger: str
    question_id: UUID | None
    message_id: UUID | None
    client_time: datetime | None
    session_ms: int | None
    timing: str
    settings: str
    size: int
    type: str
    sha256: bytes
    store_key: str
    in_doubt: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database added to a capture that it stored."""

    received_at: datetime
    capture_type: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """A shared statement did not find the usual case, and stored nothing."""


async def select_usual(
    connection: AsyncConnection, batch: Sequence[Asked]
) -> list[tuple[int, UUID, int | None]]:
    """Find the callers in the usual case: place in the batch, version pinned, and captures kept if asked."""
    found = await fetch(connection, LOOK, *_columns(ASKED, batch))
    return [(n - 1, version_id, kept) for n, version_id, kept in found]


async def insert_captures(connection: AsyncConnection, batch: Sequence[NewRow]) -> list[Stored | Undecided]:
    """Store the captures of several callers, each in the usual case or not at all."""
    for row in batch:
        row.in_doubt = True
    try:
        found = await fetch(connection, INSERT, *_columns(NEW, batch))
    except Exception as error:
        for row in batch:
            row.in_doubt = not is_rolled_back(error)
        raise
    stored = {key: Stored(received_at, kind) for key, received_at, kind in found}
    return [stored.get(row.store_key, Undecided()) for row in batch]


def _columns(names: Iterable[str], batch: Sequence[Asked | NewRow]) -> list[list[object]]:
    return [[getattr(one, name) for one in batch] for name in names]


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
