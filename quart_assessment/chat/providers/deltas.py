"""The wire format of a streamed reply: bytes of an event stream in, storable text out. No network here."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import orjson

from quart_assessment.chat.providers import ModelFailure, ModelRefused, ModelUnavailable, Told

_LONGEST_LINE = 1024 * 1024
_LONGEST_NAME = 300
_MOST_TOKENS = 2**31 - 1
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LONE = re.compile("[\ud800-\udfff]")
_CONTENT_REFUSALS = frozenset({"content_filter", "content_policy_violation"})


class Delta(NamedTuple):
    """What some bytes of the stream said: text, whether it was the last, and how the reply failed after it."""

    text: str
    finished: bool = False
    failure: ModelFailure | None = None


class DeltaDecoder:
    """Reads `data:` lines of OpenAI's chat completion chunks, fed by pieces cut anywhere.

    The failure is ModelRefused when the provider refuses for the content, ModelUnavailable when it reports any
    other error or writes what is no event. Bytes that are no UTF-8 become U+FFFD. What the stream says of the model
    and of tokens is noted in `told`.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self._rest = b""
        self._surrogate = ""

    def feed(self, data: bytes) -> Delta:
        """Take some bytes and say what they completed."""
        data = self._rest + data
        if b"\r" in data:
            lines = self._lines(data)
        else:
            *lines, self._rest = data.split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            return Delta("", failure=ModelUnavailable())
        text = ""
        finished = False
        failure = None
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            said = line[5:].strip()
            if said == b"[DONE]":
                finished = True
                break
            if not said:
                continue
            try:
                more, last = _read_chunk(said, self._told)
            except ModelFailure as failed:
                # What the same bytes said before it is part of the reply.
                failure = failed
                break
            text += more
            finished = finished or last
        if text or self._surrogate:
            text = self._storable(text, last=finished or failure is not None)
        return Delta(text, finished, failure)

    def _lines(self, data: bytes) -> list[bytes]:
        # A CR at the very end may be half of a CRLF; it waits for the byte after it.
        held = data.endswith(b"\r")
        *lines, rest = _LINE_END.split(data[:-1] if held else data)
        self._rest = rest + b"\r" if held else rest
        return lines

    def _storable(self, text: str, *, last: bool) -> str:
        """Join surrogate halves that came apart, and make the rest `storable`."""
        text = (self._surrogate + text).replace("\x00", "")
        self._surrogate = ""
        if text and not last and "\ud800" <= text[-1] <= "\udbff":
            text, self._surrogate = text[:-1], text[-1]
        return storable(text)


def storable(text: str) -> str:
    """Give text as a database takes it: surrogates joined or replaced, NUL dropped."""
    text = text.replace("\x00", "")
    if not text.isascii() and _LONE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _read_chunk(said: bytes, told: Told) -> tuple[str, bool]:
    try:
        chunk: object = orjson.loads(said)
    except orjson.JSONDecodeError:
        try:
            chunk = json.loads(said.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise ModelUnavailable from None
    if not isinstance(chunk, dict):
        raise ModelUnavailable
    if chunk.get("error"):
        raise _reported(chunk["error"])
    if told.model is None:
        told.model = _name(chunk.get("model"))
    if usage := chunk.get("usage"):
        _note_tokens(usage, told)
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return "", False
    reason = choice.get("finish_reason")
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = {}
    if reason == "content_filter" or delta.get("refusal"):
        raise ModelRefused
    content = delta.get("content")
    return content if isinstance(content, str) else "", reason is not None


def _name(said: object) -> str | None:
    return storable(said)[:_LONGEST_NAME] if isinstance(said, str) and said else None


def _note_tokens(usage: object, told: Told) -> None:
    # Servers that tell of it with every chunk count on: the last word is the truth.
    if isinstance(usage, dict):
        told.tokens_in = _count(usage.get("prompt_tokens"))
        told.tokens_out = _count(usage.get("completion_tokens"))


def _count(said: object) -> int | None:
    return (
        said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= _MOST_TOKENS else None
    )


def _reported(error: object) -> ModelRefused | ModelUnavailable:
    if isinstance(error, dict) and _CONTENT_REFUSALS & {str(error.get("code")), str(error.get("type"))}:
        return ModelRefused()
    return ModelUnavailable()
