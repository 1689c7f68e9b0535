"""What an image is, told by its bytes alone: its kind, its size, and whether it is there to the last byte.

Nothing is decoded: JPEG is walked marker by marker (ITU-T T.81, annex B), PNG chunk by chunk with its
checksums (W3C PNG, section 5), WebP by its RIFF chunks (RFC 9649). Bytes behind the end make it no image.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from mmap import mmap
from struct import error as ShortRead
from struct import unpack_from

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
IMAGE_TYPES = frozenset({JPEG, PNG, WEBP})

# Real images have some hundreds of parts; a walk over millions of empty ones would only cost time.
_MOST_PARTS = 20_000

_SOF = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The media type of an image, and its width and height in pixels as its header states them."""

    type: str
    width: int
    height: int


class _Broken(Exception):
    """The bytes are no whole image."""


def inspect_image(data: bytes | mmap, max_side: int) -> ImageFacts | None:
    """Tell what image `data` is: a whole JPEG, PNG or WebP of at most `max_side` pixels a side, else None."""
    with memoryview(data) as view:
        try:
            facts = _facts(view)
        except (_Broken, ShortRead, IndexError):
            return None
    return facts if 0 < facts.width <= max_side and 0 < facts.height <= max_side else None


def _facts(view: memoryview) -> ImageFacts:
    head = bytes(view[:12])
    if head.startswith(b"\xff\xd8"):
        return ImageFacts(JPEG, *_jpeg_size(view))
    if head.startswith(_PNG_SIGNATURE):
        return ImageFacts(PNG, *_png_size(view))
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return ImageFacts(WEBP, *_webp_size(view))
    raise _Broken


def _jpeg_size(view: memoryview) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    scanned = False
    at = 2
    for _ in range(_MOST_PARTS):
        marker, at = _jpeg_marker(view, at)
        if marker == _EOI:
            if size is None or not scanned or at != len(view):
                raise _Broken
            return size
        if marker == _TEM:
            continue
        if marker < 0xC0 or 0xD0 <= marker <= _SOI:
            raise _Broken
        end = at + _jpeg_segment(view, at)
        if marker in _SOF:
            if size is not None:
                raise _Broken
            size = _jpeg_frame(view, at)
        elif marker == _SOS:
            if size is None:
                raise _Broken
            scanned = True
            end = _jpeg_scan_end(view, end)
        at = end
    raise _Broken


def _jpeg_marker(view: memoryview, at: int) -> tuple[int, int]:
    """Give the marker at `at`, past its fill bytes, and the place behind it."""
    found = _MARKER.match(view, at)
    if found is None:
        raise _Broken
    return found[1][0], found.end()


def _jpeg_segment(view: memoryview, at: int) -> int:
    (length,) = unpack_from(">H", view, at)
    if length < 2 or at + length > len(view):
        raise _Broken
    return int(length)


def _jpeg_frame(view: memoryview, at: int) -> tuple[int, int]:
    length, _, height, width, components = unpack_from(">HBHHB", view, at)
    if components == 0 or length != 8 + 3 * components:
        raise _Broken
    return width, height


def _jpeg_scan_end(view: memoryview, at: int) -> int:
    found = _AFTER_SCAN.search(view, at)
    if found is None or found.start() == at:
        raise _Broken
    return found.start()


def _png_size(view: memoryview) -> tuple[int, int]:
    size, palette_due = _png_header(view)
    painted = False
    at = len(_PNG_SIGNATURE)
    for _ in range(_MOST_PARTS):
        (length,) = unpack_from(">I", view, at)
        body = at + 8
        kind = bytes(view[at + 4 : body])
        (checksum,) = unpack_from(">I", view, body + length)
        if not kind.isalpha() or zlib.crc32(view[at + 4 : body + length]) != checksum:
            raise _Broken
        at = body + length + 4
        if kind == b"PLTE":
            palette_due = False
        elif kind == b"IDAT":
            painted = painted or length > 0
        elif kind == b"IEND":
            if length or not painted or palette_due or at != len(view):
                raise _Broken
            return size
    raise _Broken


def _png_header(view: memoryview) -> tuple[tuple[int, int], bool]:
    """Give width and height, and whether the picture needs a palette."""
    length, kind, width, height, depth, colour, *methods = unpack_from(">I4sIIBBBBB", view, 8)
    if length != 13 or kind != b"IHDR" or depth not in _PNG_DEPTHS.get(colour, ()):
        raise _Broken
    if methods[:2] != [0, 0] or methods[2] > 1:
        raise _Broken
    return (width, height), colour == 3


def _webp_size(view: memoryview) -> tuple[int, int]:
    (riff,) = unpack_from("<I", view, 4)
    if len(view) != 8 + riff:
        raise _Broken
    size: tuple[int, int] | None = None
    painted = False
    at = 12
    for _ in range(_MOST_PARTS):
        if at == len(view):
            break
        kind, length = unpack_from("<4sI", view, at)
        body = view[at + 8 : at + 8 + length]
        if len(body) != length:
            raise _Broken
        if kind in _WEBP_SIZES:
            part = _WEBP_SIZES[kind](body)
            if size is not None and (part[0] > size[0] or part[1] > size[1]):
                raise _Broken
            size = size or part
            painted = painted or kind != b"VP8X"
        elif size is None:
            raise _Broken
        at += 8 + length + length % 2
    if size is None or not painted or at != len(view):
        raise _Broken
    return size


def _extended_size(body: memoryview) -> tuple[int, int]:
    _, width, height = unpack_from("<I3s3s", body)
    return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1


def _lossy_size(body: memoryview) -> tuple[int, int]:
    tag, start, width, height = unpack_from("<3s3sHH", body)
    if tag[0] & 1 or start != b"\x9d\x01\x2a":
        raise _Broken
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(body: memoryview) -> tuple[int, int]:
    signature, bits = unpack_from("<BI", body)
    if signature != 0x2F or bits >> 29:
        raise _Broken
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _animation_frame_size(body: memoryview) -> tuple[int, int]:
    _, width, height = unpack_from("<6s3s3s", body)
    if len(body) <= 16:
        raise _Broken
    return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1


_WEBP_SIZES = {
    b"VP8X": _extended_size,
    b"VP8 ": _lossy_size,
    b"VP8L": _lossless_size,
    b"ANMF": _animation_frame_size,
}
