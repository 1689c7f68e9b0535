"""What `quart-assessment doctor` looks at in the connections to models."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from quart_assessment.cli.environment import model_warning
from quart_assessment.cli.findings import Finding, fail, ok, warn
from quart_assessment.settings import Settings

if TYPE_CHECKING:
    from quart_assessment.chat.connections import ModelConnection

_MODEL_SECONDS = 10.0


async def examine_models(settings: Settings) -> list[Finding]:
    """Whether each language model answers to the key it is asked with."""
    from quart_assessment.chat.connections import DEFAULT
    from quart_assessment.chat.connections_file import ConnectionsInvalid, read_connections

    try:
        known = read_connections(settings)
    except ConnectionsInvalid as invalid:
        return [fail("models", f"{line}.") for line in invalid.lines]
    unnamed = {DEFAULT} if settings.llm_base_url is None else set()
    asked = [name for name, one in known.items() if not one.is_scripted and name not in unnamed]
    found = [
        line for lines in await asyncio.gather(*(_examine(known[name]) for name in asked)) for line in lines
    ]
    external = model_warning(settings)
    if external is not None:
        found.insert(0, warn("model", external))
    if settings.llm_base_url is None:
        sentence = "LLM_BASE_URL is not set; `quart-assessment run` starts a small one of its own."
        found.insert(0, warn("model", sentence))
    return found


async def _examine(connection: ModelConnection) -> list[Finding]:
    from openai import APIStatusError, OpenAIError

    from quart_assessment.chat.connections import DEFAULT
    from quart_assessment.chat.providers.client import open_client

    subject = "model" if connection.name == DEFAULT else f"model {connection.name}"
    where = _origin(connection.base_url)
    found = []
    if where.startswith("http:") and connection.external:
        found.append(warn(subject, f"{where} is external, and words and keys go there without TLS."))
    client = open_client(connection)
    try:
        async with client, asyncio.timeout(_MODEL_SECONDS):
            names = [model.id async for model in client.models.list()]
    except APIStatusError as error:
        return [*found, fail(subject, f"{where} refuses with status {error.status_code}.")]
    except (OpenAIError, OSError, TimeoutError, ValueError) as error:
        return [*found, fail(subject, f"{where} cannot be reached ({type(error).__name__}).")]
    # Azure lists what could be deployed, under other names than the deployments'.
    if connection.kind != "azure" and connection.model not in names:
        return [*found, warn(subject, f"{where} does not list {connection.model}.")]
    return [*found, ok(subject, f"{connection.model} answers at {where}.")]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
