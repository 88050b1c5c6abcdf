"""`hippo schema`: the JSON Schema of config.yml, for editors."""

import typer

from hippo_cli.output import show_json
from hippo_cli.schema import make_schema


def schema(context: typer.Context) -> None:
    """Print the JSON Schema of config.yml, which lets editors complete and check it."""
    show_json(make_schema())
