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
from zarrlift.jobs.convert import convert
from zarrlift.jobs.options import RunOptions, Silent, Watch
from zarrlift.jobs.prove import prove
from zarrlift.jobs.result import already_done
from zarrlift.store.folder import Kind, tree_at
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


def convert_to_archive(plan: Plan, options: RunOptions, watch: Watch | None = None) -> Report:
    """Carry out a plan whose target is a `.ozx` file; run again, it continues or confirms.

    Raises a `ZarrliftError` where it cannot be done.
    """
    seen, path = watch or Silent(), Path(plan.target)
    begun = time.monotonic()
    folder = f"{path}.parts"
    with translated("looking at the target", str(path)):
        there = path.exists() or path.is_symlink()
    if there and options.overwrite:
        _make_room(path, seen)
    elif there:
        _refuse_no_file(path)
        proof = _proved(plan, options, seen)
        if proof.equal and Path(folder).is_dir():  # left by a run killed after its last step
            shutil.rmtree(folder, ignore_errors=True)
        return already_done(plan, proof, seconds=time.monotonic() - begun)
    report = convert(replace(plan, target=folder), options, seen)
    if not report.finished:
        return report
    seen.phase("zipping", None)
    with translated("writing the archive", str(path)):
        _put_together(tree_at(folder), path, plan.settings.ome_version, fsync=options.fsync)
        shutil.rmtree(folder)
    return replace(report, plan=plan)


def _proved(plan: Plan, options: RunOptions, watch: Watch) -> Verification:
    level = Level.QUICK if options.verify is Level.NONE else options.verify
    wanted = replace(options, verify=level)
    return prove(plan.source, plan.target, wanted, exclude=plan.settings.exclude, watch=watch)


def _refuse_no_file(path: Path) -> None:
    if not path.is_file():
        raise TargetError("is no file", place=str(path), hint="name another target")


def _make_room(path: Path, watch: Watch) -> None:
    """Remove an archive that is to be replaced; raise `TargetError` where it is none."""
    _refuse_no_file(path)
    if not zipfile.is_zipfile(path):
        raise TargetError(
            "--overwrite replaces a zip archive only", place=str(path), hint="name another target"
        )
    if not watch.confirm(f"Remove {path}?"):
        raise TargetError(
            "--overwrite would remove the archive", place=str(path), hint="confirm with --yes"
        )
    with translated("removing", str(path)):
        path.unlink()


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
        if kind is Kind.FILE:
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
