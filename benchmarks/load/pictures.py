"""A picture of an exact size: a real JPEG, filled up by comments."""

from __future__ import annotations

import base64
import hashlib
import io
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

_LONGEST_COMMENT = 65_533


@dataclass(frozen=True, slots=True)
class Picture:
    """A file with a picture, and the digest as Content-Digest wants it (RFC 9530), without its frame."""

    path: Path
    size: int
    digest: str


def picture(folder: Path, size: int) -> Picture:
    """Write a JPEG of noise of exactly `size` bytes."""
    side = 64
    while len(_noise(side + 32)) < size - 8:
        side += 32
    content = _filled(_noise(side), size)
    path = folder / f"picture-{size}.jpg"
    path.write_bytes(content)
    return Picture(path, size, base64.b64encode(hashlib.sha256(content).digest()).decode())


def _noise(side: int) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(out, "JPEG")
    return out.getvalue()


def _filled(jpeg: bytes, size: int) -> bytes:
    """Put comment segments (marker FFFE) behind the start marker; one takes four bytes beside its text."""
    comments, missing = b"", size - len(jpeg)
    while missing:
        taken = min(missing, _LONGEST_COMMENT)
        if 0 < missing - taken < 4:
            taken -= 4
        comments += b"\xff\xfe" + (taken - 2).to_bytes(2, "big") + b"\x00" * (taken - 4)
        missing -= taken
    return jpeg[:2] + comments + jpeg[2:]
