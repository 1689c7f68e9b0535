"""A message and its reply over real sockets: what is streamed, what is kept, what is refused."""

import asyncio
import json
from uuid import UUID, uuid4

import httpx

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Event, Participant, events_of, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until


def named(events: list[Event]) -> list[str]:
    return [event.name for event in events]


async def read(participant: Participant) -> Data:
    return kept(await participant.client.get(f"{participant.path}/chat"))


async def send(participant: Participant, **body: object) -> httpx.Response:
    message = {"message_id": str(uuid4()), "message": "Hello."} | body
    return await participant.client.post(f"{participant.path}/chat/turns", json=message)


async def test_a_fixed_greeting_is_turn_0_in_one_chunk(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(greeting={"en": "Welcome to you."})
    message_id = str(uuid4())
    events = await someone._stream("chat/start", {"message_id": message_id})
    assert [(event.name, event.id, event.data) for event in events] == [
        ("accepted", "0", {"turn_number": 0, "message_id": message_id}),
        ("chunk", "15", {"data": "Welcome to you.", "conversation_ended": False}),
        ("complete", "end", {"turn_number": 0, "conversation_ended": False}),
    ]
    assert model.requests == []
    chat = await read(someone)
    assert chat["turns"][0] | {"sent_at": "", "first_token_at": "", "completed_at": ""} == {
        "turn_number": 0,
        "message_id": message_id,
        "state": "complete",
        "message": None,
        "reply": "Welcome to you.",
        "safety": False,
        "conversation_ended": False,
        "sent_at": "",
        "first_token_at": "",
        "completed_at": "",
    }
    assert (await someone.refresh())["state"] == "LLM_IN_PROGRESS"


async def test_a_start_is_replayed_under_its_first_id(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    first, again = await someone.greet(), await someone.greet()
    assert first == again


async def test_a_greeting_can_be_made_by_the_model(arrive: Arrive, model: ScriptedModel) -> None:
    model.say(Script(["Good", " morning."]))
    someone = await arrive(greeting=None, min_turns=0)
    assert text_of(await someone.greet()) == "Good morning."
    assert [message["role"] for message in model.requests[0]["messages"]] == ["system", "user"]
    await someone.say("Hello")
    assert [message["content"] for message in model.requests[1]["messages"]][2] == "Good morning."


async def test_a_reply_streams_with_ids_that_count_its_code_points(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["Thank", " you 😀", "."], pause=0.15))
    message_id = str(uuid4())
    events = await someone.say("I am well.", message_id)
    assert (events[0].name, events[0].id) == ("accepted", "0")
    assert events[0].data == {"turn_number": 1, "message_id": message_id}
    assert [(event.id, event.data["data"]) for event in events[1:-1]] == [
        ("5", "Thank"),
        ("11", " you 😀"),
        ("12", "."),
    ]
    assert (events[-1].name, events[-1].id) == ("complete", "end")
    assert events[-1].data == {"turn_number": 1, "conversation_ended": False}
    turn = (await read(someone))["turns"][1]
    assert (turn["state"], turn["message"], turn["reply"]) == ("complete", "I am well.", "Thank you 😀.")


async def test_the_headers_of_a_stream_forbid_buffering(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    body = {"message_id": str(uuid4())}
    async with someone.client.stream("POST", f"{someone.path}/chat/start", json=body) as reply:
        assert reply.headers["content-type"] == "text/event-stream"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-accel-buffering"] == "no"
        assert [event.name async for event in events_of(reply)] == ["accepted", "chunk", "complete"]


async def test_the_first_chunk_comes_before_the_model_has_finished(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["One."] * 20, pause=0.05))
    body = {"message_id": str(uuid4()), "message": "Hello."}
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            if event.name == "chunk":
                assert model.finished == 0
                break
    await until(lambda: model.finished == 1)


async def test_the_model_is_told_the_stored_turns(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(greeting={"en": "Welcome."}, max_turns=7)
    await someone.greet()
    model.say(Script(["Since when?"]), Script(["I see."]))
    await someone.say("I am tired.")
    await someone.say("Since May.")
    said = [message["content"] for message in model.requests[1]["messages"]]
    assert "- Sleep: " in said[0]
    assert "{aspects}" not in said[0]
    assert said[2:] == ["Welcome.", "I am tired.", "Since when?", "[Turn: 2/7]\nSince May."]


async def test_a_message_before_the_start_is_refused(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    refused(await send(someone), 409, "chat_not_started")


async def test_a_message_after_the_end_is_refused(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    await someone.say("Hello.")
    await someone.post("chat/complete")
    refused(await send(someone), 409, "chat_ended")


async def test_a_message_that_is_none_is_refused(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    for message in ("", " \n ", "x" * 8001, "a\0b", 5, None, ["x"]):
        body = refused(await send(someone, message=message), 422, "invalid")
        assert body["details"][0]["field"] == "message"
    refused(await send(someone, message_id="no id"), 422, "invalid")
    assert len((await read(someone))["turns"]) == 1
    assert text_of(await someone.say("  " + "ü" * 8000 + "\n")) == "Thank you."
    assert (await read(someone))["turns"][1]["message"] == "ü" * 8000


async def test_one_turn_runs_at_a_time(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(hold=hold))
    message_id = str(uuid4())
    running = asyncio.create_task(someone.say("First.", message_id))
    await until(lambda: len(model.requests) == 1)
    body = refused(await send(someone), 409, "turn_running")
    assert body["details"] == [{"field": "message_id", "problem": message_id}]
    hold.set()
    assert text_of(await running) == "Thank you."


async def test_the_same_id_joins_while_it_runs_and_replays_afterwards(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["One.", " Two.", " Three."], pause=0.1))
    message_id = str(uuid4())
    first = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    joined = await someone.say(" Hello. ", message_id)
    replayed = await someone.say("Hello.", message_id)
    assert text_of(await first) == text_of(joined) == text_of(replayed) == "One. Two. Three."
    assert [named([one[0], one[-1]]) for one in (joined, replayed)] == [["accepted", "complete"]] * 2
    assert len(model.requests) == 1


async def test_an_id_is_not_taken_for_another_text(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    refused(await send(someone, message_id=message_id, message="Other."), 409, "message_id_reused")
    greeting = (await read(someone))["turns"][0]["message_id"]
    refused(await send(someone, message_id=greeting), 409, "message_id_reused")
    other = {"message_id": message_id}
    assert (await someone._stream("chat/start", other))[0].data["message_id"] == greeting


async def test_a_message_for_a_replaced_interview_is_refused(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    old = someone.session["chat"]["assessment_id"]
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    await someone.post("restart", part="chat")
    refused(await send(someone, assessment_id=old), 409, "assessment_replaced")
    refused(await send(someone), 409, "chat_not_started")
    assert text_of(await someone.say("Hello.", message_id)) == "Thank you."
    assert (await read(someone))["turns"] == []
    new = someone.session["chat"]["assessment_id"]
    await someone.greet()
    assert (await send(someone, assessment_id=new)).status_code == 200


async def test_a_client_that_leaves_does_not_stop_the_turn(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["One."] * 10, pause=0.05))
    body = {"message_id": str(uuid4()), "message": "Hello."}
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        await anext(events_of(reply))
    await until(lambda: model.finished == 1)
    assert text_of(await someone.say("Hello.", str(body["message_id"]))) == "One." * 10
    assert len(model.requests) == 1


async def test_timing_is_added_to_a_turn(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    await send(someone, message_id=message_id, timing={"typing_ms": 5, "note": "x"}, session_ms=3_600_000)
    path = f"{someone.path}/chat/turns/{message_id}/timing"
    assert kept(await someone.client.put(path, json={"read_ms": 7, "words": "x"})) == {
        "message_id": message_id
    }
    refused(await someone.client.put(path, json={"read_ms": "soon"}), 422, "invalid")
    elsewhere = f"{someone.path}/chat/turns/{uuid4()}/timing"
    refused(await someone.client.put(elsewhere, json={"read_ms": 7}), 404, "not_found")


async def test_a_turn_has_twenty_measurements_however_many_calls_bring_them(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    await send(someone, message_id=message_id, timing={f"typed_{place}_ms": 1 for place in range(10)})
    path = f"{someone.path}/chat/turns/{message_id}/timing"
    more = {f"read_{place}_ms": 2 for place in range(10)}
    kept(await someone.client.put(path, json=more))
    refused(await someone.client.put(path, json={"read_0_ms": 3, "seen_ms": 3}), 422, "invalid")
    kept(await someone.client.put(path, json=more | {"read_1_ms": 4}))
    connection = await room_database.connect(owner=True)
    timing = json.loads(
        await connection.fetchval("SELECT timing FROM turns WHERE message_id = $1", UUID(message_id))
    )
    await connection.close()
    assert (len(timing), timing["read_0_ms"], timing["read_1_ms"]) == (20, 2, 4)


async def test_the_chat_of_somebody_else_is_not_there(arrive: Arrive, model: ScriptedModel) -> None:
    someone, other = await arrive(), await arrive()
    await someone.greet()
    message_id = (await read(someone))["turns"][0]["message_id"]
    there = Participant(other.client, someone.session)
    refused(await there.client.get(f"{there.path}/chat"), 404, "not_found")
    refused(await there.client.get(f"{there.path}/chat/turns/{message_id}/events"), 404, "not_found")
    refused(await send(there), 404, "not_found")
    refused(await send(there, message=5), 422, "invalid")


async def test_before_the_consent_there_is_no_interview(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.post("restart", status=201, part="all", id=str(uuid4()))
    body = refused(await send(someone), 409, "wrong_step")
    assert body["details"] == [{"field": "next_step", "problem": "consent"}]
    start = await someone.client.post(f"{someone.path}/chat/start", json={"message_id": str(uuid4())})
    refused(start, 409, "wrong_step")
    refused(await someone.client.get(f"{someone.path}/chat"), 409, "wrong_step")


async def test_a_clock_that_cannot_be_right_is_flagged(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    times = ((None, False), (0, False), (3_600_000, True), (-5000, True))
    for session_ms, _ in times:
        await send(someone, session_ms=session_ms, client_time="2020-01-01T00:00:00Z")
    connection = await room_database.connect(owner=True)
    rows = await connection.fetch(
        "SELECT session_ms, clock_suspect FROM turns WHERE session_id = $1 AND turn_number > 0"
        " ORDER BY turn_number",
        someone.session["id"],
    )
    await connection.close()
    assert [tuple(row) for row in rows] == list(times)
