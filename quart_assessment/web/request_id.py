"""Each request's id, in its reply and in its log line."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from uuid import UUID

import uuid_utils.compat

_current: ContextVar[UUID | None] = ContextVar("request_id", default=None)


def request_id() -> UUID | None:
    """Give the id of the request being served, None outside of one."""
    return _current.get()


def begin() -> UUID:
    """Give the request that begins here an id."""
    made = uuid_utils.compat.uuid7()
    _current.set(made)
    return made


class RequestIdFilter(logging.Filter):
    """Adds the request's id to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = _current.get()
        return True
