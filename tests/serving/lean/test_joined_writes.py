"""What a connection writes comes whole and in order, in as few pieces as the loop's turns allow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from quart_assessment.serving.lean.joined_writes import HELD_BYTES, JoinedWrites


@dataclass
class Wire(asyncio.Transport):
    """A transport that notes what reaches it."""

    sent: list[bytes] = field(default_factory=list)
    closed: str | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert self.closed is None
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = "close"

    def abort(self) -> None:
        self.closed = "abort"

    def is_closing(self) -> bool:
        return self.closed is not None

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture
async def wire() -> tuple[Wire, JoinedWrites]:
    made = Wire()
    return made, JoinedWrites(made, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_sent_in_one_call(wire: tuple[Wire, JoinedWrites]) -> None:
    sent, joined = wire
    joined.write(b"head ")
    joined.write(b"body")
    assert (sent.sent, joined.get_write_buffer_size()) == ([], 9)
    await asyncio.sleep(0)
    joined.write(b"more")
    await asyncio.sleep(0)
    assert (sent.sent, joined.get_write_buffer_size()) == ([b"head body", b"more"], 0)


async def test_much_is_not_held_back_for_a_turn(wire: tuple[Wire, JoinedWrites]) -> None:
    sent, joined = wire
    joined.write(b"head")
    joined.write(b"x" * HELD_BYTES)
    assert sent.sent == [b"head" + b"x" * HELD_BYTES]
    joined.write(b"tail")
    await asyncio.sleep(0)
    assert b"".join(sent.sent) == b"head" + b"x" * HELD_BYTES + b"tail"


async def test_what_was_written_is_sent_before_a_close(wire: tuple[Wire, JoinedWrites]) -> None:
    sent, joined = wire
    joined.writelines([b"last ", b"words"])
    joined.close()
    await asyncio.sleep(0)
    assert (sent.sent, sent.closed) == ([b"last words"], "close")


async def test_nothing_is_sent_after_an_abort(wire: tuple[Wire, JoinedWrites]) -> None:
    sent, joined = wire
    joined.write(b"too late")
    joined.abort()
    await asyncio.sleep(0)
    assert (sent.sent, sent.closed) == ([], "abort")
    assert joined.get_write_buffer_size() == 0
