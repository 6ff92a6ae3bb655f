"""demo."""

from __future__ import annotations

import shlex

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o


def demo(
    folder: o.DemoFolder,
    kind: o.DemoKind = o.KindName.IMAGE,
    size: o.DemoSize = "64MiB",
    seed: o.DemoSeed = 0,
) -> None:
    """Write a realistic OME-Zarr 0.4 dataset to try everything on."""
    with faces.errors_in_words():
        made = zl.demo(folder, kind=kind.value, size=size, seed=seed)
        faces.show(f"{made}\n\nNext:\n  zarrlift plan {shlex.quote(folder)} lifted.zarr")
