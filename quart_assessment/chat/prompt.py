"""What a model is asked with: the study's instructions, then the stored turns, as many as fit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from quart_assessment.chat.providers import Conversation, Exchange, Message, PromptTooLong
from quart_assessment.studies.definition import Aspect, ChatSettings
from quart_assessment.studies.interview import ASPECTS, LANGUAGE

# Models are trained on dialogues that a user opens; the greeting needs something to answer.
_OPENING = "Hello. Please begin."
# Between messages that became one, for want of a reply between them.
_BETWEEN = "\n\n"
_PLACE = re.compile("|".join(map(re.escape, (ASPECTS, LANGUAGE))))
# Small models know languages by their names rather than by their tags.
_NAMES = {
    "ar": "Arabic",
    "bn": "Bengali",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "jv": "Javanese",
    "ko": "Korean",
    "ms": "Malay",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "su": "Sundanese",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}


def build_messages(conversation: Conversation, characters: int) -> list[Message]:
    """Build what is sent for the reply to the conversation's newest message, or for its greeting.

    At most `characters` code points are sent: the oldest exchanges are left out first.

    Raises:
        PromptTooLong: even without any history it is more.
    """
    settings, message = conversation.settings, conversation.message
    told = Message("system", instructions(settings, conversation.language))
    hint = f"[Turn: {conversation.number}/{settings.max_turns}]"
    newest = Message("user", f"{hint}\n{_OPENING if message is None else message}")
    left = characters - len(told.content) - len(newest.content)
    if left < 0:
        raise PromptTooLong
    kept: list[Exchange] = []
    for exchange in reversed(conversation.history):
        left -= len(exchange.message or _OPENING) + len(exchange.reply or _BETWEEN)
        if left < 0:
            break
        kept.append(exchange)
    return [told, *_joined([*_said(reversed(kept)), newest])]


def instructions(settings: ChatSettings, language: str) -> str:
    """Give the study's instructions for the model, its persona before them, the aspects and the language put in."""
    put = {
        ASPECTS: "\n".join(_line(aspect) for aspect in settings.aspects),
        LANGUAGE: _NAMES.get(language.partition("-")[0], language),
    }
    text = settings.instructions_for_model
    if settings.persona is not None:
        text = f"{settings.persona.strip()}\n\n{text}"
    return _PLACE.sub(lambda place: put[place.group()], text)


def instructions_sha256(settings: ChatSettings, language: str) -> bytes:
    """Give the prompt's version: the SHA-256 of the instructions as they are sent."""
    return sha256(instructions(settings, language).encode()).digest()


def _line(aspect: Aspect) -> str:
    return f"- {aspect.name}: {aspect.description}"


def _said(history: Iterable[Exchange]) -> Iterable[Message]:
    for exchange in history:
        yield Message("user", _OPENING if exchange.message is None else exchange.message)
        if exchange.reply:
            yield Message("assistant", exchange.reply)


def _joined(messages: Iterable[Message]) -> list[Message]:
    """Join neighbours of one role: many models take strictly alternating ones only."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].content}{_BETWEEN}{message.content}")
        else:
            joined.append(message)
    return joined
