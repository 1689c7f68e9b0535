"""What a job is to its handler, and how a run ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

FailedAs = Literal["error", "timeout"]
"""A run that failed: what it raised, or that it took too long."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a run of it begins.

    `key` are the ids of what it is about; all else a handler reads anew. `id` and `asks` together name what is to
    be done: they are the same in every attempt, and others once the job was asked for again. `attempt` counts from 1.
    """

    id: UUID
    kind: str
    key: tuple[UUID, ...]
    asks: int
    attempt: int


Handler = Callable[[Job], Coroutine[Any, Any, None]]
"""Does one kind of job. A run counts as done when it returns, and is tried again when it raises.

It must be safe to run twice, from its start, even after it did all its work: the worker may be killed, or the
database be away, between that and the commit that says so. It must end when it is cancelled, must not block the
loop, holds no more than one connection, and has its own time-out for whatever it waits for.
"""
Handlers = Mapping[str, Handler]

_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")


def registered(*rooms: Handlers) -> Handlers:
    """Put the handlers of several rooms together, by kind.

    Raises:
        ValueError: a kind has two handlers, or a name that the table does not take.
    """
    found: dict[str, Handler] = {}
    for handlers in rooms:
        for kind, handler in handlers.items():
            if kind in found or not _KIND.fullmatch(kind):
                raise ValueError(f"{kind}: no name for a kind, or has two handlers")
            found[kind] = handler
    return found


def error_name(error: BaseException) -> str:
    """Name an error by its class, as it may be stored and logged; what it says may quote a person."""
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)[:200]
