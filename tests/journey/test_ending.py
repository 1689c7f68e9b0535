"""Ends of a session that are not its completion: abandoned, withdrawn, failed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.ground.house import PHQ_ALONE, House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": "ends", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


async def writes_are_refused(someone: Participant) -> None:
    question = (await someone.questions())[0]["id"]
    page = {"page_id": str(uuid4())}
    for verb, body in (
        ("open", page),
        ("phq/start", {}),
        ("phq/complete", {}),
        ("complete", {}),
        ("chat/start", {"message_id": str(uuid4())}),
        ("chat/turns", {"message_id": str(uuid4()), "message": "hello"}),
        (
            "captures/expected",
            {"captures": [{"capture_id": str(uuid4()), "trigger": "MANUAL", "session_ms": 1}]},
        ),
    ):
        refused(await someone.client.post(f"{someone.path}/{verb}", json=body), 409, "session_ended")
    refused(await someone.save(question, 1, 50), 409, "session_ended")
    refused(await someone.save(question, 9, 51), 409, "session_ended")
    refused(await someone.save(question, 1, 52, session_ms=1), 409, "session_ended")
    bulk = {"responses": [{"question_id": question, "value": 1, "version": 50}]}
    refused(await someone.client.post(f"{someone.path}/phq/responses", json=bulk), 409, "session_ended")
    unknown = {"responses": [{"question_id": str(uuid4()), "value": 1, "version": 50}]}
    refused(await someone.client.post(f"{someone.path}/phq/responses", json=unknown), 409, "session_ended")


async def reads_work(someone: Participant) -> None:
    for path in ("", "/phq", "/chat", "/captures", "/camera/settings"):
        kept(await someone.client.get(someone.path + path))


async def test_giving_up(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    saved = kept(await someone.save(question, 1))
    await someone.post("abandon", reason="no more today")
    session = someone.session
    assert (session["state"], session["next_step"], session["end_reason"]) == (
        "ABANDONED",
        None,
        "participant",
    )
    assert session["progress"] == 28
    await writes_are_refused(someone)
    await reads_work(someone)
    assert kept(await someone.save(question, 1)) == saved
    for body in ({}, {"reason": "again"}, {"reason": None}):
        assert (await someone.post("abandon", **body))["session"] == session
    refused(await someone.client.post(f"{someone.path}/restart", json={}), 409, "session_ended")
    refused(
        await someone.client.post(f"{someone.path}/withdraw", json={"scopes": "all"}), 409, "session_ended"
    )
    await someone.post("camera-check", ok=False)
    assert (await someone.agree())["session"] == session


async def test_only_a_wish_abandons_never_leaving_the_page(house: House) -> None:
    """D3: leaving the page marked the predecessor's session ABANDONED."""
    someone = await arrived(house)
    await someone.post("open", page_id=str(uuid4()))
    await someone.client.aclose()
    back = Participant(house.client(), someone.session)
    back.client.cookies = someone.client.cookies
    assert (await back.refresh())["state"] == "CAMERA_CHECK"


async def test_after_another_end_nothing_can_be_abandoned(house: House) -> None:
    study = await house.study(slug="ends-alone", **PHQ_ALONE)
    someone = await house.come(study)
    await someone.start()
    await someone.agree(["questionnaire"])
    await someone.answer_all()
    await someone.post("complete")
    refused(await someone.client.post(f"{someone.path}/abandon", json={}), 409, "session_ended")
    for part in ("all", "phq", "chat"):
        refused(
            await someone.client.post(f"{someone.path}/restart", json={"part": part}), 409, "session_ended"
        )
    refused(
        await someone.client.post(f"{someone.path}/withdraw", json={"scopes": "all"}), 409, "session_ended"
    )
    assert (await someone.refresh())["state"] == "COMPLETED"


