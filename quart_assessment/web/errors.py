"""Problems become replies here, and nowhere else."""

from __future__ import annotations

import logging

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_assessment import measures, problems
from quart_assessment.problems import ClientLeft, Problem
from quart_assessment.web.envelope import refused
from quart_assessment.web.security import is_enveloped

log = logging.getLogger(__name__)

_BY_STATUS: dict[int, type[Problem]] = {
    400: problems.BadRequest,
    404: problems.NotFound,
    405: problems.MethodNotAllowed,
    408: problems.TimedOut,
    413: problems.TooLarge,
    415: problems.UnsupportedType,
}


class Internal(Problem):
    """Something went wrong on our side; please tell us the request id."""

    status, code = 500, "internal"


def answer(problem: Problem) -> Response:
    """Give the reply for a problem: the envelope under /api, one line of text elsewhere."""
    measures.problems.labels(problem.code).inc()
    if is_enveloped(request.path):
        return refused(problem)
    response = Response(problem.sentence + "\n", problem.status, content_type="text/plain; charset=utf-8")
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def install(app: Quart) -> None:
    """Answer every exception of a route."""

    @app.errorhandler(Problem)
    async def of_problem(problem: Problem) -> Response:
        return answer(problem)

    @app.errorhandler(HTTPException)
    async def of_http(error: HTTPException) -> Response | WerkzeugResponse:
        if error.response is not None or (error.code is not None and error.code < 400):
            return error.get_response()
        response = answer(_BY_STATUS.get(error.code or 500, Internal)())
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(ClientLeft)
    async def of_leaving(_error: ClientLeft) -> Response:
        return Response(b"", 400)

    @app.errorhandler(Exception)
    async def of_bug(_error: Exception) -> Response:
        log.exception("a request failed")
        return answer(Internal())
