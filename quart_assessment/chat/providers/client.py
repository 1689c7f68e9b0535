"""The openai package's client on a transport of our own: no retries, no redirects, no words of ours in its logs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import openai

from quart_assessment.chat.connections import Limits, ModelConnection
from quart_assessment.chat.providers.wire import Wire
from quart_assessment.settings import is_loopback_name

# The package writes whole prompts into its debug lines.
logging.getLogger("openai").setLevel(logging.WARNING)

# For probes, and for replies that have ended while their connection is still being closed.
_SPARE_CONNECTIONS = 16

Judge = Callable[[httpx2.Response], Awaitable[None]]


def open_client(connection: ModelConnection, *judges: Judge) -> openai.AsyncOpenAI:
    """Make a client of one connection; `judges` see the head of each reply before its body is read."""
    key = connection.api_key.get_secret_value()
    http = _http_client(connection.base_url, connection.limits, *judges)
    if connection.kind == "azure":
        return openai.AsyncAzureOpenAI(
            base_url=connection.base_url,
            api_key=key,
            api_version=connection.api_version,
            max_retries=0,
            http_client=http,
        )
    return openai.AsyncOpenAI(base_url=connection.base_url, api_key=key, max_retries=0, http_client=http)


def _http_client(base_url: str, limits: Limits, *judges: Judge) -> httpx2.AsyncClient:
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
        transport=None if behind_a_proxy(base_url) else Wire(base_url, limits.at_once + _SPARE_CONNECTIONS),
        event_hooks={"response": list(judges)},
    )


def behind_a_proxy(base_url: str) -> bool:
    """Tell whether the environment names a proxy for the model; one on this machine needs none."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    named = getproxies()
    return (
        not is_loopback_name(host) and bool({parts.scheme, "all"} & named.keys()) and not proxy_bypass(host)
    )
