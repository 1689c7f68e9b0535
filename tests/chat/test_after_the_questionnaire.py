"""The interview of a study whose questionnaire comes first, and is begun anew meanwhile."""

import asyncio
from uuid import uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Participant, kept, text_of
from tests.ground.scripted_model import Script, ScriptedModel, until


@pytest.fixture
def arrive_later(bring: Arrive) -> Arrive:
    """Bring somebody who has handed in the questionnaire to the greeting: arrive_later(after_risk_answer="skip")."""

    async def arrived(**chat: object) -> Participant:
        someone = await bring("phq_first", min_turns=1, **chat)
        await someone.answer_all()
        await someone.greet()
        return someone

    return arrived


async def test_an_interview_that_is_left_out_stops_its_running_reply(
    arrive_later: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive_later(after_risk_answer="skip")
    hold = asyncio.Event()
    model.say(Script(["Late."], hold=hold))
    saying = asyncio.create_task(someone.say("Hello."))
    await until(lambda: len(model.requests) == 1)
    await someone.post("restart", part="phq")
    await someone.answer_all(3)
    chat = kept(await someone.client.get(f"{someone.path}/chat"))
    assert (chat["end_reason"], chat["turns"][-1]["state"]) == ("skipped", "stopped")
    last = (await saying)[-1]
    assert (last.name, last.data["conversation_ended"]) == ("complete", True)
    hold.set()


async def test_a_failed_turn_is_asked_again_while_the_questionnaire_is_done_anew(
    arrive_later: Arrive, model: ScriptedModel
) -> None:
    someone = await arrive_later()
    model.say(Script(status=401), Script(["Thank you."]))
    message_id = str(uuid4())
    assert (await someone.say("Hello.", message_id))[-1].data["retry"] is True
    await someone.post("restart", part="phq")
    assert text_of(await someone.say("Hello.", message_id)) == "Thank you."
