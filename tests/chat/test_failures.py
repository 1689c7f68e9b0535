"""When the model fails: what the stream says, how often it is asked, and what is kept."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Event, Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until

BROKEN = Script(status=500)


async def turns(participant: Participant) -> list[Data]:
    found: list[Data] = kept(await participant.client.get(f"{participant.path}/chat"))["turns"]
    return found


def error(events: list[Event]) -> tuple[str, bool]:
    assert events[-1].name == "error"
    assert set(events[-1].data) == {"code", "message", "retry"}
    return events[-1].data["code"], events[-1].data["retry"]


@pytest.mark.parametrize(
    ("script", "code", "asks"),
    [
        (Script(status=400), "model_refused", 1),
        (Script(status=401), "model_refused", 1),
        (Script([], finish="content_filter"), "model_refused", 1),
        (Script(status=429), "model_unavailable", 2),
        (Script(status=500), "model_unavailable", 2),
        (Script([]), "model_unavailable", 2),
        (Script([" \n "]), "model_unavailable", 2),
        (Script([], cut=True), "model_unavailable", 2),
        (Script([], stall=True), "model_timeout", 1),
    ],
    ids=["400", "401", "filtered", "429", "500", "empty", "blank", "cut", "stalled"],
)
async def test_a_failure_without_text_has_its_code(
    arrive: Arrive, model: ScriptedModel, script: Script, code: str, asks: int
) -> None:
    someone = await arrive()
    await someone.greet()
    await someone.say("Good morning.")
    model.requests.clear()
    model.say(script)
    events = await someone.say("Hello.")
    assert [event.name for event in events] == ["accepted", "error"]
    assert error(events) == (code, True)
    assert len(model.requests) == asks
    assert "secret words" not in str(events)
    turn = (await turns(someone))[2]
    assert (turn["state"], turn["message"], turn["reply"]) == ("failed", "Hello.", "")


async def test_one_failure_is_made_good_without_a_word(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(BROKEN, Script(["Thank you."]))
    events = await someone.say("Hello.")
    assert text_of(events) == "Thank you."
    assert events[-1].name == "complete"


async def test_a_repeat_asks_again_three_times_at_most(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(BROKEN)
    message_id = str(uuid4())
    assert error(await someone.say("Hello.", message_id)) == ("model_unavailable", True)
    assert error(await someone.say("Hello.", message_id)) == ("model_unavailable", False)
    assert len(model.requests) == 3
    assert error(await someone.say("Hello.", message_id)) == ("model_unavailable", False)
    assert len(model.requests) == 3
    model.say(Script(["Here."]))
    assert text_of(await someone.say("Are you there?")) == "Here."
    assert "Hello.\n\n[Turn: 1/30]\nAre you there?" in model.requests[-1]["messages"][-1]["content"]


async def test_a_repeat_that_succeeds_completes_the_same_turn(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(status=401))
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    model.say(Script(["Thank you."]))
    assert text_of(await someone.say("Hello.", message_id)) == "Thank you."
    assert [(turn["turn_number"], turn["state"]) for turn in await turns(someone)] == [
        (0, "complete"),
        (1, "complete"),
    ]


async def test_a_failed_turn_is_not_asked_again_once_the_next_was_sent(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(status=401))
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    model.say(Script(["Thank you."]))
    await someone.say("Hello?")
    assert error(await someone.say("Hello.", message_id)) == ("model_refused", False)
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    "script",
    [
        Script(["Thank", " you"], cut=True),
        Script(["Thank", " you"], stall=True),
        Script(["Thank", " you"], finish="content_filter"),
        Script(["Thank", " you"], finish=None),
    ],
    ids=["cut", "stalled", "filtered", "without an end"],
)
async def test_a_failure_after_some_text_is_interrupted_and_the_text_is_kept(
    arrive: Arrive, model: ScriptedModel, script: Script
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(script)
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    assert text_of(events) == "Thank you"
    assert error(events) == ("interrupted", False)
    again = await someone.say("Hello.", message_id)
    assert (text_of(again), error(again)) == ("Thank you", ("interrupted", False))
    assert len(model.requests) == 1
    turn = (await turns(someone))[1]
    assert (turn["state"], turn["reply"]) == ("interrupted", "Thank you")
    assert (await someone.refresh())["chat"]["turns"] == 1
    model.say(Script(["Go on."]))
    assert text_of(await someone.say("Yes.")) == "Go on."
    assert model.requests[-1]["messages"][-2]["content"] == "Thank you"


async def test_a_message_longer_than_the_model_takes_is_too_long(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(instructions_for_model="{aspects}" + "x" * 9000)
    await someone.greet()
    events = await someone.say("y" * 8000)
    assert error(events) == ("too_long", False)
    assert model.requests == []
    assert text_of(await someone.say("Shorter.")) == "Thank you."


async def test_an_interview_without_a_model_can_be_finished(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=2)
    await someone.greet()
    model.say(Script(status=401))
    for _ in range(2):
        await someone.say("Hello.")
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")
    await someone.say("Hello.")
    ended = kept(await someone.client.post(f"{someone.path}/chat/complete"))
    assert (ended["ended"], ended["end_reason"]) == (True, "model_unavailable")


async def test_fifteen_minutes_without_a_reply_are_enough(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=2)
    await someone.greet()
    model.say(Script(status=401))
    await someone.say("Hello.")
    connection = await room_database.connect(owner=True)
    for minutes, status in ((14, 409), (16, 200)):
        await connection.execute(
            "UPDATE turns SET received_at = now() - $2 * interval '1 minute'"
            " WHERE session_id = $1 AND turn_number = 1",
            someone.session["id"],
            minutes,
        )
        reply = await someone.client.post(f"{someone.path}/chat/complete")
        assert reply.status_code == status
    await connection.close()
    assert reply.json()["data"]["end_reason"] == "model_unavailable"


async def test_a_participant_who_waits_is_no_missing_model(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=2)
    await someone.greet()
    await someone.say("Hello.")
    connection = await room_database.connect(owner=True)
    await connection.execute(
        "UPDATE turns SET received_at = now() - interval '1 hour' WHERE session_id = $1",
        someone.session["id"],
    )
    await connection.close()
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")


async def test_the_same_message_three_times_is_one_message(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script(status=401))
    message_id = str(uuid4())
    for _ in range(3):
        await someone.say("Hello.", message_id)
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")


async def test_a_failed_greeting_is_asked_for_again(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(greeting=None)
    model.say(Script(status=401))
    assert error(await someone.greet()) == ("model_refused", True)
    model.say(Script(["Good morning."]))
    assert text_of(await someone.greet()) == "Good morning."


async def test_a_stall_does_not_stop_others(arrive: Arrive, model: ScriptedModel) -> None:
    slow, quick = await arrive(), await arrive()
    await slow.greet()
    await quick.greet()
    hold = asyncio.Event()
    model.say(Script(hold=hold), Script(["Quick."]))
    waiting = asyncio.create_task(slow.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    assert text_of(await quick.say("Hello.")) == "Quick."
    assert not waiting.done()
    hold.set()
    assert text_of(await waiting) == "Thank you."


async def test_a_repeat_does_not_ask_again_for_a_turn_whose_first_words_were_still_on_their_way(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(status=401), Script(["Another reply."]))
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    turn = (UUID(someone.session["id"]), UUID(message_id))
    connection = await room_database.connect(owner=True)
    await connection.execute(
        "UPDATE turns SET state = 'pending', error = NULL, completed_at = NULL, worker_id = gen_random_uuid(),"
        " lease_until = now() + interval '1 s' WHERE session_id = $1 AND message_id = $2",
        *turn,
    )
    # A batch of another worker: begun before the lease ended, committed after it.
    async with connection.transaction():
        await connection.execute(
            "UPDATE turns SET state = 'streaming', first_token_at = now(), lease_until = now() + interval '5 s'"
            " WHERE session_id = $1 AND message_id = $2",
            *turn,
        )
        await connection.execute(
            "INSERT INTO turn_deltas (session_id, message_id, ends_at, text) VALUES ($1, $2, 6, 'First.')",
            *turn,
        )
        await asyncio.sleep(1.2)
        again = asyncio.create_task(someone.say("Hello.", message_id))
        await asyncio.sleep(0.5)
    await connection.close()
    assert text_of(await again) == "First."
    assert ((await turns(someone))[1]["state"], (await turns(someone))[1]["reply"]) == (
        "interrupted",
        "First.",
    )
    assert len(model.requests) == 1
