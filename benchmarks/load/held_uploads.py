"""`python -m benchmarks.load.held_uploads < SPECIFICATION`: many uploads that are all under way at one moment.

Each sends all but its last byte; when all have, they wait for `hold` seconds, then end. The specification is JSON:
`port`, `rows`: [[path, cookie], ...], one an upload, `picture`, `digest`, `hold`. The reply: `sent`, `failed`, `why`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.load.model import allow_many_files


async def _upload(
    asked: dict[str, Any], number: int, picture: memoryview, together: asyncio.Barrier
) -> bytes:
    loop = asyncio.get_running_loop()
    path, cookie = asked["rows"][number]
    target = f"{path}/{secrets.token_hex(4)}-0000-7000-8000-{number:012x}"
    head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nContent-Type: image/jpeg\r\n"
    head += f"Content-Digest: sha-256=:{asked['digest']}:\r\nContent-Length: {len(picture)}\r\n\r\n"
    with socket.socket() as line:
        line.setblocking(False)
        await loop.sock_connect(line, ("127.0.0.1", asked["port"]))
        await loop.sock_sendall(line, head.encode())
        # By the socket itself: a transport would hold what the server does not take yet.
        await loop.sock_sendall(line, picture[:-1])
        await together.wait()
        await asyncio.sleep(asked["hold"])
        await loop.sock_sendall(line, picture[-1:])
        return await loop.sock_recv(line, 4096)


async def _run(asked: dict[str, Any], picture: memoryview) -> dict[str, Any]:
    count = len(asked["rows"])
    together = asyncio.Barrier(count)
    async with asyncio.timeout(120):
        replies = await asyncio.gather(*(_upload(asked, one, picture, together) for one in range(count)))
    wrong = [one[:200].decode(errors="replace") for one in replies if not one.startswith(b"HTTP/1.1 201")]
    return {"sent": count, "failed": len(wrong), "why": wrong[:3]}


def main() -> None:
    """Run the specification on standard input."""
    allow_many_files()
    asked = json.load(sys.stdin)
    json.dump(uvloop.run(_run(asked, memoryview(Path(asked["picture"]).read_bytes()))), sys.stdout)


if __name__ == "__main__":
    main()
