"""Figures of the long tests, kept in docs/proof.md: what was counted, by which command, when and where."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
HEAD = """# Proof

Written by `make prove`; each section is replaced when its test runs again.
"""


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def record(title: str, command: str, figures: Mapping[str, object], page: Path = PAGE) -> None:
    """Write one section, in place of the one of the same title."""
    lines = [f"- {name}: {value}" for name, value in figures.items()]
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    section = "\n".join([f"`{command}`, {date}, {machine()}", "", *lines])
    found = sections(page.read_text()) if page.exists() else {}
    found[title] = section
    page.parent.mkdir(exist_ok=True)
    text = "\n".join([HEAD, *(f"## {name}\n\n{found[name]}\n" for name in sorted(found))])
    page.write_text(text)


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}
