"""A connection to a model as a test wants it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from quart_assessment.chat.connections import Limits, ModelConnection
from quart_assessment.chat.providers import Conversation, Message, Prompt
from quart_assessment.studies.definition import ChatSettings
from tests.ground.study import study_with

LIMITS = Limits(
    connect=1,
    first_token=5,
    idle=5,
    turn=10,
    tokens=50,
    prompt_characters=12_000,
    at_once=10,
    waiting=10,
    waiting_seconds=5,
)


def connection_to(base_url: str, limits: Limits = LIMITS, **changes: Any) -> ModelConnection:
    """Give a connection to a scripted model."""
    made = ModelConnection(
        "default", "openai", limits, base_url, SecretStr("a key"), "scripted", external=False
    )
    return replace(made, **changes)


def hello() -> Prompt:
    """Give the shortest prompt."""
    return Prompt([Message("user", "hello")], {"temperature": 0.5, "max_tokens": 50}, b"version")


def conversation(message: str | None = "hello", number: int = 1, **chat: Any) -> Conversation:
    """Give a conversation without a history, in the default study with changes."""
    settings = study_with(chat=chat).chat
    assert isinstance(settings, ChatSettings)
    return Conversation(settings, "en", [], message, number)


def private(path: Path, text: str) -> Path:
    """Write a file that its owner alone may read."""
    path.write_text(text)
    path.chmod(0o600)
    return path
