"""What the database's errors mean for a caller, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg
from sqlalchemy import exc

from quart_assessment import measures
from quart_assessment.problems import Problem, Unavailable

_PASSING = {
    "08": "connection",
    "28": "connection",
    "53": "resources",
    "57": "shutdown_or_timeout",
    "40": "conflict",
    "55": "lock",
    "58": "system",
}
_READ_ONLY = {"25006", "25P03", "25P04"}
CACHED_PLAN = "0A000"
DEADLOCK = "40P01"
NOT_SERIALIZABLE = "40001"


def sqlstate_of(error: BaseException) -> str | None:
    """Give the SQLSTATE (PostgreSQL manual, appendix A) of a driver's error, None if it has none."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return sqlstate_of(error.orig)
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_rolled_back(error: BaseException) -> bool:
    """Tell whether PostgreSQL itself said that a statement failed: then nothing of it is kept.

    Of a lost connection, and of one that the server ended, nobody knows what became of the last statement.
    """
    state = sqlstate_of(error)
    return state is not None and state[:2] != "08" and not state.startswith("57P")


def constraint_of(error: exc.DBAPIError) -> str | None:
    """Give the name of the constraint that refused a row."""
    cause = error.orig.__cause__ if error.orig is not None else None
    name = getattr(cause, "constraint_name", None)
    return name if isinstance(name, str) else None


def _is_misuse(error: BaseException) -> bool:
    # asyncpg's InterfaceError tells of lost connections, and of calls that no retry makes right.
    cause = error.orig.__cause__ if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    return isinstance(cause, asyncpg.DataError) or "another operation" in str(cause)


def _kind(error: BaseException) -> str | None:
    if isinstance(error, exc.TimeoutError):
        return "pool"
    if isinstance(error, (asyncpg.InterfaceError, exc.InterfaceError)):
        return None if _is_misuse(error) else "connection"
    if isinstance(error, (OSError, TimeoutError)):
        return "connection"
    state = sqlstate_of(error)
    if state is not None:
        return "read_only" if state in _READ_ONLY else _PASSING.get(state[:2])
    if isinstance(error, exc.DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, OSError)
    ):
        return "connection"
    return None


def problem_for(error: BaseException) -> Problem | None:
    """Give the problem that a passing fault (pool, lock, disk, restart) means, None for anything else."""
    kind = _kind(error)
    if kind is None:
        return None
    measures.database_failures.labels(kind).inc()
    if kind in ("pool", "lock", "shutdown_or_timeout"):
        measures.timeouts.labels(f"database_{kind}").inc()
    return Unavailable()


def whole_batch_fails(error: BaseException) -> bool:
    """Tell whether a fault is the database's own, which a batch's callers share, and not what one of them brought."""
    return _kind(error) not in (None, "lock", "conflict")


@contextmanager
def translated(constraints: Mapping[str, type[Problem]] | None = None) -> Iterator[None]:
    """Turn database errors into problems: passing faults into Unavailable, named constraints into theirs.

    Raises:
        Problem: as said; any other error goes on as it is, and is a bug.
    """
    try:
        yield
    except exc.IntegrityError as error:
        problem = (constraints or {}).get(constraint_of(error) or "")
        if problem is None:
            raise
        raise problem from None
    except (
        TimeoutError,
        exc.SQLAlchemyError,
        OSError,
        asyncpg.InterfaceError,
        asyncpg.PostgresError,
    ) as error:
        found = problem_for(error)
        if found is None:
            raise
        raise found from error
