"""Consent: what is stored of it, and what follows from its scopes."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import orjson
import pytest

from tests.ground.house import House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begun(house: House, **changes: Any) -> Participant:
    changes = {"slug": "consent", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.start()
    return someone


async def say(someone: Participant, status: int, code: str | None = None, **changes: Any) -> None:
    body = {"consent_version": someone.session["consent"]["version"], "accepted": True}
    body |= {"scopes": ["questionnaire", "chat", "camera"]} | changes
    reply = await someone.client.post(f"{someone.path}/consent", json=body)
    if code is None:
        someone.session = kept(reply, status)["session"]
    else:
        refused(reply, status, code)


async def test_consent_is_stored_with_the_hash_of_what_was_shown(house: House) -> None:
    someone = await begun(house)
    shown = {name: someone.session["consent"][name] for name in ("title", "content", "footer")}
    await say(someone, 200)
    assert someone.session["consent"]["accepted"] is True
    assert someone.session["consent"]["agreed"] == ["camera", "chat", "questionnaire"]
    assert (someone.session["state"], someone.session["next_step"]) == ("CONSENT", "camera_check")
    [row] = await house.rows("SELECT * FROM consents WHERE session_id = $1", UUID(someone.session["id"]))
    assert row["text_sha256"] == hashlib.sha256(orjson.dumps(shown)).digest()
    assert (row["version"], row["language"], row["accepted"]) == (1, "en", True)
    assert row["scopes"] == ["questionnaire", "chat", "camera"]


async def test_another_version_of_the_text_is_outdated(house: House) -> None:
    someone = await begun(house)
    for version in (0, 2, 99, -1):
        await say(someone, 409, "consent_outdated", consent_version=version)
    assert (await someone.refresh())["consent"]["accepted"] is None


async def test_required_scopes_must_be_given_and_unknown_ones_are_refused(house: House) -> None:
    someone = await begun(house)
    await say(someone, 422, "invalid", scopes=["questionnaire", "camera"])
    await say(someone, 422, "invalid", scopes=[])
    await say(someone, 422, "invalid", scopes=["questionnaire", "chat", "soul"])
    await say(someone, 422, "invalid", scopes=["external_model", "questionnaire", "chat"])
    assert (await someone.refresh())["next_step"] == "consent"
    assert await house.rows("SELECT 1 FROM consents WHERE session_id = $1", UUID(someone.session["id"])) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"consent_version": 1, "scopes": []},
        {"consent_version": "1", "accepted": True},
        {"consent_version": 1, "accepted": "yes"},
        {"consent_version": 1, "accepted": 1},
        {"consent_version": 1, "accepted": True, "scopes": "all"},
        {"consent_version": 1.5, "accepted": True},
        {"consent_version": True, "accepted": True},
    ],
)
async def test_a_consent_of_another_form(house: House, body: dict[str, Any]) -> None:
    someone = await begun(house)
    refused(await someone.client.post(f"{someone.path}/consent", json=body), 422, "invalid")


async def test_a_repeat_is_answered_with_the_session_as_it_is_whatever_it_says(house: House) -> None:
    someone = await begun(house)
    await say(someone, 200, scopes=["questionnaire", "chat"])
    before = someone.session
    others: list[dict[str, Any]] = [
        {},
        {"consent_version": 99},
        {"accepted": False},
        {"scopes": ["soul"]},
        {"scopes": []},
    ]
    for changes in others:
        await say(someone, 200, **changes)
        assert someone.session == before
    assert len(await house.rows("SELECT 1 FROM consents WHERE session_id = $1", UUID(before["id"]))) == 1


async def test_declining_ends_the_session(house: House) -> None:
    someone = await begun(house)
    await say(someone, 200, accepted=False, scopes=[])
    session = someone.session
    assert (session["state"], session["next_step"], session["progress"]) == ("ABANDONED", None, 0)
    assert (session["end_reason"], session["consent"]["accepted"]) == ("consent_declined", False)
    await say(someone, 200)
    assert someone.session == session
    refused(
        await someone.client.post(f"{someone.path}/camera-check", json={"ok": True}), 409, "session_ended"
    )
    refused(await someone.client.post(f"{someone.path}/abandon", json={}), 409, "session_ended")
    assert await house.rows("SELECT consent_scopes FROM sessions WHERE id = $1", UUID(session["id"])) == [
        {"consent_scopes": None}
    ]


async def test_without_the_camera_scope_there_is_no_camera_check(house: House) -> None:
    for mode in ("required", "optional"):
        someone = await begun(house, camera={"check": mode})
        await say(someone, 200, scopes=["questionnaire", "chat"])
        assert (someone.session["next_step"], someone.session["state"]) == ("phq", "CONSENT")
        reply = await someone.client.post(f"{someone.path}/camera-check", json={"ok": True})
        assert refused(reply, 409, "wrong_step")["details"] == [{"field": "next_step", "problem": "phq"}]


async def test_a_part_without_its_scope_is_left_out(house: House) -> None:
    scopes = [{"name": name, "required": False} for name in ("questionnaire", "chat")]
    someone = await begun(house, consent={"scopes": scopes})
    question = (
        await house.rows(
            "SELECT id FROM questions WHERE session_id = $1 LIMIT 1", UUID(someone.session["id"])
        )
    )[0]
    await say(someone, 200, scopes=["chat"])
    session = someone.session
    assert (session["phq"]["end_reason"], session["chat"]["end_reason"]) == ("skipped", None)
    assert (session["next_step"], session["progress"]) == ("chat", 60)
    wrong = [
        await someone.save(str(question["id"]), 1),
        await someone.client.post(f"{someone.path}/phq/start"),
        await someone.client.post(f"{someone.path}/phq/complete"),
        await someone.client.post(f"{someone.path}/restart", json={"part": "phq"}),
    ]
    for reply in wrong:
        assert refused(reply, 409, "wrong_step")["details"] == [{"field": "next_step", "problem": "chat"}]
    kept(await someone.client.get(f"{someone.path}/phq"))


@pytest.mark.parametrize(
    ("mode", "ok", "step"),
    [
        ("required", False, "camera_check"),
        ("required", True, "phq"),
        ("optional", False, "phq"),
        ("optional", True, "phq"),
    ],
)
async def test_the_camera_check_by_its_mode(house: House, mode: str, ok: bool, step: str) -> None:
    someone = await begun(house, camera={"check": mode})
    early = await someone.client.post(f"{someone.path}/camera-check", json={"ok": ok})
    assert refused(early, 409, "wrong_step")["details"] == [{"field": "next_step", "problem": "consent"}]
    await say(someone, 200)
    assert someone.session["camera_check"] == {"mode": mode, "ok": None}
    await someone.post("camera-check", ok=ok, reason="it is dark")
    assert someone.session["camera_check"] == {"mode": mode, "ok": ok}
    assert someone.session["next_step"] == step
    assert someone.session["state"] == ("CONSENT" if step == "camera_check" else "CAMERA_CHECK")
    again = await someone.post("camera-check", ok=True)
    assert again["session"]["next_step"] == "phq"
    last = await someone.post("camera-check", ok=False)
    assert last["session"] == again["session"]


async def test_a_study_without_a_check_goes_straight_on(house: House) -> None:
    for camera in (
        {"check": "off"},
        {
            "recording_mode": "OFF",
            **dict.fromkeys(
                ("capture_on_button_click", "capture_on_message_send", "capture_on_question_start"), False
            ),
        },
    ):
        someone = await begun(house, camera=camera)
        assert someone.session["camera_check"]["mode"] == "off"
        await say(someone, 200)
        assert (someone.session["next_step"], someone.session["state"]) == ("phq", "CONSENT")
