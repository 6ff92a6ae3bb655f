"""Verification on its own: any target against any source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.errors import TargetError
from zarrlift.jobs.convert import decide
from zarrlift.jobs.options import RunOptions, Silent, Watch, crew_of, threads
from zarrlift.plan.settings import Settings
from zarrlift.pool import Pool
from zarrlift.store.folder import Folder
from zarrlift.store.target import CLAIM
from zarrlift.verify.result import Checked, Level, verification
from zarrlift.verify.run import Verifier

if TYPE_CHECKING:
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
    plan = decide(source, target, Settings(exclude=exclude, plain_zarr=True))
    held = Folder(target)
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
        verifier = Verifier(
            plan=plan,
            source=Folder(source),
            target=held,
            level=level,
            pool=pool,
            watch=lambda path, done: seen.advance(path, done.bytes),
            crew=crew_of(options, pool.workers),
        )
        layouts = verifier.documents(checked)
        verifier.data(layouts, checked)
    return verification(plan.source, held.root, level, checked)
