"""Which captures a study wants, by its settings."""

from __future__ import annotations

import pytest

from quart_assessment.camera.triggers import (
    TRIGGERS,
    create_settings_snapshot,
    named_trigger,
    should_capture_on_trigger,
)
from quart_assessment.studies.definition import CameraSettings

OFF = CameraSettings(recording_mode="OFF", allow_manual=False)
INTERVAL = CameraSettings(recording_mode="INTERVAL", interval_seconds=5, allow_manual=False)
EVENTS = CameraSettings(recording_mode="EVENT_DRIVEN", capture_on_button_click=True, allow_manual=False)


def changed(settings: CameraSettings, **changes: object) -> CameraSettings:
    return settings.model_copy(update=changes)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_nothing_is_wanted_while_recording_is_off(trigger: str) -> None:
    assert not should_capture_on_trigger(changed(OFF, allow_manual=True), trigger)


@pytest.mark.parametrize(
    ("setting", "trigger"),
    [
        ("capture_on_button_click", "BUTTON_CLICK"),
        ("capture_on_message_send", "MESSAGE_SEND"),
        ("capture_on_question_start", "QUESTION_START"),
    ],
)
def test_an_event_is_wanted_where_its_setting_is_on(setting: str, trigger: str) -> None:
    none = changed(EVENTS, capture_on_button_click=False)
    settings = changed(none, **{setting: True})
    assert [name for name in TRIGGERS if should_capture_on_trigger(settings, name)] == [trigger]
    assert not should_capture_on_trigger(none, trigger)


def test_interval_pictures_are_wanted_in_their_mode_alone() -> None:
    assert [name for name in TRIGGERS if should_capture_on_trigger(INTERVAL, name)] == ["INTERVAL"]


def test_a_manual_picture_is_wanted_where_the_study_allows_it() -> None:
    for mode in (INTERVAL, EVENTS):
        assert should_capture_on_trigger(changed(mode, allow_manual=True), "MANUAL")
        assert not should_capture_on_trigger(mode, "MANUAL")


def test_a_trigger_is_known_in_any_case_and_manual_when_missing() -> None:
    assert named_trigger("button_Click") == "BUTTON_CLICK"
    assert named_trigger(None) == "MANUAL"
    assert named_trigger("blink") is None
    assert named_trigger("") is None


def test_a_snapshot_holds_every_setting_of_the_recording() -> None:
    snapshot = create_settings_snapshot(EVENTS, 3)
    assert snapshot == {
        "recording_mode": "EVENT_DRIVEN",
        "interval_seconds": None,
        "capture_on_button_click": True,
        "capture_on_message_send": False,
        "capture_on_question_start": False,
        "allow_manual": False,
        "resolution": "1280x720",
        "quality": 0.8,
        "min_spacing_ms": 500,
        "max_captures": 2000,
        "version": 3,
    }
