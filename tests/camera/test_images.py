"""Whole images only, told by their bytes."""

from __future__ import annotations

import mmap
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quart_assessment.camera.images import ImageFacts, inspect_image
from tests.camera.pictures import encoded, jpeg, picture, real_images

IMAGES = real_images()
SIDE = 4096
some_image = st.sampled_from(sorted(IMAGES)).map(IMAGES.__getitem__)


@pytest.mark.parametrize("name", IMAGES)
def test_a_real_image_is_taken_for_what_it_is(name: str) -> None:
    facts = ImageFacts(f"image/{name.split()[0]}", 64, 48)
    assert inspect_image(IMAGES[name], SIDE) == facts


@pytest.mark.parametrize("name", IMAGES)
def test_no_truncation_of_an_image_is_an_image(name: str) -> None:
    image = IMAGES[name]
    assert [length for length in range(len(image)) if inspect_image(image[:length], SIDE)] == []


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_may_stand_behind_the_end(name: str) -> None:
    image = IMAGES[name]
    for tail in (b"\x00", b"\xff", b"\n", b"\xff\xd9", image, b"\x00" * 5000):
        assert inspect_image(image + tail, SIDE) is None


@given(some_image, st.binary(min_size=1, max_size=64))
def test_no_appended_bytes_are_taken(image: bytes, tail: bytes) -> None:
    assert inspect_image(image + tail, SIDE) is None


@given(st.binary(max_size=300))
def test_noise_never_raises(noise: bytes) -> None:
    assert inspect_image(noise, SIDE) is None


@settings(max_examples=1500)
@given(some_image, st.data())
def test_a_damaged_image_never_raises(image: bytes, data: st.DataObject) -> None:
    damaged = bytearray(image)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, min(len(damaged), 400) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(damaged)))
    cut = damaged[:start] + damaged[data.draw(st.integers(start, len(damaged))) :]
    for candidate in (bytes(damaged), bytes(cut)):
        facts = inspect_image(candidate, SIDE)
        assert facts is None or (facts.width <= SIDE and facts.height <= SIDE)


@given(
    st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\x00\x00\x00WEBP"]), st.binary(max_size=300)
)
def test_a_signature_alone_never_raises(signature: bytes, rest: bytes) -> None:
    assert inspect_image(signature + rest, SIDE) is None


def test_a_flipped_bit_in_a_png_is_seen() -> None:
    image = IMAGES["png"]
    for place in range(8, len(image), 97):
        damaged = bytearray(image)
        damaged[place] ^= 1
        assert inspect_image(bytes(damaged), SIDE) is None


@pytest.mark.parametrize(("width", "height"), [(65, 48), (64, 65)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_side_past_the_limit_is_refused(kind: str, width: int, height: int) -> None:
    image = encoded(picture(width, height), kind)
    assert inspect_image(image, 64) is None
    assert inspect_image(image, 65) is not None


def test_a_small_png_that_claims_a_huge_picture_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    body = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"x"))
        + chunk(b"IEND", b"")
    )
    assert inspect_image(body, SIDE) is None
    assert inspect_image(body, 30000) is not None


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_png_without_pixels_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    assert inspect_image(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b""), SIDE) is None


def test_a_jpeg_without_a_scan_is_refused() -> None:
    frame = b"\xff\xc0" + struct.pack(">HBHHB3B", 11, 8, 8, 8, 1, 1, 0x11, 0)
    assert inspect_image(b"\xff\xd8" + frame + b"\xff\xd9", SIDE) is None


@pytest.mark.parametrize(
    "stuffing",
    [
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_300_000,
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
        + chunk(b"tEXt", b"") * 430_000,
        IMAGES["jpeg"][:-2] + b"\xff\x00" * 2_600_000,
        b"\xff\xd8" + b"\xff" * 5_200_000,
    ],
    ids=["empty segments", "empty chunks", "stuffed bytes", "fill bytes"],
)
def test_five_mib_of_nothing_are_seen_through_quickly(stuffing: bytes) -> None:
    started = time.thread_time()
    assert inspect_image(stuffing, SIDE) is None
    assert time.thread_time() - started < 1


def test_a_large_photo_is_inspected_in_a_few_milliseconds() -> None:
    image = jpeg(2000, 1500, quality=95)
    started = time.thread_time()
    assert inspect_image(image, SIDE) == ImageFacts("image/jpeg", 2000, 1500)
    assert time.thread_time() - started < 0.5


def test_a_mapped_file_can_be_closed_afterwards(tmp_path: Path) -> None:
    for name, image in IMAGES.items():
        path = tmp_path / name
        path.write_bytes(image)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert inspect_image(mapped, SIDE) is not None
