"""The ways to a model: what an operator says of each. Studies name one and know nothing else of it.

Addresses and keys are the operator's alone: they are in no database, export, log or reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

DEFAULT = "default"
SCRIPTED = "scripted"
NO_KEY = SecretStr("none")

Kind = Literal["openai", "azure", "scripted"]
Parameter = Literal["temperature"]
TokensField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, and how much a reply may take; and of a worker, how many are made at once and may wait."""

    connect: float
    first_token: float
    idle: float
    turn: float
    tokens: int
    prompt_characters: int
    at_once: int
    waiting: int
    waiting_seconds: float


@dataclass(frozen=True, slots=True)
class ModelConnection:
    """One way to a model, or to the script. `omit` names parameters that it does not take."""

    name: str
    kind: Kind
    limits: Limits
    base_url: str = ""
    api_key: SecretStr = NO_KEY
    model: str | None = None
    external: bool = False
    api_version: str | None = None
    seed: int | None = None
    tokens_field: TokensField = "max_tokens"
    omit: tuple[Parameter, ...] = ()

    @property
    def is_scripted(self) -> bool:
        """Whether it leads to the script, and to no model."""
        return self.kind == "scripted"


Connections = Mapping[str, ModelConnection]
