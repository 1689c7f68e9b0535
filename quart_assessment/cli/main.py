"""`quart-assessment`: a file per verb, imported when it is called, so that --help answers at once."""

from __future__ import annotations

import sys
from importlib import import_module

import click

# verb: (what it does, the module that holds a command of the verb's name)
VERBS = {
    "run": ("Run all of it on this machine: database, model and service.", "run"),
    "serve": ("Serve with Gunicorn; database and model run elsewhere.", "serve"),
    "worker": ("Do the work that the service asks for.", "worker"),
    "migrate": ("Bring the database's tables to the newest form.", "migrate"),
    "study": ("Load a study from a file, or list the studies.", "study"),
    "chat": ("Look at the prompt of a study's interview, or hold it in the terminal.", "chat"),
    "user": ("Add people and invite participants.", "user"),
    "demo": ("Load the demonstration study and make its accounts.", "demonstration"),
    "model": ("Serve the small local language model.", "model"),
    "doctor": ("Say what is missing or unsafe.", "doctor"),
}


class Verbs(click.Group):
    """The group of all verbs; names them without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        command = getattr(import_module(f"quart_assessment.cli.{VERBS[cmd_name][1]}"), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs with their sentences."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, sentence) for verb, (sentence, _) in VERBS.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quart-assessment")
def verbs() -> None:
    """Depression assessments: a questionnaire, an interview with a language model, and webcam captures.

    All settings come from the environment; docs/operations.md lists them.
    """


def main() -> None:
    """Run one verb. A setting that is not valid is named on one line, exit status 2."""
    try:
        verbs()
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        for problem in error.errors(include_input=False, include_url=False):
            name = ".".join(str(part) for part in problem["loc"]).upper()
            click.echo(f"{name}: {problem['msg']}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
