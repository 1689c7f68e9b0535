"""Ask an HTTP server of this machine how it is, with a bound on everything."""

from __future__ import annotations

import asyncio
from contextlib import suppress

_SECONDS = 5.0
_REPLY_BYTES = 64 * 1024
_POLL_SECONDS = 0.1


async def status_of(host: str, port: int, path: str) -> int | None:
    """Give the status a GET of `path` answers with, None if there is no answer within 5 s."""
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, limit=_REPLY_BYTES)
            try:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
                )
                line = await reader.readline()
            finally:
                writer.close()
        return int(line.split()[1])
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


async def wait_for(host: str, port: int, path: str, seconds: float) -> bool:
    """Wait until a GET of `path` answers 200, `seconds` at most; tells whether it did."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await status_of(host, port, path) != 200:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
            return True
    return False


def reachable(host: str) -> str:
    """Give an address at which a server that bound `host` answers on this machine."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
