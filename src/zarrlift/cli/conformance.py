"""conformance: the verdict that the specification's own runner of suites asks for."""

from __future__ import annotations

import json

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import one_reach


@click.command(cls=o.Command, hidden=True)
@o.conformance
@o.one_reached
def conformance(
    url: str, version: str | None, strict: bool, lenient: bool | None, **given: object
) -> None:
    """Say whether one document or store is as the specification has it, as JSON.

    URL is a JSON file with a group's attributes (or its zarr.json), or a store. The exit code is 0
    whatever the verdict, and 3 where there is nothing to judge.
    """
    with faces.errors_in_words():
        verdict = zl.conformance(
            url, version=version, strict=strict, lenient=lenient, **one_reach(given)
        )
        faces.show(json.dumps(verdict.to_json()))
