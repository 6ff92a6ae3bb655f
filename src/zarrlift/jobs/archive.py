"""Lifting into a zipped OME-Zarr: into a folder first, which is then put together into one file.

The folder beside the archive is a target like any other: it is claimed, continued and proved.
Source of the rules: RFC-9 of OME-NGFF, "Zipped OME-Zarr".
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import TargetError, translated
from zarrlift.jobs import crate
from zarrlift.jobs.convert import convert
from zarrlift.jobs.options import RunOptions, Silent, Watch
from zarrlift.jobs.prove import prove
from zarrlift.jobs.result import already_done
from zarrlift.store.folder import Kind, tree_at
from zarrlift.store.target import OURS
from zarrlift.verify.result import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.jobs.result import Report
    from zarrlift.plan.plan import Plan
    from zarrlift.store.folder import Folder
    from zarrlift.verify.result import Verification

_STEP = 2**22
_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can state, so that the same data gives the same bytes."""

_ZIPPED = f"{OURS}/zipped"
"""Marks a folder that holds nothing but what its archive does, so that it may be removed."""


def convert_to_archive(plan: Plan, options: RunOptions, watch: Watch | None = None) -> Report:
    """Carry out a plan whose target is a `.ozx` file; run again, it continues or confirms.

    Raises a `ZarrliftError` where it cannot be done.
    """
    seen, path = watch or Silent(), Path(plan.target)
    begun = time.monotonic()
    folder = Path(f"{path}.parts")
    with translated("looking at the target", str(path)):
        there = path.exists() or path.is_symlink()
    if there and options.overwrite:
        _confirm_removal(path, seen)
    elif there:
        _refuse_no_file(path)
        crate.refuse_other(plan, tree_at(path))
        proof = _proved(plan, options, seen)
        if proof.equal:
            with translated("removing", str(folder)):
                _clear_up(folder)
        return already_done(plan, proof, seconds=time.monotonic() - begun)
    report = convert(replace(plan, target=str(folder)), options, seen)
    if not report.finished:
        return report
    _refuse_strays(folder, report.verification)
    seen.phase("zipping", None)
    with translated("writing the archive", str(path)):
        (folder / _ZIPPED).parent.mkdir(exist_ok=True)
        (folder / _ZIPPED).touch()
        _put_together(tree_at(folder), path, plan.settings.ome_version, fsync=options.fsync)
        _remove(folder)
    return replace(report, plan=plan)


def _proved(plan: Plan, options: RunOptions, watch: Watch) -> Verification:
    level = Level.QUICK if options.verify is Level.NONE else options.verify
    wanted = replace(options, verify=level)
    return prove(plan.source, plan.target, wanted, exclude=plan.settings.exclude, watch=watch)


def _refuse_no_file(path: Path) -> None:
    if not path.is_file():
        raise TargetError("is no file", place=str(path), hint="name another target")


def _refuse_strays(folder: Path, proof: Verification | None) -> None:
    """Raise `TargetError` where a folder holds more than the lift: it would go with the folder."""
    stray = [f.path for f in proof.findings if f.rule == "file-stray"] if proof else []
    if stray:
        raise TargetError(
            f"holds what is not of this lift, first {stray[0]}",
            place=str(folder),
            hint="move it elsewhere; the folder is removed once it is zipped",
        )


def _clear_up(folder: Path) -> None:
    """Remove what a run left that was killed after its last step: a marked or empty folder."""
    if (folder / _ZIPPED).exists():
        _remove(folder)
    for empty in (folder / OURS, folder):
        with suppress(OSError):
            empty.rmdir()


def _remove(folder: Path) -> None:
    """Remove a folder that is marked as zipped; the mark goes last, for a run that is killed."""
    for entry in folder.iterdir():
        if entry.name != OURS:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    shutil.rmtree(folder / OURS)
    folder.rmdir()


def _confirm_removal(path: Path, watch: Watch) -> None:
    """Have it confirmed that an archive is replaced; it stays until the new one is whole.

    Raises `TargetError` where it is none, or where that is not wanted.
    """
    _refuse_no_file(path)
    if not zipfile.is_zipfile(path):
        raise TargetError(
            "--overwrite replaces a zip archive only", place=str(path), hint="name another target"
        )
    if not watch.confirm(f"Remove {path}?"):
        raise TargetError(
            "--overwrite would remove the archive", place=str(path), hint="confirm with --yes"
        )


def _put_together(folder: Folder, path: Path, version: str, *, fsync: bool) -> None:
    """Write every file of a folder into an archive, documents first, under a temporary name."""
    part = path.with_name(f"{path.name}.zarrlift-{os.urandom(6).hex()}")
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
            archive.comment = json.dumps(
                {"ome": {"version": version, "zipFile": {"centralDirectory": {"jsonFirst": True}}}}
            ).encode()
            for key in sorted(_keys(folder), key=_order):
                _add(archive, folder, key)
        if fsync:
            _sync(part)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _keys(folder: Folder) -> Iterator[str]:
    for key, kind in folder.below([e.name for e in folder.entries("")]):
        if kind is Kind.FILE and not key.startswith(f"{OURS}/"):
            yield key


def _order(key: str) -> tuple[bool, int, str]:
    """Put documents first, the root's before all others, level by level (RFC-9)."""
    document = key.rpartition("/")[2] == "zarr.json"
    return not document, key.count("/") if document else 0, key


def _add(archive: zipfile.ZipFile, folder: Folder, key: str) -> None:
    info = zipfile.ZipInfo(key, _DATE)
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as member:
        at = 0
        while data := folder.read_range(key, at, _STEP):
            member.write(data)
            at += len(data)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
