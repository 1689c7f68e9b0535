"""The files of a built page, as the service gives them out."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from quart import Quart

from quart_assessment.page.files import PageBroken, read_page
from quart_assessment.web.security import CONTENT_SECURITY_POLICY

Make = Callable[..., Awaitable[Quart]]
SCRIPT = "/assets/index-abc12345.js"
INDEX = f'<!doctype html><title>t</title><script type="module" src="{SCRIPT}"></script>' + "<p>words</p>" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as Vite builds it."""
    folder = tmp_path / "static"
    files = {
        "index.html": INDEX,
        SCRIPT[1:]: "export const words = 'the same words again and again';\n" * 50,
        "assets/tiny-abc12345.css": "a{}",
        "sw.js": "self.onfetch = null;",
        "manifest.webmanifest": "{}",
        ".vite/manifest.json": f'{{"index.html": {{"file": "{SCRIPT[1:]}", "css": ["assets/tiny-abc12345.css"]}}}}',
        ".sources": "a hash",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


async def test_the_page_is_asked_for_again_each_time_and_its_hashed_files_never(
    make_app: Make, built: Path
) -> None:
    client = (await make_app(page_dir=built)).test_client()
    for path in ("/", "/index.html", "/sw.js", "/manifest.webmanifest"):
        assert (await client.get(path)).headers["Cache-Control"] == "no-cache", path
    reply = await client.get(SCRIPT)
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_pages_and_workers_come_with_the_policy_and_every_file_with_the_fixed_headers(
    make_app: Make, built: Path
) -> None:
    client = (await make_app(page_dir=built)).test_client()
    for path in ("/", SCRIPT, "/sw.js"):
        reply = await client.get(path)
        assert reply.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY], path
    reply = await client.get("/manifest.webmanifest")
    assert reply.headers["Content-Type"] == "application/manifest+json"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "X-Request-ID" in reply.headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [(None, False), ("gzip, br", True), ("br", False), ("gzip;q=0", False), ("*", True)],
)
async def test_who_takes_gzip_gets_it(
    make_app: Make, built: Path, accepted: str | None, packed: bool
) -> None:
    client = (await make_app(page_dir=built)).test_client()
    reply = await client.get(SCRIPT, headers={} if accepted is None else {"Accept-Encoding": accepted})
    body = await reply.get_data(as_text=False)
    assert isinstance(body, bytes)
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert int(reply.headers["Content-Length"]) == len(body)
    assert (reply.headers.get("Content-Encoding") == "gzip") == packed
    assert (gzip.decompress(body) if packed else body) == (built / SCRIPT[1:]).read_bytes()


async def test_what_has_not_changed_is_not_sent_again(make_app: Make, built: Path) -> None:
    client = (await make_app(page_dir=built)).test_client()
    tags = set()
    for encoding in ("identity", "gzip"):
        first = await client.get("/", headers={"Accept-Encoding": encoding})
        tags.add(first.headers["ETag"])
        for known in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
            again = await client.get("/", headers={"Accept-Encoding": encoding, "If-None-Match": known})
            assert (again.status_code, await again.get_data(as_text=True)) == (304, ""), known
            assert again.headers["ETag"] == first.headers["ETag"]
            assert again.headers["Cache-Control"] == "no-cache"
    assert len(tags) == 2, "two forms of a file need two tags"
    changed = await client.get("/", headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_head_tells_of_a_file_without_sending_it(make_app: Make, built: Path) -> None:
    transport = httpx.ASGITransport(app=await make_app(page_dir=built))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        there, told = await client.get(SCRIPT), await client.head(SCRIPT)
    assert (told.status_code, told.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert told.headers[name] == there.headers[name]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/other.js",
        "/assets/",
        "/.sources",
        "/.vite/manifest.json",
        "/../settings.py",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "//index.html",
    ],
)
async def test_nothing_else_is_served(make_app: Make, built: Path, path: str) -> None:
    client = (await make_app(page_dir=built)).test_client()
    assert (await client.get(path)).status_code == 404
    assert (await client.post("/index.html")).status_code == 404
    assert (await client.post("/")).status_code == 405
    assert (await client.get("/api/auth/me")).status_code == 401


async def test_a_file_that_changes_on_disk_is_served_as_it_was_read(make_app: Make, built: Path) -> None:
    client = (await make_app(page_dir=built)).test_client()
    (built / "index.html").write_text("other")
    (built / SCRIPT[1:]).unlink()
    assert await (await client.get("/")).get_data(as_text=True) == INDEX
    assert (await client.get(SCRIPT)).status_code == 200


async def test_without_a_page_a_visitor_is_told_how_to_build_it(make_app: Make, tmp_path: Path) -> None:
    client = (await make_app(page_dir=tmp_path / "none")).test_client()
    reply = await client.get("/")
    assert reply.status_code == 200
    assert "make run" in await reply.get_data(as_text=True)
    assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("lost", [SCRIPT[1:], "assets/tiny-abc12345.css"])
async def test_half_a_page_is_not_served_and_the_log_says_why(
    make_app: Make, built: Path, lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    (built / lost).unlink()
    with pytest.raises(PageBroken, match=f"{lost} is missing"):
        read_page(built)
    client = (await make_app(page_dir=built)).test_client()
    assert "was not built" in await (await client.get("/")).get_data(as_text=True)
    assert f"{lost} is missing" in caplog.text


def test_a_folder_of_something_else_is_not_the_page(built: Path) -> None:
    (built / "notes.docx").write_text("")
    with pytest.raises(PageBroken, match="no kind that is served"):
        read_page(built)
    (built / "notes.docx").unlink()
    for number in range(501):
        (built / f"{number}.txt").write_text("")
    with pytest.raises(PageBroken, match="more than 500 files"):
        read_page(built)
