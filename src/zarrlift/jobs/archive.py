"""Lifting into a zipped OME-Zarr: into a folder first, which then goes into one file.

The folder beside the archive is a target like any other: it is claimed, continued and proved.
Each of its files is removed once its bytes are in the archive, which grows within the folder and
is put in its place when it is whole. A run that is killed is continued wherever it was.
Source of the rules: RFC-9 of OME-NGFF, "Zipped OME-Zarr".
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import ClaimLostError, TargetError, translated
from zarrlift.jobs import claim
from zarrlift.jobs.convert import convert
from zarrlift.jobs.options import RunOptions, Silent, Watch
from zarrlift.jobs.prove import prove
from zarrlift.jobs.result import already_done
from zarrlift.store.folder import Kind, tree_at
from zarrlift.store.growing import GrowingArchive, fits_zip
from zarrlift.store.target import OURS, Target, alone, at_work, sync_folder
from zarrlift.verify.level import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.jobs.result import Report
    from zarrlift.plan.plan import Plan
    from zarrlift.store.folder import Folder
    from zarrlift.verify.result import Verification

_OWN = f"{OURS}-zip"
"""Not within what a lift of the folder calls its own: one that comes late clears that away."""
_MARK = f"{_OWN}/plan.json"
"""Says that the folder's lift is whole, and that its files go into the archive one by one."""
_GROWING = f"{_OWN}/archive.zip"
_AT_ONCE = 2**26
"""Bytes after which the archive is synchronized, and their files removed, where that is asked."""


def convert_to_archive(plan: Plan, options: RunOptions, watch: Watch | None = None) -> Report:
    """Carry out a plan whose target is a `.ozx` file; run again, it continues or confirms.

    Raises a `ZarrliftError` where it cannot be done.
    """
    seen, path = watch or Silent(), Path(plan.target)
    begun = time.monotonic()
    folder = Path(f"{path}.parts")
    with translated("looking at the target", str(path)):
        there = path.exists() or path.is_symlink()
        zipping = (folder / _MARK).exists()
    if there and options.overwrite:
        _confirm_removal(path, seen)
    elif there:
        return _confirmed(plan, options, seen, begun)
    if zipping and not options.overwrite:
        lasted = _Zipping(plan, folder, options, seen).run(path)
        proof = _proved(plan, options, seen, at_least=Level.QUICK if lasted else Level.FULL)
        return already_done(plan, proof, seconds=time.monotonic() - begun)
    report = convert(replace(plan, target=str(folder)), options, seen)
    if not report.finished:
        return report
    _refuse_strays(folder, report.verification)
    _Zipping(plan, folder, options, seen).run(path)
    return replace(report, plan=plan)


def _confirmed(plan: Plan, options: RunOptions, watch: Watch, begun: float) -> Report:
    """Verify an archive that stands in its place instead of writing it."""
    path = Path(plan.target)
    _refuse_no_file(path)
    if plan.settings.crate is not None:
        from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

        plan = crate.confirm(plan, tree_at(path))
    proof = _proved(plan, options, watch)
    if proof.equal:
        folder = Path(f"{path}.parts")
        with translated("removing", str(folder)):
            _clear_up(folder)
    return already_done(plan, proof, seconds=time.monotonic() - begun)


def _proved(
    plan: Plan, options: RunOptions, watch: Watch, *, at_least: Level = Level.QUICK
) -> Verification:
    level = at_least if options.verify in (Level.NONE, Level.QUICK) else options.verify
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
    """Remove what is left of a folder that is zipped: empty folders, and at last its mark.

    What else lies there is not ours, and stays.
    """
    if not (folder / _MARK).exists() or (folder / _GROWING).exists():
        for empty in (folder / OURS, folder / _OWN, folder):
            with suppress(OSError):
                empty.rmdir()
        return
    for inner, _, _ in os.walk(folder, topdown=False):
        if Path(inner) not in (folder, folder / _OWN):
            with suppress(OSError):
                Path(inner).rmdir()
    shutil.rmtree(folder / OURS, ignore_errors=True)
    (folder / _MARK).unlink()
    for empty in (folder / _OWN, folder):
        with suppress(OSError):
            empty.rmdir()


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


