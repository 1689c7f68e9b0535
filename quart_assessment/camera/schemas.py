"""What goes over the wire to the camera's calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from quart_assessment.camera.triggers import named_trigger
from quart_assessment.web.body import Form
from quart_assessment.web.fields import Id, Milliseconds, Moment

MOST_ANNOUNCED = 100


def _known_trigger(text: str) -> str:
    name = named_trigger(text)
    if name is None:
        raise ValueError("not a trigger")
    return name


class AnnouncementForm(Form):
    """One capture that a page takes, or skipped."""

    capture_id: Id
    trigger: Annotated[str, AfterValidator(_known_trigger)]
    client_time: Moment | None = None
    session_ms: Milliseconds | None = None
    question_id: Id | None = None
    message_id: Id | None = None
    skipped: bool = False


class AnnouncementsForm(Form):
    """Captures that a page takes, or skipped."""

    captures: Annotated[list[AnnouncementForm], Field(min_length=1, max_length=MOST_ANNOUNCED)]
