"""A request's headers as the server gave them: none is copied or decoded before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

from werkzeug.datastructures import Headers, ImmutableHeadersMixin
from werkzeug.exceptions import BadRequestKeyError

Pairs = Iterable[tuple[bytes, bytes]]
_CLIENT = b"remote-addr"


@lru_cache(512)
def _encoded(name: str) -> bytes:
    return name.lower().encode("latin-1", "replace")


class RequestHeaders(ImmutableHeadersMixin, Headers):  # type: ignore[misc]
    """A view of the pairs in an ASGI scope, whose names are in small letters.

    Remote-Addr is the client's address, whatever the client itself sent under that name.
    """

    def __init__(self, pairs: Pairs, client: str) -> None:
        self._pairs = pairs
        self._client = client

    @cached_property
    def _list(self) -> list[tuple[str, str]]:  # type: ignore[override]
        sent = ((name.decode("latin1").title(), value.decode("latin1")) for name, value in self._pairs)
        return [("Remote-Addr", self._client), *sent]

    def _find(self, name: str) -> str | None:
        wanted = _encoded(name)
        if wanted == _CLIENT:
            return self._client
        for sent, value in self._pairs:
            if sent == wanted:
                return value.decode("latin1")
        return None

    def _get_key(self, key: str) -> str:
        found = self._find(key)
        if found is None:
            raise BadRequestKeyError(key)
        return found

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]  # noqa: A002, ANN401
        """Give the first value of a header, as werkzeug's Headers do."""
        found = self._find(key)
        if found is None or type is None:
            return default if found is None else found
        try:
            return type(found)
        except (ValueError, TypeError):
            return default

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None
