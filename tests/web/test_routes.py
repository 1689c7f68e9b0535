"""What holds for every route there is, by looking at all of them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from uuid import uuid4

import pytest
from werkzeug.routing import Rule

import quart_assessment
from quart_assessment.web.caller import access_of
from tests.ground.house import House
from tests.ground.participant import refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
PACKAGE = Path(quart_assessment.__file__).parent
PUBLIC = {
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/api/auth/login",
    "/api/auth/register",
    "/api/auth/invitation",
}


def rules(house: House) -> list[Rule]:
    return list(house.app.url_map.iter_rules())


def somewhere(rule: Rule) -> str:
    """Fill a rule's places with ids of nothing."""
    return rule.build(dict.fromkeys(rule.arguments, str(uuid4())))[1]  # type: ignore[index]


def verbs(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def modules(name: str) -> Iterator[ModuleType]:
    for path in sorted(PACKAGE.glob(f"*/{name}.py")):
        yield import_module(f"quart_assessment.{path.parent.name}.{name}")


async def test_every_route_says_who_may_call_it(house: House) -> None:
    for rule in rules(house):
        access = access_of(house.app.view_functions[rule.endpoint])
        assert access in ("public", "participant", "staff"), rule
        assert (access == "public") == (rule.rule in PUBLIC), rule
        assert (access == "staff") == rule.rule.startswith("/api/admin/"), rule


async def test_every_route_is_a_coroutine(house: House) -> None:
    for rule in rules(house):
        assert inspect.iscoroutinefunction(house.app.view_functions[rule.endpoint]), rule


async def test_every_repository_function_is_a_coroutine(house: House) -> None:
    found = list(modules("repository"))
    assert len(found) >= 8
    for module in found:
        for name, function in vars(module).items():
            if (
                isinstance(function, FunctionType)
                and function.__module__ == module.__name__
                and name[0] != "_"
            ):
                assert inspect.iscoroutinefunction(function), f"{module.__name__}.{name}"


async def test_no_thread_stands_between_a_route_and_the_database(house: House) -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name not in (
            "repository.py",
            "service.py",
            "routes.py",
            "transactions.py",
            "group_commit.py",
        ):
            continue
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }
        if path.parent.name != "operations":
            assert called.isdisjoint({"to_thread", "run_in_executor", "run_sync"}), path


async def test_without_a_login_only_what_is_public_answers(house: House) -> None:
    """D8: the predecessor served face photos without a login."""
    async with house.client() as client:
        for rule in rules(house):
            for verb in verbs(rule):
                reply = await client.request(verb, somewhere(rule), content=b"")
                if rule.rule not in PUBLIC:
                    refused(reply, 401, "login_required")
                else:
                    assert reply.status_code in (200, 422, 503), rule


async def test_a_participant_is_forbidden_what_is_for_staff(house: House) -> None:
    someone = await house.come(await house.study(slug="routes"))
    for rule in rules(house):
        for verb in verbs(rule):
            if rule.rule.startswith("/api/admin/"):
                refused(await someone.client.request(verb, somewhere(rule)), 403, "forbidden")


async def test_no_word_of_a_participant_can_travel_in_an_address(house: House) -> None:
    """D7: the participant's words travelled in URLs."""
    ids = {"session_id", "question_id", "capture_id", "message_id", "alert_id"}
    for rule in rules(house):
        assert set(rule.arguments) <= ids, rule


async def test_no_route_guesses_by_redirecting(house: House) -> None:
    async with house.client() as client:
        for rule in rules(house):
            reply = await client.get(somewhere(rule).rstrip("/") + "/")
            assert reply.status_code == (200 if rule.rule == "/" else 404), rule


async def test_the_description_names_every_route_and_who_may_call_it(house: House) -> None:
    async with house.client() as client:
        document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    described = {
        (path, verb.upper()) for path, operations in document["paths"].items() for verb in operations
    }
    there = {
        (rule.rule.replace("<", "{").replace(">", "}"), verb)
        for rule in rules(house)
        for verb in verbs(rule)
        if rule.rule.startswith(("/api", "/assessment"))
    }
    assert described == there
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert (operation["security"] == []) == (path in PUBLIC), path
