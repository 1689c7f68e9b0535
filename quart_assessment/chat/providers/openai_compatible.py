"""A model behind an OpenAI-compatible API, asked through the openai package."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import openai
from openai.types.chat import ChatCompletionMessageParam

from quart_assessment.chat.providers import Message, ModelRefused, ModelTimedOut, ModelUnavailable
from quart_assessment.chat.providers.deltas import DeltaDecoder
from quart_assessment.chat.providers.wire import Wire, reply_of
from quart_assessment.settings import Settings, is_loopback_name

# Where `quart-assessment model` serves unless told otherwise.
LOCAL = "http://127.0.0.1:8081/v1"

# The package writes whole prompts into its debug lines.
logging.getLogger("openai").setLevel(logging.WARNING)

_REFUSALS = frozenset({400, 401, 403, 404})
_OWN_TIMEOUTS = (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException)
_BREAKS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, OSError)

# A longer reply (code points) comes from a server that ignores max_tokens; what came is taken as the reply.
LONGEST_REPLY = 32_000
# What a server may take to end its reply after the last word, so that the connection can be used again.
_LAST_BYTES_SECONDS = 0.1
# For probes, and for replies that have ended while their connection is still being closed.
_SPARE_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, and how much a reply may take."""

    connect: float
    first_token: float
    idle: float
    tokens: int
    at_once: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The operator's limits."""
        return cls(
            connect=settings.llm_connect_timeout,
            first_token=settings.llm_first_token_timeout,
            idle=settings.llm_idle_timeout,
            tokens=settings.llm_max_tokens,
            at_once=settings.turns_at_once,
        )


class OpenAICompatible:
    """A `Provider` that speaks POST {base_url}/chat/completions with `stream: true`."""

    def __init__(self, base_url: str, api_key: str, model: str, limits: Limits) -> None:
        self._model = model
        self._limits = limits
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key, max_retries=0, http_client=_http_client(base_url, limits)
        )

    @classmethod
    def configured(cls, settings: Settings, base_url: str) -> OpenAICompatible:
        """The model the operator's environment names, at `base_url`."""
        return cls(base_url, settings.llm_api_key.get_secret_value(), settings.llm_model, Limits.of(settings))

    async def reply(
        self, messages: Sequence[Message], *, temperature: float, until: float
    ) -> AsyncGenerator[str, None]:
        """Ask once and yield the text as it comes; see `Provider.reply`."""
        first = min(until, asyncio.get_running_loop().time() + self._limits.first_token)
        said = [{"role": message.role, "content": message.content} for message in messages]
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout_at(first):
                    response = await stack.enter_async_context(
                        self._client.chat.completions.with_streaming_response.create(
                            model=self._model,
                            messages=cast("list[ChatCompletionMessageParam]", said),
                            max_tokens=self._limits.tokens,
                            temperature=temperature,
                            stream=True,
                        )
                    )
                pieces = reply_of(response.http_response) or _Iterated(response.iter_bytes())
                texts = self._texts(pieces, first, until)
                async with aclosing(texts):
                    async for text in texts:
                        yield text
        except _OWN_TIMEOUTS:
            raise ModelTimedOut from None
        except _BREAKS:
            raise ModelUnavailable from None

    async def _texts(self, pieces: _Pieces, deadline: float, until: float) -> AsyncGenerator[str, None]:
        """Yield the text in `pieces`; only words move `deadline` on, not comments or empty events."""
        now = asyncio.get_running_loop().time
        decoder = DeltaDecoder()
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
            await _take_last_bytes(pieces)

    async def probe(self) -> None:
        """Ask for the list of models, unread; see `Provider.probe`."""
        try:
            async with asyncio.timeout(self._limits.connect):
                async with self._client.models.with_streaming_response.list():
                    pass
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


def _http_client(base_url: str, limits: Limits) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(
            connect=limits.connect,
            read=max(limits.first_token, limits.idle),
            write=limits.connect,
            pool=limits.connect,
        ),
        limits=httpx2.Limits(max_connections=limits.at_once, max_keepalive_connections=limits.at_once),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        transport=None if _behind_a_proxy(base_url) else Wire(base_url, limits.at_once + _SPARE_CONNECTIONS),
        event_hooks={"response": [_refuse_other_statuses]},
    )


def _behind_a_proxy(base_url: str) -> bool:
    """Tell whether the environment names a proxy for the model; one on this machine needs none."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    named = getproxies()
    return (
        not is_loopback_name(host) and bool({parts.scheme, "all"} & named.keys()) and not proxy_bypass(host)
    )


async def _refuse_other_statuses(response: httpx2.Response) -> None:
    # Raised from the hook, so that the body of an error, the provider's words, is never even read.
    if response.status_code in _REFUSALS:
        raise ModelRefused
    if response.status_code != 200:
        raise ModelUnavailable


async def _take_last_bytes(pieces: _Pieces) -> None:
    until = asyncio.get_running_loop().time() + _LAST_BYTES_SECONDS
    with suppress(*_OWN_TIMEOUTS, *_BREAKS):
        while await pieces.read(until):
            pass
