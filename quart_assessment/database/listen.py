"""LISTEN: one connection a worker that hears what other workers have written.

A notification is a hint, never data: it names a key, and who waits for that key reads the tables again. One
may be lost while the connection is being made anew, so every waiter also looks by itself after a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.engine import make_url

from quart_assessment import measures
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]

MOST_SUBSCRIPTIONS = 10_000
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_LOOK_SECONDS = 10.0


class Listener:
    """Hears one channel of the database and wakes those who subscribed to the key it was told."""

    def __init__(self, connect: Connect, channel: str) -> None:
        self._connect = connect
        self._channel = channel
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._subscriptions = 0
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()

    @classmethod
    def of(cls, settings: Settings, channel: str) -> Listener:
        """Make a listener of the application's database."""
        if settings.database_url is None:
            raise ValueError("DATABASE_URL is not set")
        url = make_url(settings.database_url.get_secret_value()).set(drivername="postgresql")
        dsn = url.render_as_string(hide_password=False)

        async def connect() -> asyncpg.Connection[asyncpg.Record]:
            return await asyncpg.connect(
                dsn,
                timeout=settings.db_connect_timeout,
                command_timeout=settings.db_statement_timeout,
                server_settings={"application_name": "quart_assessment listener"},
            )

        return cls(connect, channel)

    def start(self) -> None:
        """Begin to listen, in the background: the service starts even while the database is away."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Stop listening; whoever waits is woken once more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._wake_all()

    @contextmanager
    def subscribed(self, key: str) -> Iterator[asyncio.Event]:
        """Lend an event that is set whenever `key` was notified; the subscriber clears it before it looks.

        Raises:
            Unavailable: too many are subscribed in this worker.
        """
        if self._subscriptions >= MOST_SUBSCRIPTIONS:
            raise Unavailable
        woken = asyncio.Event()
        self._subscriptions += 1
        self._waiting.setdefault(key, set()).add(woken)
        try:
            yield woken
        finally:
            self._subscriptions -= 1
            others = self._waiting[key]
            others.discard(woken)
            if not others:
                del self._waiting[key]

    def wake(self, key: str) -> None:
        """Wake the subscribers of `key` in this worker."""
        for woken in self._waiting.get(key, ()):
            woken.set()

    def _wake_all(self) -> None:
        for key in self._waiting:
            self.wake(key)

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._listen_once()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                measures.database_failures.labels("listener").inc()
                log.warning("the listener lost its connection", extra={"kind": type(error).__name__})
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen_once(self) -> None:
        connection = await self._connect()
        try:
            self._lost.clear()
            connection.add_termination_listener(self._on_termination)
            await connection.add_listener(self._channel, self._on_notification)
            # What was notified while nobody listened is not told again.
            self._wake_all()
            while not self._lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), _LOOK_SECONDS)
                if not self._lost.is_set():
                    # A connection that a firewall dropped says nothing until it is asked.
                    await connection.execute("SELECT 1")
            raise ConnectionResetError
        finally:
            connection.terminate()

    def _on_termination(self, _connection: object) -> None:
        self._lost.set()

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self.wake(str(payload))
