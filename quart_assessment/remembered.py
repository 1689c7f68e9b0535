"""What a worker keeps in memory to save itself a look, bounded: the value that was noted first goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """The `most` values noted last, by their key."""

    def __init__(self, most: int) -> None:
        self._most = most
        # Each call of its methods is one step, so that threads may note side by side.
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Give what was noted of a key, None if nothing was or it has gone."""
        return self._values.get(key)

    def note(self, key: Key, value: Value) -> Value:
        """Note a value in the place of an earlier one, and give it."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        """Drop what was noted of a key."""
        self._values.pop(key, None)

    def __contains__(self, key: Key) -> bool:
        return key in self._values
