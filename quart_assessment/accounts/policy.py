"""What staff may do: an admin everything, a researcher what belongs to their own studies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from quart_assessment.problems import NotFound
from quart_assessment.web.caller import Staff


def visible_studies(staff: Staff, own: Sequence[UUID]) -> Sequence[UUID] | None:
    """Name the studies whose data somebody may read; None is all of them."""
    return None if staff.role == "admin" else own


def check_study(staff: Staff, own: Collection[UUID], study_id: UUID) -> None:
    """Check that somebody may read and act on a study's data; raises NotFound: foreign is as unknown."""
    if staff.role != "admin" and study_id not in own:
        raise NotFound
