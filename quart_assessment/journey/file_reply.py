"""Replying with a capture's file: never shown in place, never stored on the way, whole or by ranges."""

from __future__ import annotations

from datetime import timedelta

from quart import Response, request
from werkzeug.datastructures import ContentRange, Range

from quart_assessment.camera import reading
from quart_assessment.camera.current import store
from quart_assessment.camera.facts import Capture

SILENCE = timedelta(minutes=5)
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


async def file_reply(capture: Capture) -> Response:
    """Give the file of a kept capture, or the one range of it that is asked for (RFC 9110, 14).

    Raises:
        Unavailable: the store cannot be read.
    """
    file = await reading.open_file(store(), capture)
    # There is no validator to compare If-Range with, so that a range under one is not taken (RFC 9110, 13.1.5).
    wanted = None if "If-Range" in request.headers else request.range
    span = _span(wanted, file.size) if wanted is not None and wanted.units == "bytes" else None
    if wanted is not None and wanted.units == "bytes" and span is None and len(wanted.ranges) == 1:
        refusal = Response(b"", 416)
        refusal.content_range = ContentRange("bytes", None, None, file.size)
        return refusal
    start, stop = span or (0, file.size)
    response = Response(file.chunks(start, stop), 200 if span is None else 206, content_type=file.type)
    response.timeout = SILENCE.total_seconds()
    response.content_length = stop - start
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Security-Policy"] = "sandbox"
    ending = _ENDINGS.get(file.type, "bin")
    response.headers["Content-Disposition"] = f'attachment; filename="{capture.capture_id}.{ending}"'
    if span is not None:
        response.content_range = ContentRange("bytes", start, stop, file.size)
    return response


def _span(wanted: Range, size: int) -> tuple[int, int] | None:
    # More bytes from the end than there are mean all of them (RFC 9110, 14.1.2); werkzeug takes that for no range.
    if len(wanted.ranges) == 1 and wanted.ranges[0][0] < -size:
        return 0, size
    return wanted.range_for_length(size)
