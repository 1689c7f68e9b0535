"""Replies that share a statement: what is written, who is told, and what one locked turn means for the others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from quart_assessment.chat import repository
from quart_assessment.chat.delta_writer import DeltaWriter
from quart_assessment.chat.facts import TurnKey
from quart_assessment.chat.running import RunningReply
from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.transactions import committed
from tests.chat.conftest import Arrive
from tests.ground.participant import Participant, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.study import settings_of

LEASE = 10.0
INSERT = """
    INSERT INTO turns (session_id, message_id, assessment_id, turn_number, state, message, received_at, asks,
        worker_id, lease_until)
    VALUES ($1, $2, $3, (SELECT max(turn_number) + 1 FROM turns WHERE assessment_id = $3), 'pending', 'Hello.',
        now(), 1, $4, now() + interval '5 s')
"""


@pytest.fixture
async def pools(room_database: Database) -> AsyncIterator[Pools]:
    made = Pools(settings_of(room_database))
    yield made
    await made.dispose()


class Desk:
    """A worker's turns, written by the one writer, with a connection to look at the tables."""

    def __init__(self, database: Database, pools: Pools) -> None:
        self.database = database
        self.worker = uuid4()
        self.replies: list[RunningReply] = []
        self.writer = DeltaWriter(pools, self.worker, LEASE, lambda: self.replies)

    async def take(self, someone: Participant) -> RunningReply:
        """Make a turn of somebody's that this worker answers."""
        connection = await self.database.connect(owner=True)
        key = TurnKey(UUID(someone.session["id"]), uuid4())
        part = UUID(someone.session["chat"]["assessment_id"])
        await connection.execute(INSERT, key.session_id, key.message_id, part, self.worker)
        await connection.close()
        self.replies.append(RunningReply(key, 1))
        return self.replies[-1]

    async def stored(self, reply: RunningReply) -> str:
        connection = await self.database.connect(owner=True)
        text = await connection.fetchval(
            "SELECT coalesce(string_agg(text, '' ORDER BY ends_at), '') FROM turn_deltas WHERE message_id = $1",
            reply.key.message_id,
        )
        await connection.close()
        return str(text)

    async def lease(self, reply: RunningReply) -> float:
        connection = await self.database.connect(owner=True)
        seconds = await connection.fetchval(
            "SELECT extract(epoch FROM lease_until - now())::float FROM turns WHERE message_id = $1",
            reply.key.message_id,
        )
        await connection.close()
        return float(seconds)


@pytest.fixture
async def desk(room_database: Database, pools: Pools) -> Desk:
    return Desk(room_database, pools)


@asynccontextmanager
async def locked(database: Database, key: TurnKey) -> AsyncIterator[None]:
    """Hold a turn's row, as a verb does that stops it."""
    connection = await database.connect(owner=True)
    async with connection.transaction():
        await connection.execute("SELECT FROM turns WHERE message_id = $1 FOR UPDATE", key.message_id)
        yield
    await connection.close()


async def greeted(arrive: Arrive) -> Participant:
    someone = await arrive()
    await someone.greet()
    return someone


async def test_a_locked_turn_holds_up_no_other_and_loses_nothing(
    arrive: Arrive, model: ScriptedModel, desk: Desk, room_database: Database
) -> None:
    held, free = await desk.take(await greeted(arrive)), await desk.take(await greeted(arrive))
    for reply in (held, free):
        reply.add("Thank you.")
    desk.writer.start()
    async with locked(room_database, held.key), asyncio.timeout(5):
        desk.writer.wake()
        await free.flushed()
        assert not held.lost
        assert await desk.stored(held) == ""
    async with asyncio.timeout(5):
        await held.flushed()
    assert [await desk.stored(reply) for reply in (held, free)] == ["Thank you."] * 2
    await desk.writer.close()


async def test_leases_are_renewed_by_beats_alone(arrive: Arrive, model: ScriptedModel, desk: Desk) -> None:
    reply = await desk.take(await greeted(arrive))
    reply.add("Thank ")
    await desk.writer.save_message([reply], renew=False)
    assert await desk.lease(reply) > LEASE - 1
    connection = await desk.database.connect(owner=True)
    await connection.execute(
        "UPDATE turns SET lease_until = now() + interval '2 s' WHERE worker_id = $1", desk.worker
    )
    await connection.close()
    reply.add("you.")
    await desk.writer.save_message([reply], renew=False)
    assert await desk.lease(reply) < 3
    await desk.writer.save_message([reply], renew=True)
    assert await desk.lease(reply) > LEASE - 1
    assert await desk.stored(reply) == "Thank you."


