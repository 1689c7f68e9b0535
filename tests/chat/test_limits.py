"""A session and a study ask models for no more than they may, however many services they ask through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until

PROMPT, REPLY = 900, 100


async def use_of(database: Database, someone: Participant) -> tuple[int, int]:
    """Calls and tokens of somebody's study today."""
    connection = await database.connect(owner=True)
    try:
        row = await connection.fetchrow(
            "SELECT calls, tokens FROM model_use WHERE study_id = $1", UUID(someone.session["study"]["id"])
        )
    finally:
        await connection.close()
    return (0, 0) if row is None else (row["calls"], row["tokens"])


def is_refused(events: list[Any]) -> bool:
    last = events[-1]
    return last.name == "error" and (last.data["code"], last.data["retry"]) == ("model_unavailable", False)


async def test_a_session_has_so_many_calls_and_a_restart_of_its_chat_no_more(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(model_calls_a_session=2, min_turns=0)
    await someone.greet()
    for _ in range(2):
        assert text_of(await someone.say("Hello.")) == "Thank you."
    message_id = str(uuid4())
    assert is_refused(await someone.say("Hello.", message_id))
    assert is_refused(await someone.say("Hello.", message_id))
    await someone.post("restart", part="chat")
    await someone.greet()
    assert is_refused(await someone.say("Hello."))
    assert len(model.requests) == 2


async def test_a_second_look_at_a_message_is_one_of_the_calls(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(second_check=True, model_calls_a_session=2, min_turns=0)
    await someone.greet()
    model.say(Script(["NONE"]), Script(["I see."]))
    assert text_of(await someone.say("Hello.")) == "I see."
    assert is_refused(await someone.say("Hello."))
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    ("said", "limit", "calls", "tokens"),
    [("NONE.", 9, 2, 202 + PROMPT + REPLY), ("NONE.", 1, 1, 202), ("RISK.", 9, 1, 202)],
    ids=["then a reply", "then over the limit", "a hit"],
)
async def test_a_second_look_costs_what_the_model_says(
    arrive: Arrive,
    model: ScriptedModel,
    room_database: Database,
    said: str,
    limit: int,
    calls: int,
    tokens: int,
) -> None:
    someone = await arrive(second_check=True, model_calls_a_session=limit)
    await someone.greet()
    model.say(Script([said], usage=(200, 2)), Script(usage=(PROMPT, REPLY)))
    await someone.say("I keep looking at the calendar and see an empty page.")
    assert await use_of(room_database, someone) == (calls, tokens)


async def test_a_session_has_so_many_messages_though_its_chat_is_started_anew(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(turns_a_session=3, max_turns=3, min_turns=0)
    await someone.greet()
    model.say(Script(status=401))
    await someone.say("Hello.")
    model.say(Script())
    await someone.say("Hello.")
    await someone.post("restart", part="chat")
    await someone.greet()
    assert text_of(await someone.say("Hello.")) == "Thank you."
    await over(someone, "Hello?")
    ended = kept(await someone.client.get(f"{someone.path}/chat"))
    assert (ended["ended"], ended["end_reason"], len(ended["turns"])) == (True, "turn_limit", 2)
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    ("message", "said"),
    [("I keep looking at the calendar and see an empty page.", "RISK"), ("I want to kill myself.", "NONE")],
    ids=["seen by the second look", "seen by the rules"],
)
async def test_a_message_at_risk_is_one_of_them(
    arrive: Arrive, model: ScriptedModel, message: str, said: str
) -> None:
    someone = await arrive(second_check=True, turns_a_session=2, max_turns=2, min_turns=0)
    await someone.greet()
    model.say(Script([said]))
    assert (await someone.say(message))[-1].data["conversation_ended"] is False
    assert (await someone.say(message))[-1].data["conversation_ended"] is True


async def test_past_the_limit_of_messages_a_risk_is_still_seen(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(turns_a_session=1, max_turns=1, min_turns=0)
    await someone.greet()
    model.say(Script(status=401))
    await someone.say("Hello.")
    events = await someone.say("I want to kill myself.")
    assert [event.name for event in events] == ["accepted", "help", "chunk", "complete"]
    await over(someone, "I want to kill myself.")


async def over(someone: Participant, message: str) -> None:
    body = {"message_id": str(uuid4()), "message": message}
    refused(await someone.client.post(f"{someone.path}/chat/turns", json=body), 409, "chat_ended")


async def test_an_automatic_retry_is_a_call(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(model_calls_a_session=1)
    await someone.greet()
    model.say(Script(status=500))
    assert is_refused(await someone.say("Hello."))
    assert len(model.requests) == 1
    assert (await use_of(room_database, someone))[0] == 1


async def test_an_automatic_retry_is_counted_with_the_ask_before_it(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(status=500), Script(usage=(PROMPT, REPLY), hold=hold))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 2)
    sent = sum(len(message["content"]) for message in model.requests[0]["messages"])
    calls, tokens = await use_of(room_database, someone)
    assert calls == 2
    assert 2 * sent / 3 + 400 <= tokens <= 2 * sent / 3 + 500
    hold.set()
    assert text_of(await saying) == "Thank you."
    calls, tokens = await use_of(room_database, someone)
    assert calls == 2
    assert sent / 3 <= tokens - PROMPT - REPLY <= sent / 3 + 50


async def test_an_automatic_retry_is_not_made_past_a_limit_of_tokens(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(hold=hold))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    once = (await use_of(room_database, someone))[1]
    hold.set()
    await saying
    someone = await arrive(model_tokens_a_session=once + 10)
    await someone.greet()
    model.say(Script(status=500), Script())
    assert is_refused(await someone.say("Hello."))
    assert len(model.requests) == 2


async def test_a_session_has_so_many_tokens(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(model_tokens_a_session=3500)
    await someone.greet()
    model.say(Script(usage=(PROMPT, REPLY)))
    said = [await someone.say("Hello.") for _ in range(4)]
    assert [is_refused(events) for events in said] == [False, False, False, True]


async def test_what_a_call_cost_takes_the_place_of_the_most_it_might(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    hold = asyncio.Event()
    model.say(Script(usage=(PROMPT, REPLY), hold=hold))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    sent = sum(len(message["content"]) for message in model.requests[0]["messages"])
    calls, tokens = await use_of(room_database, someone)
    assert calls == 1
    assert sent / 3 + 400 <= tokens <= sent / 3 + 450
    hold.set()
    await saying
    assert await use_of(room_database, someone) == (1, PROMPT + REPLY)
    model.say(Script(["Thirty characters are ten tokens"]))
    await someone.say("Hello.")
    calls, tokens = await use_of(room_database, someone)
    sent = sum(len(message["content"]) for message in model.requests[1]["messages"])
    assert calls == 2
    assert sent / 3 + 11 <= tokens - PROMPT - REPLY <= sent / 3 + 50


async def test_a_reply_stopped_on_its_way_is_counted_by_what_came(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    model.say(Script(["word " * 30], stall=True))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    at_most = (await use_of(room_database, someone))[1]
    await asyncio.sleep(0.2)
    kept(await someone.client.post(f"{someone.path}/chat/complete"))
    await saying
    async with asyncio.timeout(5):
        while (tokens := (await use_of(room_database, someone))[1]) == at_most:
            await asyncio.sleep(0.02)
    assert tokens == at_most - 400 + 50


async def test_a_study_never_goes_past_its_day_though_many_ask_at_once(
    arrive: Arrive,
    elsewhere: Callable[[Participant], Participant],
    model: ScriptedModel,
    room_database: Database,
) -> None:
    limits = {"model_tokens_a_day": 6000, "min_turns": 0}
    first = await arrive(**limits)
    people = [first, *[await first_of_the_same(first, arrive, room_database, limits) for _ in range(7)]]
    for someone in people:
        await someone.greet()
    hold = asyncio.Event()
    model.say(Script(usage=(1500, 400), hold=hold))
    here = [asyncio.create_task(someone.say("Hello.")) for someone in people[:6]]
    there = [asyncio.create_task(elsewhere(someone).say("Hello.")) for someone in people[6:]]
    async with asyncio.timeout(10):
        while sum(task.done() for task in (*here, *there)) + len(model.requests) < 8:
            await asyncio.sleep(0.02)
    calls, tokens = await use_of(room_database, first)
    assert (calls, tokens <= 6000) == (len(model.requests), True)
    hold.set()
    said = [await task for task in (*here, *there)]
    without = sum(is_refused(events) for events in said)
    assert 0 < calls == 8 - without
    assert await use_of(room_database, first) == (calls, calls * 1900)


async def first_of_the_same(
    first: Participant, arrive: Arrive, database: Database, limits: Data
) -> Participant:
    """Somebody else whose session belongs to the same study as the first one's."""
    other = await arrive(**limits)
    connection = await database.connect(owner=True)
    try:
        await connection.execute(
            "UPDATE sessions SET study_id = $1 WHERE id = $2",
            UUID(first.session["study"]["id"]),
            UUID(other.session["id"]),
        )
    finally:
        await connection.close()
    return other


async def test_a_new_day_begins_at_nothing(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(model_calls_a_day=1)
    await someone.greet()
    await someone.say("Hello.")
    assert is_refused(await someone.say("Hello."))
    connection = await room_database.connect(owner=True)
    await connection.execute(
        "UPDATE model_use SET day_at = day_at - interval '1 day' WHERE study_id = $1",
        UUID(someone.session["study"]["id"]),
    )
    await connection.close()
    assert text_of(await someone.say("Hello.")) == "Thank you."


async def test_past_a_limit_the_script_answers_where_the_study_says_so(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(model_calls_a_day=1, fallback="scripted")
    await someone.greet()
    await someone.say("Hello.")
    events = await someone.say("It has been rather mixed.")
    assert "usually enjoy" in text_of(events)
    assert len(model.requests) == 1
    assert (await use_of(room_database, someone))[0] == 1


async def test_words_of_the_script_after_a_model_that_failed_cost_nothing(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(fallback="scripted")
    await someone.greet()
    model.say(Script(status=400))
    assert "usually enjoy" in text_of(await someone.say("It has been rather mixed."))
    sent = sum(len(message["content"]) for message in model.requests[0]["messages"])
    assert sent / 3 <= (await use_of(room_database, someone))[1] <= sent / 3 + 20


async def test_the_script_costs_nothing(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(connection="scripted", model_calls_a_session=1, model_tokens_a_day=1)
    await someone.greet()
    for _ in range(3):
        assert (await someone.say("It has been rather mixed."))[-1].name == "complete"
    assert await use_of(room_database, someone) == (0, 0)
