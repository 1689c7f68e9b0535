"""The wire format of a streamed reply: bytes of an event stream in, storable text out. No network here."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import orjson

from quart_assessment.chat.providers import ModelFailure, ModelRefused, ModelUnavailable

_LONGEST_LINE = 1024 * 1024
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
    other error or writes what is no event. Bytes that are no UTF-8 become U+FFFD.
    """

    def __init__(self) -> None:
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
                more, last = _read_chunk(said)
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
        """Join surrogate halves that came apart; replace lone ones and drop NUL, which no text may hold."""
        text = (self._surrogate + text).replace("\x00", "")
        self._surrogate = ""
        if text.isascii():
            return text
        if not last and "\ud800" <= text[-1] <= "\udbff":
            text, self._surrogate = text[:-1], text[-1]
        if _LONE.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text


def _read_chunk(said: bytes) -> tuple[str, bool]:
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


def _reported(error: object) -> ModelRefused | ModelUnavailable:
    if isinstance(error, dict) and _CONTENT_REFUSALS & {str(error.get("code")), str(error.get("type"))}:
        return ModelRefused()
    return ModelUnavailable()
