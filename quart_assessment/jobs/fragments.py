"""Parts of SQL by which another room's statement asks for jobs, in its own transaction."""

from __future__ import annotations

CHANNEL = "qa_jobs"
"""The channel on which workers hear that a job may be due."""
NOTIFY = f"pg_notify('{CHANNEL}', '')"
UNFINISHED = "state IN ('waiting', 'running')"


def asked(rows: str) -> str:
    """Give the statement part that asks for the jobs of `rows`.

    `rows` names rows (kind text, key uuid[], run_after timestamptz); the same kind and key may come twice. An
    unfinished job of that kind and key is asked for again instead: one that waits has all its attempts again and
    runs at the earlier of both times; one that runs will run once more, since it may have looked before this
    transaction's commit. That is why its row is locked until then, and updated even where nothing changes: a job
    that was begun unseen would miss what caused this ask.

    It sends a NOTIFY, which makes commits of all connections wait for each other: ask for what is rare, not for
    each answer.
    """
    return f"""
        INSERT INTO jobs (kind, key, run_after)
        SELECT kind, key, min(run_after) FROM {rows} GROUP BY kind, key ORDER BY kind, key
        ON CONFLICT (kind, key) WHERE {UNFINISHED} DO UPDATE
        SET asks = jobs.asks + 1,
            attempts = CASE WHEN jobs.state = 'waiting' THEN 0 ELSE jobs.attempts END,
            run_after = CASE WHEN jobs.state = 'waiting' THEN least(jobs.run_after, excluded.run_after)
                ELSE jobs.run_after END
        RETURNING CASE WHEN state = 'waiting' AND run_after <= now() THEN {NOTIFY} END
    """  # noqa: S608
