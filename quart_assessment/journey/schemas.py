"""What goes over the wire on a participant's way through a session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from quart_assessment.web.body import Form
from quart_assessment.web.fields import Id, Note

ScopeName = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Scopes = Annotated[list[ScopeName], Field(max_length=20)]


class StartForm(Form):
    """A new session; `id` is the client's key for this call."""

    id: Id | None = None
    study: Annotated[str, StringConstraints(max_length=100)] | None = None
    language: Annotated[str, StringConstraints(max_length=10)] | None = None


class ConsentForm(Form):
    """What a participant said to the consent text."""

    consent_version: int
    accepted: bool
    scopes: Scopes = Field(default_factory=list)


class CameraCheckForm(Form):
    """Whether the camera works."""

    ok: bool
    reason: Note | None = None


class OpenForm(Form):
    """The page that owns the camera from now on."""

    page_id: Id


class WithdrawForm(Form):
    """What a participant takes back."""

    scopes: Literal["all"] | Scopes
    erase: bool = False


class AbandonForm(Form):
    """Why a participant stops, in their own words."""

    reason: Note | None = None


class RestartForm(Form):
    """What a participant begins again; `id` is the client's key for this call."""

    id: Id | None = None
    part: Literal["all", "phq", "chat"] = "all"


class CompleteForm(Form):
    """The end; `missing_ok`: announced captures that have not come are given up."""

    missing_ok: bool = False


class BatchForm(Form):
    """Captures to be attached to an assessment, by their ids or their file names.

    The numbers of `metadata`, and of its `timing`, are added to what was measured of each.
    """

    assessment_id: Id
    capture_ids: Annotated[list[Id], Field(max_length=2000)] | None = None
    filenames: (
        Annotated[list[Annotated[Note, StringConstraints(max_length=255)]], Field(max_length=2000)] | None
    ) = None
    capture_type: Literal["PHQ", "LLM", "GENERAL"] | None = None
    metadata: dict[str, Any] | None = None


class LinkForm(Form):
    """The assessment whose captures are to be linked."""

    assessment_id: Id
    assessment_type: Literal["PHQ", "LLM"]


class FailForm(Form):
    """Why staff end a session for a fault."""

    reason: Annotated[Note, StringConstraints(min_length=1)]


class AcknowledgeForm(Form):
    """What staff did about an alert."""

    outcome: Annotated[Note, StringConstraints(min_length=1)]
    note: Note = ""
