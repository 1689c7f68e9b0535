"""After a session's time: it is INCOMPLETE when read, and takes what was answered before its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.ground.house import House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": "late", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


async def an_hour_later(house: House, someone: Participant) -> None:
    """Let the session have begun an hour ago, and end with its time half an hour ago."""
    await house.rows(
        "UPDATE sessions SET created_at = now() - interval '1 hour', expires_at = now() - interval '30 minutes'"
        " WHERE id = $1",
        UUID(someone.session["id"]),
    )


async def test_a_session_past_its_time_is_incomplete_when_it_is_read(house: House) -> None:
    """D14: what ends a session is the database's clock, whoever asks."""
    someone = await arrived(house)
    kept(await someone.save((await someone.questions())[0]["id"], 1))
    await house.expire(someone.session)
    session = await someone.refresh()
    assert (session["state"], session["next_step"], session["progress"]) == ("INCOMPLETE", None, 28)
    assert session["end_reason"] == "expired"
    assert session["completed_at"] is None
    [row] = await house.rows("SELECT end_state FROM sessions WHERE id = $1", UUID(session["id"]))
    assert row["end_state"] is None, "a GET sets nothing"
    for verb, body in (
        ("phq/complete", {}),
        ("complete", {}),
        ("abandon", {}),
        ("open", {"page_id": str(uuid4())}),
        ("restart", {}),
    ):
        refused(await someone.client.post(f"{someone.path}/{verb}", json=body), 409, "session_ended")
    kept(await someone.client.get(f"{someone.path}/phq"))
    listed = kept(await someone.client.get("/api/sessions"))["sessions"]
    assert [one["state"] for one in listed] == ["INCOMPLETE"]


async def test_after_the_end_by_time_another_session_may_start(house: House) -> None:
    someone = await arrived(house)
    old = someone.session["id"]
    await house.expire(someone.session)
    assert (await someone.start())["attempt"] == 2
    [row] = await house.rows(
        "SELECT end_state, ended_at = expires_at AS then FROM sessions WHERE id = $1", UUID(old)
    )
    assert (row["end_state"], row["then"]) == ("INCOMPLETE", True)
    assert kept(await someone.client.get(f"/api/sessions/{old}"))["session"]["state"] == "INCOMPLETE"


@pytest.mark.parametrize("settled", [False, True])
async def test_an_answer_from_before_the_end_is_taken_for_a_week(house: House, settled: bool) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in await someone.questions()]
    await an_hour_later(house, someone)
    old = Participant(someone.client, someone.session)
    if settled:
        await someone.start()
    late = kept(await old.save(questions[0], 2, session_ms=60_000))
    assert (late["late"], late["value"], late["stale"], late["answered"]) == (True, 2, False, 1)
    assert kept(await old.save(questions[0], 2, session_ms=60_000)) == late
    bulk = [{"question_id": one, "value": 1, "version": 1, "session_ms": 1_799_000} for one in questions[1:3]]
    data = kept(await old.client.post(f"{old.path}/phq/responses", json={"responses": bulk}))
    assert [one["late"] for one in data["responses"]] == [True, True]
    for session_ms in (None, 1_800_000, 1_900_000, 3_600_000):
        refused(await old.save(questions[4], 1, session_ms=session_ms), 409, "session_ended")
    mixed = [{"question_id": one, "value": 1, "version": 1} for one in questions[5:7]]
    mixed[0]["session_ms"] = 5
    refused(
        await old.client.post(f"{old.path}/phq/responses", json={"responses": mixed}), 409, "session_ended"
    )
    rows = await house.rows(
        "SELECT late, clock_suspect FROM responses WHERE session_id = $1", UUID(old.session["id"])
    )
    assert rows == [{"late": True, "clock_suspect": False}] * 3
    assert (await old.refresh())["phq"]["answered"] == 3
    await house.rows(
        "UPDATE sessions SET created_at = created_at - interval '7 days', expires_at = expires_at - interval '7 days',"
        " ended_at = ended_at - interval '7 days' WHERE id = $1",
        UUID(old.session["id"]),
    )
    refused(await old.save(questions[7], 1, session_ms=60_000), 409, "session_ended")
    kept(await old.save(questions[0], 2, session_ms=60_000))


async def test_late_answers_to_no_question_or_to_one_twice_are_told_so(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    await an_hour_later(house, someone)
    path = f"{someone.path}/phq/responses"
    for questions in ([question, question], [str(uuid4())]):
        answers = [{"question_id": one, "value": 1, "version": 1, "session_ms": 60_000} for one in questions]
        refused(await someone.client.post(path, json={"responses": answers}), 422, "invalid")
        answers[-1]["session_ms"] = 3_600_000
        refused(await someone.client.post(path, json={"responses": answers}), 409, "session_ended")
    assert (await someone.refresh())["phq"]["answered"] == 0


async def test_a_late_risk_answer_opens_an_alert(house: House) -> None:
    """D11: it fires on late answers, too."""
    someone = await arrived(house)
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    await an_hour_later(house, someone)
    assert kept(await someone.save(risky, 2, session_ms=1000))["help"]["hotlines"]
    [alert] = await house.rows(
        "SELECT value, session_ms FROM alerts WHERE session_id = $1", UUID(someone.session["id"])
    )
    assert (alert["value"], alert["session_ms"]) == (2, 1000)


async def test_after_a_whole_restart_the_old_session_takes_what_was_answered_before(house: House) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in await someone.questions()]
    old = Participant(someone.client, someone.session)
    await someone.post("restart", 201)
    assert kept(await old.save(questions[0], 2, session_ms=1))["late"] is True
    refused(await old.save(questions[1], 2), 409, "session_ended")
    refused(await old.save(questions[1], 2, session_ms=3_600_000), 409, "session_ended")


