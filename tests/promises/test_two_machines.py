"""Two whole services on one database and one store stand for two machines: any call may come to either."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tests.camera.pictures import jpeg
from tests.ground.model import PassThrough
from tests.ground.participant import Data, Event, Participant, events_of, kept, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.service import Model, Service
from tests.promises.machines import LEASE_SECONDS, Machines, joined, somebody_at, two_services

PIECES = ["Since when ", "have you ", "felt that ", "way?"]


@pytest.fixture(scope="module")
def services(
    module_database: Database, serve_for_module: Callable[..., Service], model_port: int
) -> tuple[Service, Service]:
    model = Model(f"http://127.0.0.1:{model_port}/v1", "a key", "scripted")
    return two_services(serve_for_module, module_database, model)


@pytest.fixture
async def both(
    services: tuple[Service, Service], module_database: Database, model: ScriptedModel
) -> AsyncIterator[Machines]:
    async with somebody_at(services, module_database) as machines:
        yield machines


async def begun(participant: Participant, message_id: str) -> Event:
    """Send a message, read as far as its first chunk, and leave."""
    body = {"message_id": message_id, "message": "Hello."}
    async with participant.client.stream("POST", f"{participant.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            if event.name == "chunk":
                return event
    raise AssertionError("no chunk came")


async def turns_of(participant: Participant) -> list[Data]:
    turns: list[Data] = kept(await participant.client.get(f"{participant.path}/chat"))["turns"]
    return turns


async def test_an_assessment_goes_on_at_the_other_machine(
    serve: Callable[..., Service], recorded_model: PassThrough, database: Database
) -> None:
    services = two_services(serve, database, recorded_model.model)
    async with somebody_at(services, database) as both:
        await go_on_at_the_other(both, recorded_model, database)


async def go_on_at_the_other(both: Machines, model: PassThrough, database: Database) -> None:
    here, there = both.here, both.there
    first = text_of(await here.say("I have slept badly since the spring."))
    assert first

    message_id, body = str(uuid4()), {"message": "I wake up at four and lie awake. Please go on."}
    path = f"{there.path}/chat/turns"
    async with there.client.stream("POST", path, json=body | {"message_id": message_id}) as reply:
        events = events_of(reply)
        seen = [await anext(events), await anext(events)]
        assert [event.name for event in seen] == ["accepted", "chunk"]
        join = asyncio.create_task(joined(here, message_id, seen[-1].id))
        picture = jpeg(seed=7)
        upload = there.client.put(
            f"{there.path}/captures/{uuid4()}", content=picture, headers={"Content-Type": "image/jpeg"}
        )
        capture = kept(await upload, 201)["capture"]
        rest = [event async for event in events]
    second = text_of([*seen, *rest])
    assert rest[-1].name == "complete"
    assert text_of(seen) + text_of(await join) == second

    asked = [message["content"] for message in model.requests[-1]["messages"]]
    assert asked[-3:-1] == ["I have slept badly since the spring.", first]
    assert body["message"] in asked[-1]
    assert [turn["reply"] for turn in (await turns_of(here))[1:]] == [first, second]

    await there.post("chat/complete")
    question = (await here.questions())[0]["id"]
    assert kept(await there.save(question, 2))["answered"] == 1
    stored = kept(await here.client.get(f"{here.path}/phq"))["responses"]
    assert [(one["question_id"], one["value"]) for one in stored] == [(question, 2)]
    await the_file_is_in_the_store(both, database, capture["id"], picture)


async def the_file_is_in_the_store(
    both: Machines, database: Database, capture_id: str, picture: bytes
) -> None:
    listed = kept(await both.here.client.get(f"{both.here.path}/captures"))["captures"]
    assert [(one["id"], one["sha256"]) for one in listed] == [
        (capture_id, hashlib.sha256(picture).hexdigest())
    ]
    connection = await database.connect(owner=True)
    key = await connection.fetchval("SELECT store_key FROM captures WHERE capture_id = $1", UUID(capture_id))
    await connection.close()
    store = Path(both.services[0].environment["STORE_DIR"])
    assert await asyncio.to_thread((store / key).read_bytes) == picture


async def test_a_turn_is_joined_in_mid_stream_at_the_other_machine(
    both: Machines, model: ScriptedModel
) -> None:
    model.say(Script(PIECES, pause=0.3))
    message_id = str(uuid4())
    chunk = await begun(both.there, message_id)
    assert (await turns_of(both.here))[-1]["state"] == "streaming"
    rest = await joined(both.here, message_id, chunk.id)
    assert chunk.data["data"] + text_of(rest) == "".join(PIECES)
    assert [event.name for event in rest][-1] == "complete"
    assert len(rest) > 2
    assert len(model.requests) == 1


async def test_an_interview_finished_at_one_machine_stops_the_turn_at_the_other(
    both: Machines, model: ScriptedModel
) -> None:
    await both.here.say("Hello.")
    model.say(Script(PIECES, stall=True))
    message_id = str(uuid4())
    reading = asyncio.create_task(both.here.say("I am tired.", message_id))

    async def all_came() -> None:
        while (await turns_of(both.there))[-1]["reply"] != "".join(PIECES):
            await asyncio.sleep(0.02)

    async with asyncio.timeout(10):
        await all_came()
        ended = await both.there.post("chat/complete")
        events = await reading
    assert (ended["ended"], ended["end_reason"]) == (True, "participant")
    assert text_of(events) == "".join(PIECES)
    assert (events[-1].name, events[-1].data["conversation_ended"]) == ("complete", True)
    turn = (await turns_of(both.there))[-1]
    assert (turn["state"], turn["reply"]) == ("stopped", "".join(PIECES))
    # Nobody asks the model for more of it.
    await until(lambda: model.open == 0)


async def test_the_turn_of_a_killed_worker_is_read_and_joined_at_the_other_machine(
    both: Machines, model: ScriptedModel
) -> None:
    model.say(Script(PIECES, stall=True), Script(["And now?"]))
    message_id = str(uuid4())
    reading = asyncio.create_task(both.here.say("Hello.", message_id))
    async with asyncio.timeout(10):
        while (turns := await turns_of(both.there))[-1]["reply"] != "".join(PIECES):
            await asyncio.sleep(0.02)
    assert turns[-1]["state"] == "streaming"
    both.services[0].kill_workers()
    with pytest.raises(httpx.TransportError):
        await reading
    async with asyncio.timeout(LEASE_SECONDS + 3):
        events = await joined(both.there, message_id)
    assert text_of(events) == "".join(PIECES)
    assert events[-1].name == "error"
    assert (events[-1].data["code"], events[-1].data["retry"]) == ("interrupted", False)
    turn = (await turns_of(both.there))[-1]
    assert (turn["state"], turn["reply"]) == ("interrupted", "".join(PIECES))
    assert text_of(await both.there.say("Still here.")) == "And now?"
    asked = model.requests[-1]["messages"]
    assert "".join(PIECES) in [message["content"] for message in asked]
