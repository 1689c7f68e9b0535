"""A message that may mean danger: help at once, an alert in the same transaction, and no model."""

from uuid import uuid4

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Event, Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel

DANGER = "I want to kill myself."


async def read(participant: Participant) -> Data:
    return kept(await participant.client.get(f"{participant.path}/chat"))


async def alerts(database: Database, participant: Participant) -> list[Data]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch(
            "SELECT source, value, detector, session_ms, help_version, help_shown FROM alerts"
            " WHERE session_id = $1",
            participant.session["id"],
        )
        return [dict(row) for row in rows]
    finally:
        await connection.close()


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


async def test_the_fixed_reply_comes_with_help_and_the_model_is_not_asked(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    events = await someone.say(DANGER, message_id)
    assert names(events) == ["accepted", "help", "chunk", "complete"]
    assert events[1].data["policy"] == "continue"
    assert "PLACEHOLDER" in events[1].data["hotlines"][0]["name"]
    assert events[1].data["text"].startswith("\nThank you for saying so") or events[1].data["text"]
    assert "PLACEHOLDER" in text_of(events)
    assert events[2].id == str(len(text_of(events)))
    assert model.requests == []
    turn = (await read(someone))["turns"][1]
    assert (turn["state"], turn["safety"], turn["reply"]) == ("complete", True, text_of(events))
    assert (await someone.refresh())["chat"]["turns"] == 1
    (alert,) = await alerts(room_database, someone)
    assert (alert["source"], alert["value"], alert["detector"]) == ("chat", 3, "en-4:kill_self")
    assert await someone.say(DANGER, message_id) == events
    assert len(await alerts(room_database, someone)) == 1


async def test_a_join_of_a_safety_turn_brings_the_help(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    message_id = str(uuid4())
    events = await someone.say(DANGER, message_id)
    path = f"{someone.path}/chat/turns/{message_id}/events"
    joined = await someone.client.get(path)
    assert joined.text.count("event: help") == 1
    assert str(events[2].data["data"])[:20] in joined.text
    again = await someone.client.get(path, headers={"Last-Event-ID": "0"})
    assert again.text.startswith("event: help\n")


async def test_under_continue_the_full_text_is_said_once(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(policy="continue")
    await someone.greet()
    full, short = text_of(await someone.say(DANGER)), text_of(await someone.say("I wish I was dead."))
    assert len(short) < len(full)
    assert not (await read(someone))["paused"]
    assert text_of(await someone.say("Let us go on.")) == "Thank you."


async def test_under_pause_the_next_message_goes_on(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(policy="pause")
    await someone.greet()
    assert (await read(someone))["paused"] is False
    assert (await someone.say(DANGER))[1].data["policy"] == "pause"
    assert (await read(someone))["paused"] is True
    await someone.say("Let us go on.")
    assert (await read(someone))["paused"] is False


async def test_under_end_the_interview_ends(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(policy="end")
    await someone.greet()
    events = await someone.say(DANGER)
    assert events[-1].data["conversation_ended"] is True
    chat = await read(someone)
    assert (chat["ended"], chat["end_reason"], chat["paused"]) == (True, "safety", False)
    body = {"message_id": str(uuid4()), "message": "Hello."}
    refused(await someone.client.post(f"{someone.path}/chat/turns", json=body), 409, "chat_ended")


async def test_an_open_alert_is_raised_by_a_higher_score_only(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    for message, value in (("I see no way out.", 2), (DANGER, 3), ("I see no way out.", 3)):
        await someone.say(message)
        (alert,) = await alerts(room_database, someone)
        assert alert["value"] == value


async def test_an_answer_to_the_studys_own_question_is_no_danger(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    assert text_of(await someone.say("No, I have never thought about suicide.")) == "Thank you."
    assert await alerts(room_database, someone) == []


ASKS = "Thank you. Have you had any thoughts of ending your life?"


async def test_a_short_answer_means_what_the_model_asked(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(max_turns=10)
    await someone.greet()
    model.say(Script([ASKS]))
    await someone.say("I sleep badly.")
    model.say(Script(["I see."]))
    assert text_of(await someone.say("no, never")) == "I see."
    assert await alerts(room_database, someone) == []
    model.say(Script([ASKS]))
    await someone.say("I sleep badly.")
    events = await someone.say("yes, sometimes")
    assert names(events) == ["accepted", "help", "chunk", "complete"]
    (alert,) = await alerts(room_database, someone)
    assert alert["detector"].endswith(":thoughts_affirmed")


async def test_a_short_answer_means_what_the_greeting_asked(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive(greeting={"en": "Hello. Do you sometimes think about suicide?"})
    await someone.greet()
    assert "help" in names(await someone.say("sometimes"))


async def test_what_was_asked_before_a_turn_that_failed_still_counts(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(max_turns=10)
    await someone.greet()
    model.say(Script([ASKS]))
    await someone.say("I sleep badly.")
    model.say(Script(status=400))
    assert names(await someone.say("What do you mean?"))[-1] == "error"
    assert "help" in names(await someone.say("yes, sometimes"))


async def test_help_comes_though_no_model_answers(arrive: Arrive, model: ScriptedModel) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(status=500))
    assert names(await someone.say("Hello."))[-1] == "error"
    assert "help" in names(await someone.say(DANGER))


async def test_nobody_is_asked_whether_to_go_on_with_what_has_ended(arrive: Arrive) -> None:
    someone = await arrive(policy="pause", min_turns=1)
    await someone.greet()
    await someone.say(DANGER)
    assert (await read(someone))["paused"] is True
    await someone.post("abandon", reason="tired")
    assert (await read(someone))["paused"] is False


async def test_who_is_asked_whether_to_go_on_may_finish_before_the_minimum(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(policy="pause", min_turns=5)
    await someone.greet()
    path = f"{someone.path}/chat/complete"
    refused(await someone.client.post(path), 409, "min_turns")
    await someone.say(DANGER)
    assert kept(await someone.client.post(path))["end_reason"] == "safety"
    chat = await read(someone)
    assert (chat["ended"], chat["paused"]) == (True, False)


async def test_who_goes_on_after_the_pause_has_the_minimum_before_them_again(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(policy="pause", min_turns=5)
    await someone.greet()
    await someone.say(DANGER)
    await someone.say("Let us go on.")
    refused(await someone.client.post(f"{someone.path}/chat/complete"), 409, "min_turns")


async def test_a_second_hit_under_pause_closes_the_composer_again_with_the_full_text(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(policy="pause", max_turns=10)
    await someone.greet()
    first = text_of(await someone.say(DANGER))
    await someone.say("Let us go on.")
    assert text_of(await someone.say("I wish I was dead.")) == first
    assert (await read(someone))["paused"] is True


async def test_an_indonesian_session_is_judged_by_indonesian_rules(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    connection = await room_database.connect(owner=True)
    try:
        await connection.execute("UPDATE sessions SET language = 'id' WHERE id = $1", someone.session["id"])
    finally:
        await connection.close()
    await someone.greet()
    assert text_of(await someone.say("nggak kok, nggak pernah kepikiran bunuh diri")) == "Thank you."
    assert "help" in names(await someone.say("aku pengen mengakhiri hidup"))
    (alert,) = await alerts(room_database, someone)
    assert alert["detector"].startswith("id-")
