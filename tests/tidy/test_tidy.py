"""The house rules that a machine can check. Each list of exceptions may only shrink."""

import ast
import inspect
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from quart import Quart

from quart_assessment.cli.main import VERBS
from quart_assessment.settings import Settings

ROOT = Path(__file__).parents[2]
FUNCTION_LINES = 70
FILE_LINES = 400

# path, or path::function: why it may be longer.
TOO_LONG: dict[str, str] = {}
# Found by their names in strings: Gunicorn's settings, the verbs, the console script.
ENTRIES = {
    "quart_assessment.cli.main",
    "quart_assessment.serving.gunicorn_conf",
    "quart_assessment.serving.worker",
    "quart_assessment.app",
    *(f"quart_assessment.cli.{module}" for _, module in VERBS.values()),
}
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "base", "common", "misc"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_function_fits_a_screen() -> None:
    found = {
        f"{short(path)}::{node.name}"
        for path in sources("quart_assessment", "tests")
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert found == {name for name in TOO_LONG if "::" in name}


def test_a_file_can_be_read_in_one_go() -> None:
    found = {
        short(path)
        for path in sources("quart_assessment", "tests")
        if len(path.read_text().splitlines()) > FILE_LINES
    }
    assert found == {name for name in TOO_LONG if "::" not in name}


def test_a_name_says_what_it_is_about() -> None:
    found = [
        short(path)
        for path in sources("quart_assessment", "tests")
        if {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & NAMES_THAT_SAY_NOTHING
    ]
    assert found == []


def test_every_module_is_used_by_another() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sources("quart_assessment")
        if path.name != "__init__.py"
    }
    used = set(ENTRIES)
    for path in sources("quart_assessment", "alembic"):
        used |= imported_by(path) - {".".join(path.relative_to(ROOT).with_suffix("").parts)}
    assert sorted(set(modules) - used) == []


def imported_by(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_whatever_speaks_sql_is_a_coroutine() -> None:
    found = [
        f"{short(path)}::{node.name}"
        for path in sources("quart_assessment")
        if path.stem == "repository" or path.parent.name == "repository"
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert found == []


async def test_every_route_is_a_coroutine(make_app: Callable[..., Awaitable[Quart]]) -> None:
    """Quart runs any other in a thread."""
    views = (await make_app()).view_functions
    assert len(views) > 20
    assert [
        name for name, view in views.items() if not inspect.iscoroutinefunction(inspect.unwrap(view))
    ] == []


def test_no_database_call_runs_in_a_thread() -> None:
    """Threads are for disks, passwords and what has no asynchronous form, never where SQL is spoken."""
    found = [
        short(path)
        for path in sources("quart_assessment")
        if path.stem in ("repository", "service", "answering", "reading", "fragments", "group_commit")
        if "to_thread" in path.read_text() or "run_in_executor" in path.read_text()
        if "sqlalchemy" in path.read_text()
    ]
    assert found == []


def test_every_setting_is_in_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in page] == []


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_pinned_uv_is_the_same_everywhere() -> None:
    bootstrap = (ROOT / "bin" / "bootstrap").read_text()
    (pinned,) = [line.split("=")[1] for line in bootstrap.splitlines() if line.startswith("UV_VERSION=")]
    assert f"uv=={pinned}\n" in (ROOT / "Dockerfile").read_text()
