"""Why a capture is refused."""

from __future__ import annotations

from quart_assessment.problems import Problem


class CaptureIdReused(Problem):
    """Another picture was kept under this id."""

    status, code = 409, "capture_id_reused"


class LinkedElsewhere(Problem):
    """A picture belongs to another assessment already."""

    status, code = 409, "linked_elsewhere"


class BadImage(Problem):
    """This is not a whole JPEG, PNG or WebP picture of a size that is taken."""

    status, code = 422, "bad_image"


class BadDigest(Problem):
    """The picture is not the one whose digest was sent."""

    status, code = 422, "bad_digest"


class BadMetadata(Problem):
    """The description of the picture cannot be read."""

    status, code = 422, "bad_metadata"


class BadCapture(Problem):
    """There was no picture in the request, or none that can be taken."""

    status, code = 422, "bad_capture"


class SessionIdFirst(Problem):
    """The first field of the form must be session_id."""

    status, code = 400, "session_id_first"


class TooManyFiles(Problem):
    """There are too many pictures in one request."""

    status, code = 413, "too_many_files"
