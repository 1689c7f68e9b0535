"""The one form of every JSON reply."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from quart import Response

from quart_assessment.problems import Help, Hotline, Problem
from quart_assessment.web.request_id import request_id

JSON = "application/json"
Data = dict[str, Any]


def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC with three decimals and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, UUID):
        # asyncpg gives a subclass, which orjson does not write by itself.
        return str(value)
    raise TypeError(type(value).__name__)


def as_json(value: object) -> bytes:
    """Write a value as JSON: times as `rfc3339`, UUIDs as text, dataclasses by their fields."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def kept(data: Data, status: int = 200) -> Response:
    """Reply that the request was served."""
    return Response(as_json({"status": "OLKORECT", "data": data}), status, content_type=JSON)


def refused(problem: Problem) -> Response:
    """Reply that the request was not served, and why."""
    body: Data = {
        "status": "SNAFU",
        "error": problem.sentence,
        "code": problem.code,
        "request_id": str(request_id()),
    }
    if problem.details:
        body["details"] = [asdict(detail) for detail in problem.details]
    if problem.help is not None:
        body["help"] = help_data(problem.help)
    response = Response(as_json(body), problem.status, content_type=JSON)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def help_data(shown: Help) -> Data:
    """Give a help text as it goes over the wire."""
    return {
        "version": shown.version,
        "text": shown.text,
        "hotlines": [hotline_data(one) for one in shown.hotlines],
    }


def hotline_data(hotline: Hotline) -> Data:
    """Give a hotline as it goes over the wire."""
    return asdict(hotline)
