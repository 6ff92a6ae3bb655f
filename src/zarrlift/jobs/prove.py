"""Verification on its own: any target against any source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from zarrlift.errors import DocumentError, TargetError, UsageError
from zarrlift.jobs.convert import decide
from zarrlift.jobs.options import RunOptions, Silent, Watch, crew_of, threads
from zarrlift.metadata import json_text, ome
from zarrlift.plan.settings import VERSIONS, Settings
from zarrlift.pool import Pool
from zarrlift.store.address import is_remote
from zarrlift.store.target import CLAIM
from zarrlift.verify.level import Level
from zarrlift.verify.result import Checked, verification
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
    stores = options.stores
    held = stores.held_at(target)
    if held.unlisted:
        _refuse_unseen(held)
    settings = Settings(exclude=exclude, plain_zarr=True, ome_version=_version(held))
    plan = decide(source, target, settings, stores=stores, writes=False)
    _refuse_unfinished(held)
    level, checked = options.verify, Checked()
    checked.findings += [f for f in plan.findings if f.rule == "unlisted"]
    remote = is_remote(source) or is_remote(target)
    wanted = threads(options, encodes=level is Level.DECODE, remote=remote)
    with Pool(wanted) as pool:
        pool.turn.worth, pool.apart = not remote, remote
        seen = watch or Silent()
        seen.phase("verifying", None)
        tree = stores.source_at(source)
        verifier = Verifier(
            plan=plan.without_crate(),
            source=tree,
            target=held,
            level=level,
            pool=pool,
            watch=lambda path, done: seen.advance(path, done.bytes),
            crew=crew_of(options, pool.workers, remote=remote),
        )
        layouts = verifier.documents(checked)
        verifier.data(layouts, checked)
        if plan.crate_found:
            from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

            crate.compare(plan, tree, held, checked)
    return verification(plan.source, held.root, level, checked)


def _refuse_unseen(target: Folder) -> NoReturn:
    raise UsageError(
        "a target is verified by its listing, and this address does not list",
        place=target.root,
        hint="name it as s3://BUCKET/KEY, with the endpoint and keys, or verify a copy of it",
    )


def _refuse_unfinished(target: Folder) -> None:
    if target.size("zarr.json") is None:
        unfinished = target.size(CLAIM) is not None
        raise TargetError(
            "the lift is not finished" if unfinished else "there is no Zarr v3 dataset",
            place=target.root,
            hint="run its convert command again" if unfinished else "check the path",
        )


def _version(target: Folder) -> str:
    """Tell the version that a target was written in; 0.5 where it cannot be told."""
    data = target.read("zarr.json") if target.exists() else None
    try:
        attributes = json_text.read_object(data or b"{}", target.path("zarr.json"))["attributes"]
    except (DocumentError, KeyError):
        return VERSIONS[0]
    stated = ome.v3_version(attributes) if isinstance(attributes, dict) else None
    return stated if stated in VERSIONS else VERSIONS[0]
