"""The CRC-32 of every entry of a zipped dataset, whichever side it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import error, warning
from zarrlift.verify.result import Checked

if TYPE_CHECKING:
    from zarrlift.store.archive import Archive


def check_entry(key: str, archive: Archive, *, known: bool) -> Checked:
    """Read one entry whole; it is a warning where damage is `known` and decided about."""
    checked = Checked(entries=1)
    problem = archive.unsound(key)
    if problem is not None:
        made = warning if known else error
        message = f"entry {key} of {archive.root}: {problem}"
        checked.findings.append(made("entry-checksum", key, message))
    return checked
