"""Beginning again: nothing that was there is lost."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from quart_assessment.journey import repository
from tests.ground.house import House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": "again", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


async def test_a_whole_restart_is_a_new_session_and_the_old_one_stays_readable(house: House) -> None:
    """D3: restart and reset of the predecessor deleted answers, chat and photos."""
    someone = await arrived(house)
    old, questions = dict(someone.session), await someone.questions()
    kept(await someone.save(questions[0]["id"], 2))
    key = str(uuid4())
    new = (await someone.post("restart", 201, id=key))["session"]
    assert new["id"] != old["id"]
    assert (new["previous_id"], new["visit"], new["attempt"]) == (old["id"], old["visit"], old["attempt"] + 1)
    assert (new["state"], new["progress"], new["order"]) == ("CREATED", 0, old["order"])
    before = kept(await someone.client.get(f"/api/sessions/{old['id']}"))["session"]
    assert (before["state"], before["end_reason"]) == ("ABANDONED", "restarted")
    assert before["phq"]["answered"] == 1
    answers = kept(await someone.client.get(f"/api/sessions/{old['id']}/phq"))["responses"]
    assert [one["value"] for one in answers] == [2]
    for body in ({"id": key}, {"id": key, "part": "phq"}, {}):
        again = kept(await someone.client.post(f"/api/sessions/{old['id']}/restart", json=body))["session"]
        assert again["id"] == new["id"]
    assert kept(await someone.client.post("/api/sessions", json={"id": key}))["session"]["id"] == new["id"]
    assert len(kept(await someone.client.get("/api/sessions"))["sessions"]) == 2


async def test_a_part_again_is_a_new_assessment_beside_the_old_one(house: House) -> None:
    """D3: restart-phq of the predecessor deleted the answers."""
    study = await house.study(slug="again", presentation={"order": "phq_first"})
    someone = await arrived(house)
    old, questions = dict(someone.session), await someone.questions()
    for one in questions[:3]:
        kept(await someone.save(one["id"], 3))
    started = kept(await someone.client.post(f"{someone.path}/phq/start"))["started_at"]
    new = (await someone.post("restart", part="phq"))["session"]
    assert (new["id"], new["attempt"]) == (old["id"], old["attempt"])
    assert new["phq"]["assessment_id"] != old["phq"]["assessment_id"]
    assert new["chat"]["assessment_id"] == old["chat"]["assessment_id"]
    assert (new["phq"]["answered"], new["phq"]["started_at"], new["progress"]) == (0, None, 25)
    fresh = await someone.questions()
    assert {one["id"] for one in fresh}.isdisjoint(one["id"] for one in questions)
    assert started
    kept(await someone.save(fresh[0]["id"], 1))
    staff = await house.staff("researcher", study)
    read = kept(await staff.get(f"/api/admin/sessions/{new['id']}"))
    by_assessment: dict[str, list[int]] = {}
    for answer in read["answers"]:
        by_assessment.setdefault(answer["assessment_id"], []).append(answer["value"])
    assert by_assessment == {old["phq"]["assessment_id"]: [3, 3, 3], new["phq"]["assessment_id"]: [1]}


async def test_a_save_to_a_replaced_question_is_taken_there_and_marked_late(house: House) -> None:
    someone = await arrived(house)
    old = await someone.questions()
    kept(await someone.save(old[0]["id"], 1))
    kept(await someone.save(old[1]["id"], 1))
    await someone.post("restart", part="phq")
    new = await someone.questions()
    kept(await someone.save(new[0]["id"], 2))
    late = kept(await someone.save(old[2]["id"], 3))
    assert (late["late"], late["answered"], late["total"], late["stale"]) == (True, 3, 9, False)
    assert kept(await someone.save(old[0]["id"], 2, 2))["late"] is True
    fresh = kept(await someone.save(new[1]["id"], 0))
    assert "late" not in fresh
    assert (fresh["answered"], (await someone.refresh())["phq"]["answered"]) == (2, 2)
    rows = await house.rows("SELECT late FROM responses WHERE question_id = $1", UUID(old[2]["id"]))
    assert rows == [{"late": True}]
    await someone.post("abandon")
    refused(await someone.save(old[3]["id"], 3), 409, "session_ended")


async def test_a_question_twice_is_judged_by_its_own_questionnaire(house: House) -> None:
    someone = await arrived(house)

    async def twice(question_id: str, **more: object) -> httpx.Response:
        answers = [{"question_id": question_id, "value": 2, "version": 2} | more] * 2
        return await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers})

    first = (await someone.questions())[1]["id"]
    await someone.post("restart", part="phq")
    second = (await someone.questions())[1]["id"]
    await someone.answer_all()
    refused(await twice(first), 422, "invalid")
    refused(await twice(second), 409, "completed")
    await someone.post("restart", part="phq")
    third = (await someone.questions())[1]["id"]
    refused(await twice(second), 409, "completed")
    refused(await twice(third), 422, "invalid")
    await someone.post("withdraw", scopes=["questionnaire"])
    for question in (first, third):
        refused(await twice(question), 409, "wrong_step")
    refused(await twice(second), 409, "completed")
    await house.expire(someone.session)
    for question in (first, third):
        refused(await twice(question, session_ms=1), 409, "session_ended")


async def test_a_risk_answer_to_a_replaced_question_opens_an_alert(house: House) -> None:
    """D11: it fires on late answers, too."""
    someone = await arrived(house)
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    await someone.post("restart", part="phq")
    assert kept(await someone.save(risky, 3))["help"]["text"]
    assert await house.rows(
        "SELECT value FROM alerts WHERE session_id = $1", UUID(someone.session["id"])
    ) == [{"value": 3.0}]


async def test_a_completed_questionnaire_can_be_asked_again(house: House) -> None:
    someone = await arrived(house)
    old = await someone.questions()
    await someone.answer_all(1)
    assert (await someone.refresh())["progress"] == 60
    await someone.post("restart", part="phq")
    assert (someone.session["next_step"], someone.session["progress"]) == ("phq", 25)
    refused(await someone.save(old[0]["id"], 3, 2), 409, "completed")
    kept(await someone.save(old[0]["id"], 1, 1))
    await someone.answer_all(2)
    assert (await someone.refresh())["next_step"] == "chat"


async def test_a_repeat_with_the_key_replaces_nothing_twice(house: House) -> None:
    someone = await arrived(house)
    key = str(uuid4())
    replies = await asyncio.gather(
        *(someone.client.post(f"{someone.path}/restart", json={"id": key, "part": "phq"}) for _ in range(5))
    )
    assert {kept(reply)["session"]["phq"]["assessment_id"] for reply in replies} == {
        (await someone.refresh())["phq"]["assessment_id"]
    }
    made = await house.rows(
        "SELECT 1 FROM assessments WHERE kind = 'phq' AND session_id = $1", UUID(someone.session["id"])
    )
    assert len(made) == 2


async def test_many_whole_restarts_at_once_make_one_new_session(house: House) -> None:
    someone = await arrived(house)
    replies = await asyncio.gather(
        *(someone.client.post(f"{someone.path}/restart", json={}) for _ in range(5))
    )
    assert sorted(reply.status_code for reply in replies) == [200] * 4 + [201]
    assert len({reply.json()["data"]["session"]["id"] for reply in replies}) == 1


async def test_what_is_read_while_a_part_begins_again_is_of_one_moment(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = await arrived(house)
    standings, begins = repository.select_standings, False

    async def and_a_restart_before(*given: Any) -> Any:
        nonlocal begins
        if begins:
            begins = False
            await someone.post("restart", part="phq")
        return await standings(*given)

    monkeypatch.setattr(repository, "select_standings", and_a_restart_before)
    for path in (someone.path, "/api/sessions"):
        kept(await someone.save((await someone.questions())[0]["id"], 1))
        old, begins = (await someone.refresh())["phq"], True
        read = kept(await someone.client.get(path))
        session = read["session"] if "session" in read else read["sessions"][0]
        assert session["phq"] == old
        assert (await someone.refresh())["phq"]["assessment_id"] != old["assessment_id"]


async def test_an_interview_again_keeps_the_old_turns(house: House) -> None:
    someone = await arrived(house, slug="chat-again", presentation={"order": "chat_first"})
    await someone.greet()
    await house.insert_turn(someone.session, 1)
    assert (await someone.refresh())["progress"] == 45
    old = someone.session["chat"]["assessment_id"]
    await someone.post("restart", part="chat")
    assert someone.session["chat"]["assessment_id"] != old
    assert (someone.session["chat"]["turns"], someone.session["progress"]) == (0, 25)
    assert kept(await someone.client.get(f"{someone.path}/chat"))["turns"] == []
    kept_turns = await house.rows(
        "SELECT turn_number FROM turns WHERE assessment_id = $1 ORDER BY 1", UUID(old)
    )
    assert [row["turn_number"] for row in kept_turns] == [0, 1]


async def test_what_is_withdrawn_after_a_restart_comes_late_to_none_before(house: House) -> None:
    someone = await arrived(house, slug="withdrawn-after")
    stranger = await arrived(house, slug="withdrawn-after")
    attempts, questions = [], []
    for one in (someone, stranger, someone):
        attempts.append(Participant(one.client, one.session))
        questions.append([question["id"] for question in await one.questions()])
        await one.post("restart", 201)
        if one is someone:
            await one.agree()
            await one.post("camera-check", ok=True)
    kept(await attempts[0].save(questions[0][0], 1, session_ms=1))
    await someone.post("withdraw", scopes=["camera"])
    kept(await attempts[0].save(questions[0][1], 1, session_ms=1))
    data = await someone.post("withdraw", scopes="all")
    assert await someone.post("withdraw", scopes="all") == data
    for place in (0, 2):
        refused(await attempts[place].save(questions[place][2], 1, session_ms=1), 409, "session_ended")
        twice = [{"question_id": questions[place][2], "value": 1, "version": 1, "session_ms": 1}] * 2
        path = f"{attempts[place].path}/phq/responses"
        refused(await someone.client.post(path, json={"responses": twice}), 409, "session_ended")
        session = await attempts[place].refresh()
        assert (session["state"], session["end_reason"]) == ("ABANDONED", "restarted")
        assert session["consent"]["agreed"] == []
        facts = await house.rows(
            "SELECT facts ->> 'scopes' AS scopes FROM session_events WHERE session_id = $1 AND event = 'withdraw'"
            " ORDER BY id",
            UUID(session["id"]),
        )
        assert [row["scopes"] for row in facts] == ['["camera"]', '["all"]']
    kept(await attempts[0].save(questions[0][0], 1, session_ms=1))
    kept(await attempts[1].save(questions[1][0], 1, session_ms=1))


async def test_what_the_study_does_not_allow(house: House) -> None:
    presentation = {"order": "phq_first", "restart": ["phq"], "sessions_a_visit": 2}
    someone = await arrived(house, slug="only-phq", presentation=presentation)
    for part in ("all", "chat"):
        refused(
            await someone.client.post(f"{someone.path}/restart", json={"part": part}),
            409,
            "restart_not_allowed",
        )
    await someone.post("restart", part="phq")
    refused(await someone.client.post(f"{someone.path}/restart", json={"part": "camera"}), 422, "invalid")
    await house.study(slug="two-tries", presentation={"order": "phq_first", "sessions_a_visit": 2})
    other = await arrived(house, slug="two-tries", presentation={"order": "phq_first", "sessions_a_visit": 2})
    await other.post("restart", 201)
    refused(await other.client.post(f"{other.path}/restart", json={}), 409, "session_limit")
    assert (await other.refresh())["state"] == "CREATED"
