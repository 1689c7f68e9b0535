"""A second look at a message by the study's model: it adds hits, removes none, and its failure changes nothing."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import httpx
import pytest

from quart_assessment.chat import second_check
from quart_assessment.chat.providers import Prompt, Told
from quart_assessment.chat.providers.scripted import Scripted
from tests.chat.conftest import Arrive
from tests.ground.connection import connection_to
from tests.ground.participant import Participant, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until

VEILED = "I keep looking at the calendar and see an empty page."
DANGER = "I want to kill myself."
FAILED = 'qa_second_checks_total{outcome="failed"}'
ASKED = (
    'qa_model_calls_total{connection="default",outcome="whole"}',
    'qa_model_tokens_total{connection="default",of="prompt"}',
    'qa_model_tokens_total{connection="default",of="reply"}',
)


async def detectors(database: Database, participant: Participant) -> list[tuple[str, float]]:
    connection = await database.connect(owner=True)
    try:
        found = await connection.fetch(
            "SELECT detector, value FROM alerts WHERE session_id = $1", participant.session["id"]
        )
        return [(row["detector"], row["value"]) for row in found]
    finally:
        await connection.close()


async def test_a_hit_of_the_model_gives_help_and_an_alert_instead_of_a_reply(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(second_check=True, min_turns=1)
    await someone.greet()
    model.say(Script(["RI", "SK."]))
    message_id = str(uuid4())
    events = await someone.say(VEILED, message_id)
    assert [event.name for event in events] == ["accepted", "help", "chunk", "complete"]
    assert len(model.requests) == 1
    assert await detectors(room_database, someone) == [("model-1:second_check", 2)]
    assert await someone.say(VEILED, message_id) == events
    assert (await someone.refresh())["chat"]["turns"] == 1


async def test_without_a_hit_the_reply_comes(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    model.say(Script(["NONE"]), Script(["I see."]))
    assert text_of(await someone.say(VEILED)) == "I see."
    assert await detectors(room_database, someone) == []


async def test_a_message_that_is_asked_for_again_is_looked_at_once(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    model.say(Script(["NONE"]), Script(status=500), Script(status=400), Script(["I see."]))
    message_id = str(uuid4())
    assert (await someone.say(VEILED, message_id))[-1].name == "error"
    assert text_of(await someone.say(VEILED, message_id)) == "I see."
    assert len(model.requests) == 4


@pytest.mark.parametrize(
    "failure",
    [
        Script(status=500),
        Script([], stall=True),
        Script(["I cannot say."]),
        Script([]),
        Script(["RI"], cut=True),
    ],
    ids=["500", "stalled", "unclear", "empty", "cut"],
)
async def test_a_failed_look_adds_no_hit_and_is_counted(
    arrive: Arrive, model: ScriptedModel, room_database: Database, failure: Script
) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    failed = await counted(someone.client, FAILED)
    model.say(failure, Script(["I see."]))
    assert text_of(await someone.say(VEILED)) == "I see."
    assert await detectors(room_database, someone) == []
    assert await counted(someone.client, FAILED) == failed + 1


async def counted(client: httpx.AsyncClient, name: str) -> float:
    lines = (await client.get("/metrics")).text.splitlines()
    found = [line for line in lines if line.startswith(f"{name} ")]
    return float(found[0].split()[-1]) if found else 0


async def test_a_look_is_an_ask_of_the_model_and_its_tokens_are_counted_with_the_replys(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    before = [await counted(someone.client, name) for name in ASKED]
    model.say(Script(["NONE", "."], usage=(200, 2)), Script(["I see."], usage=(900, 100)))
    await someone.say(VEILED)
    after = [await counted(someone.client, name) for name in ASKED]
    assert [now - was for now, was in zip(after, before, strict=True)] == [2, 1100, 102]


async def test_a_look_that_fails_is_counted_by_how_it_failed(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    name = 'qa_model_calls_total{connection="default",outcome="model_refused"}'
    before = await counted(someone.client, name)
    model.say(Script(status=400), Script(["I see."]))
    await someone.say(VEILED)
    assert await counted(someone.client, name) == before + 1


async def test_it_can_take_no_hit_of_the_rules_back(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(second_check=True)
    await someone.greet()
    model.say(Script(["NONE"]))
    assert "help" in [event.name for event in await someone.say(DANGER)]
    assert model.requests == []


async def test_it_is_sent_this_message_and_what_was_asked_and_nothing_else(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(second_check=True, greeting={"en": "Hello. What is on your mind?"})
    await someone.greet()
    model.say(Script(["NONE"]), Script(["I see."]))
    await someone.say("My name is Alex.")
    model.say(Script(["NONE"]), Script(["I see."]))
    await someone.say(VEILED)
    asked = str(model.requests[2]["messages"])
    assert VEILED in asked
    assert "I see." in asked
    assert "Alex" not in asked


async def test_under_end_a_hit_of_the_model_ends_the_interview(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(second_check=True, policy="end")
    await someone.greet()
    model.say(Script(["RISK"]))
    assert (await someone.say(VEILED))[-1].data["conversation_ended"] is True
    assert (await someone.refresh())["chat"]["end_reason"] == "safety"


async def test_a_turn_stopped_meanwhile_gets_no_second_answer(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(second_check=True, min_turns=0)
    await someone.greet()
    model.say(Script(["RISK"], hold=asyncio.Event()))
    reader = asyncio.create_task(someone.say(VEILED))
    await until(lambda: len(model.requests) == 1)
    await someone.post("chat/complete")
    assert text_of(await reader) == ""
    assert await detectors(room_database, someone) == []


async def test_a_silent_model_is_waited_for_so_long_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_check, "SECONDS", 0.05)

    class Silent(Scripted):
        async def reply(self, prompt: Prompt, told: Told, *, until: float) -> AsyncGenerator[str, None]:
            await asyncio.Event().wait()
            yield "RISK"

    async with asyncio.timeout(5):
        sent = second_check.messages(VEILED, None)
        look = await second_check.look_again(Silent(), connection_to("http://127.0.0.1:1/v1"), sent)
    assert look.hit is None
