"""The scripted interview over the wire: alone, and in the place of a model that failed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Participant, kept, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel

LONG = "It has been rather mixed, to be honest."


async def made(database: Database, someone: Participant) -> list[Data]:
    """How each reply was made."""
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT connection, provider, model, fallback_for FROM turns WHERE session_id = $1"
            " ORDER BY turn_number",
            UUID(someone.session["id"]),
        )
    finally:
        await connection.close()
    return [dict(row) for row in rows]


async def test_a_study_without_a_model_has_a_whole_interview(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    aspects = [{"name": "Sleep", "description": "-"}]
    someone = await arrive(connection="scripted", greeting=None, aspects=aspects, min_turns=1)
    greeting = await someone.greet()
    assert text_of(greeting).startswith("Hello, and thank you for taking part.")
    assert len([event for event in greeting if event.name == "chunk"]) > 1
    replies = [await someone.say(LONG) for _ in range(3)]
    assert "How have you been sleeping?" in text_of(replies[0])
    assert text_of(replies[2]).endswith("take care.")
    assert replies[2][-1].data["conversation_ended"] is True
    interview = kept(await someone.client.get(f"{someone.path}/chat"))
    assert (interview["ended"], interview["end_reason"]) == (True, "tag")
    assert [turn["reply"] for turn in interview["turns"][1:]] == [text_of(reply) for reply in replies]
    assert model.requests == []
    rows = await made(room_database, someone)
    assert (
        rows == [{"connection": "scripted", "provider": "scripted", "model": None, "fallback_for": None}] * 4
    )


@pytest.mark.parametrize(
    ("script", "code", "asks"),
    [
        (Script(status=500), "model_unavailable", 2),
        (Script(status=401), "model_refused", 1),
        (Script([], stall=True), "model_timeout", 1),
        (Script([]), "model_unavailable", 2),
    ],
    ids=["500", "401", "stalled", "empty"],
)
async def test_the_script_answers_where_the_model_gave_nothing_and_the_study_says_so(
    arrive: Arrive, model: ScriptedModel, room_database: Database, script: Script, code: str, asks: int
) -> None:
    someone = await arrive(fallback="scripted")
    await someone.greet()
    model.say(script)
    message_id = str(uuid4())
    events = await someone.say(LONG, message_id)
    assert "What have you done in the last two weeks that you usually enjoy" in text_of(events)
    assert events[-1].name == "complete"
    assert len(model.requests) == asks
    assert text_of(await someone.say(LONG, message_id)) == text_of(events)
    model.say(Script(["From the model."]))
    assert text_of(await someone.say(LONG)) == "From the model."
    assert (await made(room_database, someone))[1:] == [
        {"connection": "scripted", "provider": "scripted", "model": None, "fallback_for": code},
        {"connection": "default", "provider": "openai", "model": "scripted", "fallback_for": None},
    ]


async def test_a_message_that_is_too_long_for_the_model_is_answered_by_the_script(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(instructions_for_model="{aspects}" + "x" * 9000, fallback="scripted")
    await someone.greet()
    assert (await someone.say("y" * 8000))[-1].name == "complete"
    assert model.requests == []


async def test_a_reply_that_breaks_off_is_never_finished_by_the_script(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(fallback="scripted")
    await someone.greet()
    model.say(Script(["Thank", " you"], cut=True))
    events = await someone.say(LONG)
    assert text_of(events) == "Thank you"
    assert (events[-1].name, events[-1].data["code"]) == ("error", "interrupted")


async def test_a_greeting_can_be_the_scripts_too(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(greeting=None, fallback="scripted")
    model.say(Script(status=500))
    assert text_of(await someone.greet()).startswith("Hello, and thank you for taking part.")
