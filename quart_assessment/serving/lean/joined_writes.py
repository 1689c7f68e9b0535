"""What a connection is given to write in one turn of the loop is sent in one call: a reply's head with its body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

# More than this is sent at once, so that a sender who need not wait is told in time to pause.
HELD_BYTES = 16 * 1024

Bytes = bytes | bytearray | memoryview


class JoinedWrites(asyncio.Transport):
    """A transport over another. A client is woken once for a reply, not once for its head and again for its body."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[Bytes] = []
        self._held_bytes = 0

    def write(self, data: Bytes) -> None:
        """Send data with what else is written before the loop turns."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES:
            self._send()

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send several pieces of data."""
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        """Close when all is sent."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what was not sent is dropped."""
        self._held, self._held_bytes = [], 0
        self._transport.abort()

    def write_eof(self) -> None:
        """Close for writing when all is sent."""
        self._send()
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        """Give the bytes that are not sent yet."""
        return self._transport.get_write_buffer_size() + self._held_bytes

    def _send(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    def can_write_eof(self) -> bool:
        """Tell whether it can be closed for writing alone."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """Tell whether it is closed or being closed."""
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        """Tell whether it reads."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Give the connection's protocol."""
        return self._transport.get_protocol()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told to pause."""
        self._transport.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Tell of the connection."""
        return self._transport.get_extra_info(name, default)
