"""`quart-assessment model`: the small local language model as a server of its own."""

from __future__ import annotations

import sys

import click

from quart_assessment.chat.providers import local
from quart_assessment.serving.parent import end_with_parent
from quart_assessment.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(1, 65535), help="Its port.")
@click.option("--with-parent", type=int, hidden=True, help="End when the process of this id ends.")
def model(host: str, port: int, with_parent: int | None) -> None:
    """Serve the local model at http://HOST:PORT/v1, OpenAI-compatible, until SIGTERM or Ctrl-C."""
    if with_parent is not None:
        end_with_parent(with_parent)
    try:
        local.serve(Settings(), host, port)
    except local.ModelMissing as error:
        click.echo(str(error), err=True)
        sys.exit(1)
