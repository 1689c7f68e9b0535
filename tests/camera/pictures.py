"""Real pictures, made by Pillow."""

from __future__ import annotations

import io
import random
from functools import cache

from PIL import Image


@cache
def picture(width: int = 64, height: int = 48, mode: str = "RGB", seed: int = 1) -> Image.Image:
    channels = {"RGB": 3, "RGBA": 4, "L": 1, "P": 1}[mode]
    pixels = random.Random(seed).randbytes(width * height * channels)
    image = Image.frombytes(mode, (width, height), pixels)
    if mode == "P":
        image.putpalette(random.Random(seed).randbytes(768))
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(width: int = 64, height: int = 48, seed: int = 1, **options: object) -> bytes:
    return encoded(picture(width, height, seed=seed), "JPEG", **options)


def with_thumbnail() -> bytes:
    """A JPEG that carries a whole JPEG inside its EXIF segment."""
    exif = b"Exif\x00\x00" + b"MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00" + jpeg(16, 12)
    return jpeg(exif=exif)


@cache
def real_images() -> dict[str, bytes]:
    rgb, rgba = picture(), picture(mode="RGBA")
    return {
        "jpeg": jpeg(),
        "jpeg grey": encoded(picture(mode="L"), "JPEG"),
        "jpeg progressive": jpeg(progressive=True),
        "jpeg with a thumbnail": with_thumbnail(),
        "jpeg with restarts": jpeg(restart_marker_blocks=1),
        "jpeg with a comment": jpeg(comment=b"\xff\xd9 not the end"),
        "png": encoded(rgb, "PNG"),
        "png with alpha": encoded(rgba, "PNG"),
        "png palette": encoded(picture(mode="P"), "PNG"),
        "png grey": encoded(picture(mode="L"), "PNG"),
        "webp": encoded(rgb, "WEBP", quality=50),
        "webp lossless": encoded(rgb, "WEBP", lossless=True),
        "webp with alpha": encoded(rgba, "WEBP", quality=50),
        "webp with exif": encoded(rgb, "WEBP", quality=50, exif=b"Exif\x00\x00MM\x00*odd"),
        "webp animated": encoded(rgb, "WEBP", save_all=True, append_images=[picture(seed=2)], duration=40),
    }
