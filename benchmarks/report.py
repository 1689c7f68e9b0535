"""docs/performance.md: a section a part, replaced when the part is measured again."""

from __future__ import annotations

import platform
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measure import Result, Table, Target
from tests.ground.proof import machine, sections

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
HEAD = """# Performance

Written by `make bench`; each section is replaced when its part is measured again. Everything runs on one machine:
clients, service, PostgreSQL, and the model where there is one. Contenders take turns, in each round in another
order, and none begins before the disk has what was left to be written; a figure is the median over the rounds, with
the least and the most; a ratio is taken within each round. The service runs as `quart-assessment serve` with logs,
metrics and request ids on, 2 workers unless said otherwise.
"""
_PACKAGES = (
    "quart",
    "uvicorn",
    "uvloop",
    "gunicorn",
    "sqlalchemy",
    "asyncpg",
    "flask",
    "gevent",
    "psycopg",
    "fastapi",
)


def record(result: Result, command: str, page: Path = PAGE) -> None:
    """Write one part's section, in place of the one of the same title."""
    found = sections(page.read_text()) if page.exists() else {}
    found[result.title] = section(result, command)
    page.write_text("\n".join([HEAD, *(f"## {name}\n\n{found[name]}\n" for name in sorted(found))]))


def section(result: Result, command: str) -> str:
    """Write a part's figures."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"`{command}`, {date}, {machine()}, {_processor()}; {_versions()}"]
    if result.targets:
        parts.append(_table(_of_targets(result.targets)))
    parts += [f"{one.title}\n\n{_table(one)}" if one.title else _table(one) for one in result.tables]
    parts += result.notes
    return "\n\n".join(parts)


def _versions() -> str:
    found = []
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def _of_targets(targets: list[Target]) -> Table:
    rows = [
        (one.name, one.said or f"{one.figure:.2f}{one.unit}", one.wanted, "yes" if one.met else "**no**")
        for one in targets
    ]
    return Table(("figure", "measured", "target", "met"), rows)


def _table(table: Table) -> str:
    lines = [table.head, tuple("---" for _ in table.head), *table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or "processor unknown"
