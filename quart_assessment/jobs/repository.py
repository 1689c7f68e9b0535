"""The jobs' rows. A worker claims them by a lease: whoever comes after its end may take the job up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.jobs.facts import FailedAs, Job
from quart_assessment.jobs.fragments import NOTIFY, UNFINISHED, asked


@dataclass(frozen=True, slots=True)
class Hold:
    """One run's claim on its job: what it does to the row holds only while the row says the same."""

    worker_id: UUID
    job: Job


def _counted(rows: str) -> str:
    """Give the statement part that counts the ends of runs named by `rows` (kind, outcome)."""
    return f"""
        INSERT INTO job_runs (kind, outcome, runs)
        SELECT kind, outcome, count(*) FROM {rows} GROUP BY kind, outcome ORDER BY kind, outcome
        ON CONFLICT (kind, outcome) DO UPDATE SET runs = job_runs.runs + excluded.runs
    """  # noqa: S608


_ASK = sa.text(f"""
    WITH wanted AS (
        SELECT CAST(:kind AS text) AS kind, CAST(:key AS uuid[]) AS key,
            coalesce(CAST(:run_after AS timestamptz), now()) AS run_after
    ) {asked("wanted")}
""")
_LEASE = "now() + make_interval(secs => CAST(:lease AS double precision))"
# A job whose last attempt was lost is given up: it may be what kills its workers.
_CLAIM = sa.text(f"""
    WITH due AS (
        SELECT id, kind, state = 'running' AS lost, asks > asks_seen AS asked_again,
            state = 'running' AND asks = asks_seen AND attempts >= :most_attempts AS spent
        FROM jobs
        WHERE {UNFINISHED} AND kind = ANY(CAST(:kinds AS text[])) AND id <> ALL(CAST(:running AS uuid[]))
            AND coalesce(lease_until, run_after) <= now()
        ORDER BY coalesce(lease_until, run_after) LIMIT :most
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE jobs j SET
            state = CASE WHEN spent THEN 'failed' ELSE 'running' END,
            attempts = CASE WHEN spent THEN attempts WHEN lost AND asked_again THEN 1 ELSE attempts + 1 END,
            asks_seen = asks,
            leased_by = CASE WHEN NOT spent THEN CAST(:worker_id AS uuid) END,
            lease_until = CASE WHEN NOT spent THEN {_LEASE} END,
            started_at = CASE WHEN spent THEN started_at ELSE now() END,
            finished_at = CASE WHEN spent THEN now() END,
            last_error = CASE WHEN lost THEN 'lost' ELSE last_error END
        FROM due d WHERE j.id = d.id
        RETURNING j.id, j.kind, j.key, j.asks, j.attempts, j.state
    ), ended AS (
        SELECT kind, 'lost' AS outcome FROM due WHERE lost
    ), counted AS ({_counted("ended")})
    SELECT id, kind, key, asks, attempts FROM taken WHERE state = 'running'
""")  # noqa: S608
_HELD = "state = 'running' AND leased_by = :worker_id"
# Whoever asks for a job again holds its row until its commit; the leases of others must not wait for that.
_RENEW = sa.text(f"""
    WITH free AS (
        SELECT id FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) AND {_HELD} FOR UPDATE SKIP LOCKED
    ), renewed AS (
        UPDATE jobs j SET lease_until = {_LEASE} FROM free f WHERE j.id = f.id RETURNING j.id
    )
    SELECT j.id, r.id IS NOT NULL AS renewed
    FROM jobs j LEFT JOIN renewed r ON r.id = j.id WHERE j.id = ANY(CAST(:ids AS uuid[])) AND j.{_HELD}
""")  # noqa: S608
_HOLD = f"id = :id AND {_HELD} AND attempts = :attempt"
_LET_GO = "leased_by = NULL, lease_until = NULL"


def _ending(change: str, outcome: str) -> sa.TextClause:
    return sa.text(f"""
        WITH ended AS (
            UPDATE jobs SET {_LET_GO}, {change} WHERE {_HOLD}
            RETURNING kind, state, CAST({outcome} AS text) AS outcome
        ), counted AS ({_counted("ended")})
        SELECT CASE WHEN state = 'waiting' AND outcome = 'returned' THEN {NOTIFY} END FROM ended
    """)  # noqa: S608


