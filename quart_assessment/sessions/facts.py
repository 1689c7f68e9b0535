"""What is known of a session when something is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Kind = Literal["phq", "chat"]
Step = Literal["consent", "camera_check", "phq", "chat", "complete"]
EndState = Literal["COMPLETED", "ABANDONED", "INCOMPLETE", "FAILED"]
SCOPE_OF: dict[Kind, str] = {"phq": "questionnaire", "chat": "chat"}
EXTERNAL_MODEL = "external_model"
"""The scope of words going to a model outside of the operator's machines."""
ALL = "all"
"""Stands among the withdrawn scopes for every one there is."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One of the session's two parts as it stands; a restarted part is a new one."""

    id: UUID
    kind: Kind
    started_at: datetime | None
    completed_at: datetime | None
    end_reason: str | None

    @property
    def skipped(self) -> bool:
        """Whether the part was left out."""
        return self.end_reason == "skipped"


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something that happened to a session."""

    event: str
    facts: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class End:
    """How and when a session ended."""

    state: EndState
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """The session's row with its two current assessments; `now` is the database's time of reading."""

    id: UUID
    account_id: UUID
    study_id: UUID
    study_version_id: UUID
    client_key: UUID | None
    previous_id: UUID | None
    visit: int
    attempt: int
    first_part: Kind
    language: str
    page_id: UUID | None
    created_at: datetime
    expires_at: datetime
    consent_scopes: tuple[str, ...] | None
    withdrawn_scopes: tuple[str, ...]
    consented_at: datetime | None
    camera_ok: bool | None
    camera_checked_at: datetime | None
    parts_open_at: datetime | None
    end_state: EndState | None
    end_reason: str | None
    ended_at: datetime | None
    now: datetime
    phq: Assessment
    chat: Assessment

    @property
    def order(self) -> tuple[Kind, Kind]:
        """The two parts in the order in which they are asked."""
        return ("phq", "chat") if self.first_part == "phq" else ("chat", "phq")

    @property
    def agreed(self) -> frozenset[str]:
        """The scopes that were agreed to and not taken back."""
        return frozenset(scope for scope in self.consent_scopes or () if not self.withdrew(scope))

    def withdrew(self, scope: str) -> bool:
        """Whether a scope was taken back, by itself or with all others."""
        return not {ALL, scope}.isdisjoint(self.withdrawn_scopes)

    def part(self, kind: Kind) -> Assessment:
        """Give the current assessment of a part."""
        return self.phq if kind == "phq" else self.chat

    @property
    def end(self) -> End | None:
        """How the session ended; one past its time is INCOMPLETE though no row says so. None while open."""
        if self.end_state is not None and self.ended_at is not None:
            return End(self.end_state, self.end_reason, self.ended_at)
        if self.expires_at <= self.now:
            return End("INCOMPLETE", "expired", self.expires_at)
        return None

    @property
    def next_step(self) -> Step | None:
        """What the participant is to do next; None after the end."""
        if self.end is not None:
            return None
        if self.consent_scopes is None:
            return "consent"
        if self.parts_open_at is None:
            return "camera_check"
        for kind in self.order:
            if self.part(kind).completed_at is None:
                return kind
        return "complete"
