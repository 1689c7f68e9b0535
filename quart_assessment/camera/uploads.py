"""Receiving pictures: a raw body, or a form of several, straight from the socket into the store."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from quart_assessment.camera.metadata import METADATA_BYTES
from quart_assessment.camera.problems import SessionIdFirst, TooManyFiles
from quart_assessment.camera.stores import Incoming, Sealed
from quart_assessment.problems import BadRequest, TooLarge, Unavailable
from quart_assessment.settings import KIB, Settings
from quart_assessment.web.body import RequestBody
from quart_assessment.web.fields import our_id

LONGEST_FILENAME = 255
LONGEST_ID = 64
# A file and its metadata each, the session id, and some that old clients add.
SPARE_PARTS = 24
# The end of a form may be cut between its two last dashes and the line break that clients add; the parser
# takes that line break for garbage unless it comes along with the dashes.
_TAIL = 4
_FIELD = re.compile(r"(capture|metadata)_([0-9]{1,9})")


class Budget:
    """The bytes of uploads under way in this worker; past the limit further ones are told to come back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.in_flight = 0

    def share(self, length: int | None, limit: int) -> Share:
        """Reserve room for a body of `length` bytes, at most `limit`; use it as a context manager."""
        return Share(self, min(length or 0, limit))

    def take(self, size: int) -> None:
        """Count `size` more bytes; raises Unavailable where there is no room."""
        if self.in_flight + size > self._limit:
            raise Unavailable
        self.in_flight += size


class Share:
    """One upload's part of the budget. A body without a declared length is counted as it comes."""

    def __init__(self, budget: Budget, reserved: int) -> None:
        self._budget = budget
        self._wanted = reserved
        self._taken = 0
        self._received = 0

    def __enter__(self) -> Share:
        self._take(self._wanted)
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.in_flight -= self._taken

    async def chunks(self, body: RequestBody, limit: int) -> AsyncIterator[bytes]:
        """Give the body piece by piece; raises what the body raises, and Unavailable past the budget."""
        async for chunk in body.chunks(limit):
            self._received += len(chunk)
            self._take(max(0, self._received - self._taken))
            yield chunk

    def _take(self, size: int) -> None:
        self._budget.take(size)
        self._taken += size


@dataclass(slots=True)
class ReceivedFile:
    """A file of a form. `metadata` is what came under its number, at most one byte more than is allowed.

    `incoming` and `sealed` are None where the file was not wanted and its bytes were dropped.
    """

    field: str
    filename: str | None
    metadata: bytes = b""
    incoming: Incoming | None = None
    sealed: Sealed | None = None

    def discard(self) -> None:
        """Drop what was received of it."""
        if self.incoming is not None:
            self.incoming.discard()


class Desk(Protocol):
    """Decides while a form is being read."""

    async def open(self, session_id: UUID) -> None:
        """Check the session before a file is read; raises what refuses the whole request."""
        ...

    async def admit(self, metadata: bytes | None) -> Incoming | None:
        """Give a place for a file, None if it is not wanted; metadata is None if it has not come yet."""
        ...


async def receive_body(chunks: AsyncIterator[bytes], incoming: Incoming) -> None:
    """Receive a raw body into the store; raises what the body and the store raise."""
    async for chunk in chunks:
        await incoming.write(chunk)


@dataclass(slots=True)
class UploadForm:
    """Reads a multipart form: session_id first, then capture_N files and metadata_N in any order.

    `files` holds what was received so far, in the order of the form; who reads must discard it on failure.
    """

    desk: Desk
    settings: Settings
    files: list[ReceivedFile] = field(default_factory=list)
    _metadata: dict[str, bytes] = field(default_factory=dict)
    _numbers: list[str] = field(default_factory=list)
    _opened: bool = False

    async def read(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        """Read the form to its end.

        Raises:
            SessionIdFirst: another field came first, or none.
            TooManyFiles: more files than a request may have.
            TooLarge: a part is larger than a capture may be.
            BadRequest: the form cannot be parsed.
            Problem: what the desk, the body and the store raise.
        """
        part: _Part | None = None
        async for event in _events(chunks, boundary, self.settings):
            if isinstance(event, MultipartSegment):
                part = await self._begin(event)
            elif part is not None and event is not None:
                await part.take(event)
            elif part is not None:
                await self._end(part)
        if not self._opened:
            raise SessionIdFirst
        for number, file in zip(self._numbers, self.files, strict=True):
            file.metadata = self._metadata.get(number, b"")

    async def _begin(self, segment: MultipartSegment) -> _Part:
        name = segment.name or ""
        if not self._opened:
            if name != "session_id":
                raise SessionIdFirst
            return _Part(name, limit=LONGEST_ID)
        found = _FIELD.fullmatch(name)
        if found is None:
            return _Part(name)
        if found[1] == "metadata":
            return _Part(name, number=found[2], limit=METADATA_BYTES + 1)
        return _Part(name, file=await self._begin_file(name, found[2], segment.filename))

    async def _begin_file(self, name: str, number: str, filename: str | None) -> ReceivedFile:
        if len(self.files) == self.settings.captures_a_request:
            raise TooManyFiles
        file = ReceivedFile(name, cleaned_filename(filename))
        self.files.append(file)
        self._numbers.append(number)
        file.incoming = await self.desk.admit(self._metadata.get(number))
        return file

    async def _end(self, part: _Part) -> None:
        if part.file is not None:
            if part.file.incoming is not None:
                part.file.sealed = await part.file.incoming.seal()
        elif not self._opened:
            await self.desk.open(our_id(part.text.decode("latin-1").strip()))
            self._opened = True
        elif part.number is not None:
            self._metadata.setdefault(part.number, part.text)


@dataclass(slots=True)
class _Part:
    """The part being read: a file, a text of at most `limit` bytes, or (limit 0) one that is skipped."""

    name: str
    limit: int = 0
    number: str | None = None
    file: ReceivedFile | None = None
    text: bytes = b""

    async def take(self, data: bytes) -> None:
        if self.file is None:
            self.text += data[: self.limit - len(self.text)]
        elif self.file.incoming is not None:
            await self.file.incoming.write(data)


async def _events(
    chunks: AsyncIterator[bytes], boundary: str, settings: Settings
) -> AsyncIterator[MultipartSegment | bytes | None]:
    try:
        parser = PushMultipartParser(
            boundary,
            max_header_size=4 * KIB,
            max_header_count=8,
            max_segment_size=settings.capture_bytes,
            max_segment_count=2 * settings.captures_a_request + SPARE_PARTS,
            strict=True,
        )
        held = b""
        async for chunk in chunks:
            data = held + chunk
            held = data[-_TAIL:]
            if len(data) > _TAIL:
                for event in parser.parse(data[:-_TAIL]):
                    yield event
        if held:
            for event in parser.parse(held):
                yield event
        parser.close()
    except ParserLimitReached:
        raise TooLarge from None
    except MultipartError:
        raise BadRequest from None


def cleaned_filename(name: str | None) -> str | None:
    """Give a client's file name as it is kept for its receipt: bounded, without NUL; never used as a path."""
    return name.replace("\0", "")[:LONGEST_FILENAME] if name is not None else None
