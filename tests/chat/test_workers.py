"""What happens to turns when workers stop, die, are full, or lose their database."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import httpx
import pytest

from tests.ground.own_postgres import own_server
from tests.ground.participant import Data, Participant, events_of, kept, refused, text_of
from tests.ground.ports import free_port
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, scripted, until
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

SETTINGS = {
    "web_concurrency": 1,
    "secret_key": "a secret that two services of the tests share between them",
    "turn_lease_seconds": 2,
    "graceful_timeout": 6,
}
STUDY = study_with(presentation={"order": "chat_first"}, chat={"min_turns": 1})
Enter = Callable[..., Awaitable[Participant]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def model(port: int) -> AsyncIterator[ScriptedModel]:
    async with scripted(port=port) as made:
        yield made


@pytest.fixture
def start(database: Database, serve: Callable[..., Service], port: int) -> Callable[..., Service]:
    """Start a service of one worker on this test's database and model."""

    def started(**settings: object) -> Service:
        model = Model(f"http://127.0.0.1:{port}/v1", "a key", "scripted")
        return serve(database, model=model, **SETTINGS | settings)

    return started


@pytest.fixture
async def enter(database: Database) -> AsyncIterator[Enter]:
    """Bring new people of one study to their greeted chat at a service."""
    people = iter((await populated(database, STUDY, participants=40)).participants)
    async with AsyncExitStack() as stack:

        async def entered(service: Service) -> Participant:
            person = next(people)
            someone = Participant(await stack.enter_async_context(service.client()))
            await someone.log_in(person.username, person.password)
            await someone.arrive()
            await someone.greet()
            return someone

        yield entered


def at(service: Service, participant: Participant) -> Participant:
    """The same participant as a client of another service."""
    client = service.client()
    client.cookies.update(participant.client.cookies)
    return Participant(client, participant.session)


async def reply_of(participant: Participant) -> tuple[str, str]:
    turn = kept(await participant.client.get(f"{participant.path}/chat"))["turns"][-1]
    return turn["state"], turn["reply"]


async def reply_is(participant: Participant, state: str, reply: str, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while await reply_of(participant) != (state, reply):
            await asyncio.sleep(0.05)


async def settled(participant: Participant) -> None:
    """Wait until no reply is being made; a request whose client left may still be on its way at first."""
    async with asyncio.timeout(10):
        for _ in range(5):
            while (await reply_of(participant))[0] in ("pending", "streaming"):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.02)


async def test_a_killed_worker_leaves_its_turn_interrupted_with_its_text(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    first, second = start(), start()
    someone = await enter(first)
    there = at(second, someone)
    model.say(Script(["Thank "], stall=True))
    message_id = str(uuid4())
    sending = asyncio.create_task(someone.say("Hello.", message_id))
    await reply_is(there, "streaming", "Thank ")
    joining = asyncio.create_task(there.say("Hello.", message_id))
    await asyncio.sleep(0.1)
    first.kill_workers()
    with pytest.raises(httpx.TransportError):
        await sending
    async with asyncio.timeout(4):
        events = await joining
    assert text_of(events) == "Thank "
    assert (events[-1].name, events[-1].data["code"]) == ("error", "interrupted")
    model.say(Script(["Go on."]))
    assert text_of(await there.say("Yes.")) == "Go on."
    assert len(model.requests) == 2
    await there.client.aclose()


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("abandon", {"reason": "no time"}),
        ("restart", {"part": "chat"}),
        ("withdraw", {"scopes": "all", "erase": False}),
        ("chat/turns", {"message_id": str(uuid4()), "message": "Yes."}),
    ],
    ids=["abandoned", "chat started anew", "withdrawn", "gone on with"],
)
async def test_what_follows_changes_nothing_of_a_killed_workers_turn(
    database: Database,
    model: ScriptedModel,
    start: Callable[..., Service],
    enter: Enter,
    verb: str,
    body: Data,
) -> None:
    first, second = start(), start()
    someone = await enter(first)
    there = at(second, someone)
    model.say(Script(["Thank "], stall=True), Script())
    sending = asyncio.create_task(someone.say("Hello."))
    await reply_is(there, "streaming", "Thank ")
    first.kill_workers()
    with pytest.raises(httpx.TransportError):
        await sending
    await reply_is(there, "interrupted", "Thank ")
    turn = kept(await there.client.get(f"{there.path}/chat"))["turns"][1]
    assert (await there.client.post(f"{there.path}/{verb}", json=body)).status_code == 200
    connection = await database.connect(owner=True)
    row = await connection.fetchrow(
        "SELECT state, reply, conversation_ended, error, completed_at FROM turns WHERE message_id = $1",
        UUID(turn["message_id"]),
    )
    await connection.close()
    assert tuple(row)[:4] == ("interrupted", "Thank ", False, "interrupted")
    assert (
        row["completed_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z") == turn["completed_at"]
    )
    await there.client.aclose()


