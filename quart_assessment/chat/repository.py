"""The turns' rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat.facts import Hold, Standing, Turn, TurnKey
from quart_assessment.chat.fragments import ANSWERED, LOST, RUNNING, STATE
from quart_assessment.chat.providers import Exchange
from quart_assessment.chat.tables import turns
from quart_assessment.safety.rules import LONGEST_ASKED

CHANNEL = "qa_turns"

_DELTAS = """
    SELECT string_agg(d.text, '' ORDER BY d.ends_at) FROM turn_deltas d
    WHERE d.session_id = u.session_id AND d.message_id = u.message_id
"""
_PASSED = """
    (EXISTS (SELECT FROM turns n WHERE n.assessment_id = u.assessment_id AND n.turn_number > u.turn_number)
     OR EXISTS (SELECT FROM assessments a JOIN sessions s ON s.id = a.session_id WHERE a.id = u.assessment_id
        AND (a.completed_at IS NOT NULL OR a.replaced_at IS NOT NULL
             OR s.ended_at IS NOT NULL OR s.expires_at <= now())))
"""
_TURN = f"""
    SELECT u.session_id, u.message_id, u.assessment_id, u.turn_number, {STATE} AS state, u.message,
        substr(coalesce(CASE WHEN u.completed_at IS NULL THEN ({_DELTAS}) END, u.reply), :start + 1) AS reply,
        u.first_token_at IS NOT NULL AS replied, u.safety, u.detector, u.help, u.policy, u.conversation_ended,
        CASE WHEN {LOST} THEN 'interrupted' ELSE u.error END AS error, {LOST} AS lost,
        u.asks, {_PASSED} AS passed, u.received_at AS sent_at, u.first_token_at,
        CASE WHEN {LOST} THEN u.lease_until ELSE u.completed_at END AS completed_at
    FROM turns u
"""  # noqa: S608
_ONE = sa.text(f"{_TURN} WHERE u.session_id = :session_id AND u.message_id = :message_id")
_GREETING = sa.text(f"{_TURN} WHERE u.assessment_id = :assessment_id AND u.turn_number = 0")
_OF_ASSESSMENT = sa.text(f"{_TURN} WHERE u.assessment_id = :assessment_id ORDER BY u.turn_number")
_OF_SESSION = sa.text(f"{_TURN} WHERE u.session_id = :session_id ORDER BY u.received_at, u.turn_number")
_STANDING = sa.text(f"""
    WITH seen AS (
        SELECT u.turn_number, u.message_id, u.safety, u.policy, u.received_at, u.first_token_at IS NULL AS silent,
            {RUNNING} AS running, {ANSWERED} AS replied,
            max(u.turn_number) FILTER (WHERE u.first_token_at IS NOT NULL) OVER () AS last_replied
        FROM turns u WHERE u.assessment_id = :assessment_id
    )
    SELECT max(turn_number) AS last_number,
        (array_agg(message_id) FILTER (WHERE running))[1] AS running,
        count(*) FILTER (WHERE replied) AS replied,
        coalesce(bool_or(safety), false) AS warned,
        coalesce((array_agg(safety AND policy = 'pause' ORDER BY turn_number DESC))[1], false) AS paused,
        (SELECT right(r.reply, :longest_asked) FROM turns r WHERE r.assessment_id = :assessment_id AND r.reply <> ''
            ORDER BY r.turn_number DESC LIMIT 1) AS asked,
        count(*) FILTER (WHERE newest AND NOT running AND turn_number > 0) AS silent_messages,
        min(received_at) FILTER (WHERE newest) AS silent_since,
        (SELECT count(*) FROM turns w JOIN assessments a ON a.session_id = w.session_id
         WHERE a.id = :assessment_id AND w.turn_number > 0) AS session_messages
    FROM (SELECT *, silent AND turn_number > coalesce(last_replied, -1) AS newest FROM seen) s
""")  # noqa: S608
_HISTORY = sa.text("""
    SELECT message, reply FROM turns
    WHERE assessment_id = :assessment_id AND turn_number < :turn_number
    ORDER BY turn_number DESC LIMIT :most
""")
_SETTLE = sa.text(f"""
    UPDATE turns u SET state = 'interrupted', error = 'interrupted', completed_at = u.lease_until,
        reply = coalesce(({_DELTAS}), '')
    WHERE u.assessment_id = :assessment_id AND {LOST}
