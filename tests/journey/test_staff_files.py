"""Files of captures: for staff of the study alone, never shown in place."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from tests.camera.pictures import jpeg
from tests.ground.house import House
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
PICTURE = jpeg(64, 48)


class Shown:
    """A picture that a participant sent, and staff who may look at it."""

    def __init__(self, someone: Participant, staff: httpx.AsyncClient, capture_id: str) -> None:
        self.someone, self.staff, self.capture_id = someone, staff, capture_id
        self.path = f"/api/admin/sessions/{someone.session['id']}/captures/{capture_id}/file"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(house: House) -> Shown:
    study = await house.study(slug="files", presentation={"order": "phq_first"})
    someone = await house.come(study)
    await someone.arrive()
    capture_id = str(uuid4())
    headers = {"Content-Type": "image/jpeg", "Capture-Metadata": json.dumps({"trigger": "MANUAL"})}
    kept(
        await someone.client.put(f"{someone.path}/captures/{capture_id}", content=PICTURE, headers=headers),
        201,
    )
    return Shown(someone, await house.staff("researcher", study), capture_id)


async def test_a_file_is_given_whole_as_an_attachment_that_nobody_stores(shown: Shown) -> None:
    reply = await shown.staff.get(shown.path)
    assert (reply.status_code, reply.content) == (200, PICTURE)
    assert reply.headers["Content-Type"] == "image/jpeg"
    assert reply.headers["Content-Length"] == str(len(PICTURE))
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{shown.capture_id}.jpg"'
    assert reply.headers["Content-Security-Policy"] == "sandbox"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Accept-Ranges"] == "bytes"


async def test_no_file_name_holds_a_name(house: House, shown: Shown) -> None:
    """D8: the predecessor's file names held the user's name."""
    user = kept(await shown.someone.client.get("/api/auth/me"))["user"]
    [row] = await house.rows("SELECT * FROM captures WHERE capture_id = $1", UUID(shown.capture_id))
    assert not any(user["username"] in str(field) or user["id"] in str(field) for field in row.values())
    assert user["username"] not in str((await shown.staff.get(shown.path)).headers)


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=5-5", 5, 6),
        ("bytes=3-999999", 3, None),
        ("bytes=-999999", 0, None),
    ],
)
async def test_a_range(shown: Shown, wanted: str, start: int, stop: int | None) -> None:
    reply = await shown.staff.get(shown.path, headers={"Range": wanted})
    part = PICTURE[start:stop]
    first = start if start >= 0 else len(PICTURE) + start
    assert (reply.status_code, reply.content) == (206, part)
    assert reply.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(PICTURE)}"
    assert reply.headers["Content-Length"] == str(len(part))
    assert reply.headers["Content-Disposition"].startswith("attachment")


async def test_a_range_beyond_the_end(shown: Shown) -> None:
    reply = await shown.staff.get(shown.path, headers={"Range": f"bytes={len(PICTURE)}-"})
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, f"bytes */{len(PICTURE)}")


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=x", "lines=0-1", "bytes", "bytes=9-3", "\u00e9"])
async def test_a_range_that_is_not_one_gives_the_whole(shown: Shown, wanted: str) -> None:
    headers = {"Range": wanted.encode("latin-1")}
    reply = await shown.staff.get(shown.path, headers=headers)  # type: ignore[arg-type]
    assert (reply.status_code, reply.content) == (200, PICTURE)


async def test_a_range_under_a_condition_that_cannot_be_looked_at_gives_the_whole(shown: Shown) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"an older file"'}
    assert (await shown.staff.get(shown.path, headers=headers)).status_code == 200


async def test_a_file_is_for_staff_of_the_study_alone(house: House, shown: Shown) -> None:
    """D8: the predecessor served face photos without a login."""
    async with house.client() as nobody:
        refused(await nobody.get(shown.path), 401, "login_required")
    refused(await shown.someone.client.get(shown.path), 403, "forbidden")
    stranger = await house.staff("researcher")
    refused(await stranger.get(shown.path), 404, "not_found")
    other = await house.come(await house.study(slug="files", presentation={"order": "phq_first"}))
    await other.start()
    swapped = f"/api/admin/sessions/{other.session['id']}/captures/{shown.capture_id}/file"
    refused(await shown.staff.get(swapped), 404, "not_found")
    refused(await shown.staff.get(shown.path.replace(shown.capture_id, str(uuid4()))), 404, "not_found")
    listed = kept(await shown.someone.client.get(f"{shown.someone.path}/captures"))["captures"]
    assert [one["id"] for one in listed] == [shown.capture_id]
    assert "file" not in json.dumps(listed).replace("filename", "")


async def test_the_session_whole_names_the_capture(shown: Shown) -> None:
    data = kept(await shown.staff.get(f"/api/admin/sessions/{shown.someone.session['id']}"))
    [capture] = data["captures"]
    assert (capture["id"], capture["kept"], capture["size"]) == (shown.capture_id, True, len(PICTURE))
    assert "assessment_id" in capture
