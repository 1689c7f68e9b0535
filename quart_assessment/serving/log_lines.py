"""Log records as lines of JSON. An exception is its type and its place: its text may quote a person."""

from __future__ import annotations

import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

# What logging itself puts on a record; all else was given as `extra` by the caller.
_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "color_message",
}
_FRAMES = 12


def spare_unused_facts() -> None:
    """Have logging not find out what no line shows: callers, threads, names of processes (its HOWTO, Optimization)."""
    logging._srcfile = None
    logging.logThreads = False
    logging.logMultiprocessing = False


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, pid, message, the `extra` fields, and an error's place."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "message": _said(record),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"] = f"{kind.__module__}.{kind.__qualname__}"
            line["at"] = _frames(trace)
        return orjson.dumps(line, default=lambda value: type(value).__name__).decode()


def _said(record: logging.LogRecord) -> str:
    said = record.getMessage()
    # The event loop quotes what went wrong: tasks with their exceptions, callbacks with their arguments.
    return re.split(r"[(<\n]", said, maxsplit=1)[0].rstrip() if record.name == "asyncio" else said


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-_FRAMES:]
    ]


def log_config(level: str) -> dict[str, Any]:
    """Give the `logging.config.dictConfig` of a serving process: all of it as JSON lines on stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.JsonLines"}},
        "filters": {"request_id": {"()": "quart_assessment.web.request_id.RequestIdFilter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["request_id"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False},
            "httpx2": {"level": "WARNING"},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }
