"""A model behind an OpenAI-compatible API, asked through the openai package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, suppress
from typing import Protocol, cast

import httpx2
import openai
from openai import AsyncAPIResponse, AsyncStream
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from quart_assessment.chat.connections import ModelConnection
from quart_assessment.chat.prompt import build_messages, instructions_sha256
from quart_assessment.chat.providers import (
    Conversation,
    Message,
    ModelFailure,
    ModelTimedOut,
    ModelUnavailable,
    Prompt,
    Told,
)
from quart_assessment.chat.providers.client import open_client
from quart_assessment.chat.providers.deltas import DeltaDecoder
from quart_assessment.chat.providers.statuses import NotServed, judge
from quart_assessment.chat.providers.wire import reply_of

_OWN_TIMEOUTS = (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException)
_BREAKS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, OSError)

# A longer reply (code points) comes from a server that ignores max_tokens; what came is taken as the reply.
LONGEST_REPLY = 32_000
# What a server may take, after the last word, to tell of tokens and to end its reply, so that the connection can be
# used again.
_LAST_BYTES_SECONDS = 0.25


_Asked = AbstractAsyncContextManager[AsyncAPIResponse[AsyncStream[ChatCompletionChunk]]]


class OpenAICompatible:
    """A `Provider` that speaks POST {base_url}/chat/completions with `stream: true`."""

    def __init__(self, connection: ModelConnection) -> None:
        self._connection = connection
        self._limits = connection.limits
        self._asks_for_tokens = True
        self._was_served = False
        self._client = open_client(connection, judge)

    def prepare(self, conversation: Conversation) -> Prompt:
        """Put the prompt together; see `Provider.prepare`."""
        asked = {
            "temperature": conversation.settings.temperature,
            self._connection.tokens_field: self._limits.tokens,
            "seed": self._connection.seed,
        }
        omit = self._connection.omit
        parameters = {name: value for name, value in asked.items() if value is not None and name not in omit}
        messages = build_messages(conversation, self._limits.prompt_characters)
        version = instructions_sha256(conversation.settings, conversation.language)
        return Prompt(messages, parameters, version)

    async def reply(self, prompt: Prompt, told: Told, *, until: float) -> AsyncGenerator[str, None]:
        """Ask once and yield the text as it comes; see `Provider.reply`."""
        asks_for_tokens = self._asks_for_tokens
        first = min(until, asyncio.get_running_loop().time() + self._limits.first_token)
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout_at(first):
                    response = await stack.enter_async_context(self._request(prompt, asks_for_tokens))
                self._asks_for_tokens, self._was_served = asks_for_tokens, True
                pieces = reply_of(response.http_response) or _Iterated(response.iter_bytes())
                texts = self._texts(pieces, told, first, until)
                async with aclosing(texts):
                    async for text in texts:
                        yield text
        except NotServed as refused:
            raise self._refusal(refused, asks_for_tokens) from None
        except _OWN_TIMEOUTS:
            raise ModelTimedOut from None
        except _BREAKS:
            raise ModelUnavailable from None

    def _request(self, prompt: Prompt, asks_for_tokens: bool) -> _Asked:
        return self._client.chat.completions.with_streaming_response.create(
            model=self._connection.model or "",
            messages=_said(prompt.messages),
            stream=True,
            stream_options={"include_usage": True} if asks_for_tokens else openai.omit,
            extra_body=prompt.parameters,
        )

    def _refusal(self, refused: NotServed, asked_for_tokens: bool) -> ModelFailure:
        """Say how a request failed, and ask in the other way from now on if that may be why."""
        untried = refused.not_understood and not self._was_served
        if untried:
            self._asks_for_tokens = not asked_for_tokens
        return refused.failure(otherwise=untried and asked_for_tokens)

    async def _texts(
        self, pieces: _Pieces, told: Told, deadline: float, until: float
    ) -> AsyncGenerator[str, None]:
        """Yield the text in `pieces`; only words move `deadline` on, not comments or empty events."""
        now = asyncio.get_running_loop().time
        decoder = DeltaDecoder(told)
        length = 0
        finished = False
        while not finished and length < LONGEST_REPLY:
            piece = await pieces.read(deadline)
            if not piece:
                raise ModelUnavailable
            delta = decoder.feed(piece)
            finished = delta.finished
            if delta.text:
                text = delta.text[: LONGEST_REPLY - length]
                length += len(text)
                yield text
                deadline = min(until, now() + self._limits.idle)
            if delta.failure is not None:
                raise delta.failure
        if not length:
            raise ModelUnavailable
        if finished:
            await _take_last_bytes(pieces, decoder)

    async def probe(self) -> None:
        """Ask for the list of models, unread; see `Provider.probe`."""
        try:
            async with asyncio.timeout(self._limits.connect):
                async with self._client.models.with_streaming_response.list():
                    pass
        except NotServed as refused:
            raise refused.failure() from None
        except _OWN_TIMEOUTS:
            raise ModelTimedOut from None
        except _BREAKS:
            raise ModelUnavailable from None

    async def close(self) -> None:
        """Close the connections; see `Provider.close`."""
        await self._client.close()


class _Pieces(Protocol):
    """The body of a reply, to be read as it comes."""

    async def read(self, deadline: float) -> bytes:
        """Give the next bytes, b"" at the end; raises one of _OWN_TIMEOUTS at `deadline`, a time of the loop."""
        ...


class _Iterated:
    """A body that a proxy passed on, or that is compressed: read as httpx2 gives it."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    async def read(self, deadline: float) -> bytes:
        async with asyncio.timeout_at(deadline):
            return await anext(self._pieces, b"")


def _said(messages: Sequence[Message]) -> list[ChatCompletionMessageParam]:
    said = [{"role": message.role, "content": message.content} for message in messages]
    return cast("list[ChatCompletionMessageParam]", said)


async def _take_last_bytes(pieces: _Pieces, decoder: DeltaDecoder) -> None:
    """Read on for the tokens, which are told of last, and so that the connection can be used again."""
    until = asyncio.get_running_loop().time() + _LAST_BYTES_SECONDS
    with suppress(*_OWN_TIMEOUTS, *_BREAKS):
        while piece := await pieces.read(until):
            decoder.feed(piece)
