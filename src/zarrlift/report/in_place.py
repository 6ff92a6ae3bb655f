"""An upgrade in place, and taking it back, in words and as JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.jobs.upgraded import Depth
from zarrlift.report import words
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.jobs.upgraded import Undone, Upgraded

_FEW = 3
_READERS = (
    "with documents of both versions in one folder, zarr-python takes v3's and warns; "
    "tensorstore's automatic driver refuses (name zarr or zarr3); what lists documents by name "
    "(.zattrs) sees 0.4 only. OME-Zarr advises against both side by side, and lets 0.5 win. "
    "--drop-v2 leaves one"
)


def upgraded_text(made: Upgraded, command: list[str], reach: Sequence[str] = ()) -> str:
    """Show what an upgrade wrote or would write, and the next step.

    `command` carries it out, `reach` are words that say how the store is reached.
    """
    lines = [_head(made), ""]
    if made.possible:
        lines += [*_documents(made), *_chunks(made), *_v2(made)]
        if made.crate:
            would = "would be written or added to" if made.dry_run else "written"
            lines.append(f"RO-Crate   ro-crate-metadata.json {would}")
        if made.dry_run and not made.dropped:
            lines += words.wrapped(_READERS, 11, "Readers    ")
        if not made.dry_run:
            lines.append(f"Time       {words.duration(made.seconds)}")
        lines += ["", "Worth knowing"] if made.findings else []
    lines += words.findings(made.findings)
    return "\n".join([*lines, "", *_next(made, command, reach)])


def _head(made: Upgraded) -> str:
    old = f"OME-Zarr {made.version}" if made.version else "Zarr v2"
    new = "OME-Zarr 0.5" if made.version else "Zarr v3"
    if not made.possible:
        return f"Cannot upgrade {made.source} in place"
    if made.already:
        return f"Already done: {made.source} has its {new} documents."
    verb = "Would upgrade" if made.dry_run else "Upgraded"
    return f"{verb} {made.source}\n    in place from {old} to {new}"


def _documents(made: Upgraded) -> list[str]:
    count = words.plural(made.documents, "document")
    line, proof = f"{made.written:,} of {count} written", ", each read back and compared"
    if made.dry_run:
        line, proof = f"{made.written:,} of {count} would be written", ""
    elif not made.written:
        line, proof = f"{count}, all of them there before", ""
    lines = words.wrapped(f"{line} ({words.size(made.bytes)}){proof}", 11, "Documents  ")
    kinds = [words.plural(made.arrays, "array"), words.plural(made.groups, "group")]
    if made.implicit:
        folders = words.plural(made.implicit, "folder")
        kinds.append(f"of these {folders} without documents of their own so far")
    lines += words.wrapped(", ".join(kinds), 11)
    if made.dry_run and made.written:
        few = [*made.keys[:_FEW], *(["…"] if made.documents > _FEW + 1 else [])]
        lines += [f"           {key}" for key in dict.fromkeys([*few, made.keys[-1]])]
    return lines


def _chunks(made: Upgraded) -> list[str]:
    if made.level is Depth.CHUNKS:
        seen = f"the envelope of {words.plural(made.chunks, 'chunk')} was looked at"
    else:
        seen = "none was looked at (--level chunks does)"
    return words.wrapped(f"all stay as they are; {seen}", 11, "Chunks     ")


def _v2(made: Upgraded) -> list[str]:
    if made.removed:
        would = "would be " if made.dry_run else ""
        count = words.plural(made.removed, "document")
        return words.wrapped(f"{count} {would}set aside in .zarrlift/undo", 11, "Zarr v2    ")
    stay = "set aside in .zarrlift/undo before" if made.dropped else "its documents stay as well"
    return [f"Zarr v2    {stay}"]


def _next(made: Upgraded, command: list[str], reach: Sequence[str]) -> list[str]:
    if not made.possible:
        return [
            "Nothing has been written. zarrlift convert writes a complete copy; --exclude",
            "leaves an array as it is.",
        ]
    if made.dry_run and not made.already:
        return ["Nothing has been written. To do it:", f"  {shlex.join(command)}"]
    if not made.recorded:
        return ["There is no undo record: these documents were not written by an upgrade."]
    return ["To take it back:", f"  {shlex.join(['zarrlift', 'undo', made.source, *reach])}"]


def undone_text(made: Undone, reach: Sequence[str] = ()) -> str:
    """Show what was taken back; `reach` as for `upgraded_text`."""
    forced = ", by force" if made.forced else ""
    whole = made.upgrade or made.repair
    what = made.source if whole else f"the RO-Crate of {made.source}"
    lines = [f"Undone: {what} is as it was{forced}.", ""]
    if made.repair:
        removed = f"{words.plural(made.removed, 'document')} removed"
        lines.append(f"Repair     {removed}, {made.restored:,} put back as they were")
    if made.upgrade:
        lines.append(f"Zarr v3    {words.plural(made.removed, 'document')} removed")
        lines.append(f"Zarr v2    {words.plural(made.restored, 'document')} put back")
    if made.crate is not None:
        how = "put back as it was" if made.crate == "restored" else "removed; there was none before"
        lines.append(f"RO-Crate   {how}")
    if made.forced:
        text = f"{', '.join(made.forced)} had changed since"
        lines += words.wrapped(text, 11, "Forced     ")
    if made.left:
        before = words.plural(made.left, "earlier change")
        lines += ["", f"{before} can be taken back too:"]
        lines.append(f"  {shlex.join(['zarrlift', 'undo', made.source, *reach])}")
    return "\n".join(lines)


def upgraded_to_json(made: Upgraded) -> dict[str, object]:
    """Return the outcome of an upgrade under its documented names."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-upgrade",
        "source": made.source,
        "version": made.version,
        "level": str(made.level),
        "dry_run": made.dry_run,
        "possible": made.possible,
        "already": made.already,
        "documents": {
            "total": made.documents,
            "arrays": made.arrays,
            "groups": made.groups,
            "implicit": made.implicit,
            "written": made.written,
            "bytes": made.bytes,
            "first": list(made.keys[:_FEW]),
        },
        "removed": made.removed,
        "dropped": made.dropped,
        "recorded": made.recorded,
        "crate": made.crate,
        "chunks": made.chunks,
        "seconds": made.seconds,
        "findings": [f.to_json() for f in made.findings],
    }


def undone_to_json(made: Undone) -> dict[str, object]:
    """Return the outcome of taking an upgrade back under its documented names."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-undo",
        "source": made.source,
        "upgrade": made.upgrade,
        "repair": made.repair,
        "crate": made.crate,
        "left": made.left,
        "removed": made.removed,
        "restored": made.restored,
        "forced": list(made.forced),
        "seconds": made.seconds,
    }
