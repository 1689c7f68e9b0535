"""The request's context, which matches the usual paths by the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from quart.ctx import RequestContext

if TYPE_CHECKING:
    from quart_assessment.serving.lean.app import LeanQuart


class TreeContext(RequestContext):
    """Looks into the tree first; 404, 405, redirects and what is ambiguous are werkzeug's."""

    def match_request(self) -> None:
        """Find the rule and its values."""
        request = self.request
        found = cast("LeanQuart", self.app).tree.match(request.path, request.method)
        if found is None:
            super().match_request()
        else:
            request.url_rule, request.view_args = found
