"""Logging in: what is said, what is counted, and how long a login lasts."""

from __future__ import annotations

import asyncio
import hashlib
import time
from uuid import uuid4

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from quart_assessment.accounts import passwords
from tests.ground.house import COOKIE, SALT, House, opened, signed
from tests.ground.participant import kept, refused
from tests.ground.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "a long enough password"


async def registered(house: House, name: str | None = None, password: str = PASSWORD) -> str:
    """Make an account with a password; gives its name."""
    await house.study(slug="accounts")
    name = name or f"u-{uuid4()}"
    async with house.client() as client:
        body = {"username": name, "password": password, "study": "accounts"}
        kept(await client.post("/api/auth/register", json=body), 201)
    return name


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/login", json={"username": name, "password": password})


async def test_a_login_names_the_user_and_opens_the_way(house: House) -> None:
    name = await registered(house)
    async with house.client() as client:
        user = kept(await log_in(client, name))["user"]
        assert user == {"id": user["id"], "username": name, "role": "participant"}
        me = kept(await client.get("/api/auth/me"))
        assert me["user"] == user
        assert [study["slug"] for study in me["studies"]] == ["accounts"]


async def test_a_name_is_known_in_any_case(house: House) -> None:
    name = await registered(house, f"Ärger-{uuid4()}")
    async with house.client() as client:
        assert kept(await log_in(client, name.swapcase()))["user"]["username"] == name