""")  # noqa: S608
_SESSIONS_OF_LOST = sa.text(f"""
    SELECT u.session_id FROM turns u WHERE {LOST} LIMIT :most FOR UPDATE SKIP LOCKED
""")  # noqa: S608
_END_WITH_NEWEST = sa.text("""
    UPDATE turns SET conversation_ended = true
    WHERE assessment_id = :assessment_id
        AND turn_number = (SELECT max(n.turn_number) FROM turns n WHERE n.assessment_id = :assessment_id)
""")
_LOCK_RUNNING = sa.text("""
    SELECT FROM turns u WHERE u.session_id = :session_id AND u.state IN ('pending', 'streaming') FOR UPDATE
""")
_STOP = sa.text(f"""
    WITH stopped AS (
        UPDATE turns u SET state = 'stopped', conversation_ended = true, completed_at = now(),
            reply = coalesce(({_DELTAS}), '')
        WHERE u.session_id = :session_id AND u.state IN ('pending', 'streaming')
        RETURNING u.session_id || '/' || u.message_id AS topic, u.worker_id
    )
    SELECT pg_notify('{CHANNEL}', topic), pg_notify('{CHANNEL}', CAST(worker_id AS text)) FROM stopped
""")  # noqa: S608
_ASK_AGAIN = sa.text("""
    UPDATE turns SET state = 'pending', error = NULL, completed_at = NULL, asks = asks + 1,
        worker_id = :worker_id, lease_until = now() + make_interval(secs => :lease)
    WHERE session_id = :session_id AND message_id = :message_id
        AND state IN ('failed', 'interrupted') AND first_token_at IS NULL
    RETURNING asks
""")
_COUNT_ASK = sa.text("""
    UPDATE turns SET asks = asks + 1, lease_until = now() + make_interval(secs => :lease)
    WHERE session_id = :session_id AND message_id = :message_id AND worker_id = :worker_id AND asks = :asks
        AND state IN ('pending', 'streaming') AND lease_until > now()
    RETURNING asks
""")
_END = sa.text(f"""
    UPDATE turns u SET state = :state, error = :error, conversation_ended = :ended, completed_at = now(),
        first_token_at = CASE WHEN :state = 'complete' THEN coalesce(u.first_token_at, now())
            ELSE u.first_token_at END,
        reply = coalesce(({_DELTAS}), ''), detector = :cut_by
    WHERE u.session_id = :session_id AND u.message_id = :message_id AND u.worker_id = :worker_id
        AND u.asks = :asks AND u.state IN ('pending', 'streaming') AND u.lease_until > now()
    RETURNING pg_notify('{CHANNEL}', u.session_id || '/' || u.message_id)
""")  # noqa: S608
_TIMING = sa.text("""
    UPDATE turns SET timing = timing || :timing
    WHERE session_id = :session_id AND message_id = :message_id
        AND (SELECT count(*) FROM jsonb_object_keys(timing || :timing)) <= :most
    RETURNING message_id
""").bindparams(sa.bindparam("timing", type_=turns.c.timing.type))

_INSERT_RUNNING = turns.insert().values(
    state="pending",
    asks=1,
    lease_until=sa.func.now()
    + sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.bindparam("lease", type_=sa.Float)),
)
_CALL = sa.text(f"SELECT pg_notify('{CHANNEL}', :call)")

DELTAS_IN = {
    "session_id": "uuid",
    "message_id": "uuid",
    "text": "text",
    "ends_at": "integer",
    "told": "boolean",
    "asks": "integer",
}
# Turns are looked up by key, one by one, which the planner is not to change: statistics from an hour without
# interviews let it compare every running turn with every row.
_BY_KEY = """
    SELECT t.state, t.worker_id, t.lease_until, t.asks FROM turns t
    WHERE t.session_id = a.session_id AND t.message_id = a.message_id
