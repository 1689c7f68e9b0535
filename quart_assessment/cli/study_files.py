"""Reading the study file that a verb is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from quart_assessment.studies.definition import StudyFile


def read_study(file: Path | None, *, default: bool) -> StudyFile:
    """Read FILE, or the demonstration study; what is wrong with it ends the command, line by line."""
    from quart_assessment.studies.study_file import StudyFileInvalid, default_study, parse_study

    if (file is None) == (not default):
        raise click.UsageError("Name a file, or --default.")
    try:
        return parse_study(default_study() if file is None else file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise click.ClickException("The file is not UTF-8.") from None
    except StudyFileInvalid as error:
        raise click.ClickException("The file is not valid:\n  " + "\n  ".join(error.lines)) from None
