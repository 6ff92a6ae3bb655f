"""demo."""

from __future__ import annotations

import shlex

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o


@click.command(cls=o.Command)
@o.demo
def demo(folder: str, kind: str, size: str, seed: int) -> None:
    """Write a realistic OME-Zarr 0.4 dataset to try everything on."""
    with faces.errors_in_words():
        made = zl.demo(folder, kind=kind, size=size, seed=seed)
        faces.show(f"{made}\n\nNext:\n  zarrlift plan {shlex.quote(folder)} lifted.zarr")