async def test_withdrawing_everything_ends_the_session_for_good(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    kept(await someone.save(question, 1))
    data = await someone.post("withdraw", scopes="all", erase=False)
    assert "receipt" not in data
    session = data["session"]
    assert (session["state"], session["end_reason"], session["next_step"]) == ("ABANDONED", "withdrawn", None)
    assert (session["consent"]["accepted"], session["consent"]["agreed"]) == (True, [])
    await writes_are_refused(someone)
    await reads_work(someone)
    again = await someone.post("withdraw", scopes="all", erase=True)
    assert again["session"] == session
    assert UUID(again["receipt"])
    third = await someone.post("withdraw", scopes="all", erase=True)
    assert third["receipt"] == again["receipt"]
    assert (
        len(await house.rows("SELECT 1 FROM erasure_requests WHERE session_id = $1", UUID(session["id"])))
        == 1
    )
    refused(await someone.client.post(f"{someone.path}/restart", json={}), 409, "session_ended")
    refused(await someone.client.post(f"{someone.path}/abandon", json={}), 409, "session_ended")


async def test_a_request_to_erase_is_filed_and_answers_its_receipt(house: House) -> None:
    someone = await arrived(house)
    receipt = (await someone.post("withdraw", scopes="all", erase=True))["receipt"]
    [row] = await house.rows("SELECT * FROM erasure_requests WHERE id = $1", UUID(receipt))
    assert (str(row["session_id"]), row["scopes"], row["done_at"]) == (someone.session["id"], ["all"], None)


async def test_withdrawing_before_consent(house: House) -> None:
    someone = await house.come(await house.study(slug="ends"))
    await someone.start()
    reply = await someone.client.post(f"{someone.path}/withdraw", json={"scopes": ["camera"]})
    refused(reply, 409, "wrong_step")
    assert (await someone.post("withdraw", scopes="all", erase=True))["session"]["state"] == "ABANDONED"


@pytest.mark.parametrize("scopes", [[], ["soul"], ["camera", "soul"], "everything", None, 5])
async def test_withdrawing_what_there_is_not(house: House, scopes: object) -> None:
    someone = await arrived(house)
    refused(await someone.client.post(f"{someone.path}/withdraw", json={"scopes": scopes}), 422, "invalid")


@pytest.mark.parametrize("scopes", [[], ["soul"], ["camera", "soul"], ["all"]])
async def test_the_state_is_told_before_what_there_is_not_to_be_withdrawn(
    house: House, scopes: list[str]
) -> None:
    someone = await house.come(await house.study(slug="ends"))
    await someone.start()
    body = {"scopes": scopes, "erase": True}
    reply = await someone.client.post(f"{someone.path}/withdraw", json=body)
    assert refused(reply, 409, "wrong_step")["details"] == [{"field": "next_step", "problem": "consent"}]
    await someone.agree()
    refused(await someone.client.post(f"{someone.path}/withdraw", json=body), 422, "invalid")
    await someone.post("withdraw", scopes=["camera"])
    refused(await someone.client.post(f"{someone.path}/withdraw", json=body), 422, "invalid")
    withdrawn = await arrived(house)
    done = await withdrawn.post("withdraw", scopes="all")
    assert await withdrawn.post("withdraw", scopes=scopes, erase=True) == done
    await someone.post("abandon")
    refused(await someone.client.post(f"{someone.path}/withdraw", json=body), 409, "session_ended")
    await someone.post("withdraw", scopes=["camera"])
    assert (
        await house.rows("SELECT 1 FROM erasure_requests WHERE 'soul' = ANY(scopes) OR scopes = '{}'") == []
    )


async def test_withdrawing_the_questionnaire_skips_it_and_goes_on(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    saved = kept(await someone.save(question, 2))
    first = await someone.post("withdraw", scopes=["questionnaire"], erase=True)
    session = first["session"]
    assert (session["phq"]["end_reason"], session["next_step"], session["progress"]) == (
        "skipped",
        "chat",
        60,
    )
    refused(await someone.save(question, 3, 2), 409, "wrong_step")
    assert kept(await someone.save(question, 2)) == saved | {"answered": 1}
    again = await someone.post("withdraw", scopes=["questionnaire"], erase=True)
    assert again == first
    both = await someone.post("withdraw", scopes=["chat", "questionnaire"])
    assert both["session"]["chat"]["end_reason"] == "skipped"
    assert (both["session"]["next_step"], both["session"]["progress"]) == ("complete", 100)
    await someone.post("complete")


async def test_withdrawing_the_camera_opens_what_waits_for_its_check(house: House) -> None:
    someone = await house.come(
        await house.study(slug="must", presentation={"order": "phq_first"}, camera={"check": "required"})
    )
    await someone.start()
    await someone.agree()
    await someone.post("camera-check", ok=False)
    assert someone.session["next_step"] == "camera_check"
    await someone.post("withdraw", scopes=["camera"])
    assert someone.session["next_step"] == "phq"


async def test_an_old_question_takes_nothing_after_the_questionnaire_was_withdrawn(house: House) -> None:
    someone = await arrived(house)
    old = (await someone.questions())[0]["id"]
    await someone.post("restart", part="phq")
    await someone.post("withdraw", scopes=["questionnaire"])
    refused(await someone.save(old, 3), 409, "wrong_step")
    await house.expire(someone.session)
    refused(await someone.save(old, 3, session_ms=1), 409, "session_ended")
    assert await house.rows("SELECT 1 FROM response_revisions WHERE question_id = $1", UUID(old)) == []


async def test_staff_end_a_session_for_a_fault(house: House) -> None:
    study = await house.study(slug="ends", presentation={"order": "phq_first"})
    someone, researcher = await house.come(study), await house.staff("researcher", study)
    await someone.arrive()
    fail = f"/api/admin/sessions/{someone.session['id']}/fail"
    session = kept(await researcher.post(fail, json={"reason": "the tablet broke"}))["session"]
    assert (session["state"], session["end_reason"]) == ("FAILED", "staff")
    assert await someone.refresh() == session
    await writes_are_refused(someone)
    await reads_work(someone)
    assert kept(await researcher.post(fail, json={"reason": "again"}))["session"] == session
    audited = await house.rows(
        "SELECT action FROM audit_events WHERE session_id = $1 ORDER BY id", UUID(session["id"])
    )
    assert [row["action"] for row in audited] == ["session_failed", "session_read"]
    assert (await someone.start())["attempt"] == 2
    await someone.post("abandon")
    fail = f"/api/admin/sessions/{someone.session['id']}/fail"
    refused(await researcher.post(fail, json={"reason": "late"}), 409, "session_ended")


async def test_of_verbs_at_the_same_moment_one_end_wins(house: House) -> None:
    someone = await arrived(house)
    replies = await asyncio.gather(
        *(someone.client.post(f"{someone.path}/abandon", json={}) for _ in range(3)),
        *(someone.client.post(f"{someone.path}/withdraw", json={"scopes": "all"}) for _ in range(3)),
    )
    session = await someone.refresh()
    wins = 3 if session["end_reason"] == "participant" else 0
    for place, reply in enumerate(replies):
        assert reply.status_code == (200 if (place < 3) == (wins == 3) else 409), reply.text
