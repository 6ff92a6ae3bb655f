"""What the names in a folder tell: separators of keys, what cannot be copied, what is left out."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from zarrlift.findings import Finding, warning
from zarrlift.metadata.layout import Keys
from zarrlift.store.folder import Kind, kind_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout

_FLAT_KEY = re.compile(r"^\d+(\.\d+)+$")


def proved_keys(layout: ArrayLayout, entries: Mapping[str, os.DirEntry[str]]) -> Keys | None:
    """Tell the key separator from what lies in an array's folder; None where nothing does."""
    flat = nested = False
    for name, entry in entries.items():
        if name.isdigit():
            nested = nested or kind_of(entry) is Kind.FOLDER
        elif _FLAT_KEY.match(name) and name.count(".") == layout.ndim - 1:
            flat = True
    if flat and nested:
        return layout.keys
    return Keys.V2_FLAT if flat else Keys.V2_NESTED if nested else None


def left_behind(path: str, kind: Kind) -> Finding:
    """Report what is neither file nor folder, and so is not copied."""
    if kind is Kind.LOOP:
        return warning("link-loop", path, "a link leads back to its own parent; left out")
    if kind is Kind.DANGLING:
        return warning("link-dangling", path, "a link leads nowhere; left out")
    return warning("special-file", path, "a pipe, socket or device cannot be copied; left out")


def left_out(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a path, or a folder it lies in, matches one of the patterns."""
    return any(
        fnmatchcase(path, p) or fnmatchcase(path, f"{p}/*")
        for p in (q.strip("/") for q in patterns)
    )
