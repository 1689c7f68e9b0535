"""`quart-assessment serve`: Gunicorn in this process, with the configuration of serving/gunicorn_conf.py."""

from __future__ import annotations

import sys

import click

from quart_assessment.cli.environment import missing_to_serve, warnings
from quart_assessment.serving.parent import end_with_parent
from quart_assessment.settings import Settings


@click.command()
@click.option("--with-parent", type=int, hidden=True, help="End when the process of this id ends.")
def serve(with_parent: int | None) -> None:
    """Serve on HOST:PORT with WEB_CONCURRENCY workers, until SIGTERM or Ctrl-C."""
    settings = Settings()
    missing = missing_to_serve(settings)
    for sentence in missing:
        click.echo(sentence, err=True)
    if missing:
        sys.exit(2)
    for warning in warnings(settings):
        click.echo(warning, err=True)
    if with_parent is not None:
        end_with_parent(with_parent)

    from gunicorn.app.base import Application

    class Service(Application):  # type: ignore[misc]
        """Gunicorn without a command line of its own."""

        def load_config(self) -> None:
            self.load_config_from_module_name_or_filename("python:quart_assessment.serving.gunicorn_conf")

        def load(self) -> object:
            from gunicorn.util import import_app

            return import_app(self.cfg.wsgi_app)

    Service().run()
