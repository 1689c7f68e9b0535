"""The app class in which the parts stand."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from quart import Quart, Request, Response
from quart.ctx import RequestContext
from quart.signals import appcontext_tearing_down, request_finished, request_started, request_tearing_down
from quart.typing import ResponseReturnValue, ResponseTypes
from quart.wrappers import BaseRequestWebsocket
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from quart_assessment.serving.lean.adapter import LateAdapter
from quart_assessment.serving.lean.connection import EagerConnection
from quart_assessment.serving.lean.context import TreeContext
from quart_assessment.serving.lean.dispatch import Plan, Plans
from quart_assessment.serving.lean.no_session import NoSessions
from quart_assessment.serving.lean.patrol import Patrol
from quart_assessment.serving.lean.routing import RouteTree


class LeanQuart(Quart):
    """Quart with a plan of calls made once for each endpoint; whatever has no plan goes Quart's own way."""

    asgi_http_class = EagerConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        self._plans: Plans | None = None
        self._tree: RouteTree | None = None
        self.patrol = Patrol()
        super().__init__(*args, **kwargs)
        self.session_interface = NoSessions()  # type: ignore[assignment]

    def _check_setup_finished(self, f_name: str) -> None:
        # Asked before any route or hook is added: what was planned without it is planned anew.
        self._plans = self._tree = None
        super()._check_setup_finished(f_name)

    @property
    def tree(self) -> RouteTree:
        """The routes, as a tree."""
        if self._tree is None:
            self._tree = RouteTree(self.url_map)
        return self._tree

    def _plan(self, context: RequestContext | None) -> Plan | None:
        if context is None or context.request.routing_exception is not None:
            return None
        if self._plans is None:
            self._plans = Plans(self)
        return self._plans.of(context.request)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Give the adapter of a request, which is made once somebody asks it for something."""
        if request is None:
            return super().create_url_adapter(None)
        return cast(MapAdapter, LateAdapter(partial(super().create_url_adapter, request)))

    def request_context(self, request: Request) -> RequestContext:
        """Give a context that matches its request by the tree."""
        return TreeContext(self, request)

    async def full_dispatch_request(self, request_context: RequestContext | None = None) -> ResponseTypes:
        """Call the hooks and the view of a request."""
        plan = self._plan(request_context)
        if plan is None or request_context is None or request_started.receivers:
            return await super().full_dispatch_request(request_context)
        try:
            result = await plan.call(request_context.request)
        except Exception as error:  # noqa: BLE001 - as Quart: each has its handler, or goes on
            result = await self.handle_user_exception(error)
        return await self.finalize_request(result, request_context)

    async def finalize_request(
        self,
        result: ResponseReturnValue | HTTPException,
        request_context: RequestContext | None = None,
        from_error_handler: bool = False,
    ) -> ResponseTypes:
        """Make the reply and call the hooks after it."""
        plan = None if from_error_handler or request_finished.receivers else self._plan(request_context)
        if plan is None or request_context is None:
            return await super().finalize_request(result, request_context, from_error_handler)
        response = result if isinstance(result, Response) else await self.make_response(result)
        for function in request_context._after_request_functions:
            response = await self.ensure_async(function)(response)  # type: ignore[assignment]
        for after in plan.after:
            response = await after(response)  # type: ignore[arg-type]
        return response

    async def do_teardown_request(
        self, exc: BaseException | None, request_context: RequestContext | None = None
    ) -> None:
        """Call the hooks of the request's end, where there are any."""
        plan = self._plan(request_context)
        if plan is None or plan.torn_down or request_tearing_down.receivers:
            await super().do_teardown_request(exc, request_context)

    async def do_teardown_appcontext(self, exc: BaseException | None) -> None:
        """Call the hooks of the context's end, where there are any."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            await super().do_teardown_appcontext(exc)
