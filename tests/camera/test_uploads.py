"""Reading forms and raw bodies into the store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quart_assessment.camera.problems import SessionIdFirst, TooManyFiles
from quart_assessment.camera.stores import Incoming, Sealed
from quart_assessment.camera.stores.files import FileStore
from quart_assessment.camera.uploads import Budget, UploadForm, receive_body
from quart_assessment.problems import BadRequest, Problem, TooLarge, Unavailable
from quart_assessment.settings import KIB, Settings
from quart_assessment.web.body import RequestBody
from quart_assessment.web.fields import NOBODYS
from tests.camera.pictures import jpeg

SESSION = UUID("018f0000-0000-7000-8000-000000000001")
LIMITS = Settings(capture_bytes=4 * KIB, captures_a_request=3, capture_side=4096)
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
PICTURE = jpeg(16, 12)


class Memory:
    """A place for a file that only remembers."""

    def __init__(self) -> None:
        self.data = b""
        self.discarded = False

    async def write(self, data: bytes) -> None:
        self.data += data

    async def seal(self) -> Sealed:
        return Sealed(len(self.data), hashlib.sha256(self.data).digest(), None)

    async def keep(self, capture_id: UUID) -> str:
        return "key"

    async def finish(self, capture_id: UUID, accept: Callable[[Sealed], bool]) -> tuple[Sealed, str | None]:
        return await self.seal(), await self.keep(capture_id)

    def discard(self) -> None:
        self.discarded = True


@dataclass
class Counter:
    """A desk that lets everything in, but for what `wanted` says."""

    wanted: Callable[[bytes | None], bool] = lambda _: True
    opened: list[UUID] = field(default_factory=list)
    places: list[Memory] = field(default_factory=list)

    async def open(self, session_id: UUID) -> None:
        self.opened.append(session_id)

    async def admit(self, metadata: bytes | None) -> Incoming | None:
        if not self.wanted(metadata):
            return None
        self.places.append(Memory())
        return self.places[-1]


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    kind = "Content-Type: image/jpeg\r\n" if filename is not None else ""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode() + content + b"\r\n"


def form(*parts: bytes, end: bytes = b"\r\n") -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--".encode() + end


ID = part("session_id", str(SESSION).encode())


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def read(*data: bytes, desk: Counter | None = None) -> UploadForm:
    upload = UploadForm(desk or Counter(), LIMITS)
    await upload.read(pieces(*data), BOUNDARY)
    return upload


def contents(upload: UploadForm) -> list[tuple[str, str | None, bytes, bytes | None]]:
    return [
        (
            file.field,
            file.filename,
            file.metadata,
            file.incoming.data if isinstance(file.incoming, Memory) else None,
        )
        for file in upload.files
    ]


WHOLE = form(
    ID,
    part("capture_0", PICTURE, "a.jpg"),
    part("metadata_1", b'{"trigger":"MANUAL"}'),
    part("note", b"skipped\r\n--" + BOUNDARY.encode()[:-1]),
    part("capture_1", b"\r\n--" + PICTURE + b"\r", "b.jpg"),
    part("metadata_0", b'{"session_ms":5}'),
)
EXPECTED = [
    ("capture_0", "a.jpg", b'{"session_ms":5}', PICTURE),
    ("capture_1", "b.jpg", b'{"trigger":"MANUAL"}', b"\r\n--" + PICTURE + b"\r"),
]


async def test_a_form_is_read_in_any_order_after_its_session_id() -> None:
    desk = Counter()
    assert contents(await read(WHOLE, desk=desk)) == EXPECTED
    assert desk.opened == [SESSION]


async def test_a_form_cut_at_any_byte_is_read_the_same() -> None:
    for at in range(1, len(WHOLE)):
        assert contents(await read(WHOLE[:at], WHOLE[at:])) == EXPECTED, at


async def test_a_form_that_comes_byte_by_byte_is_read_the_same() -> None:
    assert contents(await read(*(WHOLE[at : at + 1] for at in range(len(WHOLE))))) == EXPECTED


@settings(max_examples=200)
@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=12).map(lambda cuts: sorted({0, *cuts, len(WHOLE)})))
async def test_a_form_cut_anywhere_is_read_the_same(cuts: list[int]) -> None:
    data = [WHOLE[start:stop] for start, stop in pairwise(cuts)]
    assert contents(await read(*data)) == EXPECTED


@pytest.mark.parametrize("end", [b"", b"\r\n"])
async def test_the_line_break_behind_the_end_may_be_missing(end: bytes) -> None:
    assert len((await read(form(ID, part("capture_0", PICTURE, "a"), end=end))).files) == 1


async def test_no_truncation_of_a_form_is_taken() -> None:
    for at in range(len(WHOLE) - 2):
        with pytest.raises((BadRequest, SessionIdFirst)):
            await read(WHOLE[:at])


@pytest.mark.parametrize("malformed", [b"12", b"x" * 3000])
async def test_a_malformed_session_id_is_looked_for_like_an_unknown_one(malformed: bytes) -> None:
    desk = Counter()
    await read(form(part("session_id", malformed)), desk=desk)
    assert desk.opened == [NOBODYS]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", BadRequest),
        (b"not a form at all, but quite a lot of something else entirely", BadRequest),
        (form(), SessionIdFirst),
        (form(part("capture_0", PICTURE, "a"), ID), SessionIdFirst),
        (form(part("metadata_0", b"{}"), ID), SessionIdFirst),
        (form(ID, part("capture_0", bytes(4 * KIB + 1), "a")), TooLarge),
        (form(ID, part("other", bytes(4 * KIB + 1))), TooLarge),
        (form(ID, *(part(f"capture_{n}", b"x", "a") for n in range(4))), TooManyFiles),
        (form(ID, *(part(f"other_{n}", b"x") for n in range(60))), TooLarge),
        (form(ID, end=b"\r\n and a tail of garbage"), BadRequest),
        (form(ID, b"--" + BOUNDARY.encode() + b"\r\nNo-Disposition: x\r\n\r\nx\r\n"), BadRequest),
        (form(ID, b"--" + BOUNDARY.encode() + b"\r\nX: " + b"y" * 9000 + b"\r\n\r\nx\r\n"), TooLarge),
        (
            form(
                ID, b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: form-data; name=\xff\r\n\r\n\r\n"
            ),
            BadRequest,
        ),
    ],
)
async def test_what_is_no_such_form_is_refused(body: bytes, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        await read(body)


async def test_three_files_are_not_too_many() -> None:
    assert len((await read(form(ID, *(part(f"capture_{n}", b"x", "a") for n in range(3))))).files) == 3


@pytest.mark.parametrize("boundary", ["", "x" * 2000, "a\nb"])
async def test_a_bad_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(BadRequest):
        await UploadForm(Counter(), LIMITS).read(pieces(WHOLE), boundary)


async def test_metadata_past_its_limit_is_cut_one_byte_behind_it() -> None:
    upload = await read(form(ID, part("metadata_0", b"x" * 4000), part("capture_0", PICTURE, "a")))
    assert len(upload.files[0].metadata) == 2049


async def test_an_unwanted_file_is_dropped_and_the_rest_taken() -> None:
    desk = Counter(wanted=lambda metadata: metadata != b"no")
    body = form(
        ID,
        part("metadata_0", b"no"),
        part("capture_0", PICTURE, "a"),
        part("capture_1", PICTURE, "b"),
        part("metadata_1", b"no"),
    )
    upload = await read(body, desk=desk)
    assert [file.incoming is None for file in upload.files] == [True, False]


async def test_a_file_name_is_bounded_and_never_a_path(tmp_path: Path) -> None:
    for named, kept in (("../../etc/passwd", "../../etc/passwd"), ("x" * 400, "x" * 255), ("a\0b", "ab")):
        upload = await read(form(ID, part("capture_0", PICTURE, named)))
        assert upload.files[0].filename == kept


class Body:
    """A request body in memory."""

    def __init__(self, *data: bytes, length: int | None = None) -> None:
        self.data = data
        self.length = length
        self.complete = False

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        for piece in self.data:
            yield piece

    async def read(self, limit: int) -> bytes:
        return b"".join(self.data)


async def taken(budget: Budget, body: RequestBody) -> int:
    with budget.share(body.length, 10_000) as share:
        async for _ in share.chunks(body, 10_000):
            pass
        return budget.in_flight


async def test_a_declared_body_is_reserved_and_given_back() -> None:
    budget = Budget(1000)
    assert await taken(budget, Body(bytes(100), bytes(200), length=300)) == 300
    assert budget.in_flight == 0


async def test_an_undeclared_body_is_counted_as_it_comes() -> None:
    budget = Budget(1000)
    assert await taken(budget, Body(bytes(100), bytes(200))) == 300
    assert budget.in_flight == 0


async def test_past_the_budget_uploads_are_told_to_come_back() -> None:
    budget = Budget(1000)
    with budget.share(900, 10_000):
        for body in (Body(bytes(101), length=101), Body(bytes(60), bytes(60))):
            with pytest.raises(Unavailable):
                await taken(budget, body)
        assert budget.in_flight == 900
    assert budget.in_flight == 0


async def test_a_raw_body_goes_into_the_store_whole(tmp_path: Path) -> None:
    store = FileStore(Settings(store_dir=tmp_path))
    await store.start()
    image = jpeg(1600, 1200, quality=95)
    parts = [image[at : at + 65536] for at in range(0, len(image), 65536)]
    file = store.incoming(SESSION)
    await receive_body(pieces(*parts), file)
    sealed = await file.seal()
    assert (sealed.size, sealed.sha256) == (len(image), hashlib.sha256(image).digest())
    file.discard()
    await store.stop()
