"""What is called for an endpoint, looked up once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from quart import Quart, Request, Response
from quart.helpers import _split_blueprint_path

Before = Callable[[], Awaitable[Any]]
After = Callable[[Response], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The hooks and the view of an endpoint, in Quart's order; `torn_down`: there are hooks at the end."""

    before: tuple[Before, ...]
    view: Callable[..., Awaitable[Any]]
    after: tuple[After, ...]
    torn_down: bool

    async def call(self, request: Request) -> Any:  # noqa: ANN401 - whatever a view returns
        """Call the hooks, and the view if none of them replied."""
        for function in self.before:
            if (result := await function()) is not None:
                return result
        return await self.view(**(request.view_args or {}))


class Plans:
    """The plans of an app whose routes and hooks are all there."""

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._made: dict[str, Plan | None] = {}

    def of(self, request: Request) -> Plan | None:
        """Give the plan of a matched request; None for one that Quart has to serve."""
        rule = request.url_rule
        if rule is None or request.method == "OPTIONS":
            return None
        try:
            return self._made[rule.endpoint]
        except KeyError:
            plan = self._made[rule.endpoint] = self._make(rule.endpoint)
            return plan

    def _make(self, endpoint: str) -> Plan | None:
        app = self._app
        blueprint = endpoint.rpartition(".")[0]
        inner = [*_split_blueprint_path(blueprint)] if blueprint else []
        inwards = [None, *reversed(inner)]
        outwards = [*inner, None]
        if any(app.url_value_preprocessors[name] for name in inwards):
            return None
        return Plan(
            tuple(app.ensure_async(one) for name in inwards for one in app.before_request_funcs[name]),
            app.ensure_async(app.view_functions[endpoint]),
            tuple(
                app.ensure_async(one) for name in outwards for one in reversed(app.after_request_funcs[name])
            ),
            any(app.teardown_request_funcs[name] for name in outwards),
        )
