"""Who may write into a target, and what stands in the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import TargetError, ZarrliftError, translated
from zarrlift.metadata import json_text
from zarrlift.plan.saved import plan_to_json
from zarrlift.store import folder
from zarrlift.store.target import CLAIM, OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarrlift.plan.plan import Plan
    from zarrlift.store.target import Target

_ROOTS = ("zarr.json", ".zgroup", ".zarray")
_LONGEST = 120
"""Characters of a setting that an error repeats."""


class State(StrEnum):
    """What a target is before a run."""

    NEW = "new"
    STARTED = "started"
    """An earlier run of the same plan began, or is at work."""
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The hold that this run has on its target."""

    state: State
    trusting: bool = True
    """What an earlier run left can be judged by its indexes: nothing was lost since."""


def _held(target: Target) -> bytes | None:
    """Read the claim that stands. An empty one in a bucket is what a broken upload left: none."""
    held = target.read(CLAIM)
    return held or (None if target.remote else held)


def take(plan: Plan, target: Target) -> Claim:
    """Claim the target for a plan, join an earlier run of it, or find it finished.

    Raises `TargetError` where something else stands there.
    """
    _refuse_file(target)
    held = _held(target)
    if held is None:
        names = {e.name for e in target.entries("")}
        if "zarr.json" in names:
            return Claim(state=State.FINISHED)
        held = _held(target)
        if held is None and names - {OURS}:
            _refuse_foreign(target, names)
        if held is None and target.claim(document(plan, fsync=target.fsync)):
            return Claim(state=State.NEW)
        held = held or target.read(CLAIM) or b""
    found = read(held, target)
    refuse_other(plan, found, target)
    target.fsync = target.fsync or bool(found.get("fsync"))
    return Claim(state=State.STARTED, trusting=target.remote or has_lasted(found))


def has_lasted(found: Mapping[str, object]) -> bool:
    """Say whether what was written since a document of ours cannot be lost to a power cut."""
    boot = folder.boot_id()
    return bool(found.get("fsync")) or (boot is not None and found.get("boot") == boot)


def _refuse_file(target: Target) -> None:
    """Raise `TargetError` where the target, or a folder on the way to it, is no folder."""
    if target.remote:
        return
    path = Path(target.root)
    with translated("looking at the target", target.root):
        while not path.exists() and not path.is_symlink():
            path = path.parent
        folder_there = path.is_dir()
    if not folder_there:
        raise TargetError(
            "a file is in the way of the target", place=str(path), hint="name another target"
        )


def refuse_other(plan: Plan, found: Mapping[str, object], target: Target) -> None:
    """Raise `TargetError` where what was begun here is not this plan."""
    if found.get("digest") != plan.digest:
        raise TargetError(
            f"another plan has been started here: {'; '.join(_differences(plan, found))}",
            place=target.root,
            hint="run that plan's command again to finish it, or start over with --overwrite",
        )


def document(plan: Plan, *, fsync: bool, **more: object) -> bytes:
    """Give the bytes that tell a later run what was begun; `more` are further members."""
    made = plan_to_json(plan) | {"boot": folder.boot_id(), "fsync": fsync, **more}
    return json.dumps(made).encode("utf-8", "surrogatepass")


def read(held: bytes, target: Target) -> Mapping[str, object]:
    """Read what `document` gave; raise `TargetError` where it is not that."""
    try:
        return json_text.read_object(held, target.path(CLAIM))
    except ZarrliftError as error:
        raise TargetError(
            "holds an unreadable plan of an earlier run",
            place=target.root,
            hint="start over with --overwrite",
        ) from error


def _refuse_foreign(target: Target, names: set[str]) -> None:
    zarr = any(n in names for n in (*_ROOTS, OURS))
    step = "name another target, or replace it with --overwrite" if zarr else "name another target"
    raise TargetError(
        f"the target exists and is not empty ({len(names)} entries)", place=target.root, hint=step
    )


def _differences(plan: Plan, found: Mapping[str, object]) -> list[str]:
    mine = plan_to_json(plan)
    made = []
    ours, theirs = mine["settings"], found.get("settings")
    if isinstance(ours, dict) and isinstance(theirs, dict):
        made += [_change(k, theirs.get(k), v) for k, v in ours.items() if theirs.get(k) != v]
    if found.get("survey_digest") != plan.survey_digest:
        made.append("the source's documents or files have changed since")
    if found.get("codec_versions") != mine["codec_versions"]:
        made.append("the codec libraries have other versions")
    return made or ["its arrays are laid out differently"]


def _change(name: str, was: object, now: object) -> str:
    """Say how a setting differs; a layout of a plate's every array is too long to be repeated."""
    said = f"{name} was {was}, now {now}"
    return said if len(said) <= _LONGEST else f"{name} is another"


def clear_for_overwrite(target: Target) -> int:
    """Count what `--overwrite` would remove; raise `TargetError` where it may not.

    Only a target of ours or a Zarr root may be removed.
    """
    _refuse_file(target)
    if target.whole_bucket:
        raise TargetError(
            "--overwrite never empties a whole bucket",
            place=target.root,
            hint="name a target below it",
        )
    if not target.exists():
        return 0
    names = {e.name for e in target.entries("")}
    if names and not names & {*_ROOTS, OURS}:
        raise TargetError(
            "--overwrite removes only a Zarr root or an unfinished target of zarrlift",
            place=target.root,
            hint="remove it yourself if that is meant, or name another target",
        )
    return target.count()


def confirm_removal(target: Target, count: int, confirm: Callable[[str], bool]) -> None:
    """Ask before the files of a target are removed; raise `TargetError` on a no."""
    if not confirm(f"Remove {count:,} files in {target.root}?"):
        raise TargetError(
            f"--overwrite would remove {count:,} files",
            place=target.root,
            hint="confirm with --yes",
        )
