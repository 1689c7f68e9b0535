"""A program: the service as it is run for real, on a disk that records what is durable; see recording_disk."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.recording_disk import Record, RecordingDisk


def main() -> None:
    """Run one verb of the product."""
    root = Path(os.environ["STORE_DIR"])
    root.mkdir(parents=True, exist_ok=True)
    disk = RecordingDisk(Record.beside(root))
    disk.install()
    disk.begin()
    from quart_assessment.cli import main as program

    program.main()


if __name__ == "__main__":
    main()
