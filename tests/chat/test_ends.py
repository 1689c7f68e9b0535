"""How an interview ends, and what follows."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Event, Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until

TAG = "</end_conversation>"
NEXT = {"message_id": str(uuid4()), "message": "And now?"}


async def read(participant: Participant) -> Data:
    return kept(await participant.client.get(f"{participant.path}/chat"))


async def test_the_tag_ends_the_interview_at_once_and_is_not_shown(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script(["Goodbye.", TAG[:7], TAG[7:] + " hidden", " more"], pause=0.05))
    message_id = str(uuid4())
    events = await someone.say("I am done.", message_id)
    assert text_of(events) == "Goodbye."
    assert events[-1].data == {"turn_number": 1, "conversation_ended": True}
    chat = await read(someone)
    assert (chat["ended"], chat["end_reason"]) == (True, "tag")
    assert chat["turns"][1]["conversation_ended"] is True
    assert "end_conversation" not in str(chat)
    session = await someone.refresh()
    assert session["chat"]["turns"] == 1
    assert session["next_step"] == "phq"
    refused(await someone.client.post(f"{someone.path}/chat/turns", json=NEXT), 409, "chat_ended")
    assert await someone.say("I am done.", message_id) == events
    ended = kept(await someone.client.post(f"{someone.path}/chat/complete"))
    assert (ended["ended"], ended["end_reason"], ended["completed_at"]) == (
        True,
        "tag",
        session["chat"]["completed_at"],
    )


async def test_the_tag_is_ignored_before_the_minimum(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=2, greeting=None)
    model.say(Script([f"Hello.{TAG}"]))
    assert text_of(await someone.greet()) == "Hello."
    model.say(Script([f"Goodbye.{TAG} Or not."]))
    events = await someone.say("Hello.")
    assert text_of(events) == "Goodbye. Or not."
    assert events[-1].data["conversation_ended"] is False
    events = await someone.say("Hello.")
    assert text_of(events) == "Goodbye."
    assert events[-1].data["conversation_ended"] is True


async def test_a_reply_of_the_tag_alone_counts(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script([TAG]))
    events = await someone.say("Hello.")
    assert [event.name for event in events] == ["accepted", "complete"]
    assert events[-1].data["conversation_ended"] is True
    assert (await someone.refresh())["chat"]["turns"] == 1


async def test_the_turn_limit_ends_the_interview(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1, max_turns=2)
    await someone.greet()
    assert (await someone.say("One."))[-1].data["conversation_ended"] is False
    assert (await someone.say("Two."))[-1].data["conversation_ended"] is True
    assert (await read(someone))["end_reason"] == "turn_limit"


async def test_a_failed_turn_does_not_count_to_the_limit(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1, max_turns=1)
    await someone.greet()
    model.say(Script(status=400), Script(["Thank you."]))
    await someone.say("One.")
    events = await someone.say("Two.")
    assert events[-1].data == {"turn_number": 2, "conversation_ended": True}


async def test_an_interrupted_reply_counts_to_the_limit(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1, max_turns=1)
    await someone.greet()
    model.say(Script(["Thank"], cut=True))
    assert (await someone.say("One."))[-1].data["code"] == "interrupted"
    assert (await read(someone))["end_reason"] == "turn_limit"


async def lose_the_worker(
    someone: Participant, model: ScriptedModel, database: Database
) -> asyncio.Task[list[Event]]:
    """Send a message, and let the lease of its turn end amid the reply, as after a killed worker."""
    model.say(Script(["Thank "], stall=True), Script(["Goodbye."]))
    saying = asyncio.create_task(someone.say("Hello."))
    async with asyncio.timeout(5):
        while (await read(someone))["turns"][-1]["reply"] != "Thank ":
            await asyncio.sleep(0.02)
    connection = await database.connect(owner=True)
    await connection.execute(
        "UPDATE turns SET lease_until = now() WHERE session_id = $1 AND state = 'streaming'",
        UUID(someone.session["id"]),
    )
    await connection.close()
    return saying


@pytest.mark.parametrize(
    "first", ["follows it", "reads it back", "finishes", "writes again", "looks at the session"]
)
async def test_the_last_turns_lost_worker_does_not_keep_the_interview_open(
    arrive: Arrive, model: ScriptedModel, room_database: Database, first: str
) -> None:
    someone = await arrive(min_turns=0, max_turns=1)
    await someone.greet()
    saying = await lose_the_worker(someone, model, room_database)
    if first == "follows it":
        assert text_of(await saying) == "Thank "
        assert (await someone.refresh())["chat"]["end_reason"] == "turn_limit"
    elif first == "finishes":
        ended = kept(await someone.client.post(f"{someone.path}/chat/complete"))
        assert (ended["ended"], ended["end_reason"]) == (True, "turn_limit")
    elif first == "writes again":
        refused(await someone.client.post(f"{someone.path}/chat/turns", json=NEXT), 409, "chat_ended")
    elif first == "looks at the session":
        async with asyncio.timeout(10):
            while not (await someone.refresh())["chat"]["ended"]:
                await asyncio.sleep(0.1)
    chat = await read(someone)
    assert (chat["ended"], chat["end_reason"]) == (True, "turn_limit")
    assert (chat["turns"][-1]["state"], chat["turns"][-1]["conversation_ended"]) == ("interrupted", True)
    assert (await someone.refresh())["next_step"] == "phq"
    await saying


async def test_a_lost_worker_before_the_last_turn_leaves_the_interview_open(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=0, max_turns=2)
    await someone.greet()
    saying = await lose_the_worker(someone, model, room_database)
    assert (await saying)[-1].data["code"] == "interrupted"
    assert (await read(someone))["ended"] is False
    assert (await someone.say("Are you there?"))[-1].data["conversation_ended"] is True


async def test_the_participant_finishes_after_the_minimum(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1)
    path = f"{someone.path}/chat/complete"
    refused(await someone.client.post(path), 409, "chat_not_started")
    await someone.greet()
    refused(await someone.client.post(path), 409, "min_turns")
    await someone.say("Hello.")
    ended = kept(await someone.client.post(path))
    assert (ended["ended"], ended["end_reason"]) == (True, "participant")
    assert kept(await someone.client.post(path)) == ended


@pytest.mark.parametrize("there", [False, True], ids=["here", "on another worker"])
async def test_finishing_stops_a_running_turn_and_keeps_its_text(
    arrive: Arrive,
    model: ScriptedModel,
    elsewhere: Callable[[Participant], Participant],
    there: bool,
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script(["Thank "], stall=True))
    message_id = str(uuid4())
    reader = asyncio.create_task(someone.say("Hello.", message_id))

    async def shown() -> str:
        return str((await read(someone))["turns"][-1]["reply"])

    async with asyncio.timeout(5):
        while await shown() != "Thank ":
            await asyncio.sleep(0.02)
    finisher = elsewhere(someone) if there else someone
    ended = kept(await finisher.client.post(f"{someone.path}/chat/complete"))
    assert ended["end_reason"] == "participant"
    async with asyncio.timeout(5):
        events = await reader
    assert text_of(events) == "Thank "
    assert events[-1].name == "complete"
    assert events[-1].data["conversation_ended"] is True
    turn = (await read(someone))["turns"][-1]
    assert (turn["state"], turn["reply"], turn["conversation_ended"]) == ("stopped", "Thank ", True)
    await until(lambda: model.open == 0, 5)
    assert await someone.say("Hello.", message_id) == events


async def test_a_message_on_its_way_is_no_failed_one(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=5)
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(status=401), Script(status=401), Script(["Thank you."], hold=hold))
    await someone.say("One.")
    await someone.say("Two.")
    third = asyncio.create_task(someone.say("Three."))
    await until(lambda: len(model.requests) == 3)
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")
    hold.set()
    assert text_of(await third) == "Thank you."


async def test_a_turn_too_few_is_not_stopped(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=2)
    await someone.greet()
    model.say(Script(["Thank ", "you."], pause=0.2))
    message_id = str(uuid4())
    reader = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")
    assert text_of(await reader) == "Thank you."


async def test_after_the_session_repeats_are_answered_and_new_messages_are_not(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    await someone.post("abandon", reason="no time")
    assert await someone.say("Hello.", message_id) == events
    refused(await someone.client.post(f"{someone.path}/chat/turns", json=NEXT), 409, "session_ended")
    assert len((await read(someone))["turns"]) == 2


async def test_abandoning_stops_a_running_turn(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["Thank "], stall=True))
    reader = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    await someone.post("abandon", reason="no time")
    async with asyncio.timeout(5):
        assert (await reader)[-1].name == "complete"
    await until(lambda: model.open == 0, 5)
