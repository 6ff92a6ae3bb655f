"""Changing a dataset where it lies: its documents and its crate, never a chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zarrlift.jobs.choices import (
    Describing,
    crate_words,
    one_of,
    patterns,
    place,
    refuse_unknown,
)
from zarrlift.jobs.reach import OneReach, stores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.crate.shown import Crate
    from zarrlift.crate.terms import Terms
    from zarrlift.jobs.choices import Path
    from zarrlift.jobs.crate import Described
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.repaired import Repaired
    from zarrlift.jobs.upgraded import Undone, Upgraded


def upgrade(
    url: Path,
    *,
    exclude: Sequence[str] = (),
    level: str = "metadata",
    drop_v2: bool = False,
    plain_zarr: bool = False,
    dry_run: bool = False,
    fsync: bool = False,
    watch: Watch | None = None,
    **more: Unpack[Describing],
) -> Upgraded:
    """Write OME-Zarr 0.5 documents beside those of 0.1-0.4, in place; no chunk is touched.

    The same call again completes an interrupted upgrade; `undo` takes it back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.4 or plain Zarr v2 hierarchy.
    exclude
        Patterns of paths to leave out; they keep their v2 documents only.
    level
        `metadata`: no chunk is looked at; `chunks`: the envelope of every chunk is checked first.
    drop_v2
        Set the v2 documents aside, once the new ones are read back. `watch.confirm` is asked.
    plain_zarr
        Upgrade a hierarchy without OME metadata too.
    dry_run
        Write nothing, and say what would be written; what stands in the way is in `findings`.
    fsync
        Each document is on the disk before it gets its name.
    watch
        As for `Run`.
    more
        What the crate is to say, see `CrateChoices`, and how a store is reached, see `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done; an array whose codec v3 readers do not share is refused before
        anything is written.

    """
    from zarrlift.jobs.upgrade import upgrade as carry_out
    from zarrlift.jobs.upgraded import Depth, UpgradeOptions

    refuse_unknown(more, Describing)
    options = UpgradeOptions(
        exclude=patterns(exclude),
        level=one_of(Depth, level, "level"),
        drop_v2=drop_v2,
        plain_zarr=plain_zarr,
        dry_run=dry_run,
        fsync=fsync,
        crate=crate_words(more),
        stores=stores_of(more),
    )
    return carry_out(place(url), options, watch)


def repair(
    url: Path,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    dry_run: bool = False,
    fsync: bool = False,
    watch: Watch | None = None,
    **reach: Unpack[OneReach],
) -> Repaired:
    """Put metadata right in place where it can only be meant in one way; no chunk is touched.

    The same call again completes a repair that was cut off; `undo` takes it back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    only
        Ids of repairs, or of rules that they answer; by default all.
    exclude
        Patterns of paths whose documents stay as they are.
    dry_run
        Write nothing, and say what would be written.
    fsync
        Each document is on the disk before it gets its name.
    watch
        As for `Run`.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done; what cannot be repaired is in `findings` and `remaining`.

    """
    from zarrlift.jobs.repair import repair as carry_out
    from zarrlift.jobs.repaired import RepairOptions

    refuse_unknown(reach, OneReach)
    options = RepairOptions(
        only=patterns(only),
        exclude=patterns(exclude),
        dry_run=dry_run,
        fsync=fsync,
        stores=stores_of(reach),
    )
    return carry_out(place(url), options, watch)


def undo(
    url: Path, *, force: bool = False, watch: Watch | None = None, **reach: Unpack[OneReach]
) -> Undone:
    """Take back what was done last: an upgrade, a repair or a change of the crate.

    Parameters
    ----------
    url
        The folder or address of what was changed.
    force
        Go on where documents have changed since; these changes are lost.
    watch
        As for `Run`.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is nothing to undo, or something has changed since that would be lost.

    """
    from zarrlift.jobs.undo import undo as take_back

    refuse_unknown(reach, OneReach)
    return take_back(place(url), force=force, stores=stores_of(reach), watch=watch)


def crate(url: Path, **reach: Unpack[OneReach]) -> Crate:
    """Read and check the RO-Crate of a dataset.

    Parameters
    ----------
    url
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is no such hierarchy; what is wrong with its crate are findings.

    """
    from zarrlift.jobs.crate import look

    refuse_unknown(reach, OneReach)
    return look(place(url), stores_of(reach))


def describe(url: Path, *, fsync: bool = False, **more: Unpack[Describing]) -> Described:
    """Say something in the RO-Crate of a dataset, which is made where there is none.

    What is not named stays as it is. `undo` takes the change back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    fsync
        The crate is on the disk before it gets its name.
    more
        See `CrateChoices` and `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done: a crate that cannot be read is never overwritten.

    """
    from zarrlift.errors import UsageError
    from zarrlift.jobs.crate import describe as carry_out

    refuse_unknown(more, Describing)
    words = crate_words(more)
    if words is None:
        raise UsageError("nothing to say in the crate", hint="give a license, name, organism, …")
    return carry_out(place(url), words, fsync=fsync, stores=stores_of(more))


def terms(text: str, *, online: bool = False, service: str | None = None) -> Terms:
    """Look up organisms and imaging methods.

    Parameters
    ----------
    text
        Part of a name, or an id.
    online
        Ask the EBI Ontology Lookup Service; where it does not answer, the table's own terms are
        given, and `problem` says why.
    service
        Address of another such service.

    """
    from zarrlift.crate.ols import find_terms

    return find_terms(text, online=online, service=service)
