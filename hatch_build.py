"""The build of the package: a wheel has the page inside; an editable installation takes it as it lies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Builds the page before a wheel is made, unless it is fresh."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node in a wheel where the page has to be built and the system has none that is new enough."""
        program = _program(Path(self.root))
        if self.target_name != "wheel" or program.is_fresh() or program.system_node() is not None:
            return []
        return [program.WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, and have it packed although git ignores it."""
        if version == "editable":
            return
        program = _program(Path(self.root))
        try:
            program.build()
        except program.CannotBuild as reason:
            self.app.abort(f"The page cannot be built. {reason}")
        build_data["artifacts"].append("/quart_assessment/static/**")


def _program(root: Path) -> ModuleType:
    """Load bin/build_page.py, which is a program and no package's module."""
    specification = importlib.util.spec_from_file_location("build_page", root / "bin" / "build_page.py")
    if specification is None or specification.loader is None:
        raise ImportError("bin/build_page.py cannot be loaded")
    program = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = program
    specification.loader.exec_module(program)
    return program
