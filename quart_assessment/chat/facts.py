"""What is known of a turn, and of an interview, when something is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from quart_assessment.studies.definition import ChatSettings

State = Literal["pending", "streaming", "complete", "stopped", "interrupted", "failed"]
MOST_ASKS = 3
MOST_MEASUREMENTS = 20
"""What a page may have measured of a turn, in all its calls: so many names."""
NO_CONSENT = "no_consent"
"""A turn's error where its model is outside, and the participant did not agree to that: it was not asked."""
OVER_LIMIT = "over_limit"
"""A turn's error where the session or the study has asked models for as much as it may: it was not asked."""
FINAL_ERRORS = frozenset({NO_CONSENT, OVER_LIMIT})
"""Errors that asking again would not change."""


@dataclass(frozen=True, slots=True)
class TurnKey:
    """Which turn: its session, and the client's id of its message."""

    session_id: UUID
    message_id: UUID

    @property
    def topic(self) -> str:
        """The key under which readers hear of it."""
        return f"{self.session_id}/{self.message_id}"

    @property
    def call(self) -> str:
        """The key under which its worker hears that somebody elsewhere reads it."""
        return f"reads/{self.topic}"


@dataclass(frozen=True, slots=True)
class Hold:
    """By what a worker answers a turn: its own id, and which ask of the turn it makes.

    A turn that is asked for again, by the same worker too, is held by that ask alone.
    """

    key: TurnKey
    worker_id: UUID
    asks: int

    @property
    def named(self) -> dict[str, Any]:
        """Give what names it in a statement."""
        return {
            "session_id": self.key.session_id,
            "message_id": self.key.message_id,
            "worker_id": self.worker_id,
            "asks": self.asks,
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as it stands. One whose worker was lost is interrupted, though no row may say so yet.

    `reply` is all that was committed, from the code point at which reading began. `passed` says that the
    interview went on after it, or ended; `lost`, that its worker was lost and no row says so.
    """

    key: TurnKey
    assessment_id: UUID
    turn_number: int
    state: State
    message: str | None
    reply: str
    replied: bool
    safety: bool
    detector: str | None
    help: dict[str, Any] | None
    policy: str | None
    conversation_ended: bool
    error: str | None
    asks: int
    lost: bool
    passed: bool
    sent_at: datetime
    first_token_at: datetime | None
    completed_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether its reply is still being made."""
        return self.state in ("pending", "streaming")

    @property
    def may_be_asked_again(self) -> bool:
        """Whether the model may be asked again for it: it is the newest, has no text, and asks are left."""
        silent = self.state in ("failed", "interrupted") and not self.replied
        return silent and not self.passed and self.asks < MOST_ASKS and self.error not in FINAL_ERRORS


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an interview has come. `replied` counts the participant's messages that have a reply.

    `warned`: a safety turn is among the turns; `paused`: one under policy pause stands last. `asked` is the end of
    the newest reply, fixed ones too. `silent_messages` and `silent_since` speak of the newest turns, those after
    the last one with a reply; `session_messages` of all messages of the session, in interviews that were started
    anew, too.
    """

    last_number: int | None
    running: UUID | None
    replied: int
    warned: bool
    paused: bool
    asked: str | None
    silent_messages: int
    silent_since: datetime | None
    session_messages: int

    def has_all_replies(self, settings: ChatSettings) -> bool:
        """Whether the interview had as many replies as it may."""
        return self.replied >= settings.max_turns

    def leaves_room(self, settings: ChatSettings) -> bool:
        """Whether one more message may be taken."""
        return not self.has_all_replies(settings) and self.session_messages < settings.turns_a_session


@dataclass(frozen=True, slots=True)
class Ask:
    """All a reply is made from, but for the history, which is read from the stored turns.

    `number` counts the participant's messages with a reply, this one included; 0 is the greeting. `asked` is the end
    of the reply before it.
    """

    key: TurnKey
    assessment_id: UUID
    turn_number: int
    message: str | None
    number: int
    asks: int
    study_id: UUID
    settings: ChatSettings
    language: str
    asked: str | None

    @property
    def may_end(self) -> bool:
        """Whether the model's tag ends the interview at this turn."""
        return self.turn_number > 0 and self.number >= self.settings.min_turns

    @property
    def is_last(self) -> bool:
        """Whether a reply to this message is the last one the study allows."""
        return self.turn_number > 0 and self.number >= self.settings.max_turns
