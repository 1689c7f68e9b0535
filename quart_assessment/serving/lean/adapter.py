"""The URL adapter of a request, made when it is needed: a path that the tree knows needs none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import MapAdapter


class LateAdapter:
    """Does all that the adapter does which `make` gives."""

    __slots__ = ("_adapter", "_make")

    def __init__(self, make: Callable[[], MapAdapter | None]) -> None:
        self._make = make
        self._adapter: MapAdapter | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the adapter has
        if self._adapter is None:
            self._adapter = self._make()
        return getattr(self._adapter, name)
