"""Where replies come from: one protocol, what a provider is asked with and how it may fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from quart_assessment.studies.definition import ChatSettings


@dataclass(frozen=True, slots=True)
class Exchange:
    """A stored turn: what the participant wrote (None for the greeting), and the reply, perhaps empty."""

    message: str | None
    reply: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """An interview up to the reply that is to be made; nothing of it is about anybody else.

    `number` counts the participant's messages with a reply, `message` included; None and 0: the greeting.
    """

    settings: ChatSettings
    language: str
    history: Sequence[Exchange]
    message: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation as a model reads it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked with; for the script, what it says."""

    messages: Sequence[Message]
    parameters: Mapping[str, float]
    instructions_sha256: bytes


@dataclass(slots=True)
class Told:
    """What a provider says of a reply beside its text, as far as it says so."""

    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


class PromptTooLong(Exception):
    """The instructions and the newest message alone are more than the model is given."""


class ModelFailure(Exception):
    """A model gave no usable reply. It carries a code of ours and never the provider's words."""

    code: ClassVar[str] = "model_unavailable"
    again: ClassVar[bool] = False

    def __init__(self, *, wait: float = 0, otherwise: bool = False) -> None:
        """Say how long the provider asks to be left alone, in seconds, or that it is to be asked `otherwise`."""
        super().__init__(self.code)
        self.wait = wait
        self.otherwise = otherwise

    @property
    def may_pass(self) -> bool:
        """Whether asking once more at once may help."""
        return self.again or self.otherwise


class ModelUnavailable(ModelFailure):
    """The model could not be reached, broke off, or answered with nothing."""

    again = True


class ModelTimedOut(ModelFailure):
    """One of our own time limits passed."""

    code = "model_timeout"


class ModelRefused(ModelFailure):
    """The provider turned the request down: by status 400, 401, 403 or 404, or for its content."""

    code = "model_refused"


class Provider(Protocol):
    """A language model. One call of `reply` is one HTTP request; nothing is retried underneath."""

    def prepare(self, conversation: Conversation) -> Prompt:
        """Put together what the reply is asked for with; raises PromptTooLong."""
        ...

    def reply(self, prompt: Prompt, told: Told, *, until: float) -> AsyncGenerator[str, None]:
        """Yield the reply's text as it comes, never empty pieces; what else is said of it goes into `told`.

        `until` is the event loop's time at which the whole reply must have ended. A reply that ends has
        ended whole; anything else raises a ModelFailure, after some text or before any.
        """
        ...

    async def probe(self) -> None:
        """Ask whether the model can be reached; raises ModelFailure."""
        ...

    async def close(self) -> None:
        """Give connections back. Replies under way break off."""
        ...


# What a model may take to end a reply of which enough was read, so that it can say how many tokens that was.
_REST_SECONDS = 0.2


async def take_the_rest(pieces: AsyncGenerator[str, None]) -> None:
    """Read a reply of which enough is known to its end, for what is said of it there; not for long."""
    with suppress(TimeoutError, ModelFailure):
        async with asyncio.timeout(_REST_SECONDS):
            async for _ in pieces:
                pass
