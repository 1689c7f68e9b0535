"""What a status other than 200 means: judged by the head alone, so that a provider's words are never read."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx2

from quart_assessment.chat.providers import ModelFailure, ModelRefused, ModelUnavailable

_REFUSALS = frozenset({400, 401, 403, 404})
# Older servers do not know every parameter, and refuse a request for it.
_NOT_UNDERSTOOD = frozenset({400, 422})


class NotServed(Exception):
    """The reply has another status than 200; `wait` is what its Retry-After asks for, in seconds."""

    def __init__(self, status: int, wait: float) -> None:
        super().__init__(status)
        self.status = status
        self.wait = wait

    @property
    def not_understood(self) -> bool:
        """Whether a parameter may be what was refused."""
        return self.status in _NOT_UNDERSTOOD

    def failure(self, *, otherwise: bool = False) -> ModelFailure:
        """Give what it means; `otherwise`: it may be served if asked in another way."""
        kind = ModelRefused if self.status in _REFUSALS else ModelUnavailable
        return kind(wait=self.wait, otherwise=otherwise)


async def judge(response: httpx2.Response) -> None:
    """Raise NotServed unless the status is 200; made for the hooks of a client."""
    if response.status_code != 200:
        raise NotServed(response.status_code, seconds_of(response.headers.get("retry-after")))


def seconds_of(retry_after: str | None) -> float:
    """Give the seconds that Retry-After (RFC 9110, section 10.2.3) asks for; 0 without one, or one that is none."""
    if retry_after is None:
        return 0
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0
