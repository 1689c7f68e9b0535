"""What the script says next: a fixed semi-structured interview over the study's aspects. Pure.

It is found from the conversation alone, each time anew: which questions were asked can be read in the replies. A reply
that a model wrote has asked about an aspect if a question in it speaks of that, so that the script can go on where a
model failed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from quart_assessment.chat.providers import Conversation
from quart_assessment.studies.definition import Aspect, ChatSettings
from quart_assessment.studies.interview import TAG

FALLBACK = "en"
# Answers of no more words than this are asked about further; refusals to answer are short, too.
SHORT_WORDS = 3
_REFUSAL_WORDS = 10
_WORD = re.compile(r"[\w-]+")
_QUESTION = re.compile(r"[^.!?\n]*\?")


@dataclass(frozen=True, slots=True)
class _Topic:
    words: tuple[str, ...]
    whole: bool
    questions: Mapping[str, Sequence[str]]

    def is_met_by(self, text: str) -> bool:
        """Whether a word of `text` begins with one of the topic's."""
        return any(word.startswith(self.words) for word in _WORD.findall(text.casefold()))


@dataclass(frozen=True, slots=True)
class _Texts:
    opening: str
    thanks: Sequence[str]
    declined: str
    more: Sequence[str]
    ask: str
    otherwise: Sequence[str]
    closing: str
    declines: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Item:
    """An aspect with the questions about it, and what tells that another has asked about it."""

    name: str
    questions: Sequence[str]
    whole: bool
    topic: _Topic | None

    def is_asked_in(self, questions: str) -> bool:
        if self.topic is not None:
            return self.topic.is_met_by(questions)
        return self.name.casefold() in questions.casefold()


class _Heard:
    """What the replies so far have asked: by item, how many of its questions."""

    def __init__(self, items: Sequence[_Item], texts: _Texts) -> None:
        self._items = items
        self._texts = texts
        self.asked = dict.fromkeys(range(len(items)), 0)
        self.current: int | None = None
        self.asked_further = False

    def hear(self, reply: str) -> None:
        if any(text in reply for text in self._texts.more):
            self.asked_further = True
            return
        self.current, self.asked_further = None, False
        for place, item in enumerate(self._items):
            found = [number for number, question in enumerate(item.questions, 1) if question in reply]
            if found:
                self.asked[place] = max(found)
                self.current = place
                return
        if any(text in reply for text in (*self._texts.otherwise, self._texts.opening)):
            return
        put = " ".join(_QUESTION.findall(reply))
        for place, item in enumerate(self._items):
            if item.is_asked_in(put):
                self.asked[place] = len(item.questions)

    @property
    def untouched(self) -> list[int]:
        return [place for place, asked in self.asked.items() if not asked]


def languages() -> frozenset[str]:
    """Name the languages the script speaks, without their regions."""
    return frozenset(_script()["texts"])


def speaks(language: str) -> bool:
    """Tell whether the script has texts in a language; one of its regions is the same."""
    return language.partition("-")[0] in languages()


def version(settings: ChatSettings) -> bytes:
    """Give the SHA-256 of all the script says, with the study's aspects."""
    aspects = [aspect.model_dump_json() for aspect in settings.aspects]
    return sha256("\n".join([_source(), *aspects]).encode()).digest()


def next_reply(conversation: Conversation) -> str:
    """Give the script's reply; it ends with the tag once all aspects were asked about and the minimum is reached."""
    texts = _texts(conversation.language)
    if conversation.message is None:
        return texts.opening.strip()
    items = [_item(aspect, conversation.language) for aspect in conversation.settings.aspects]
    heard = _Heard(items, texts)
    for exchange in conversation.history:
        if exchange.reply:
            heard.hear(exchange.reply)
    thanks = _turned(texts.thanks, conversation.number)
    if declines(conversation.message, texts.declines):
        thanks = texts.declined
    question = _question(conversation, items, heard, texts)
    if question is None:
        return f"{thanks} {texts.closing.strip()}{TAG}"
    return question if question in texts.more else f"{thanks} {question}"


def declines(message: str, words: Iterable[str]) -> bool:
    """Tell whether somebody would rather not answer."""
    said = " ".join(message.casefold().replace("’", "'").split())
    return len(said.split()) <= _REFUSAL_WORDS and any(word in said for word in words)


def _question(conversation: Conversation, items: Sequence[_Item], heard: _Heard, texts: _Texts) -> str | None:
    settings, message = conversation.settings, conversation.message or ""
    answers_left = settings.max_turns - conversation.number
    if answers_left <= 0:
        return None
    untouched = heard.untouched
    if heard.current is not None and answers_left > len(untouched) and not declines(message, texts.declines):
        item, asked = items[heard.current], heard.asked[heard.current]
        if not heard.asked_further and not item.whole and len(message.split()) <= SHORT_WORDS:
            return _turned(texts.more, conversation.number)
        if asked < len(item.questions):
            return item.questions[asked]
    if untouched:
        return items[untouched[0]].questions[0]
    if conversation.number >= settings.min_turns:
        return None
    return _turned(texts.otherwise, conversation.number)


def _turned(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _item(aspect: Aspect, language: str) -> _Item:
    topic = next((topic for topic in _topics() if topic.is_met_by(aspect.name)), None)
    whole = topic is not None and topic.whole
    own = (aspect.questions or {}).get(language)
    if own is not None:
        return _Item(aspect.name, own, whole, topic)
    spoken = _spoken(language)
    if topic is None:
        return _Item(aspect.name, [_texts(language).ask.replace("{aspect}", aspect.name)], whole, None)
    return _Item(aspect.name, topic.questions[spoken], whole, topic)


def _spoken(language: str) -> str:
    spoken = language.partition("-")[0]
    return spoken if spoken in languages() else FALLBACK


@lru_cache
def _source() -> str:
    return files(__package__).joinpath("script.toml").read_text("utf-8")


@lru_cache
def _script() -> dict[str, Any]:
    return tomllib.loads(_source())


@lru_cache
def _topics() -> tuple[_Topic, ...]:
    return tuple(
        _Topic(tuple(topic["words"]), topic.get("whole", False), topic["questions"])
        for topic in _script()["topics"]
    )


@lru_cache
def _texts(language: str) -> _Texts:
    written = dict(_script()["texts"][_spoken(language)])
    return _Texts(otherwise=written.pop("else"), **written)
