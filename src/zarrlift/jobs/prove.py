"""Verification on its own: any target against any source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, TargetError
from zarrlift.jobs import crate
from zarrlift.jobs.convert import decide
from zarrlift.jobs.options import RunOptions, Silent, Watch, crew_of, threads
from zarrlift.metadata import json_text, ome
from zarrlift.plan.settings import VERSIONS, Settings
from zarrlift.pool import Pool
from zarrlift.store.folder import tree_at
from zarrlift.store.target import CLAIM
from zarrlift.verify.result import Checked, Level, verification
from zarrlift.verify.run import Verifier

if TYPE_CHECKING:
    from zarrlift.store.folder import Folder
    from zarrlift.verify.result import Verification


def prove(
    source: str,
    target: str,
    options: RunOptions,
    *,
    exclude: tuple[str, ...] = (),
    watch: Watch | None = None,
) -> Verification:
    """Compare a finished target with its source; raise `TargetError` where it is not finished."""
    held = tree_at(target)
    settings = Settings(exclude=exclude, plain_zarr=True, ome_version=_version(held))
    plan = decide(source, target, settings)
    if held.size("zarr.json") is None:
        unfinished = held.size(CLAIM) is not None
        raise TargetError(
            "the lift is not finished" if unfinished else "there is no Zarr v3 dataset",
            place=held.root,
            hint="run its convert command again" if unfinished else "check the path",
        )
    level, checked = options.verify, Checked()
    with Pool(threads(options, encodes=level is Level.DECODE)) as pool:
        seen = watch or Silent()
        seen.phase("verifying", None)
        tree = tree_at(source)
        verifier = Verifier(
            plan=crate.apart(plan),
            source=tree,
            target=held,
            level=level,
            pool=pool,
            watch=lambda path, done: seen.advance(path, done.bytes),
            crew=crew_of(options, pool.workers),
        )
        layouts = verifier.documents(checked)
        verifier.data(layouts, checked)
        crate.compare(plan, tree, held, checked)
    return verification(plan.source, held.root, level, checked)


def _version(target: Folder) -> str:
    """Tell the version that a target was written in; 0.5 where it cannot be told."""
    data = target.read("zarr.json") if target.exists() else None
    try:
        attributes = json_text.read_object(data or b"{}", target.path("zarr.json"))["attributes"]
    except (DocumentError, KeyError):
        return VERSIONS[0]
    stated = ome.v3_version(attributes) if isinstance(attributes, dict) else None
    return stated if stated in VERSIONS else VERSIONS[0]