_FINISH = _ending(
    """
    state = CASE WHEN asks = asks_seen THEN 'done' ELSE 'waiting' END,
    attempts = CASE WHEN asks = asks_seen THEN attempts ELSE 0 END,
    run_after = CASE WHEN asks = asks_seen THEN run_after ELSE now() END,
    finished_at = CASE WHEN asks = asks_seen THEN now() END
    """,
    "'done'",
)
_FAIL = _ending(
    """
    state = CASE WHEN asks = asks_seen AND attempts >= :most_attempts THEN 'failed' ELSE 'waiting' END,
    finished_at = CASE WHEN asks = asks_seen AND attempts >= :most_attempts THEN now() END,
    attempts = CASE WHEN asks = asks_seen THEN attempts ELSE 0 END,
    run_after = now() + make_interval(secs => least(CAST(:longest AS double precision),
        CAST(:first AS double precision) * power(2, least(attempts, 40) - 1))),
    last_error = :error
    """,
    ":outcome",
)
_RETURN = _ending("state = 'waiting', attempts = attempts - 1", "'returned'")
_CLEAR = sa.text("""
    DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs
        WHERE state = 'done' AND finished_at < now() - make_interval(days => CAST(:days AS integer))
        ORDER BY finished_at LIMIT :most FOR UPDATE SKIP LOCKED)
""")


async def insert_asked(
    connection: AsyncConnection, kind: str, key: Sequence[UUID], run_after: datetime | None
) -> None:
    """Add a job, or ask again for the unfinished one of this kind and key."""
    await connection.execute(_ASK, {"kind": kind, "key": list(key), "run_after": run_after})


async def update_claimed(
    connection: AsyncConnection,
    worker_id: UUID,
    kinds: Sequence[str],
    *,
    most: int,
    lease: float,
    most_attempts: int,
    running: Sequence[UUID],
) -> list[Job]:
    """Lease due jobs of these kinds to a worker, the longest due first, `most` at most, for `lease` seconds.

    Jobs whose lease has run out are due; those that have had `most_attempts` are given up. A row that somebody
    holds locked is not waited for. `running` are jobs the worker still runs, though their leases may have lapsed.
    """
    found = await connection.execute(
        _CLAIM,
        {
            "worker_id": worker_id,
            "kinds": list(kinds),
            "most": most,
            "lease": lease,
            "most_attempts": most_attempts,
            "running": list(running),
        },
    )
    return [Job(row.id, row.kind, tuple(row.key), row.asks, row.attempts) for row in found]


async def update_leases(
    connection: AsyncConnection, worker_id: UUID, ids: Sequence[UUID], lease: float
) -> dict[UUID, bool]:
    """Renew a worker's leases; gives the jobs that are still its own, and whether each was renewed."""
    found = await connection.execute(_RENEW, {"worker_id": worker_id, "ids": list(ids), "lease": lease})
    return {row.id: row.renewed for row in found}


async def update_done(connection: AsyncConnection, hold: Hold) -> bool:
    """Say that a run did its job, which waits again if it was asked for meanwhile; False where it is not held."""
    return await _ended(connection, _FINISH, hold)


async def update_failed(
    connection: AsyncConnection,
    hold: Hold,
    outcome: FailedAs,
    error: str,
    *,
    most_attempts: int,
    first_pause: float,
    longest_pause: float,
) -> bool:
    """Say that a run failed, with its error's class; False where the job is not held.

    The job waits for `first_pause` seconds, twice as long after each further attempt, `longest_pause` at most;
    after `most_attempts` it is given up.
    """
    return await _ended(
        connection,
        _FAIL,
        hold,
        outcome=outcome,
        error=error,
        most_attempts=most_attempts,
        first=first_pause,
        longest=longest_pause,
    )


async def update_returned(connection: AsyncConnection, hold: Hold) -> bool:
    """Give a job back whose run was broken off, as if it had not begun; False where it is not held."""
    return await _ended(connection, _RETURN, hold)


async def _ended(connection: AsyncConnection, statement: sa.TextClause, hold: Hold, **values: object) -> bool:
    of = {"id": hold.job.id, "attempt": hold.job.attempt, "worker_id": hold.worker_id}
    return (await connection.execute(statement, of | values)).first() is not None


async def delete_done(connection: AsyncConnection, days: int, most: int) -> int:
    """Delete jobs that were done more than `days` ago, `most` at most; gives how many."""
    return (await connection.execute(_CLEAR, {"days": days, "most": most})).rowcount
