"""How many tokens a text has where nobody counted them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from quart_assessment.chat.providers import Message

# English has about four characters a token, Indonesian three, both in tokens of models made for many languages.
CHARACTERS_A_TOKEN = 3
_TOKENS_A_MESSAGE = 4


def estimated_tokens(characters: int) -> int:
    """Estimate the tokens of a text, rather too many than too few."""
    return -(-characters // CHARACTERS_A_TOKEN)


def estimated_prompt(messages: Sequence[Message]) -> int:
    """Estimate the tokens of a prompt."""
    return sum(_TOKENS_A_MESSAGE + estimated_tokens(len(message.content)) for message in messages)
