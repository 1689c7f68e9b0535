"""Whether a capture is taken and kept. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from quart_assessment.camera.triggers import should_capture_on_trigger
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import SessionEnded
from quart_assessment.sessions.rules import EARLIEST_MS, check_captures_open, takes_late
from quart_assessment.studies.definition import CameraSettings

LATE_AFTER_COMPLETION = timedelta(hours=24)
SCOPE = "camera"
Unwanted = Literal["no_consent", "withdrawn", "not_wanted", "over_limit"]


def check_taken(session: Session, session_ms: int | None, *, announced: bool) -> bool:
    """Tell whether a capture is late: taken after the session's end.

    Taken are, besides those of an open session: what lies before the end for 7 days after it expired or was
    started anew, and announced ones for 24 hours after it was completed.

    Raises:
        SessionEnded: the session ended and does not take it any more, or never took any.
        WrongStep: captures are not open yet.
    """
    end = session.end
    if end is None:
        check_captures_open(session)
        return False
    completed = end.state == "COMPLETED" and session.now < end.at + LATE_AFTER_COMPLETION
    in_time = takes_late(session, session_ms) or (completed and announced)
    if session.parts_open_at is None or not in_time:
        raise SessionEnded
    return True


def may_take_late(session: Session) -> bool:
    """Tell whether an ended session takes any capture still, whatever its time."""
    end = session.end
    if end is None or session.parts_open_at is None:
        return False
    return takes_late(session, EARLIEST_MS) or (
        end.state == "COMPLETED" and session.now < end.at + LATE_AFTER_COMPLETION
    )


def why_unwanted(
    session: Session, settings: CameraSettings, trigger: str | None, already_kept: int
) -> Unwanted | None:
    """Tell why a capture would not be kept, whatever it shows; None where it would.

    `trigger` is None while it is not known; then what depends on it is left open.
    """
    if SCOPE not in (session.consent_scopes or ()):
        return "no_consent"
    if session.withdrew(SCOPE):
        return "withdrawn"
    if not is_recorded(settings, trigger):
        return "not_wanted"
    return "over_limit" if already_kept >= settings.max_captures else None


def is_recorded(settings: CameraSettings, trigger: str | None) -> bool:
    """Tell whether a study takes pictures of this trigger; of None, whether it takes any."""
    if settings.recording_mode == "OFF":
        return False
    return trigger is None or should_capture_on_trigger(settings, trigger)
