"""What a client is told of each capture."""

from __future__ import annotations

from quart_assessment.camera.facts import Capture
from quart_assessment.web.envelope import Data

REASONS = {
    "not_wanted": "The study does not take pictures of this kind.",
    "no_consent": "The participant did not agree to pictures.",
    "withdrawn": "The participant took the agreement to pictures back.",
    "over_limit": "The session has as many pictures as the study takes.",
    "bad_image": "This is not a whole JPEG, PNG or WebP picture of a size that is taken.",
    "bad_digest": "The picture is not the one whose digest was sent.",
    "bad_metadata": "The description of the picture cannot be read.",
}


def receipt(capture: Capture) -> Data:
    """Give the receipt of a capture, kept or not."""
    data: Data = {
        "id": capture.capture_id,
        "field": capture.field,
        "filename": capture.filename,
        "trigger": capture.trigger,
        "capture_type": capture.capture_type,
        "timestamp": capture.received_at,
        "size": capture.size,
        "type": capture.type,
        "sha256": None if capture.sha256 is None else capture.sha256.hex(),
        "kept": capture.kept,
        "late": capture.late,
    }
    if capture.code is not None:
        data |= {"code": capture.code, "reason": REASONS[capture.code]}
    return data


def linked_receipt(capture: Capture) -> Data:
    """Give the receipt of a capture, with the assessment it belongs to."""
    return receipt(capture) | {"assessment_id": capture.assessment_id}
