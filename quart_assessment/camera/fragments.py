"""Parts of SQL by which another room's statement reads the ledger of captures."""

from __future__ import annotations

MOST_LISTED = 100

LEDGER = f"""
    SELECT count(*) AS expected, count(c.capture_id) AS received,
        (array_agg(e.capture_id ORDER BY e.received_at, e.capture_id)
            FILTER (WHERE c.capture_id IS NULL))[1:{MOST_LISTED}] AS missing
    FROM expected_captures e
    LEFT JOIN captures c ON c.session_id = e.session_id AND c.capture_id = e.capture_id
    WHERE e.session_id = s.id AND NOT e.skipped
"""  # noqa: S608
"""One row for session `s`: captures announced, those with a receipt (kept or not), the first without."""
