"""LISTEN: who waits for a key is woken, also after the connection was lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from quart_assessment.database import listen
from quart_assessment.database.listen import Listener
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings
from tests.ground.postgres import Database


@pytest.fixture
async def listener(module_database: Database) -> AsyncIterator[Listener]:
    made = Listener.of(Settings(database_url=SecretStr(module_database.url)), "trial")
    made.start()
    # The first connection wakes everybody, who may have missed something.
    with made.subscribed("begun") as woken:
        await asyncio.wait_for(woken.wait(), 5)
    yield made
    await made.close()


async def notify(database: Database, key: str) -> None:
    connection = await database.connect()
    await connection.execute("SELECT pg_notify('trial', $1)", key)
    await connection.close()


async def test_who_waits_for_a_key_is_woken_and_nobody_else(
    listener: Listener, module_database: Database
) -> None:
    with listener.subscribed("a") as one, listener.subscribed("a") as two, listener.subscribed("b") as other:
        await notify(module_database, "a")
        await asyncio.wait_for(asyncio.gather(one.wait(), two.wait()), 5)
        assert not other.is_set()


async def test_a_lost_connection_is_made_anew_and_everybody_is_woken(
    listener: Listener, module_database: Database
) -> None:
    with listener.subscribed("a") as woken:
        connection = await module_database.connect(superuser=True)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'quart_assessment listener' AND datname = current_database()"
        )
        await connection.close()
        await asyncio.wait_for(woken.wait(), 5)
        woken.clear()
        await notify(module_database, "a")
        await asyncio.wait_for(woken.wait(), 5)


async def test_a_database_that_is_away_at_first_is_found_later(module_database: Database) -> None:
    settings = Settings(database_url=SecretStr(module_database.url))
    there = Listener.of(settings, "trial")
    tries = 0

    async def connect() -> object:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionRefusedError
        return await there._connect()

    listener = Listener(connect, "trial")
    listener.start()
    with listener.subscribed("a") as woken:
        await asyncio.wait_for(woken.wait(), 5)
    assert tries == 3
    await listener.close()


async def test_subscriptions_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "MOST_SUBSCRIPTIONS", 1)
    listener = Listener(None, "trial")  # type: ignore[arg-type]
    with listener.subscribed("a"), pytest.raises(Unavailable), listener.subscribed("b"):
        pass
    with listener.subscribed("c"):
        pass