async def test_a_turn_of_another_worker_is_given_up(arrive: Arrive, model: ScriptedModel, desk: Desk) -> None:
    ours, theirs = await desk.take(await greeted(arrive)), await desk.take(await greeted(arrive))
    connection = await desk.database.connect(owner=True)
    await connection.execute(
        "UPDATE turns SET worker_id = $1 WHERE message_id = $2", uuid4(), theirs.key.message_id
    )
    await connection.close()
    for reply in (ours, theirs):
        reply.add("Thank you.")
    await desk.writer.save_message(desk.replies, renew=False)
    assert (ours.lost, theirs.lost) == (False, True)
    assert [await desk.stored(reply) for reply in (ours, theirs)] == ["Thank you.", ""]


async def test_text_of_an_ask_is_not_written_into_the_next_one_of_the_same_worker(
    arrive: Arrive, model: ScriptedModel, desk: Desk
) -> None:
    reply = await desk.take(await greeted(arrive))
    connection = await desk.database.connect(owner=True)
    await connection.execute("UPDATE turns SET asks = 2 WHERE message_id = $1", reply.key.message_id)
    await connection.close()
    await desk.writer.save_message([reply], renew=True)
    after_a_beat = reply.lost
    reply.add("Thank you.")
    await desk.writer.save_message([reply], renew=False)
    assert (after_a_beat, reply.lost) == (False, True)
    assert await desk.stored(reply) == ""


async def test_who_stops_a_turn_keeps_the_text_of_a_batch_under_way(
    arrive: Arrive, model: ScriptedModel, desk: Desk, pools: Pools
) -> None:
    reply = await desk.take(await greeted(arrive))
    batch = await desk.database.connect(owner=True)
    async with batch.transaction():
        await batch.execute("SELECT FROM turns WHERE message_id = $1 FOR NO KEY UPDATE", reply.key.message_id)
        await batch.execute(
            "INSERT INTO turn_deltas (session_id, message_id, ends_at, text) VALUES ($1, $2, 10, 'Thank you.')",
            reply.key.session_id,
            reply.key.message_id,
        )
        stopping = asyncio.create_task(
            committed(pools, lambda connection: repository.update_stopped(connection, reply.key.session_id))
        )
        watcher = await desk.database.connect(superuser=True)
        async with asyncio.timeout(5):
            while not await watcher.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                await asyncio.sleep(0.01)
    await stopping
    text = await watcher.fetchval("SELECT reply FROM turns WHERE message_id = $1", reply.key.message_id)
    assert text == "Thank you."
    for connection in (batch, watcher):
        await connection.close()


async def test_other_workers_are_told_of_text_only_where_they_read_it(
    arrive: Arrive,
    model: ScriptedModel,
    elsewhere: Callable[[Participant], Participant],
    room_database: Database,
) -> None:
    someone = await greeted(arrive)
    there = elsewhere(someone)
    told: list[str] = []
    connection = await room_database.connect()
    await connection.add_listener(repository.CHANNEL, lambda *said: told.append(str(said[-1])))
    model.say(Script(["One. ", "Two. ", "Three. "], pause=0.1))
    alone, joined = str(uuid4()), str(uuid4())
    await someone.say("Hello.", alone)
    hold = asyncio.Event()
    model.say(Script(["One. ", "Two. ", "Three. "], pause=0.1, hold=hold))
    sending = asyncio.create_task(someone.say("Hello?", joined))
    await until(lambda: len(model.requests) == 2)
    reading = asyncio.create_task(there.say("Hello?", joined))
    await until(lambda: any(said.startswith("reads/") for said in told))
    hold.set()
    assert text_of(await reading) == text_of(await sending) == "One. Two. Three. "
    await connection.close()
    topics = [said for said in told if not said.startswith("reads/")]
    assert len([said for said in topics if said.endswith(alone)]) == 1
    assert len([said for said in topics if said.endswith(joined)]) == 4
