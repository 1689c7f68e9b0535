"""What goes over the wire to and from the interview."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from quart_assessment.chat.facts import MOST_MEASUREMENTS
from quart_assessment.web.body import Form
from quart_assessment.web.fields import Id, Milliseconds, Moment

LONGEST_MESSAGE = 8000
_MEASUREMENT = re.compile(r"[a-z][a-z0-9_]{0,39}_ms")


def _storable(text: str) -> str:
    text = text.strip()
    if "\0" in text:
        raise ValueError("NUL")
    if not 1 <= len(text) <= LONGEST_MESSAGE:
        raise ValueError("length")
    return text


def _measurements(value: object) -> object:
    """Keep what is called a number of milliseconds; other names are unknown fields, and ignored."""
    if not isinstance(value, dict):
        return value
    kept = {
        name: measured
        for name, measured in value.items()
        if isinstance(name, str) and _MEASUREMENT.fullmatch(name) and measured is not None
    }
    if len(kept) > MOST_MEASUREMENTS:
        raise ValueError("too many")
    return kept


Timing = Annotated[dict[str, Milliseconds], BeforeValidator(_measurements)]


class StartForm(Form):
    """The client's id for turn 0."""

    message_id: Id


class MessageForm(Form):
    """A message, 1 to 8,000 code points after trimming, with the client's id for it."""

    message_id: Id
    message: Annotated[str, AfterValidator(_storable)]
    assessment_id: Id | None = None
    client_time: Moment | None = None
    session_ms: Milliseconds | None = None
    timing: Timing = Field(default_factory=dict)


class TimingForm(Form):
    """What the page measured, in milliseconds on the session's clock, under any name that ends in _ms."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, Milliseconds]

    first_token_seen_ms: Milliseconds | None = None
    read_ms: Milliseconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _keep_measurements(cls, value: object) -> object:
        return _measurements(value)

    @property
    def measured(self) -> dict[str, int]:
        """Each measurement by its name."""
        return self.model_dump(exclude_none=True)
