"""Learning to use the others: sample data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.jobs.choices import byte_count, local, one_of

if TYPE_CHECKING:
    from zarrlift.demo.write import Demo
    from zarrlift.jobs.choices import Path


def demo(folder: Path, *, kind: str = "image", size: int | str = "64MiB", seed: int = 0) -> Demo:
    """Write a realistic OME-Zarr 0.4 dataset to try everything on.

    Parameters
    ----------
    folder
        Where to write; must not exist, or be empty.
    kind
        `image`, `labels`, `plate` or `collection`.
    size
        Decoded bytes of the full-resolution data, roughly.
    seed
        The same seed gives the same dataset.

    """
    from zarrlift.demo.write import Kind, write_demo

    return write_demo(
        local(folder), kind=one_of(Kind, kind, "kind"), size=byte_count(size), seed=seed
    )
