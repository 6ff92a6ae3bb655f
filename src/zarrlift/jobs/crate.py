"""Crates from reading to writing: on their own, within a lift, within an upgrade."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zarrlift.crate.check import check_missing, judge
from zarrlift.crate.compose import Made, compose, has_made
from zarrlift.crate.graph import read_graph, write_graph
from zarrlift.crate.lost import compare_crates
from zarrlift.crate.shown import shown
from zarrlift.errors import SourceError, TargetError
from zarrlift.findings import Finding, Severity, warning
from zarrlift.jobs import changes
from zarrlift.jobs.stores import Stores, public_address
from zarrlift.metadata import json_text
from zarrlift.store.address import is_remote
from zarrlift.store.in_place import V2_DOCUMENTS
from zarrlift.survey.facts import CRATE
from zarrlift.survey.names import can_be
from zarrlift.survey.refusals import refuse_no_hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zarrlift.crate.graph import Graph
    from zarrlift.crate.shown import Crate
    from zarrlift.jobs.record import Written
    from zarrlift.plan.crate import CrateWords
    from zarrlift.plan.plan import Plan
    from zarrlift.store.folder import Folder
    from zarrlift.store.in_place import Dataset
    from zarrlift.verify.result import Checked

_DOCUMENT = "zarr.json"
_NO_LICENSE_RULE = "crate-license-missing"
_NO_LICENSE = "the crate states no licence; zarrlift crate URL --set license=cc-by adds one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The outcome of saying something in the crate of a dataset."""

    crate: Crate
    """As it is now."""
    given: tuple[str, ...]
    """Names of what was said."""
    created: bool
    """There was none before."""
    changed: bool
    """It was written; else it said all of this already."""

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        state = "created" if self.created else "changed" if self.changed else "already so"
        return f"Described({self.crate.source!r}: {state}, {', '.join(self.given)})"


def look(url: str, stores: Stores | None = None) -> Crate:
    """Read and check the crate of a dataset; what is wrong with it are findings.

    Raises `SourceError` where there is no Zarr hierarchy.
    """
    tree = (stores or Stores()).source_at(url)
    _refuse_no_dataset(tree)
    data = tree.read(CRATE)
    if data is None:
        return shown(tree.root, None, check_missing(), exists=False)
    graph, found = judge(data, lambda keys: _there(tree, keys))
    return shown(tree.root, graph, found, exists=True)


def check_at(tree: Folder, dataset: str, data: bytes) -> list[Finding]:
    """Check the crate of a dataset that lies at a path of a tree."""
    below = f"{dataset}/" if dataset else ""
    _, found = judge(data, lambda keys: _there(tree, [below + key for key in keys]))
    return [replace(f, path=below + f.path) for f in found]


def _there(tree: Folder, keys: Sequence[str]) -> Iterator[bool]:
    """Say of files, and of folders, whose paths end with a slash, whether they are there.

    Where there are no folders, anything below a key will do; where nothing lists, none is missed.
    """

    def holds(key: str) -> bool:
        name = key.rstrip("/")
        if not can_be(name):
            return False
        if tree.unlisted:
            return key.endswith("/") or tree.size(name) is not None
        return tree.size(name) is not None or (tree.remote and tree.has_folder(name))

    return tree.fetcher.map(holds, keys) if tree.remote else map(holds, keys)  # type: ignore[attr-defined]


def describe(
    url: str, words: CrateWords, *, fsync: bool = False, stores: Stores | None = None
) -> Described:
    """Say something in the crate of a dataset, which is made where there is none.

    Raises a `ZarrliftError` where it cannot be done; `undo` takes it back.
    """
    stores = stores or Stores()
    if stores.held_at(url).packed:
        raise TargetError(
            "a zipped OME-Zarr is not changed in place",
            place=url,
            hint="convert it to a folder, or into another archive with --license and the like",
        )
    dataset = stores.dataset_at(url, fsync=fsync)
    _refuse_no_dataset(dataset)
    with dataset.alone():
        changes.settle(dataset)
        before = dataset.read(CRATE)
        data = _composed(before, words, dataset.root, dataset.path(CRATE), part=_part(dataset))
        if data != before:
            dataset.refuse_locked([""])
            changes.write(dataset, data)
        dataset.tidy()
    return Described(
        crate=look(url, stores), given=words.given, created=before is None, changed=data != before
    )


def plan_findings(plan: Plan, source: Folder) -> tuple[Finding, ...]:
    """Say what a lift's crate lacks; raise `SourceError` where the source's cannot be merged."""
    words = plan.settings.crate
    if words is None:
        return ()
    found = _mergeable(_found(plan, source), f"{plan.source}/{CRATE}")
    return _lacking(words, found)


def of_plan(plan: Plan, source: Folder) -> bytes:
    """Give the crate of a lift, dated now."""
    words, now = plan.settings.crate, _now()
    if words is None:
        raise TypeError(plan)
    made = Made(
        digest=plan.digest,
        source=_source_name(plan.source),
        target=f"OME-Zarr {plan.settings.ome_version}" if plan.version else "Zarr v3",
        found=f"OME-Zarr {plan.version}" if plan.version else "Zarr",
        version=_own_version(),
        instant=now,
    )
    place = f"{plan.source}/{CRATE}"
    return _composed(_found(plan, source), words, plan.source, place, part=_DOCUMENT, made=made)


