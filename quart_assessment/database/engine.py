"""The pools of one worker, made after fork: a general one, and small ones for answers and for the text of replies,
which nothing else may use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from quart_assessment import measures
from quart_assessment.database.failures import translated
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings

Pool = Literal["general", "answers", "deltas"]
Isolation = Literal["READ COMMITTED", "REPEATABLE READ", "AUTOCOMMIT"]

ORDINARY: Final = "READ COMMITTED"
SNAPSHOT: Final = "REPEATABLE READ"
"""Every statement of the transaction sees what was committed before its first."""
# A batch of answers skips what is locked; what it waits for nevertheless must not hold its callers for long.
_BATCH_LOCK_SECONDS = 1.0
_LOCK_TIMEOUT = sa.text("SELECT set_config('lock_timeout', :timeout, true)")


class Database:
    """The pools, and every write under way in this worker.

    `writes` holds each running unit of work, so that a stopping worker can wait for them (see `drain`).
    """

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None:
            raise ValueError("DATABASE_URL is not set")
        self._settings = settings
        url = settings.database_url.get_secret_value()
        batches = _for_batches(settings.db_lock_timeout)
        self._sizes: dict[Pool, int] = {
            "general": settings.db_pool_size,
            "answers": settings.db_answer_pool_size,
            # One batch at a time; those who begin interviews must not make those who read theirs wait.
            "deltas": 1,
        }
        self._engines: dict[Pool, AsyncEngine] = {
            pool: make_engine(url, settings, size, {} if pool == "general" else batches)
            for pool, size in self._sizes.items()
        }
        # Each of a pool's engines lends the same connections; what they come back with is the ordinary level.
        self._isolated: dict[tuple[Pool, Isolation], AsyncEngine] = {
            (pool, level): engine if level == ORDINARY else engine.execution_options(isolation_level=level)
            for pool, engine in self._engines.items()
            for level in get_args(Isolation)
        }
        self.writes: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def connection(
        self, pool: Pool = "general", *, isolation: Isolation = ORDINARY
    ) -> AsyncIterator[AsyncConnection]:
        """Lend a connection; what is not committed when it comes back is rolled back.

        Database errors come out as they are: the two doors for writes look at them before they translate.
        """
        engine = self._isolated[pool, isolation]
        waiting = measures.pool_waiting.labels(pool)
        lent = engine.connect()
        waiting.inc()
        try:
            await lent.start()
        finally:
            waiting.dec()
        try:
            yield lent
        finally:
            # A caller cancelled meanwhile must not keep the connection from going back.
            await asyncio.shield(asyncio.create_task(lent.close()))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for reading; nothing done on it is kept.

        All its statements see the database as it was at the first: what spans several is never torn. Whoever waits
        for a change reads anew.

        Raises:
            Unavailable: the database is down or busy.
        """
        with translated():
            async with self.connection(isolation=SNAPSHOT) as connection:
                yield connection

    def make_room_for_a_write(self) -> None:
        """Refuse a further write where too many are under way.

        Raises:
            Unavailable: WRITES_WAITING units of work are under way.
        """
        if len(self.writes) >= self._settings.writes_waiting:
            raise Unavailable

    @property
    def most_waiting(self) -> int:
        """How many callers may wait for one kind of shared statement; past it 503."""
        return self._settings.writes_waiting

    @property
    def patience(self) -> float:
        """Seconds that a caller waits for a turn at the database; past it 503."""
        return self._settings.db_pool_timeout

    def lone_connections(self, pool: Pool) -> int:
        """Give how many connections of a pool writes that wait for a lock may hold; one is left for batches."""
        return max(1, self._sizes[pool] - 1)

    async def wait_for_locks(self, connection: AsyncConnection) -> None:
        """Let this transaction wait for locks as long as any does, where batches of its pool do not."""
        await connection.execute(
            _LOCK_TIMEOUT, {"timeout": f"{int(self._settings.db_lock_timeout * 1000)}ms"}
        )

    def sample_pools(self) -> None:
        """Bring the gauges of the pools up to date."""
        for name, engine in self._engines.items():
            pool = engine.pool
            if isinstance(pool, sa.pool.QueuePool):
                measures.pool_in_use.labels(name).set(pool.checkedout())
        measures.writes_running.set(len(self.writes))

    async def drain(self, seconds: float) -> None:
        """Wait for the writes under way, `seconds` at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.writes:
                    # A write may begin another: a batch, those of its callers who must wait for a lock.
                    await asyncio.wait(self.writes)

    async def dispose(self) -> None:
        """Close all connections; nothing may be asked of the pools afterwards."""
        for engine in self._engines.values():
            await engine.dispose()


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def _for_batches(lock_timeout: float) -> dict[str, str]:
    """Give the settings of connections that run one set statement for many callers."""
    return {
        "lock_timeout": _milliseconds(min(_BATCH_LOCK_SECONDS, lock_timeout)),
        # Planning it costs as much as running it, and no batch needs another plan than the last one.
        "plan_cache_mode": "force_generic_plan",
    }


def make_engine(
    url: str, settings: Settings, pool_size: int, further: Mapping[str, str] = MappingProxyType({})
) -> AsyncEngine:
    """Make a bounded pool whose connections give up waiting in time and never print a value.

    `further` are settings of PostgreSQL for its connections, over those that all have.
    """

    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=settings.db_pool_timeout,
        hide_parameters=True,
        connect_args={
            "timeout": settings.db_connect_timeout,
            "command_timeout": settings.db_statement_timeout + 5,
            "server_settings": {
                "application_name": "quart_assessment",
                "timezone": "UTC",
                "synchronous_commit": "on",
                "lock_timeout": _milliseconds(settings.db_lock_timeout),
                "statement_timeout": _milliseconds(settings.db_statement_timeout),
                "idle_in_transaction_session_timeout": _milliseconds(settings.db_idle_in_transaction_timeout),
                **further,
            },
        },
    )
    sa.event.listen(engine.sync_engine, "checkout", _refuse_a_closed_connection)
    return engine


def _refuse_a_closed_connection(
    dbapi_connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    # A restarted server closes idle connections: asyncpg has noticed by the time one is lent, and asking it
    # costs nothing, where a ping before each use costs a round trip.
    if dbapi_connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError
