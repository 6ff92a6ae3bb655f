"""The program: its commands and their order."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from zarrlift.cli import learn, lift

app = typer.Typer(
    name="zarrlift",
    help="Lift OME-Zarr 0.1-0.4 to 0.5 without decoding it, and prove the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("plan", rich_help_panel="Lift")(lift.plan)
app.command("convert", rich_help_panel="Lift")(lift.convert)
app.command("verify", rich_help_panel="Lift")(lift.verify)
app.command("run", rich_help_panel="Scale")(lift.run)
app.command("demo", rich_help_panel="Learn")(learn.demo)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's form
    if wanted:
        print(f"zarrlift {version('zarrlift')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program."""
    app()
