"""Writing a lift's groups and plain files, and a script for each array in place of its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.chunks.listing import Strays, units
from zarrlift.engine.files import copy_files
from zarrlift.errors import TargetError, UsageError
from zarrlift.jobs import claim, crate
from zarrlift.jobs.convert import refuse_errors
from zarrlift.jobs.options import Silent
from zarrlift.plan import scripts
from zarrlift.store.address import is_remote
from zarrlift.store.folder import tree_at
from zarrlift.store.target import Target, at_work
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.jobs.options import Watch
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.store.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """What was written in place of data."""

    plan: Plan
    paths: tuple[str, ...]
    """Of the scripts."""
    documents: int
    files: int
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        return (
            f"Scripts({self.plan.target!r}: {len(self.paths)} scripts, "
            f"{self.documents} documents, {self.files} files)"
        )


def write_scripts(plan: Plan, *, overwrite: bool = False, watch: Watch | None = None) -> Scripts:
    """Write the groups' documents, the plain files, and the script of each array.

    Raises `UsageError` where `zarrs_reencode` cannot make an array, `TargetError` where the
    target is in the way.
    """
    refuse_errors(plan)
    scripts.refuse_unreadable(plan)
    if is_remote(plan.source) or is_remote(plan.target):
        raise UsageError("scripts are for local folders", hint="convert without scripts")
    source = tree_at(plan.source)
    if source.packed or plan.target.endswith(".ozx"):
        raise UsageError("scripts are for folders, not for .ozx", hint="convert without scripts")
    target = Target(plan.target)
    _clear(target, watch or Silent(), overwrite=overwrite)
    with at_work(target):
        files, left = copy_files(plan, source, target, ())
        groups = [d for d in plan.documents if d.layout is None]
        for document in groups:
            target.write(document.key, document.encode())
        if plan.settings.crate is not None:
            target.write(CRATE, crate.of_plan(plan, source))
        written = tuple(_write(plan, array, source, target) for array in plan.arrays)
    target.release()
    return Scripts(
        plan=plan,
        paths=written,
        documents=len(groups),
        files=files,
        findings=(*plan.findings, *left),
    )


def _clear(target: Target, watch: Watch, *, overwrite: bool) -> None:
    count = claim.clear_for_overwrite(target) if overwrite else 0
    if count:
        claim.confirm_removal(target, count, watch.confirm)
        target.clear()
    names = len(target.entries(""))
    if not overwrite and names:
        raise TargetError(
            f"the target exists and is not empty ({names} entries)",
            place=target.root,
            hint="name another target, or replace it with --overwrite",
        )


def _write(plan: Plan, array: ArrayPlan, source: Folder, target: Target) -> str:
    key = f"{array.path}/{scripts.NAME}".lstrip("/")
    text = scripts.script_text(plan, array, _foreign(array, source))
    target.write(key, text.encode("utf-8", "surrogateescape"))
    return target.path(key)


def _foreign(array: ArrayPlan, source: Folder) -> list[str]:
    """List what lies among an array's chunks and is none."""
    strays = Strays()
    layout = array.source
    listed = units(
        source,
        array.path,
        keys=layout.keys,
        chunk_grid=layout.object_grid,
        per_object=(1,) * layout.ndim,
        strays=strays,
    )
    for _ in listed:
        pass
    return strays.foreign
