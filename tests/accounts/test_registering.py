"""Registering: who may, under which name, with which password."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.ground.house import House, opened
from tests.ground.participant import kept, refused
from tests.ground.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "a long enough password"


async def test_who_registers_is_logged_in_and_takes_part(house: House) -> None:
    await house.study(slug="open")
    async with house.client() as client:
        body = {"username": f"u-{uuid4()}", "password": PASSWORD, "study": "open"}
        user = kept(await client.post("/api/auth/register", json=body), 201)["user"]
        assert (user["username"], user["role"]) == (body["username"], "participant")
        [study] = kept(await client.get("/api/auth/me"))["studies"]
        assert (study["slug"], study["languages"]) == ("open", ["en"])
        kept(await client.post("/api/sessions", json={}), 201)


async def test_who_is_here_is_told_by_as_many_statements_however_many_their_studies_are(house: House) -> None:
    few = [await house.study(slug=f"few-{place}", registration=False) for place in range(2)]
    many = [*few, *[await house.study(slug=f"many-{place}", registration=False) for place in range(4)]]
    counts = []
    for theirs in (few, many):
        async with await house.staff("researcher", *theirs) as researcher:
            with house.statements() as sent:
                told = kept(await researcher.get("/api/auth/me"))["studies"]
        assert [one["languages"] for one in told] == [["en"]] * len(theirs)
        counts.append(len(sent))
    assert counts[0] == counts[1]


async def test_a_name_is_taken_whatever_its_case(house: House) -> None:
    await house.study(slug="open")
    name = f"Jürgen-{uuid4()}"
    async with house.client() as client:
        body = {"password": PASSWORD, "study": "open"}
        kept(await client.post("/api/auth/register", json=body | {"username": name}), 201)
        for spelled in (name, name.upper(), name.lower()):
            reply = await client.post("/api/auth/register", json=body | {"username": spelled})
            refused(reply, 409, "username_taken")
            assert name.lower() not in reply.text.lower()


async def test_of_ten_who_want_one_name_at_once_one_gets_it(house: House) -> None:
    await house.study(slug="open")
    body = {"username": f"u-{uuid4()}", "password": PASSWORD, "study": "open"}
    async with house.client() as client:
        replies = await asyncio.gather(*(client.post("/api/auth/register", json=body) for _ in range(10)))
    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 9


@pytest.mark.parametrize(
    "password",
    ["", "elevenchars", "password1234", "PassWord1234", None, 123456789012, ["a long enough password"]],
)
async def test_a_password_that_is_too_short_or_common(house: House, password: object) -> None:
    await house.study(slug="open")
    async with house.client() as client:
        body = {"username": f"u-{uuid4()}", "password": password, "study": "open"}
        details = refused(await client.post("/api/auth/register", json=body), 422, "invalid")["details"]
        assert [one["field"] for one in details] == ["password"]


@pytest.mark.parametrize(
    "password",
    [
        "            x",
        "häßlich öde €",
        "\u6211\u7684\u5bc6\u7801\u5f88\u957f" * 2,
        "with a \0 inside",
        "y" * 12,
        "long " * 300,
    ],
)
async def test_nothing_else_is_asked_of_a_password(house: House, password: str) -> None:
    await house.study(slug="open")
    async with house.client() as client:
        body = {"username": f"u-{uuid4()}", "password": password}
        kept(await client.post("/api/auth/register", json=body | {"study": "open"}), 201)
        kept(await client.post("/api/auth/login", json=body))
        wrong = body | {"password": password + "x"}
        refused(await client.post("/api/auth/login", json=wrong), 401, "bad_credentials")


@pytest.mark.parametrize("name", ["", " a", "a ", "a\0b", "a\nb", "x" * 65, "\u200b", None, 7])
async def test_a_name_that_cannot_be_one(house: House, name: object) -> None:
    await house.study(slug="open")
    async with house.client() as client:
        body = {"username": name, "password": PASSWORD, "study": "open"}
        refused(await client.post("/api/auth/register", json=body), 422, "invalid")


async def test_registration_is_closed_where_the_study_says_so(house: House) -> None:
    await house.study(slug="open")
    await house.study(slug="shut", registration=False)
    await house.study(slug="over", closes_at="2020-01-01T00:00:00Z")
    await house.study(slug="to-come", opens_at="2120-01-01T00:00:00Z")
    async with house.client() as client:
        for slug in ("shut", "over", "to-come", "no-such-study", "open\0"):
            body = {"username": f"u-{uuid4()}", "password": PASSWORD, "study": slug}
            refused(await client.post("/api/auth/register", json=body), 403, "registration_closed")


async def test_of_several_open_studies_one_must_be_named(house: House) -> None:
    await house.study(slug="open")
    other = await house.study(slug="open-too")
    async with house.client() as client:
        body = {"username": f"u-{uuid4()}", "password": PASSWORD}
        details = refused(await client.post("/api/auth/register", json=body), 422, "invalid")["details"]
        assert details == [{"field": "study", "problem": "missing"}]
        kept(await client.post("/api/auth/register", json=body | {"study": str(other)}), 201)


async def test_making_an_account_is_offered_only_where_it_needs_no_study_named(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with opened(module_database, tmp_path_factory.mktemp("offered")) as house, house.client() as client:

        async def offered() -> bool:
            reply = await client.get("/api/auth/register")
            assert reply.headers["Cache-Control"] == "no-store"
            data = kept(reply)
            assert list(data) == ["open"]
            return bool(data["open"])

        for slug in ("open", "open-too"):
            await house.study(slug=slug, registration=False)
        assert not await offered()
        await house.study(slug="open", opens_at="2120-01-01T00:00:00Z")
        assert not await offered()
        await house.study(slug="open")
        assert await offered()
        kept(
            await client.post("/api/auth/register", json={"username": f"u-{uuid4()}", "password": PASSWORD}),
            201,
        )
        await house.study(slug="open-too")
        assert not await offered()
        await house.study(slug="open", closes_at="2020-01-01T00:00:00Z")
        assert await offered()


async def test_passwords_wait_in_a_line_of_bounded_length(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("busy")
    async with opened(module_database, folder, password_threads=1, passwords_waiting=1) as busy:
        await busy.study(slug="open")
        body = {"password": PASSWORD, "study": "open"}
        async with busy.client() as client:
            replies = await asyncio.gather(
                *(
                    client.post("/api/auth/register", json=body | {"username": f"u-{uuid4()}"})
                    for _ in range(8)
                )
            )
        statuses = {reply.status_code for reply in replies}
        assert statuses == {201, 503}
        for reply in replies:
            if reply.status_code == 503:
                refused(reply, 503, "unavailable")
                assert int(reply.headers["Retry-After"]) >= 1