@pytest.mark.parametrize("end", ["withdrawn", "abandoned", "failed"])
async def test_no_other_end_takes_anything_late(house: House, end: str) -> None:
    study = await house.study(slug="late", presentation={"order": "phq_first"})
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    if end == "withdrawn":
        await someone.post("withdraw", scopes="all")
    elif end == "abandoned":
        await someone.post("abandon")
    else:
        staff = await house.staff("admin", study)
        kept(await staff.post(f"/api/admin/sessions/{someone.session['id']}/fail", json={"reason": "x"}))
    refused(await someone.save(question, 2, session_ms=1), 409, "session_ended")
    await house.expire(someone.session)
    refused(await someone.save(question, 2, session_ms=1), 409, "session_ended")


async def test_after_the_end_no_step_comes_first_any_more(house: House) -> None:
    """What was not reached, or was left out, is refused for the end: nothing is left to be done before it."""
    behind = await arrived(house, slug="late-behind", presentation={"order": "chat_first"})
    without = await house.come(await house.study(slug="late"))
    await without.start()
    withdrawn = await arrived(house)
    await withdrawn.post("withdraw", scopes=["questionnaire"])
    scopes = [{"name": name, "required": False} for name in ("questionnaire", "chat")]
    left_out = await house.come(await house.study(slug="late-scopes", consent={"scopes": scopes}))
    await left_out.start()
    await left_out.agree(["chat"])
    for someone in (behind, without, withdrawn, left_out):
        rows = await house.rows(
            "SELECT id FROM questions WHERE session_id = $1 LIMIT 2", UUID(someone.session["id"])
        )
        await an_hour_later(house, someone)
        for session_ms in (1000, None):
            refused(await someone.save(str(rows[0]["id"]), 1, session_ms=session_ms), 409, "session_ended")
            answers = [
                {"question_id": str(row["id"]), "value": 1, "version": 1, "session_ms": session_ms}
                for row in rows
            ]
            path = f"{someone.path}/phq/responses"
            refused(await someone.client.post(path, json={"responses": answers}), 409, "session_ended")


async def test_every_answer_lies_on_the_sessions_clock(house: House) -> None:
    """D14: local and UTC times mixed, whole seconds, the client's clock alone."""
    someone = await arrived(house)
    questions = [one["id"] for one in await someone.questions()]
    await house.rows(
        "UPDATE sessions SET created_at = now() - interval '20 minutes' WHERE id = $1",
        UUID(someone.session["id"]),
    )
    now = 20 * 60 * 1000
    cases = {
        "a day off with the right session_ms": (now - 500, datetime.now(UTC) + timedelta(days=1), False),
        "saved ten minutes late": (now - 600_000, datetime.now(UTC) - timedelta(minutes=10), False),
        "an hour ahead": (now + 3_600_000, datetime.now(UTC), True),
        "none sent": (None, None, False),
        "before the session": (-1001, None, True),
        "a second before": (-1000, None, False),
        "a little ahead": (now + 3000, None, False),
        "beyond a little ahead": (now + 60_000, None, True),
    }
    for question, (session_ms, moment, _) in zip(questions, cases.values(), strict=False):
        client_time = None if moment is None else moment.astimezone().isoformat(timespec="milliseconds")
        kept(
            await someone.save(
                question, 1, session_ms=session_ms, client_time=client_time, response_time_ms=1234
            )
        )
    rows = await house.rows(
        "SELECT question_id, session_ms, client_time, clock_suspect, received_at, response_time_ms FROM responses"
        " WHERE session_id = $1",
        UUID(someone.session["id"]),
    )
    stored = {str(row["question_id"]): row for row in rows}
    for question, (name, (session_ms, moment, suspect)) in zip(questions, cases.items(), strict=False):
        row = stored[question]
        assert (row["session_ms"], row["clock_suspect"]) == (session_ms, suspect), name
        assert abs(datetime.now(UTC) - row["received_at"]) < timedelta(seconds=30), name
        if moment is not None:
            assert abs(row["client_time"] - moment) < timedelta(milliseconds=1), name
    read = kept(await someone.client.get(f"{someone.path}/phq"))["responses"]
    assert all(one["saved_at"].endswith("Z") and len(one["saved_at"]) == 24 for one in read)
    assert {one["response_time_ms"] for one in read} == {1234}


async def test_the_start_of_a_part_stays_where_it_was(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    kept(await someone.save(question, 1))
    first = (await someone.refresh())["phq"]["started_at"]
    assert first
    kept(await someone.save(question, 2, 2))
    assert (await someone.refresh())["phq"]["started_at"] == first
    for _ in range(2):
        assert kept(await someone.client.post(f"{someone.path}/phq/start"))["started_at"] == first
        assert (await someone.refresh())["phq"]["started_at"] == first


async def test_a_save_is_one_statement_and_the_overview_three_at_most(house: House) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in await someone.questions()]
    for value in (0, 3):
        for question in questions[:9]:
            with house.statements() as sent:
                kept(await someone.save(question, value, value + 1))
            assert len(sent) == 1
    bulk = [{"question_id": one, "value": 1, "version": 9} for one in questions]
    with house.statements() as sent:
        kept(await someone.client.post(f"{someone.path}/phq/responses", json={"responses": bulk}))
    assert len(sent) == 1
    with house.statements() as sent:
        await someone.refresh()
    assert 1 <= len(sent) <= 3
    await someone.post("restart", 201)
    with house.statements() as sent:
        assert len(kept(await someone.client.get("/api/sessions"))["sessions"]) == 2
    assert 1 <= len(sent) <= 3