"""
# Text is written for its own ask alone; a beat may be on its way while the next ask is counted.
_OURS = f"u.worker_id = :worker_id AND {RUNNING} AND (a.text = '' OR u.asks = a.asks)"
_WRITE_DELTAS = sa.text(f"""
    WITH asked AS (
        SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in DELTAS_IN.items())})
            WITH ORDINALITY AS a({", ".join(DELTAS_IN)}, place)
    ), ours AS (
        SELECT a.*, u.state FROM asked a CROSS JOIN LATERAL ({_BY_KEY} OFFSET 0) u WHERE {_OURS}
    ), held AS (
        SELECT a.* FROM ours a CROSS JOIN LATERAL ({_BY_KEY} OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) u WHERE {_OURS}
    ), renewed AS (
        UPDATE turns u SET lease_until = now() + make_interval(secs => :lease),
            state = CASE WHEN h.text = '' THEN u.state ELSE 'streaming' END,
            first_token_at = CASE WHEN h.text = '' THEN u.first_token_at
                ELSE coalesce(u.first_token_at, now()) END
        FROM held h
        WHERE u.session_id = h.session_id AND u.message_id = h.message_id
            AND (:renew OR h.state = 'pending')
    ), written AS (
        INSERT INTO turn_deltas (session_id, message_id, ends_at, text)
        SELECT session_id, message_id, ends_at, text FROM held WHERE text <> ''
        ON CONFLICT (session_id, message_id, ends_at) DO NOTHING
    )
    SELECT (SELECT array_agg(place) FROM ours) AS ours, (SELECT array_agg(place) FROM held) AS written,
        (SELECT count(pg_notify('{CHANNEL}', session_id || '/' || message_id)) FROM held WHERE told AND text <> '')
""")  # noqa: S608


def _turn(row: sa.Row[Any]) -> Turn:
    facts = dict(row._mapping)
    return Turn(key=TurnKey(facts.pop("session_id"), facts.pop("message_id")), **facts)


async def select_turn(connection: AsyncConnection, key: TurnKey, start: int = 0) -> Turn | None:
    """Read a turn; of its reply only what follows the first `start` code points."""
    found = await connection.execute(
        _ONE, {"session_id": key.session_id, "message_id": key.message_id, "start": start}
    )
    row = found.one_or_none()
    return None if row is None else _turn(row)


async def select_greeting(connection: AsyncConnection, assessment_id: UUID) -> Turn | None:
    """Read turn 0 of an interview, None before its start."""
    row = (await connection.execute(_GREETING, {"assessment_id": assessment_id, "start": 0})).one_or_none()
    return None if row is None else _turn(row)


async def select_turns(connection: AsyncConnection, assessment_id: UUID) -> list[Turn]:
    """Read all turns of an interview, in order."""
    found = await connection.execute(_OF_ASSESSMENT, {"assessment_id": assessment_id, "start": 0})
    return [_turn(row) for row in found]


async def select_turns_of_session(connection: AsyncConnection, session_id: UUID) -> list[Turn]:
    """Read all turns of a session, those of replaced interviews too."""
    found = await connection.execute(_OF_SESSION, {"session_id": session_id, "start": 0})
    return [_turn(row) for row in found]


async def select_standing(connection: AsyncConnection, assessment_id: UUID) -> Standing:
    """Read how far an interview has come."""
    asked_of = {"assessment_id": assessment_id, "longest_asked": LONGEST_ASKED}
    row = (await connection.execute(_STANDING, asked_of)).one()
    return Standing(**row._mapping)


async def select_history(
    connection: AsyncConnection, assessment_id: UUID, turn_number: int, most: int
) -> list[Exchange]:
    """Read the last `most` turns before a turn, in order."""
    found = await connection.execute(
        _HISTORY, {"assessment_id": assessment_id, "turn_number": turn_number, "most": most}
    )
    return [Exchange(row.message, row.reply) for row in reversed(found.all())]


async def select_sessions_of_lost(connection: AsyncConnection, most: int) -> list[UUID]:
    """Name the sessions, up to `most`, in which a turn stands as running whose worker was lost.

    Not where somebody holds the turn's row: a batch that was begun in time may be on its way.
    """
    return list(await connection.scalars(_SESSIONS_OF_LOST, {"most": most}))


async def insert_turn(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Store a new turn."""
    await connection.execute(turns.insert(), values)


async def insert_running_turn(
    connection: AsyncConnection, values: dict[str, Any], worker_id: UUID, lease: float
) -> None:
    """Store a new turn that this worker answers, with its first ask; the lease is `lease` seconds."""
    await connection.execute(_INSERT_RUNNING, values | {"worker_id": worker_id, "lease": lease})


async def update_settled(connection: AsyncConnection, assessment_id: UUID) -> None:
    """Write down that a turn whose worker was lost is interrupted, with the text that was committed."""
    await connection.execute(_SETTLE, {"assessment_id": assessment_id})


