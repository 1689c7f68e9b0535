"""A reply that says what it must not is cut while it streams, and marked."""

from uuid import uuid4

from tests.chat.conftest import Arrive
from tests.ground.participant import Participant, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel


async def stored(database: Database, participant: Participant) -> tuple[str, str, bool, str | None]:
    connection = await database.connect(owner=True)
    try:
        row = await connection.fetchrow(
            "SELECT reply, state, safety, detector FROM turns WHERE session_id = $1 ORDER BY turn_number DESC",
            participant.session["id"],
        )
        return tuple(row)
    finally:
        await connection.close()


async def test_a_phrase_split_over_chunks_is_dropped_with_all_that_follows(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(
        Script(["Thank you. ", "You sh", "ould ki", "ll your", "self. ", "Do it now. " * 50], pause=0.02)
    )
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    text = text_of(events)
    assert text.startswith("Thank you. ")
    assert "kill" not in text
    assert (events[-1].name, events[-1].data["conversation_ended"]) == ("complete", False)
    assert await stored(room_database, someone) == (text, "complete", False, "en-1:encouragement")
    assert text_of(await someone.say("Hello.", message_id)) == text


async def test_a_promise_of_secrecy_is_dropped(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["I see. I promise ", "I won't", " tell any", "one about this. Go on."]))
    assert text_of(await someone.say("Hello.")).startswith("I see.")
    assert (await stored(room_database, someone))[3] == "en-1:secrecy"


async def test_a_cut_reply_does_not_end_the_interview_though_the_tag_follows(
    arrive: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive(min_turns=1)
    await someone.greet()
    model.say(Script(["Good. You should kill yourself. </end_conversation>"]))
    assert (await someone.say("Hello."))[-1].data["conversation_ended"] is False
    model.say(Script(["Thank you."]))
    assert text_of(await someone.say("Let us go on.")) == "Thank you."


async def test_a_reply_of_which_nothing_may_be_shown_counts_as_refused(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    model.say(Script(["Kill yourself."]))
    message_id = str(uuid4())
    events = await someone.say("Hello.", message_id)
    assert (events[-1].name, events[-1].data["code"]) == ("error", "model_refused")
    assert (await stored(room_database, someone))[1:] == ("failed", False, "en-1:encouragement")
    model.say(Script(["Thank you."]))
    assert text_of(await someone.say("Hello.", message_id)) == "Thank you."
    assert await stored(room_database, someone) == ("Thank you.", "complete", False, None)


async def test_a_question_about_risk_is_shown(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive()
    await someone.greet()
    question = "Have you had thoughts of killing yourself, or a plan how to end your life?"
    model.say(Script([question[:20], question[20:]]))
    assert text_of(await someone.say("Hello.")) == question
    assert (await stored(room_database, someone))[3] is None
