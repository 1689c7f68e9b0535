"""Joining a turn: from any of its ids, on any worker, while it runs and afterwards."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import httpx

from tests.chat.conftest import Arrive
from tests.ground.participant import Event, Participant, events_of, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until

REPLY = ["One. ", "Two. ", "Three. ", "Four. "]


async def join(participant: Participant, message_id: str, last: str | None = None) -> list[Event]:
    headers = {} if last is None else {"Last-Event-ID": last}
    path = f"{participant.path}/chat/turns/{message_id}/events"
    async with participant.client.stream("GET", path, headers=headers) as reply:
        assert reply.status_code == 200
        return [event async for event in events_of(reply)]


async def begin(participant: Participant, message_id: str) -> httpx.Response:
    """Send a message and leave before its reply."""
    body = {"message_id": message_id, "message": "Hello."}
    async with participant.client.stream("POST", f"{participant.path}/chat/turns", json=body) as reply:
        await anext(events_of(reply))
    return reply


async def test_the_text_up_to_an_id_and_the_join_at_it_are_the_whole_text(
    arrive: Arrive, model: ScriptedModel, elsewhere: Callable[[Participant], Participant]
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(REPLY, pause=0.1))
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    there = elsewhere(someone)
    seen = ""
    for event in events[:-1]:
        seen += event.data.get("data", "")
        for reader in (someone, there):
            joined = await join(reader, message_id, event.id)
            assert seen + text_of(joined) == "".join(REPLY)
            assert joined[-1] == events[-1]
            assert "accepted" not in [one.name for one in joined]
    assert [event.name for event in await join(there, message_id, "end")] == ["complete"]


async def test_an_unknown_id_is_the_start(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    for last in (None, "", "99", "-1", "x", "1.5", "９", "١", str(uuid4()), "9" * 5000):
        if last is not None and not last.isascii():
            continue
        assert await join(someone, message_id, last) == events


async def test_a_running_turn_is_joined_on_another_worker(
    arrive: Arrive, model: ScriptedModel, elsewhere: Callable[[Participant], Participant]
) -> None:
    someone = await arrive()
    await someone.greet()
    there = elsewhere(someone)
    hold = asyncio.Event()
    model.say(Script(REPLY, pause=0.1, hold=hold))
    message_id = str(uuid4())
    here = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    joined = asyncio.create_task(join(there, message_id))
    repeated = asyncio.create_task(elsewhere(someone).say("Hello.", message_id))
    await asyncio.sleep(0.1)
    hold.set()
    for reader in (here, joined, repeated):
        events = await reader
        assert text_of(events) == "".join(REPLY)
        assert [event.name for event in events] == ["accepted", *["chunk"] * 4, "complete"]
    assert len(model.requests) == 1


async def test_a_chunk_that_was_seen_is_committed(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["word "] * 30, pause=0.01))
    message_id = str(uuid4())
    body = {"message_id": message_id, "message": "Hello."}
    connection = await room_database.connect(owner=True)
    seen = ""
    async with someone.client.stream("POST", f"{someone.path}/chat/turns", json=body) as reply:
        async for event in events_of(reply):
            seen += event.data.get("data", "")
            stored = await connection.fetchval(
                "SELECT coalesce(string_agg(text, '' ORDER BY ends_at), '') FROM turn_deltas"
                " WHERE message_id = $1",
                message_id,
            )
            assert stored.startswith(seen)
            assert event.id in ("0", "end", str(len(seen)))
    await connection.close()
    assert seen == "word " * 30


async def test_a_turn_is_read_back_as_far_as_it_is_committed(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(REPLY, stall=True))
    message_id = str(uuid4())
    await begin(someone, message_id)

    async def reply() -> tuple[str, str]:
        turn = kept(await someone.client.get(f"{someone.path}/chat"))["turns"][1]
        return turn["state"], turn["reply"]

    async with asyncio.timeout(1.2):
        while await reply() != ("streaming", "".join(REPLY)):
            await asyncio.sleep(0.02)


async def test_the_turn_of_a_lost_worker_is_interrupted_after_its_lease(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    lost, message_id = str(uuid4()), str(uuid4())
    connection = await room_database.connect(owner=True)
    for ident, text in ((lost, ""), (message_id, "Thank ")):
        await connection.execute(
            "INSERT INTO turns (session_id, message_id, assessment_id, turn_number, state, message,"
            " received_at, asks, worker_id, lease_until, first_token_at) VALUES ($1, $2, $3,"
            " (SELECT max(turn_number) + 1 FROM turns WHERE assessment_id = $3), 'streaming', 'Hello.',"
            " now(), 1,"
            " gen_random_uuid(), now() + interval '0.7 s', CASE WHEN $4 <> '' THEN now() END)",
            someone.session["id"],
            ident,
            someone.session["chat"]["assessment_id"],
            text,
        )
        if text:
            await connection.execute(
                "INSERT INTO turn_deltas (session_id, message_id, ends_at, text) VALUES ($1, $2, 6, $3)",
                someone.session["id"],
                ident,
                text,
            )
        events = await join(someone, ident)
        assert text_of(events) == text
        assert events[-1].data["code"] == "interrupted"
        assert events[-1].data["retry"] is (text == "")
        turn = kept(await someone.client.get(f"{someone.path}/chat"))["turns"][-1]
        assert (turn["state"], turn["reply"]) == ("interrupted", text)
        assert turn["completed_at"] is not None
        # The next one who writes also writes that down.
        if text == "":
            await someone.say("Hello?", str(uuid4()))
    assert text_of(await someone.say("Hello?")) == "Thank you."
    states = await connection.fetch("SELECT state FROM turns WHERE session_id = $1", someone.session["id"])
    await connection.close()
    assert sorted(row["state"] for row in states) == ["complete"] * 3 + ["interrupted"] * 2


async def test_an_unknown_turn_is_not_there(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    for ident in (str(uuid4()), "no-id"):
        reply = await someone.client.get(f"{someone.path}/chat/turns/{ident}/events")
        refused(reply, 404, "not_found")


async def test_a_login_that_ended_is_told_of_before_a_malformed_id(arrive: Arrive) -> None:
    someone = await arrive()
    turn = f"{someone.path}/chat/turns/not-a-uuid"
    refused(await someone.client.get(f"{turn}/events"), 404, "not_found")
    refused(await someone.client.put(f"{turn}/timing", json={}), 404, "not_found")
    cookies = dict(someone.client.cookies)
    kept(await someone.client.post("/api/auth/logout"))
    someone.client.cookies.update(cookies)
    refused(await someone.client.get(f"{turn}/events"), 401, "login_required")
    refused(await someone.client.put(f"{turn}/timing", json={}), 401, "login_required")