async def update_stopped(connection: AsyncConnection, session_id: UUID) -> None:
    """Stop the running turn of a session, if there is one, keep its text, and tell all workers."""
    # A statement that had waited for a batch would not see the text which that batch wrote.
    await connection.execute(_LOCK_RUNNING, {"session_id": session_id})
    await connection.execute(_STOP, {"session_id": session_id})


async def update_asked_again(
    connection: AsyncConnection, key: TurnKey, worker_id: UUID, lease: float
) -> int | None:
    """Take a turn for this worker, for one more ask, and give its number; None where it has text, or is asked."""
    asks: int | None = await connection.scalar(
        _ASK_AGAIN,
        {"session_id": key.session_id, "message_id": key.message_id, "worker_id": worker_id, "lease": lease},
    )
    return asks


async def update_asks(connection: AsyncConnection, hold: Hold, lease: float) -> bool:
    """Count one more ask of a turn this worker answers; False where it is no longer ours."""
    found = await connection.execute(_COUNT_ASK, hold.named | {"lease": lease})
    return found.one_or_none() is not None


async def update_ended(
    connection: AsyncConnection,
    hold: Hold,
    state: str,
    error: str | None,
    *,
    ended: bool,
    cut_by: str | None = None,
) -> bool:
    """End a turn this worker answers, with the text that was committed; False where it is no longer ours.

    `cut_by` names the rule for which the rest of the reply was dropped.
    """
    found = await connection.execute(
        _END, hold.named | {"state": state, "error": error, "ended": ended, "cut_by": cut_by}
    )
    return found.one_or_none() is not None


async def update_conversation_ended(connection: AsyncConnection, assessment_id: UUID) -> None:
    """Note that an interview ended with its newest turn, whose own worker could not."""
    await connection.execute(_END_WITH_NEWEST, {"assessment_id": assessment_id})


async def update_answered(
    connection: AsyncConnection, hold: Hold, values: dict[str, Any]
) -> sa.Row[Any] | None:
    """Answer a turn this worker was to answer, and that has no text, with a fixed reply; gives its session_ms.

    None where the turn is no longer this worker's, or has text.
    """
    found = await connection.execute(
        turns.update()
        .where(
            *(turns.c[name] == value for name, value in hold.named.items()),
            turns.c.state == "pending",
            turns.c.lease_until > sa.func.now(),
        )
        .values(values)
        .returning(turns.c.session_ms)
    )
    row: sa.Row[Any] | None = found.one_or_none()
    if row is not None:
        await connection.execute(_CALL, {"call": hold.key.topic})
    return row


async def update_timing(connection: AsyncConnection, key: TurnKey, timing: dict[str, int], most: int) -> bool:
    """Add to what the page measured of a turn; False, and nothing added, where it would have over `most` names."""
    found = await connection.execute(
        _TIMING,
        {"session_id": key.session_id, "message_id": key.message_id, "timing": timing, "most": most},
    )
    return found.one_or_none() is not None


async def call_for(connection: AsyncConnection, key: TurnKey) -> None:
    """Tell the worker that makes a turn, whichever it is, that it is read elsewhere."""
    await connection.execute(_CALL, {"call": key.call})


async def insert_deltas(
    connection: AsyncConnection,
    rows: Sequence[tuple[TurnKey, str, int, bool, int]],
    worker_id: UUID,
    lease: float,
    *,
    renew: bool,
) -> dict[int, bool]:
    """Store new text of turns this worker answers, in one statement; `renew` renews their leases, too.

    A row is (turn, text, code points of the reply up to its end, whether other workers are told, the ask of the turn
    that it came of); one that is stored already is left. Gives the places in `rows`, from 0, of turns that are still
    this worker's, and whether each was written: not where somebody holds the turn's row, who is not waited for.
    """
    found = await connection.execute(
        _WRITE_DELTAS,
        {
            "session_id": [key.session_id for key, *_ in rows],
            "message_id": [key.message_id for key, *_ in rows],
            "text": [text for _, text, *_ in rows],
            "ends_at": [ends_at for _, _, ends_at, *_ in rows],
            "told": [told for *_, told, _ in rows],
            "asks": [asks for *_, asks in rows],
            "renew": renew,
            "worker_id": worker_id,
            "lease": lease,
        },
    )
    row = found.one()
    written = set(row.written or ())
    return {place - 1: place in written for place in row.ours or ()}
