"""Reads the built page into memory, with the headers of each file.

What is served is what was read: a map from paths to replies that never grows, so no path reaches the disk.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quart_assessment
from quart_assessment.settings import Settings
from quart_assessment.web.security import CONTENT_SECURITY_POLICY, Header

MOST_FILES = 500
MOST_BYTES = 32 * 1024 * 1024
INDEX = "index.html"
MANIFEST = ".vite/manifest.json"
"""Vite's own account of what it built (https://vite.dev/guide/backend-integration)."""

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_LASTING = b"public, max-age=31536000, immutable"
_ASKED_AGAIN = b"no-cache"
# A packed file that is not much smaller is not worth unpacking.
_WORTH_PACKING = 0.9
_REFERENCE = re.compile(r"""(?:src|href)=["']/([^"'#?]+)["']""")


class PageBroken(Exception):
    """There is a page, but it cannot be served; the text says why, for an operator."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One form of a file: its bytes, its entity tag as it stands in the header, and its headers."""

    body: bytes
    etag: str
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page, as it is and packed by gzip, where that is worth it."""

    plain: Reply
    packed: Reply | None


Page = Mapping[str, PageFile]
"""The files by the paths they are served at."""


def page_folder(settings: Settings) -> Path:
    """Give the folder that the page is built into: the package's own, unless PAGE_DIR names another."""
    return settings.page_dir or Path(quart_assessment.__file__).parent / "static"


def read_page(folder: Path) -> Page | None:
    """Read the page that was built into `folder`; None where none was.

    Raises:
        PageBroken: there is a page, but not all of it, or more than can be the page.
    """
    if not (folder / INDEX).is_file():
        return None
    try:
        contents = _contents(folder)
        missing = sorted(set(_named(folder, contents[INDEX])) - set(contents))
    except (OSError, ValueError) as error:
        raise PageBroken(f"it cannot be read ({type(error).__name__})") from error
    if missing:
        raise PageBroken(f"{missing[0]} is missing")
    page = {f"/{name}": _file(name, body) for name, body in contents.items()}
    return page | {"/": page[f"/{INDEX}"]}


def _contents(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts) or not path.is_file():
            continue
        if path.suffix not in CONTENT_TYPES:
            raise PageBroken(f"{name} is of no kind that is served")
        left -= path.stat().st_size
        if left < 0 or len(found) == MOST_FILES:
            raise PageBroken(f"there are more than {MOST_FILES} files or {MOST_BYTES} bytes")
        found[name.as_posix()] = path.read_bytes()
    return found


def _named(folder: Path, index: bytes) -> Iterator[str]:
    """Name each file that the page says it consists of."""
    yield from _REFERENCE.findall(index.decode())
    if (folder / MANIFEST).is_file():
        manifest: dict[str, dict[str, Any]] = json.loads((folder / MANIFEST).read_bytes())
        for chunk in manifest.values():
            yield chunk["file"]
            yield from chunk.get("css", ())
            yield from chunk.get("assets", ())


def _file(name: str, body: bytes) -> PageFile:
    kind = CONTENT_TYPES[Path(name).suffix]
    headers = [
        (b"content-type", kind.encode()),
        # Vite puts a hash of the content into the names there, and nowhere else.
        (b"cache-control", _LASTING if name.startswith("assets/") else _ASKED_AGAIN),
        (b"vary", b"Accept-Encoding"),
    ]
    if kind.startswith("text/javascript"):
        # A worker has the policy of its own script's reply, not of the page that starts it.
        headers.append((b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
    digest = hashlib.sha256(body).hexdigest()[:32]
    # The same bytes at each start: the time is left out.
    packed = gzip.compress(body, mtime=0)
    if len(packed) > len(body) * _WORTH_PACKING:
        return PageFile(_reply(body, f'"{digest}"', headers), None)
    unpack = (b"content-encoding", b"gzip")
    return PageFile(
        _reply(body, f'"{digest}"', headers), _reply(packed, f'"{digest}-gzip"', [*headers, unpack])
    )


def _reply(body: bytes, etag: str, headers: list[Header]) -> Reply:
    return Reply(
        body,
        etag,
        (*headers, (b"etag", etag.encode()), (b"content-length", str(len(body)).encode())),
    )
