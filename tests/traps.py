"""Every trap by name: small datasets that readers and converters get wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.build import write_array, write_group
from tests.build_ome import multiscale_of
from tests.trap import Topic, Trap
from tests.traps_arrays import ARRAY_TRAPS, REFUSED_ARRAY_TRAPS
from tests.traps_images import IMAGE_TRAPS
from tests.traps_layout import LAYOUT_TRAPS, REFUSED_LAYOUT_TRAPS
from tests.traps_trees import TREE_TRAPS, V3_TRAPS, VERSION_TRAPS

__all__ = ["REFUSED", "TRAPS", "V3", "VERSIONS", "Trap", "find_trap", "traps_of", "write_huge"]

TRAPS: tuple[Trap, ...] = (*ARRAY_TRAPS, *LAYOUT_TRAPS, *IMAGE_TRAPS, *TREE_TRAPS)
"""Datasets of OME-Zarr 0.1-0.4 that convert without loss."""

REFUSED: tuple[Trap, ...] = (*REFUSED_ARRAY_TRAPS, *REFUSED_LAYOUT_TRAPS)
"""Datasets with an array that can't be converted, because it has no form in v3 or no decoder."""

VERSIONS: tuple[Trap, ...] = VERSION_TRAPS
V3: tuple[Trap, ...] = V3_TRAPS
"""Datasets that are not, or not only, OME-Zarr 0.1-0.4."""


def find_trap(name: str) -> Trap:
    """Give the trap of that id."""
    return next(trap for trap in (*TRAPS, *REFUSED, *VERSIONS, *V3) if trap.id == name)


def traps_of(*topics: Topic) -> tuple[Trap, ...]:
    """Give the traps of some topics, in the tables' order."""
    return tuple(trap for trap in (*TRAPS, *REFUSED, *VERSIONS, *V3) if trap.topic in topics)


def write_huge(folder: Path) -> Path:
    """Write an image of 10^9 chunks, none of which exists; its values don't fit in memory."""
    level = np.broadcast_to(np.uint16(0), (1, 1, 1_000, 1_000_000, 1_000_000))
    write_group(folder, {"multiscales": [multiscale_of([level])]})
    write_array(folder / "0", level, chunks=(1, 1, 1, 1_000, 1_000), missing="all")
    return folder