async def test_a_repeat_after_the_lease_takes_the_place_of_the_ask_that_its_worker_still_makes(
    database: Database, model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    # So long a lease is not looked at again by itself before the repeat comes.
    service = start(turn_lease_seconds=90)
    someone = await enter(service)
    hold = asyncio.Event()
    model.say(Script([], stall=True), Script(["Thank ", "you."], hold=hold))
    message_id = str(uuid4())
    first = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    connection = await database.connect(owner=True)
    await connection.execute("UPDATE turns SET lease_until = now() WHERE completed_at IS NULL")
    await connection.close()
    again = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 2)
    await until(lambda: model.open == 1)
    joined = asyncio.create_task(someone.say("Hello.", message_id))
    await asyncio.sleep(0.3)
    hold.set()
    assert [text_of(await reading) for reading in (first, again, joined)] == ["Thank you."] * 3
    assert await reply_of(someone) == ("complete", "Thank you.")


async def test_a_worker_killed_before_the_first_token_leaves_its_turn_to_be_asked_again(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    first, second = start(), start()
    someone = await enter(first)
    there = at(second, someone)
    model.say(Script([], stall=True), Script(["Thank you."]))
    message_id = str(uuid4())
    sending = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    joining = asyncio.create_task(there.say("Hello.", message_id))
    await asyncio.sleep(0.1)
    first.kill_workers()
    with pytest.raises(httpx.TransportError):
        await sending
    async with asyncio.timeout(4):
        events = await joining
    assert [event.name for event in events] == ["accepted", "error"]
    assert (events[-1].data["code"], events[-1].data["retry"]) == ("interrupted", True)
    assert text_of(await there.say("Hello.", message_id)) == "Thank you."
    found = kept(await there.client.get(f"{there.path}/chat"))["turns"]
    assert [(turn["message"], turn["reply"]) for turn in found[1:]] == [("Hello.", "Thank you.")]
    assert len(model.requests) == 2
    await there.client.aclose()


async def test_a_database_restarted_while_a_reply_streams_loses_none_of_it(
    model: ScriptedModel, serve: Callable[..., Service], port: int
) -> None:
    async with own_server() as server:
        people = await populated(server.database, STUDY, participants=1)
        named = Model(f"http://127.0.0.1:{port}/v1", "a key", "scripted")
        service = serve(server.database, model=named, **SETTINGS | {"turn_lease_seconds": 20})
        async with service.client() as client:
            someone = Participant(client)
            await someone.log_in(people.participants[0].username, people.participants[0].password)
            await someone.arrive()
            await someone.greet()
            words = [f"word{number} " for number in range(100)]
            model.say(Script(words, pause=0.05))
            message_id = str(uuid4())
            sending = asyncio.create_task(someone.say("Hello.", message_id))
            await until(lambda: len(model.requests) == 1)
            await asyncio.sleep(0.5)
            await server.stop()
            await asyncio.sleep(0.5)
            await server.start()
            assert text_of(await sending) == "".join(words)
            assert await reply_of(someone) == ("complete", "".join(words))
            assert text_of(await someone.say("Hello.", message_id)) == "".join(words)
            assert len(model.requests) == 1


async def test_a_stopping_worker_ends_streams_and_keeps_what_came(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    first, second = start(), start()
    someone = await enter(first)
    there = at(second, someone)
    model.say(Script(["Thank "], stall=True))
    body = {"message_id": str(uuid4()), "message": "Hello."}
    names = []
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            names.append(event.name)
            if event.name == "chunk":
                first.signal(signal.SIGTERM)
    assert names == ["accepted", "chunk"]
    await asyncio.to_thread(first.process.wait, 10)
    assert await reply_of(there) == ("interrupted", "Thank ")
    await there.client.aclose()


async def test_a_reply_that_is_nearly_done_is_finished_by_a_stopping_worker(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    first, second = start(), start()
    someone = await enter(first)
    there = at(second, someone)
    model.say(Script(["One. "] * 20, pause=0.05))
    sending = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    first.signal(signal.SIGTERM)
    await sending
    await asyncio.to_thread(first.process.wait, 10)
    assert await reply_of(there) == ("complete", "One. " * 20)
    await there.client.aclose()


async def test_a_full_worker_refuses_and_stores_nothing(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    service = start(turns_at_once=1)
    someone, other = await enter(service), await enter(service)
    hold = asyncio.Event()
    model.say(Script(hold=hold))
    running = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    body = {"message_id": str(uuid4()), "message": "Hello."}
    reply = await other.client.post(f"{other.path}/chat/turns", json=body)
    refused(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert len(kept(await other.client.get(f"{other.path}/chat"))["turns"]) == 1
    danger = await other.say("I want to die.")
    assert danger[1].name == "help"
    hold.set()
    assert text_of(await running) == "Thank you."
    await until(lambda: model.finished == 1)
    async with asyncio.timeout(10):
        while (await other.client.post(f"{other.path}/chat/turns", json=body)).status_code == 503:
            await asyncio.sleep(0.05)


async def test_a_database_that_drops_its_connections_loses_no_text(
    database: Database, model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    service = start(turn_lease_seconds=10)
    someone = await enter(service)
    words = [f"word{number} " for number in range(60)]
    model.say(Script(words, pause=0.05))
    sending = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    connection = await database.connect(superuser=True)
    for _ in range(4):
        await asyncio.sleep(0.4)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'qa_app'"
        )
    await connection.close()
    assert text_of(await sending) == "".join(words)
    assert await reply_of(someone) == ("complete", "".join(words))


async def test_many_turns_at_once_share_their_commits(
    database: Database, model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    service = start()
    people = [await enter(service) for _ in range(30)]
    words = [f"w{number} " for number in range(40)]
    model.say(Script(words, pause=0.02))
    replies = await asyncio.gather(*(person.say("Hello.") for person in people))
    assert all(text_of(events) == "".join(words) for events in replies)
    connection = await database.connect(owner=True)
    rows, moments = await connection.fetchrow("SELECT count(*), count(DISTINCT at) FROM turn_deltas")
    await connection.close()
    assert rows > moments
    metrics = (await people[0].client.get("/metrics")).text
    assert "qa_chunk_delay_seconds_count" in metrics
    slow = [line for line in metrics.splitlines() if line.startswith("qa_chunk_delay_seconds_bucket")]
    assert slow


async def test_the_turns_of_clients_that_come_and_go_are_all_answered(
    database: Database, model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    service = start()
    people = [await enter(service) for _ in range(8)]
    model.say(Script(["One. ", "Two. "], pause=0.01))

    async def come_and_go(person: Participant, place: int) -> None:
        for number in range(6):
            sending = asyncio.create_task(person.say(f"Message {number}.", str(uuid4())))
            await asyncio.sleep((place * 7 + number * 5) % 40 / 1000)
            sending.cancel()
            await asyncio.wait({sending})
            await settled(person)

    await asyncio.gather(*(come_and_go(person, place) for place, person in enumerate(people)))
    kept_turns = 0
    for person in people:
        await settled(person)
        turns = kept(await person.client.get(f"{person.path}/chat"))["turns"][1:]
        assert {(turn["state"], turn["reply"]) for turn in turns} <= {("complete", "One. Two. ")}
        kept_turns += len(turns)
    assert kept_turns > len(people)
    connection = await database.connect(superuser=True)
    idle = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'qa_app' AND state LIKE 'idle in%'"
        " AND datname = current_database()"
    )
    await connection.close()
    assert idle == 0


async def test_words_are_in_no_log_line_however_much_is_logged(
    model: ScriptedModel, start: Callable[..., Service], enter: Enter
) -> None:
    service = start(log_level="DEBUG")
    someone = await enter(service)
    model.say(Script(["Reply-canary."]), Script(status=500), Script(["Reply-canary"], cut=True))
    for _ in range(3):
        await someone.say("Message-canary.")
    await someone.say("I want to kill myself, message-canary.")
    assert "canary" not in service.printed().lower()
    assert "canary" not in (await someone.client.get("/metrics")).text.lower()
