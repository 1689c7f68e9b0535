"""How a reply is made: by what, with what, of how many tokens, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quart_assessment.chat.connections import ModelConnection
from quart_assessment.chat.providers import Prompt, Told
from quart_assessment.chat.spending.tokens import estimated_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What was counted before a call: on which day, tokens of the turn before it, and estimated ones of the prompt."""

    day_at: datetime
    tokens_before: int
    prompt_tokens: int

    def cost(self, told: Told, characters: int) -> int:
        """Give the call's tokens: as the model counts them, estimated from what came where it did not say."""
        prompt = self.prompt_tokens if told.tokens_in is None else told.tokens_in
        reply = estimated_tokens(characters) if told.tokens_out is None else told.tokens_out
        return prompt + reply


@dataclass(slots=True)
class Making:
    """What is recorded of a turn's last ask; times are the event loop's.

    `fallback_for`: the script took the place of a model that failed with this code. `unused` are the tokens by which
    a second look at the message was counted too high.
    """

    connection: str
    provider: str | None = None
    model: str | None = None
    parameters: Mapping[str, float] | None = None
    instructions_sha256: bytes | None = None
    fallback_for: str | None = None
    told: Told = field(default_factory=Told)
    asked: float | None = None
    first_piece: float | None = None
    last_piece: float | None = None
    characters: int = 0
    spent: Spent | None = None
    unused: int = 0

    def note_connection(self, connected: ModelConnection) -> None:
        """Note who will be asked."""
        self.connection, self.provider, self.model = connected.name, connected.kind, connected.model

    def note_look(self, spent: Spent, most: int, told: Told, characters: int) -> None:
        """Note what a second look at the message cost, for which `most` tokens had been counted."""
        self.unused = most - spent.cost(told, characters)
        self.spent = Spent(spent.day_at, spent.tokens_before + most, 0)

    def note_again(self, spent: Spent) -> None:
        """Note what was counted for one more ask; what the turn had cost before has been settled."""
        self.spent, self.unused, self.told, self.characters = spent, 0, Told(), 0

    def note_ask(self, prompt: Prompt) -> Told:
        """Note that a reply is asked for now; what is said of it goes into what is given."""
        self.parameters, self.instructions_sha256 = prompt.parameters, prompt.instructions_sha256
        self.told = Told()
        self.asked, self.first_piece, self.last_piece, self.characters = _now(), None, None, 0
        return self.told

    def note_piece(self, text: str) -> None:
        """Note that text has come."""
        self.characters += len(text)
        self.last_piece = _now()
        if self.first_piece is None:
            self.first_piece = self.last_piece

    @property
    def tokens(self) -> int:
        """What the turn has cost with this call; what the script says costs nothing."""
        if self.spent is None:
            return 0
        characters = self.characters if self.fallback_for is None else 0
        return self.spent.tokens_before - self.unused + self.spent.cost(self.told, characters)

    def values(self) -> dict[str, Any]:
        """Give what is stored; each time as the seconds since then, so that all times are of one clock."""
        now = _now()
        ages = {"asked": self.asked, "first_piece": self.first_piece, "last_piece": self.last_piece}
        return {
            "connection": self.connection,
            "provider": self.provider,
            "model": self.model,
            "model_answered": self.told.model,
            "parameters": None if self.parameters is None else dict(self.parameters),
            "instructions_sha256": self.instructions_sha256,
            "tokens_in": self.told.tokens_in,
            "tokens_out": self.told.tokens_out,
            "fallback_for": self.fallback_for,
            **{f"{name}_ago": None if at is None else now - at for name, at in ages.items()},
        }


def _now() -> float:
    return asyncio.get_running_loop().time()