def confirm(plan: Plan, target: Folder) -> Plan:
    """Raise `TargetError` where a finished target's crate was not made by this plan.

    Gives the plan without the warning of a licence that was lacking, where it was said since.
    """
    if plan.settings.crate is None:
        return plan
    data = target.read(CRATE)
    graph = read_graph(data)[0] if data is not None else None
    if graph is None or not has_made(graph, plan.digest):
        raise TargetError(
            "the target is finished, and its crate was not made by these settings",
            place=target.root,
            hint="zarrlift crate DST --set changes what it says; --overwrite replaces the target",
        )
    if not (graph.root and graph.root.get("license")):
        return plan
    return replace(plan, findings=tuple(f for f in plan.findings if f.rule != _NO_LICENSE_RULE))


def compare(plan: Plan, source: Folder, target: Folder, checked: Checked) -> None:
    """Compare the crates of source and target: nothing may be lost, more may be said."""
    data = source.read(CRATE) if plan.crate_found else None
    if data is not None:
        checked.files += 1
        checked.findings += compare_crates(data, target.read(CRATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeCrate:
    """The crate that an upgrade writes."""

    words: CrateWords
    digest: str
    """Of the documents and of what is said."""
    version: str | None
    already: bool
    """It is there, from an earlier run."""
    findings: tuple[Finding, ...]


def of_upgrade(
    dataset: Dataset, words: CrateWords, version: str | None, documents: Iterable[Written]
) -> UpgradeCrate:
    """Decide the crate of an upgrade; raise `SourceError` where the one there cannot be merged."""
    facts = [sorted([w.key, w.digest] for w in documents), words.to_json()]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    found = _mergeable(dataset.read(CRATE), dataset.path(CRATE))
    already = found is not None and has_made(found, digest)
    return UpgradeCrate(
        words=words,
        digest=digest,
        version=version,
        already=already,
        findings=_lacking(words, found),
    )


def write_upgraded(dataset: Dataset, crate: UpgradeCrate) -> None:
    """Write the crate of an upgrade, whose undo takes it back too."""
    made = Made(
        digest=crate.digest,
        source=_source_name(dataset.root),
        target="OME-Zarr 0.5" if crate.version else "Zarr v3",
        found=f"OME-Zarr {crate.version}" if crate.version else "Zarr",
        version=_own_version(),
        instant=_now(),
    )
    place = dataset.path(CRATE)
    found = dataset.read(CRATE)
    data = _composed(found, crate.words, dataset.root, place, part=_DOCUMENT, made=made)
    changes.write(dataset, data, joint=True)


def _composed(
    found: bytes | None,
    words: CrateWords,
    root: str,
    place: str,
    *,
    part: str | None,
    made: Made | None = None,
) -> bytes:
    graph = _mergeable(found, place)
    document = compose(graph, words, name=_own_name(root), today=_now()[:10], made=made, part=part)
    same = found is not None and graph is not None and document == graph.document
    return found if same and found is not None else write_graph(document)


def _mergeable(data: bytes | None, place: str) -> Graph | None:
    """Read a crate that is to be added to; raise `SourceError` where that would lose something."""
    if data is None:
        return None
    graph, found = read_graph(data)
    if graph is None or graph.root is None:
        problem = next(f.message for f in found if f.severity is Severity.ERROR)
    elif lost := json_text.loss(data):
        problem = f"it would lose {lost}"
    else:
        return graph
    raise SourceError(
        f"the crate that is there cannot be added to: {problem}",
        place=place,
        hint="mend it or move it away; it is never overwritten",
    )


def _lacking(words: CrateWords, found: Graph | None) -> tuple[Finding, ...]:
    there = found is not None and found.root is not None and bool(found.root.get("license"))
    if words.license or there:
        return ()
    return (warning("crate-license-missing", CRATE, _NO_LICENSE),)


def _found(plan: Plan, source: Folder) -> bytes | None:
    return source.read(CRATE) if plan.crate_found else None


def _refuse_no_dataset(tree: Folder) -> None:
    names = ("zarr.json", *V2_DOCUMENTS)
    if not tree.exists() or all(tree.size(name) is None for name in names):
        refuse_no_hierarchy(tree)


def _part(dataset: Dataset) -> str | None:
    """Give the document that a crate names; those of v2 may go with an upgrade, so none of them."""
    return _DOCUMENT if dataset.size(_DOCUMENT) is not None else None


def _source_name(root: str) -> str:
    """Give what may be told of a place: an address that others know, or a folder's own name."""
    return public_address(root) if is_remote(root) else _own_name(root)


def _own_name(root: str) -> str:
    return root.rstrip("/").rpartition("/")[2] or root


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _own_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow to load

    return version("zarrlift")
