"""A message that is refused is still read by the rules: help stands beside the error, an alert is opened."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from tests.chat.conftest import Arrive
from tests.ground.participant import Data, Participant, kept, refused
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, until
from tests.ground.service import Service
from tests.ground.study import populated, study_with

DANGER = "I want to kill myself."


@pytest.fixture
async def late(arrive: Arrive, model: ScriptedModel) -> Participant:
    """Somebody whose interview has ended, and whose session has not."""
    someone = await arrive(min_turns=0)
    await someone.greet()
    await someone.say("Hello.")
    await someone.post("chat/complete")
    return someone


async def sent(
    someone: Participant, code: str, message: str = DANGER, status: int = 409, **more: object
) -> Data:
    body = {"message_id": str(uuid4()), "message": message} | more
    return refused(await someone.client.post(f"{someone.path}/chat/turns", json=body), status, code)


async def rows(database: Database, statement: str, session: Data) -> list[Data]:
    connection = await database.connect(owner=True)
    try:
        return [dict(row) for row in await connection.fetch(statement, UUID(session["id"]))]
    finally:
        await connection.close()


async def alerts(database: Database, someone: Participant) -> list[Data]:
    return await rows(database, "SELECT * FROM alerts WHERE session_id = $1", someone.session)


async def test_after_the_end_of_the_interview_help_comes_with_the_error_and_no_word_is_kept(
    late: Participant, model: ScriptedModel, room_database: Database
) -> None:
    before = kept(await late.client.get(f"{late.path}/chat"))
    body = await sent(late, "chat_ended", session_ms=1234)
    assert set(body["help"]) == {"version", "text", "hotlines"}
    assert body["help"] == late.session["help"]
    (alert,) = await alerts(room_database, late)
    assert (alert["source"], alert["value"], alert["detector"]) == ("chat", 3, "en-4:kill_self")
    assert (alert["session_ms"], alert["help_version"]) == (1234, body["help"]["version"])
    asked = await rows(
        room_database,
        "SELECT kind FROM jobs WHERE ARRAY(SELECT id FROM alerts WHERE session_id = $1) && key ORDER BY kind",
        late.session,
    )
    assert [job["kind"] for job in asked] == ["escalate_alert", "notify_staff"]
    assert kept(await late.client.get(f"{late.path}/chat")) == before
    assert len(model.requests) == 1


async def test_the_same_words_again_leave_one_open_alert_and_graver_ones_raise_it(
    late: Participant, model: ScriptedModel, room_database: Database
) -> None:
    for message, value in (("I see no way out.", 2), ("I see no way out.", 2), (DANGER, 3)):
        assert "help" in await sent(late, "chat_ended", message)
        (alert,) = await alerts(room_database, late)
        assert alert["value"] == value


async def test_without_a_risk_the_refusal_is_as_ever(
    late: Participant, model: ScriptedModel, room_database: Database
) -> None:
    assert "help" not in await sent(late, "chat_ended", "One more thing: I like to cook.")
    assert await alerts(room_database, late) == []


async def test_a_short_answer_after_the_end_means_what_was_asked_last(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    model.say(Script(["Have you had any thoughts of ending your life?"]))
    await someone.say("I sleep badly.")
    await someone.post("chat/complete")
    assert "help" not in await sent(someone, "chat_ended", "no, never")
    assert "help" in await sent(someone, "chat_ended", "yes, sometimes")


@pytest.mark.parametrize("how", ["abandoned", "expired"])
async def test_after_the_end_of_the_session_too(
    late: Participant, arrive: Arrive, model: ScriptedModel, room_database: Database, how: str
) -> None:
    unfinished = await arrive()
    await unfinished.greet()
    for someone, code in ((late, "chat_ended"), (unfinished, "session_ended")):
        if how == "abandoned":
            await someone.post("abandon")
        else:
            past = "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1"
            await rows(room_database, past, someone.session)
        assert "help" in await sent(someone, code)
        assert len(await alerts(room_database, someone)) == 1


async def test_in_a_second_tab_while_a_reply_is_running(
    arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    someone = await arrive(min_turns=0)
    await someone.greet()
    model.say(Script(["Well"], hold=asyncio.Event()))
    message_id = str(uuid4())
    saying = asyncio.create_task(someone.say("Hello.", message_id))
    await until(lambda: len(model.requests) == 1)
    body = await sent(someone, "turn_running")
    assert body["details"] == [{"field": "message_id", "problem": message_id}]
    assert "help" in body
    assert len(await alerts(room_database, someone)) == 1
    await someone.post("chat/complete")
    await saying


async def test_in_a_tab_that_is_behind(arrive: Arrive, model: ScriptedModel, room_database: Database) -> None:
    someone = await arrive(min_turns=0)
    assert "help" in await sent(someone, "chat_not_started")
    await someone.greet()
    message_id = str(uuid4())
    await someone.say("Hello.", message_id)
    assert "help" in await sent(someone, "message_id_reused", message_id=message_id)
    replaced = someone.session["chat"]["assessment_id"]
    await someone.post("restart", part="chat")
    assert "help" in await sent(someone, "assessment_replaced", assessment_id=replaced)
    assert len(await alerts(room_database, someone)) == 1


@pytest.fixture
async def questioned(
    services: tuple[Service, Service], room_database: Database
) -> AsyncIterator[Participant]:
    """Somebody who has consented, and before whom the questionnaire stands."""
    study = study_with(slug=f"s-{uuid4().hex[:12]}", presentation={"order": "phq_first"})
    people = await populated(room_database, study, participants=1)
    async with services[0].client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.start()
        yield someone


async def test_before_its_turn_but_not_before_consent(
    questioned: Participant, room_database: Database
) -> None:
    assert "help" not in await sent(questioned, "wrong_step")
    assert await alerts(room_database, questioned) == []
    await questioned.agree()
    assert "help" in await sent(questioned, "wrong_step")
    assert len(await alerts(room_database, questioned)) == 1


async def test_who_did_not_agree_to_the_interview_is_not_read(
    questioned: Participant, room_database: Database
) -> None:
    named = [scope["name"] for scope in questioned.session["consent"]["scopes"] if scope["required"]]
    assert "chat" in named
    scopes = "UPDATE sessions SET consent_scopes = array_remove(consent_scopes, 'chat') WHERE id = $1"
    await questioned.agree()
    await rows(room_database, scopes, questioned.session)
    assert "help" not in await sent(questioned, "wrong_step")
    assert await alerts(room_database, questioned) == []


@pytest.mark.parametrize(
    ("taken_back", "code", "code_late"),
    [("all", "session_ended", "chat_ended"), (["chat"], "wrong_step", "chat_ended")],
)
async def test_nothing_is_read_after_a_withdrawal(
    late: Participant,
    arrive: Arrive,
    model: ScriptedModel,
    room_database: Database,
    taken_back: object,
    code: str,
    code_late: str,
) -> None:
    unfinished = await arrive()
    await unfinished.greet()
    for someone, given in ((unfinished, code), (late, code_late)):
        await someone.post("withdraw", scopes=taken_back)
        assert "help" not in await sent(someone, given)
        assert await alerts(room_database, someone) == []


async def test_only_its_owner_is_read(
    late: Participant, arrive: Arrive, model: ScriptedModel, room_database: Database
) -> None:
    stranger = await arrive()
    foreign = Participant(stranger.client, late.session)
    assert "help" not in await sent(foreign, "not_found", status=404)
    await late.client.post("/api/auth/logout")
    assert "help" not in await sent(late, "login_required", status=401)
    assert await alerts(room_database, late) == []