async def test_an_unknown_name_gets_the_same_words_for_the_same_work(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await registered(house)
    hashed: list[str] = []
    fits = passwords._fits

    def counting(stored: str, password: str) -> bool:
        hashed.append(stored.rsplit("$", 2)[0])
        return fits(stored, password)

    monkeypatch.setattr(passwords, "_fits", counting)
    replies, work = [], []
    for who in (name, f"nobody-{uuid4()}", "nobody\0at all"):
        async with house.client() as client:
            with house.statements() as sent:
                body = refused(await log_in(client, who, "not that password"), 401, "bad_credentials")
        replies.append({key: body[key] for key in ("status", "error", "code")})
        work.append([statement for statement in sent if "FROM accounts" not in statement])
    assert replies[0] == replies[1] == replies[2]
    assert work[0] == work[1] == work[2]
    assert len(hashed) == 3
    assert hashed[0] == hashed[1] == hashed[2]


async def test_only_failures_count_and_after_ten_of_them_even_the_right_password_waits(house: House) -> None:
    name = await registered(house)
    async with house.client() as client:
        for _ in range(12):
            kept(await log_in(client, name))
        for _ in range(10):
            refused(await log_in(client, name, "not that password"), 401, "bad_credentials")
        reply = await log_in(client, name)
        refused(reply, 429, "too_many")
        assert 1 <= int(reply.headers["Retry-After"]) <= 900
        kept(await log_in(client, await registered(house)))
        await house.rows("UPDATE login_failures SET failed_at = failed_at - interval '16 minutes'")
        kept(await log_in(client, name))


async def test_ten_guesses_are_all_there_are_even_at_the_same_moment(house: House) -> None:
    name = await registered(house)
    async with house.client() as client:
        guesses = [log_in(client, name, f"guess number {place}") for place in range(24)]
        statuses = [reply.status_code for reply in await asyncio.gather(*guesses)]
    assert statuses.count(401) == 10
    assert statuses.count(429) == 14


async def test_the_spellings_of_one_name_share_one_count(house: House) -> None:
    name = await registered(house, f"isis{uuid4().hex[:8]}")
    async with house.client() as client:
        for place in range(10):
            spelled = ("\u0130" if place % 2 else "I") + name[1:]
            refused(await log_in(client, spelled, "not that password"), 401, "bad_credentials")
        refused(await log_in(client, name), 429, "too_many")


async def test_an_unknown_name_is_locked_like_a_known_one(house: House) -> None:
    async with house.client() as client:
        name = f"nobody-{uuid4()}"
        for _ in range(10):
            refused(await log_in(client, name), 401, "bad_credentials")
        refused(await log_in(client, name), 429, "too_many")


async def test_failures_of_one_address_count_over_all_names(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("few")
    async with opened(module_database, folder, login_failures_address=4) as few:
        await few.rows("DELETE FROM login_failures")
        async with few.client() as client:
            for _ in range(4):
                refused(await log_in(client, f"nobody-{uuid4()}"), 401, "bad_credentials")
            refused(await log_in(client, f"nobody-{uuid4()}"), 429, "too_many")
        await few.rows("DELETE FROM login_failures")


async def test_the_cookie_on_a_loopback_name(house: House) -> None:
    name = await registered(house)
    async with house.client() as client:
        cookie = (await log_in(client, name)).headers["Set-Cookie"]
    parts = [part.strip() for part in cookie.split(";")]
    assert parts[0].startswith("qa_login=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)
    assert "Secure" not in parts
    assert not any(part.lower().startswith("domain") for part in parts)


async def test_the_cookie_behind_tls_is_secure_and_bound_to_the_host(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    async with opened(module_database, folder, public_url="https://study.example.org") as tls:
        transport = httpx.ASGITransport(app=tls.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://study.example.org") as client:
            reply = await log_in(client, await registered(tls))
            parts = [part.strip() for part in reply.headers["Set-Cookie"].split(";")]
            assert parts[0].startswith("__Host-qa_login=")
            assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)
            assert not any(part.lower().startswith("domain") for part in parts)
            kept(await client.get("/api/auth/me"))


async def test_only_a_hash_of_the_token_is_stored(house: House) -> None:
    """D7: the predecessor signed its logins with a secret that stood in the code."""
    name = await registered(house)
    async with house.client() as client:
        kept(await log_in(client, name))
        value = client.cookies[COOKIE]
    assert house.settings.secret_key is not None
    secret = house.settings.secret_key.get_secret_value()
    options = {"digest_method": hashlib.sha512}
    token = URLSafeTimedSerializer(secret, SALT, signer_kwargs=options).loads(value)
    assert len(token) == 43, "256 bits"
    rows = await house.rows(
        "SELECT l.* FROM logins l JOIN accounts a ON a.id = account_id WHERE username = $1", name
    )
    assert rows
    assert not any(token in str(field) or token.encode() == field for row in rows for field in row.values())


@pytest.mark.parametrize("column", ["idle_until", "expires_at"])
async def test_a_login_ends_by_itself(house: House, column: str) -> None:
    someone = await house.come(await house.study(slug="accounts"))
    await someone.start()
    kept(await someone.client.get("/api/auth/me"))
    user = kept(await someone.client.get("/api/auth/me"))["user"]["username"]
    await house.rows(
        f"UPDATE logins SET {column} = now() - interval '1 second' FROM accounts a"
        " WHERE a.id = account_id AND username = $1",
        user,
    )
    refused(await someone.client.get("/api/auth/me"), 401, "login_required")
    refused(await someone.client.get(someone.path), 401, "login_required")
    refused(
        await someone.client.post(f"{someone.path}/open", json={"page_id": str(uuid4())}),
        401,
        "login_required",
    )
    refused(await someone.save(str(uuid4()), 1), 401, "login_required")
    refused(await someone.client.get("/api/sessions/not-an-id"), 401, "login_required")
    rows = await house.rows(
        f"SELECT {column} > now() AS lives FROM logins JOIN accounts a ON a.id = account_id WHERE username = $1",
        user,
    )
    assert [row["lives"] for row in rows] == [False]


async def test_a_disabled_account_has_no_login(house: House) -> None:
    name = await registered(house)
    async with house.client() as client:
        kept(await log_in(client, name))
        await house.rows("UPDATE accounts SET disabled_at = now() WHERE username = $1", name)
        refused(await client.get("/api/auth/me"), 401, "login_required")
        refused(await client.get("/api/sessions"), 401, "login_required")
        refused(await log_in(client, name), 401, "bad_credentials")


async def test_a_use_is_noted_at_most_once_a_minute_and_keeps_the_login_alive(house: House) -> None:
    someone = await house.come(await house.study(slug="accounts"))
    name = kept(await someone.client.get("/api/auth/me"))["user"]["username"]
    await house.rows(
        "UPDATE logins SET seen_at = now() - interval '2 minutes', idle_until = now() + interval '1 hour'"
        " FROM accounts a WHERE a.id = account_id AND username = $1",
        name,
    )
    async with opened(house.database, house.settings.var_dir) as other_worker:
        other_worker_client = other_worker.client()
        other_worker_client.cookies.set(COOKIE, someone.client.cookies[COOKIE])
        for _ in range(3):
            kept(await other_worker_client.get("/api/auth/me"))
        lately = "SELECT seen_at, idle_until > now() + interval '2 hours' AS longer FROM logins l"
        lately += " JOIN accounts a ON a.id = account_id WHERE username = $1"
        end = time.monotonic() + 10
        while not (first := await house.rows(lately, name))[0]["longer"] and time.monotonic() < end:
            await asyncio.sleep(0.01)
        assert first[0]["longer"]
        kept(await other_worker_client.get("/api/auth/me"))
        assert await house.rows(lately, name) == first


def forgeries(house: House) -> dict[str, str]:
    assert house.settings.secret_key is not None
    secret = house.settings.secret_key.get_secret_value()
    right = signed(secret, "x" * 43)
    return {
        "garbage": "garbage",
        "empty": "",
        "cut": right[:-3],
        "of another secret": signed("another secret of more than thirty-two characters", "x" * 43),
        "unsigned": right.split(".")[0],
        "not even ASCII": "caf\u00e9",
        "very long": "x" * 4000,
        "dots": "...",
    }


async def test_a_forged_cookie_is_no_login_and_does_not_reach_the_database(house: House) -> None:
    for name, value in forgeries(house).items():
        async with house.client() as client:
            with house.statements() as sent:
                headers = {"Cookie": f"{COOKIE}={value}".encode("latin-1")}
                reply = await client.get("/api/auth/me", headers=headers)  # type: ignore[arg-type]
                refused(reply, 401, "login_required")
            assert sent == [], name


async def test_a_cookie_past_its_signed_age_does_not_reach_the_database(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = await house.come(await house.study(slug="accounts"))
    kept(await someone.client.get("/api/auth/me"))
    later = time.time() + house.settings.login_absolute_hours * 3600 + 60
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    with house.statements() as sent:
        refused(await someone.client.get("/api/auth/me"), 401, "login_required")
    assert sent == []


async def test_a_well_signed_cookie_of_no_login_is_none(house: House) -> None:
    async with house.client() as client:
        house.log_in(client, "x" * 43)
        refused(await client.get("/api/auth/me"), 401, "login_required")
        refused(await client.get("/api/sessions"), 401, "login_required")
        refused(await client.get("/api/admin/sessions"), 401, "login_required")
        refused(await client.post("/api/sessions", json={}), 401, "login_required")


async def test_a_logout_ends_one_login_and_leaves_the_others(house: House) -> None:
    name = await registered(house)
    async with house.client() as one, house.client() as other:
        kept(await log_in(one, name))
        kept(await log_in(other, name))
        value = one.cookies[COOKIE]
        reply = await one.post("/api/auth/logout")
        assert kept(reply) == {}
        assert COOKIE not in one.cookies
        one.cookies.set(COOKIE, value)
        refused(await one.get("/api/auth/me"), 401, "login_required")
        kept(await other.get("/api/auth/me"))


async def test_logging_out_without_a_login(house: House) -> None:
    async with house.client() as client:
        refused(await client.post("/api/auth/logout"), 401, "login_required")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a"},
        {"username": None, "password": "b"},
        {"username": 1, "password": "b"},
        {"username": ["a"], "password": "b"},
    ],
)
async def test_a_login_without_its_fields(house: House, body: object) -> None:
    async with house.client() as client:
        refused(await client.post("/api/auth/login", json=body), 422, "invalid")
