"""What the study and the participant want kept, and when, against a real service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from tests.camera.conftest import Arrive, Rows, Sitter, files_of
from tests.camera.pictures import jpeg
from tests.ground.participant import kept, refused

PICTURE = jpeg()
INTERVAL = {
    "recording_mode": "INTERVAL",
    "interval_seconds": 5,
    "capture_on_button_click": False,
    "capture_on_message_send": False,
    "capture_on_question_start": False,
}
OFF = INTERVAL | {"recording_mode": "OFF", "interval_seconds": None}
NO_CAMERA = ["questionnaire", "chat"]


async def not_kept(sitter: Sitter, code: str, trigger: str = "BUTTON_CLICK") -> None:
    """A picture is answered as not kept by both calls, whatever its bytes are."""
    said = {"trigger": trigger}
    for body in (PICTURE, b"nothing that would be looked at"):
        receipt = kept(await sitter.put(body, said=said), 200)["capture"]
        assert (receipt["kept"], receipt["code"], receipt["sha256"]) == (False, code, None)
    (receipt,) = kept(await sitter.post_form(PICTURE, said=[said]))["captures"]
    assert (receipt["kept"], receipt["code"]) == (False, code)
    assert receipt["reason"]


async def not_looked_at(sitter: Sitter, code: str) -> None:
    """Metadata of a picture that is not wanted whatever its trigger are no matter."""
    receipt = kept(await sitter.put(PICTURE, headers={"Capture-Metadata": "{"}), 200)["capture"]
    assert (receipt["kept"], receipt["code"]) == (False, code)
    receipts = kept(await sitter.post_form(PICTURE, PICTURE, said=["{", '{"trigger": "BLINK"}']))["captures"]
    assert [(one["kept"], one["code"], one["sha256"]) for one in receipts] == [(False, code, None)] * 2


async def test_metadata_that_cannot_be_read_matter_only_where_a_picture_is_wanted(arrive: Arrive) -> None:
    async with arrive(NO_CAMERA) as sitter:
        await not_looked_at(sitter, "no_consent")
    async with arrive(camera={name: value for name, value in OFF.items() if value is not None}) as sitter:
        await not_looked_at(sitter, "not_wanted")
    async with arrive(camera={"max_captures": 1}) as sitter:
        refused(await sitter.put(PICTURE, headers={"Capture-Metadata": "{"}), 422, "bad_metadata")
        refused(await sitter.post_form(PICTURE, said=["{"]), 422, "bad_capture")
        kept(await sitter.put(PICTURE), 201)
        await not_looked_at(sitter, "over_limit")
        await sitter.post("withdraw", scopes=["camera"])
        await not_looked_at(sitter, "withdrawn")
    async with arrive(camera={"allow_manual": False}) as sitter:
        refused(await sitter.put(PICTURE, headers={"Capture-Metadata": "{"}), 422, "bad_metadata")


async def test_without_consent_to_the_camera_nothing_is_kept(arrive: Arrive, store: Path) -> None:
    async with arrive(NO_CAMERA) as sitter:
        await not_kept(sitter, "no_consent")
        assert files_of(store, sitter.session["id"]) == []
        assert await sitter.listed() == []


async def test_after_withdrawal_of_the_camera_nothing_more_is_kept(sitter: Sitter, store: Path) -> None:
    capture_id = str(uuid4())
    first = kept(await sitter.put(PICTURE, capture_id), 201)
    await sitter.post("withdraw", scopes=["camera"])
    await not_kept(sitter, "withdrawn")
    assert kept(await sitter.put(PICTURE, capture_id), 200) == first
    assert kept(await sitter.post_form(PICTURE, said=[{"capture_id": capture_id}]))["captures"][0]["kept"]
    assert len(files_of(store, sitter.session["id"])) == 1


async def test_what_was_taken_back_whole_is_kept_no_more_whatever_the_end(sitter: Sitter, rows: Rows) -> None:
    past = "created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'"
    await rows.change_session(sitter.session["id"], past)
    assert kept(await sitter.put(PICTURE, said={"session_ms": 1}), 201)["capture"]["late"]
    await rows.change_session(sitter.session["id"], "withdrawn_scopes = '{all}'")
    receipt = kept(await sitter.put(PICTURE, said={"session_ms": 1}), 200)["capture"]
    assert (receipt["kept"], receipt["code"]) == (False, "withdrawn")


@pytest.mark.parametrize(
    ("camera", "trigger"),
    [
        (OFF, "BUTTON_CLICK"),
        (OFF, "MANUAL"),
        (INTERVAL, "BUTTON_CLICK"),
        ({"capture_on_button_click": False}, "BUTTON_CLICK"),
        ({}, "INTERVAL"),
        ({"allow_manual": False}, "MANUAL"),
    ],
)
async def test_a_trigger_the_study_does_not_use_is_not_wanted(
    arrive: Arrive, camera: dict[str, object], trigger: str
) -> None:
    changes = {name: value for name, value in camera.items() if value is not None}
    async with arrive(camera=changes) as sitter:
        await not_kept(sitter, "not_wanted", trigger)


async def test_past_the_limit_of_a_session_nothing_more_is_kept(arrive: Arrive, store: Path) -> None:
    async with arrive(camera={"max_captures": 3}) as sitter:
        receipts = kept(await sitter.post_form(*[PICTURE] * 5))["captures"]
        assert [one.get("code") for one in receipts] == [None, None, None, "over_limit", "over_limit"]
        await not_kept(sitter, "over_limit")
        assert len(files_of(store, sitter.session["id"])) == 3


async def test_the_limit_holds_for_uploads_at_once(arrive: Arrive, store: Path) -> None:
    async with arrive(camera={"max_captures": 3}) as sitter:
        replies = await asyncio.gather(*(sitter.put(PICTURE) for _ in range(12)))
        assert sorted(reply.status_code for reply in replies) == [200] * 9 + [201] * 3
        assert len(files_of(store, sitter.session["id"])) == 3


async def test_pictures_wait_for_the_end_of_the_camera_check(arrive: Arrive) -> None:
    async with arrive(checked=False) as sitter:
        refused(await sitter.put(PICTURE), 409, "wrong_step")
        refused(await sitter.announce({"capture_id": str(uuid4())}), 409, "wrong_step")
        await sitter.post("camera-check", ok=True)
        kept(await sitter.put(PICTURE), 201)


async def test_after_the_end_no_step_comes_before_a_picture(arrive: Arrive, rows: Rows) -> None:
    past = "created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'"
    async with arrive(camera={"check": "required"}, checked=False) as sitter:
        refused(await sitter.put(PICTURE, said={"session_ms": 1}), 409, "wrong_step")
        await rows.change_session(sitter.session["id"], past)
        refused(await sitter.put(PICTURE, said={"session_ms": 1}), 409, "session_ended")
        refused(await sitter.post_form(PICTURE, said=[{"session_ms": 1}]), 409, "session_ended")


async def test_settings_are_those_the_session_was_started_with(arrive: Arrive) -> None:
    async with arrive(camera={"min_spacing_ms": 250}, checked=False) as sitter:
        settings = kept(await sitter.client.get(f"{sitter.path}/camera/settings"))
        assert settings == {
            "recording_mode": "EVENT_DRIVEN",
            "interval_seconds": None,
            "capture_on_button_click": True,
            "capture_on_message_send": True,
            "capture_on_question_start": True,
            "allow_manual": True,
            "resolution": "1280x720",
            "quality": 0.8,
            "min_spacing_ms": 250,
            "max_captures": 100000,
            "version": 1,
        }


async def test_after_the_session_expired_pictures_from_before_are_taken_for_seven_days(
    sitter: Sitter, rows: Rows
) -> None:
    session = sitter.session["id"]
    past = "created_at = now() - interval '2 days', expires_at = now() - interval '1 day'"
    await rows.change_session(session, past)
    receipt = kept(await sitter.put(PICTURE, said={"session_ms": 1000}), 201)["capture"]
    assert receipt["late"]
    day = 24 * 3600 * 1000
    refused(await sitter.put(PICTURE, said={"session_ms": day + 1}), 409, "session_ended")
    refused(await sitter.put(PICTURE), 409, "session_ended")
    said = [{"session_ms": 1000}, {"session_ms": day + 1}]
    first, second = kept(await sitter.post_form(PICTURE, PICTURE, said=said))["captures"]
    assert (first["kept"], first["late"], second["kept"]) == (True, True, False)
    refused(await sitter.post_form(PICTURE), 409, "session_ended")
    older = "created_at = now() - interval '9 days', expires_at = now() - interval '8 days'"
    await rows.change_session(session, older)
    refused(await sitter.put(PICTURE, said={"session_ms": 1000}), 409, "session_ended")


async def test_after_a_restart_pictures_from_before_are_taken_by_the_old_session(sitter: Sitter) -> None:
    old = sitter.session
    kept(await sitter.client.post(f"{sitter.path}/restart", json={"part": "all"}), 201)
    sitter.session = old
    assert kept(await sitter.put(PICTURE, said={"session_ms": 1}), 201)["capture"]["late"]
    refused(await sitter.put(PICTURE, said={"session_ms": 3_600_000}), 409, "session_ended")


@pytest.mark.parametrize("scopes", [["camera"], "all"])
async def test_after_a_withdrawal_in_the_new_session_the_old_one_keeps_no_picture(
    sitter: Sitter, scopes: object
) -> None:
    old = sitter.session
    await sitter.post("restart", 201)
    await sitter.agree()
    await sitter.post("withdraw", scopes=scopes)
    sitter.session = old
    receipt = kept(await sitter.put(PICTURE, said={"session_ms": 1}))["capture"]
    assert (receipt["kept"], receipt["code"]) == (False, "withdrawn")
    (receipt,) = kept(await sitter.post_form(PICTURE, said=[{"session_ms": 1}]))["captures"]
    assert (receipt["kept"], receipt["code"]) == (False, "withdrawn")


async def test_after_completion_announced_pictures_are_taken_for_a_day(sitter: Sitter, rows: Rows) -> None:
    announced, skipped, kept_before = (str(uuid4()) for _ in range(3))
    before = kept(await sitter.put(PICTURE, kept_before), 201)
    kept(await sitter.announce({"capture_id": announced}, {"capture_id": skipped, "skipped": True}))
    ended = "end_state = 'COMPLETED', end_reason = 'completed', ended_at = now()"
    await rows.change_session(sitter.session["id"], ended)
    assert kept(await sitter.put(PICTURE, announced), 201)["capture"]["late"]
    refused(await sitter.put(PICTURE, skipped), 409, "session_ended")
    refused(await sitter.put(PICTURE, said={"session_ms": 0}), 409, "session_ended")
    assert kept(await sitter.put(PICTURE, kept_before), 200) == before
    assert kept(await sitter.announce({"capture_id": announced})) == {"expected": 1, "received": 1}
    refused(await sitter.announce({"capture_id": str(uuid4())}), 409, "session_ended")
    await rows.change_session(sitter.session["id"], "ended_at = now() - interval '25 hours'")
    assert kept(await sitter.put(PICTURE, announced), 200)["capture"]["late"]
    refused(await sitter.put(PICTURE, skipped), 409, "session_ended")


async def test_after_a_withdrawal_of_all_nothing_is_taken(sitter: Sitter) -> None:
    announced = str(uuid4())
    kept(await sitter.announce({"capture_id": announced}))
    await sitter.post("withdraw", scopes="all")
    refused(await sitter.put(PICTURE, announced, said={"session_ms": 0}), 409, "session_ended")
    refused(await sitter.post_form(PICTURE, said=[{"session_ms": 0}]), 409, "session_ended")
