"""The way through a session: order, state and progress at every step."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.ground.house import PHQ_ALONE, House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
Call = tuple[str, str, Any]


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": "steps", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


def standing(someone: Participant) -> tuple[str, str | None, int]:
    return someone.session["state"], someone.session["next_step"], someone.session["progress"]


async def test_state_step_and_progress_with_the_questionnaire_first(house: House) -> None:
    someone = await house.come(await house.study(slug="steps", presentation={"order": "phq_first"}))
    await someone.start()
    assert standing(someone) == ("CREATED", "consent", 0)
    await someone.agree()
    assert standing(someone) == ("CONSENT", "camera_check", 25)
    await someone.post("camera-check", ok=True)
    assert standing(someone) == ("CAMERA_CHECK", "phq", 25)
    questions = [one["id"] for one in await someone.questions() if one["scored"]]
    for place, progress in enumerate((28, 32, 36, 40, 44, 48, 52, 56, 60)):
        kept(await someone.save(questions[place], 1))
        await someone.refresh()
        assert standing(someone) == ("PHQ_IN_PROGRESS", "phq", progress)
        assert someone.session["phq"]["answered"] == place + 1
    await someone.post("phq/complete")
    await someone.refresh()
    assert standing(someone) == ("PHQ_IN_PROGRESS", "chat", 60)
    for number, progress in ((1, 80), (2, 96), (3, 96)):
        await house.insert_turn(someone.session, number)
        await someone.refresh()
        assert standing(someone) == ("LLM_IN_PROGRESS", "chat", progress)
        assert someone.session["chat"]["turns"] == number
    await someone.post("chat/complete")
    await someone.refresh()
    assert standing(someone) == ("LLM_IN_PROGRESS", "complete", 100)
    assert someone.session["chat"]["ended"] is True
    await someone.post("complete")
    assert standing(someone) == ("COMPLETED", None, 100)
    assert someone.session["completed_at"]


async def test_state_step_and_progress_with_the_interview_first(house: House) -> None:
    someone = await arrived(
        house, slug="chat-first", presentation={"order": "chat_first"}, chat={"min_turns": 0}
    )
    assert standing(someone) == ("CAMERA_CHECK", "chat", 25)
    await someone.greet()
    await someone.refresh()
    assert standing(someone) == ("LLM_IN_PROGRESS", "chat", 25)
    await house.insert_turn(someone.session, 1)
    await someone.refresh()
    assert standing(someone) == ("LLM_IN_PROGRESS", "chat", 61)
    await someone.post("chat/complete")
    await someone.refresh()
    assert standing(someone) == ("LLM_IN_PROGRESS", "phq", 65)
    kept(await someone.client.post(f"{someone.path}/phq/start"))
    await someone.refresh()
    assert standing(someone) == ("PHQ_IN_PROGRESS", "phq", 65)
    await someone.answer_all()
    await someone.refresh()
    assert standing(someone) == ("PHQ_IN_PROGRESS", "complete", 100)


async def test_the_order_is_enforced_and_each_refusal_names_the_next_step(house: House) -> None:
    someone = await house.come(await house.study(slug="steps", presentation={"order": "phq_first"}))
    await someone.start()
    question = (
        await house.rows(
            "SELECT id FROM questions WHERE session_id = $1 LIMIT 1", UUID(someone.session["id"])
        )
    )[0]["id"]

    async def look(step: str, *calls: Call) -> None:
        for method, path, body in calls:
            reply = await someone.client.request(method, f"{someone.path}/{path}", json=body)
            details = refused(reply, 409, "wrong_step")["details"]
            assert details == [{"field": "next_step", "problem": step}], path

    save = ("PUT", f"phq/responses/{question}", {"value": 1, "version": 1})
    bulk = (
        "POST",
        "phq/responses",
        {"responses": [{"question_id": str(question), "value": 1, "version": 1}]},
    )
    phq: tuple[Call, ...] = (("POST", "phq/start", {}), save, bulk, ("POST", "phq/complete", {}))
    chat: tuple[Call, ...] = (
        ("POST", "chat/start", {"message_id": str(uuid4())}),
        ("POST", "chat/turns", {"message_id": str(uuid4()), "message": "hello"}),
        ("POST", "chat/complete", {}),
    )
    check = ("POST", "camera-check", {"ok": True})
    reads = [("GET", path, None) for path in ("phq", "phq/score", "chat", "captures", "camera/settings")]
    end: Call = ("POST", "complete", {})
    await look("consent", *phq, *chat, check, end, *reads[:3], ("POST", "restart", {"part": "phq"}))
    await someone.agree()
    await look("camera_check", *phq, *chat, end, ("POST", "restart", {"part": "chat"}))
    await someone.post("camera-check", ok=True)
    await look("phq", *chat, end, ("POST", "restart", {"part": "chat"}))
    for _, path, _ in reads:
        reply = await someone.client.get(f"{someone.path}/{path}")
        assert reply.status_code == 200 or reply.json()["code"] == "not_shown"
    await someone.answer_all()
    await look("chat", end)
    refused(await someone.save(str(question), 3, 2), 409, "completed")


async def test_the_newest_page_owns_the_camera(house: House) -> None:
    someone = await arrived(house)
    one, other = str(uuid4()), str(uuid4())
    assert (await someone.post("open", page_id=one))["session"]["page_id"] == one
    assert (await someone.post("open", page_id=one))["session"]["page_id"] == one
    assert (await someone.post("open", page_id=other))["session"]["page_id"] == other
    assert (await someone.refresh())["page_id"] == other
    await someone.post("abandon")
    await someone.post("open", page_id=other)
    refused(await someone.client.post(f"{someone.path}/open", json={"page_id": one}), 409, "session_ended")


async def test_coming_back_goes_on_where_it_was_and_loses_nothing(house: House) -> None:
    """D3: refresh and "start" of the predecessor deleted answers, and "continue" did not continue."""
    someone = await arrived(house)
    questions = await someone.questions()
    kept(await someone.save(questions[0]["id"], 2))
    before = await someone.refresh()
    body = refused(await someone.client.post("/api/sessions", json={}), 409, "session_open")
    assert body["details"] == [{"field": "session_id", "problem": before["id"]}]
    for verb, said in (
        ("phq/start", {}),
        ("open", {"page_id": str(uuid4())}),
        ("camera-check", {"ok": True}),
    ):
        kept(await someone.client.post(f"{someone.path}/{verb}", json=said))
    assert await someone.questions() == questions
    after = await someone.refresh()
    assert (after["state"], after["next_step"], after["progress"]) == ("PHQ_IN_PROGRESS", "phq", 28)
    [kept_answer] = kept(await someone.client.get(f"{someone.path}/phq"))["responses"]
    assert (kept_answer["question_id"], kept_answer["value"]) == (questions[0]["id"], 2)


async def test_a_whole_session_of_a_questionnaire_alone(house: House) -> None:
    someone = await house.come(await house.study(slug="phq-alone", **PHQ_ALONE))
    await someone.start()
    await someone.agree(["questionnaire"])
    assert standing(someone) == ("CONSENT", "phq", 65)
    assert someone.session["chat"]["end_reason"] == "skipped"
    await someone.answer_all(3)
    await someone.post("complete")
    assert standing(someone) == ("COMPLETED", None, 100)
    before = someone.session
    for body in ({}, {"missing_ok": True}, {"missing_ok": False}):
        assert (await someone.post("complete", **body))["session"] == before
    assert (
        kept(await someone.client.post(f"{someone.path}/phq/complete"))["completed_at"]
        == before["phq"]["completed_at"]
    )


async def test_announced_captures_hold_the_end_until_they_are_given_up(house: House) -> None:
    study = await house.study(
        slug="announced",
        **PHQ_ALONE
        | {
            "camera": {},
            "consent": {
                "scopes": [
                    {"name": name, "required": name == "questionnaire"}
                    for name in ("questionnaire", "chat", "camera")
                ]
            },
        },
    )
    someone = await house.come(study)
    await someone.start()
    await someone.agree(["questionnaire", "camera"])
    await someone.post("camera-check", ok=True)
    captures = [str(uuid4()) for _ in range(3)]
    announced = [{"capture_id": one, "trigger": "MANUAL", "session_ms": 5} for one in captures[:2]]
    announced.append({"capture_id": captures[2], "trigger": "MANUAL", "session_ms": 5, "skipped": True})
    assert kept(
        await someone.client.post(f"{someone.path}/captures/expected", json={"captures": announced})
    ) == {
        "expected": 2,
        "received": 0,
    }
    await someone.answer_all()
    body = refused(await someone.client.post(f"{someone.path}/complete", json={}), 409, "missing_captures")
    assert sorted(one["field"] for one in body["details"]) == sorted(captures[:2])
    assert (await someone.refresh())["captures"] == {
        "expected": 2,
        "received": 0,
        "missing": [one["field"] for one in body["details"]],
        "missing_count": 2,
    }
    await someone.post("complete", missing_ok=True)
    assert standing(someone) == ("COMPLETED", None, 100)


async def test_nobody_elses_session_takes_a_verb(house: House) -> None:
    """D10: consent and camera check of the predecessor did not look at the owner."""
    study = await house.study(slug="steps", presentation={"order": "phq_first"})
    owner, stranger = await house.come(study), await house.come(study)
    staff = await house.staff("admin", study)
    await owner.start()
    before = owner.session
    bodies = {
        "consent": {"consent_version": 1, "accepted": True, "scopes": ["questionnaire", "chat"]},
        "camera-check": {"ok": True},
        "open": {"page_id": str(uuid4())},
        "withdraw": {"scopes": "all", "erase": True},
        "phq/responses": {"responses": [{"question_id": str(uuid4()), "value": 1, "version": 1}]},
        "chat/start": {"message_id": str(uuid4())},
        "chat/turns": {"message_id": str(uuid4()), "message": "hello"},
        "captures/expected": {
            "captures": [{"capture_id": str(uuid4()), "trigger": "MANUAL", "session_ms": 1}]
        },
        "captures/batch": {"assessment_id": before["phq"]["assessment_id"], "capture_ids": []},
        "captures/link": {"assessment_id": before["phq"]["assessment_id"], "assessment_type": "PHQ"},
    }
    for verb in ("abandon", "restart", "complete", "phq/start", "phq/complete", "chat/complete"):
        bodies[verb] = {}
    for client in (stranger.client, staff):
        for verb, body in bodies.items():
            refused(await client.post(f"{owner.path}/{verb}", json=body), 404, "not_found")
        for path in ("", "/phq", "/phq/score", "/chat", "/captures", "/camera/settings"):
            refused(await client.get(owner.path + path), 404, "not_found")
    assert await owner.refresh() == before