@dataclass(frozen=True, slots=True)
class _Zipping:
    """Moves the files of a finished folder into an archive, one after another."""

    plan: Plan
    folder: Path
    options: RunOptions
    watch: Watch

    def run(self, path: Path) -> bool:
        """Begin, or go on where an earlier run was stopped; at the end the archive is in place.

        Says whether nothing that an earlier run wrote can be lost to a power cut since.
        """
        if not self.folder.exists():
            raise _taken(self.folder)
        with (
            alone(str(self.folder), "another run is writing the archive"),
            translated("writing the archive", str(path)),
        ):
            target = Target(self.folder, fsync=self.options.fsync)
            found = self._begun(target)
            files, size = _due(found, target)
            self.watch.phase("zipping", size)
            with GrowingArchive(self.folder / _GROWING) as archive:
                self._fill(archive, target, (files, size))
            (self.folder / _GROWING).replace(path)
            if target.fsync:
                sync_folder(str(path.parent))
            _clear_up(self.folder)
        return claim.has_lasted(found)

    def _begun(self, target: Target) -> Mapping[str, object]:
        """Mark the folder, or read the mark of an earlier run."""
        held = target.read(_MARK)
        if held is None:
            held = self._mark(target)
        found = claim.read(held, target)
        claim.refuse_other(self.plan, found, target)
        target.fsync = target.fsync or bool(found.get("fsync"))
        return found

    def _mark(self, target: Target) -> bytes:
        if target.size("zarr.json") is None:
            raise _taken(self.folder)
        if target.entries(_OWN):
            raise TargetError(
                f"the source holds a folder named {_OWN}, as ours would be",
                place=str(self.folder),
                hint="rename it in the source, or leave it out with --exclude",
            )
        keys = list(_keys(target))
        unfit = [key for key in keys if not fits_zip(key)]
        if unfit:
            raise TargetError(
                f"the name {unfit[0]!r} cannot stand in a zip archive",
                place=str(self.folder),
                hint="rename it in the source, or leave it out with --exclude",
            )
        size = sum(target.size(key) or 0 for key in keys)
        held = claim.document(self.plan, fsync=target.fsync, zipping=[len(keys), size])
        with at_work(target):
            target.write(_MARK, held)
        return held

    def _fill(self, archive: GrowingArchive, target: Target, due: tuple[int, int]) -> None:
        rest = self._agreed(archive, target, due)
        reread = self.options.verify in (Level.FULL, Level.DECODE)
        waiting, size = [], 0
        for key in rest:
            with target.opened(key) as fd:
                added = archive.add(key, fd, reread=reread)
            self.watch.advance(key, added)
            waiting.append(key)
            size += added
            if not target.fsync or size >= _AT_ONCE:
                _remove(archive, target, waiting)
                waiting, size = [], 0
        _remove(archive, target, waiting)
        archive.finish(_comment(self.plan.settings.ome_version))
        if target.fsync:
            archive.sync()

    def _agreed(self, archive: GrowingArchive, target: Target, due: tuple[int, int]) -> list[str]:
        """See that all files are in the archive or still beside it; gives those to be added.

        Raises `TargetError` where one is in neither: it cannot be had but by a new lift.
        """
        there = set(_keys(target))
        whole = _whole(archive)
        inside = {entry.filename for entry in archive.entries[:whole]}
        rest = sorted(there - inside, key=_order)
        size = sum(entry.file_size for entry in archive.entries[:whole])
        size += sum(target.size(key) or 0 for key in rest)
        if (len(inside) + len(rest), size) != due:
            raise TargetError(
                f"an earlier run's archive and the files beside it hold {len(inside) + len(rest)} "
                f"files of {size} bytes, where {due[0]} of {due[1]} are due",
                place=str(self.folder),
                hint="start over with --overwrite; the source has all of it",
            )
        archive.cut(whole)
        _remove(archive, target, sorted(inside & there))
        return rest


def _due(found: Mapping[str, object], target: Target) -> tuple[int, int]:
    """Give how many files were to be zipped, and their bytes."""
    match found.get("zipping"):
        case [int(files), int(size)]:
            return files, size
        case _:
            raise TargetError(
                "holds an unreadable plan of an earlier run",
                place=target.root,
                hint="start over with --overwrite",
            )


def _whole(archive: GrowingArchive) -> int:
    """Count the entries up to the first whose bytes are not sound: what follows is given up.

    Only a power cut, or another hand, can have spoilt one. Where all files from there on are
    still beside the archive nothing is lost.
    """
    for number, entry in enumerate(archive.entries):
        if not archive.is_whole(entry):
            return number
    return len(archive.entries)


def _remove(archive: GrowingArchive, target: Target, keys: list[str]) -> None:
    """Remove files whose bytes are in the archive, for good where that is asked."""
    if target.fsync and keys:
        archive.sync()
    for key in keys:
        target.remove(key)


def _comment(version: str) -> bytes:
    stated = {"version": version, "zipFile": {"centralDirectory": {"jsonFirst": True}}}
    return json.dumps({"ome": stated}).encode()


def _taken(folder: Path) -> ClaimLostError:
    return ClaimLostError(
        "another run finished or replaced this target",
        place=str(folder),
        hint="run the same command again: it confirms or continues",
    )


def _keys(folder: Folder) -> Iterator[str]:
    for key, kind in folder.below([e.name for e in folder.entries("")]):
        if kind is Kind.FILE and not key.startswith((f"{OURS}/", f"{_OWN}/")):
            yield key


def _order(key: str) -> tuple[bool, int, str]:
    """Put documents first, the root's before all others, level by level (RFC-9)."""
    document = key.rpartition("/")[2] == "zarr.json"
    return not document, key.count("/") if document else 0, key
