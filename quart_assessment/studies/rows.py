"""A study as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from quart_assessment.studies.definition import (
    CameraSettings,
    ChatSettings,
    ConsentSettings,
    ContactSetting,
    HelpSettings,
    Part,
    PresentationSettings,
    QuestionnaireSettings,
)

PartSettings = QuestionnaireSettings | ChatSettings | CameraSettings | ConsentSettings | PresentationSettings
MODELS: dict[Part, type[PartSettings]] = {
    "questionnaire": QuestionnaireSettings,
    "chat": ChatSettings,
    "camera": CameraSettings,
    "consent": ConsentSettings,
    "presentation": PresentationSettings,
}


@dataclass(frozen=True, slots=True)
class Study:
    """The live part of a study."""

    id: UUID
    slug: str
    title: str
    demo: bool
    registration: bool
    invitation_once: bool
    opens_at: datetime | None
    closes_at: datetime | None
    escalate_after_minutes: int


@dataclass(frozen=True, slots=True)
class Version:
    """The newest version of a study with the parts it has, its live help and contacts; parts may be missing."""

    id: UUID
    number: int
    parts: dict[Part, PartSettings]
    help: HelpSettings | None
    contacts: tuple[ContactSetting, ...]


@dataclass(frozen=True, slots=True)
class Pinned:
    """The settings a session was started with; they never change."""

    version_id: UUID
    study_id: UUID
    number: int
    questionnaire: QuestionnaireSettings
    chat: ChatSettings
    camera: CameraSettings
    camera_number: int
    consent: ConsentSettings
    consent_number: int
    presentation: PresentationSettings
