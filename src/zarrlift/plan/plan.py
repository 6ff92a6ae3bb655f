"""`Plan`: what a lift writes, from the survey and the settings alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import SourceError, UsageError
from zarrlift.findings import Finding, warning
from zarrlift.metadata import codec_check
from zarrlift.plan import methods, shapes
from zarrlift.plan.documents import Document, Names, documents, lift_attributes, noted
from zarrlift.plan.settings import VERSIONS, Rulebook
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.documents import Lifted
    from zarrlift.plan.methods import Method
    from zarrlift.plan.settings import Exact, Settings, Shape, Wish
    from zarrlift.store.asking import Requests
    from zarrlift.survey.facts import Node, PlainFile, Survey

ENGINE = 2
"""Raised when the same plan would give other bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayPlan:
    """What happens to one array."""

    path: str
    method: Method
    reason: str
    source: ArrayLayout
    target: ArrayLayout

    @property
    def objects_in(self) -> int:
        """Return how many chunk objects the source can have at most."""
        return grid.count(self.source.object_grid)

    @property
    def objects_out(self) -> int:
        """Return how many objects the target can have at most."""
        return grid.count(self.target.object_grid)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole lift, decided."""

    source: str
    target: str
    version: str | None
    """OME-Zarr version of the source; None for plain Zarr."""
    settings: Settings
    arrays: tuple[ArrayPlan, ...]
    documents: tuple[Document, ...]
    files: tuple[PlainFile, ...]
    findings: tuple[Finding, ...]
    survey_digest: str
    codec_versions: tuple[tuple[str, str], ...] = ()
    """Libraries that encode, where anything is encoded anew."""
    crate_found: bool = False
    """The source has a crate, which is copied with the files or, with settings, merged."""
    surveyed: Requests | None = field(default=None, compare=False)
    """What the survey asked an object store for."""

    @property
    def encodes(self) -> bool:
        """Say whether any array is decoded and encoded anew."""
        return any(not a.method.undecoded for a in self.arrays)

    @cached_property
    def digest(self) -> str:
        """Identify what the plan writes: the same digest gives the same bytes."""
        facts = [
            ENGINE,
            self.survey_digest,
            str(self.settings.damaged),
            sorted(self.settings.exclude),
            self.settings.ome_version,
            [[a.path, str(a.method), a.target.fingerprint()] for a in self.arrays],
            list(self.codec_versions),
            *([self.settings.notes] if self.settings.notes else []),
        ]
        if self.settings.crate is not None:
            facts.append(self.settings.crate.to_json())
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def without_crate(self) -> Plan:
        """Return a plan whose files do not have the crate, which is compared by what it says."""
        files = tuple(f for f in self.files if f.path != CRATE)
        return replace(self, files=files, crate_found=False)

    def __repr__(self) -> str:
        """Say in one line what would happen."""
        by_method: dict[str, int] = {}
        for a in self.arrays:
            by_method[str(a.method)] = by_method.get(str(a.method), 0) + 1
        counts = ", ".join(f"{n} {m}" for m, n in sorted(by_method.items())) or "no arrays"
        return (
            f"Plan({self.source!r} -> {self.target!r}: {counts}; "
            f"{len(self.documents)} documents, {len(self.files)} other files)"
        )


def make_plan(
    survey: Survey, target: str, settings: Settings, exact: Mapping[str, Exact] | None = None
) -> Plan:
    """Decide a lift; `exact` overrides the wishes for arrays that an edited plan states.

    Raises `SourceError` for a hierarchy without OME metadata (unless `plain_zarr`),
    `UsageError` for wishes that cannot be met, naming array and axis.
    """
    refuse_version(survey, plain_zarr=settings.plain_zarr)
    if settings.max_files is not None:
        settings = _settings_for_max_files(survey, settings)
    lifted = lift_attributes(survey, settings.ome_version)
    chooser = _Chooser(survey, lifted.names, settings)
    shapes.check_wishes(
        [settings.wish, *(r.wish for r in settings.rules)],
        {n.layout.ndim: n.path for n in reversed(tuple(survey.arrays)) if n.layout},
        {name for names in lifted.names.values() for name in names or ()},
    )
    arrays = tuple(chooser.plan(n, (exact or {}).get(n.path)) for n in survey.arrays)
    unused = tuple(
        warning("pattern-unused", "", f"layout rule {rule.pattern} matches no array")
        for rule in Rulebook(settings.rules).unused({a.path for a in arrays})
    )
    return Plan(
        source=survey.source,
        target=target,
        version=survey.version,
        settings=settings,
        arrays=arrays,
        documents=documents(survey, noted(lifted, settings), {a.path: a.target for a in arrays}),
        files=tuple(f for f in survey.files if settings.crate is None or f.path != CRATE),
        crate_found=any(f.path == CRATE for f in survey.files),
        findings=(*survey.findings, *lifted.findings, *missing_arrays(lifted), *unused),
        survey_digest=survey.digest,
    )


def missing_arrays(lifted: Lifted) -> tuple[Finding, ...]:
    """Report the arrays that images name and that are not there."""
    return tuple(
        warning("array-missing", image, f"the image names {path!r}, which is not there")
        for image, path in lifted.missing
    )


_KNOWN_V2 = ("0.1", "0.2", "0.3", "0.4")


def refuse_version(survey: Survey, *, plain_zarr: bool) -> None:
    """Raise `SourceError` where there is no OME metadata, or of a version that is not known."""
    if survey.version is None and not plain_zarr:
        raise SourceError(
            "this is a Zarr hierarchy without OME metadata",
            place=survey.source,
            hint="lift it all the same with --plain-zarr, or name the OME-Zarr group",
        )
    known = _KNOWN_V2 if survey.zarr_format == 2 else (*_KNOWN_V2, *VERSIONS)  # noqa: PLR2004
    if survey.version is not None and survey.version not in known:
        raise SourceError(
            f"OME-Zarr version {survey.version!r} in Zarr v{survey.zarr_format} documents is not "
            "known",
            place=survey.source,
            hint=f"{', '.join(known)} are lifted; correct the version member if it is a slip",
        )


class _Chooser:
    """Turns wishes into layouts; equal arrays are decided once."""

    def __init__(self, survey: Survey, names: Mapping[str, Names], settings: Settings) -> None:
        self._names, self._settings = names, settings
        self._rules = Rulebook(settings.rules)
        self._reference: dict[int, Names] = {}
        for node in survey.arrays:
            found = names.get(node.path)
            if found is not None:
                self._reference.setdefault(len(found), found)
        self._decided: dict[object, ArrayPlan] = {}

    def plan(self, node: Node, exact: Exact | None) -> ArrayPlan:
        """Decide one array."""
        layout = node.layout
        if layout is None:
            raise TypeError(node)
        wish = self._rules.wish_for(node.path) or self._settings.wish
        names = self._names.get(node.path)
        key = (layout, names, wish, exact)
        if key not in self._decided:
            self._decided[key] = self._decide(node.path, layout, names, wish, exact)
        return replace(self._decided[key], path=node.path)

    def _decide(
        self, path: str, source: ArrayLayout, names: Names, wish: Wish, exact: Exact | None
    ) -> ArrayPlan:
        base = methods.base_target(source, names)
        target = _stated(path, base, exact) if exact else self._wished(base, names, wish)
        shapes.check_shards(path, target, names)
        shapes.check_index(path, target, large=self._settings.large_index)
        return ArrayPlan(
            path=path,
            method=methods.choose(source, target),
            reason=methods.reason(source, target),
            source=source,
            target=target,
        )

    def _wished(self, base: ArrayLayout, names: Names, wish: Wish) -> ArrayLayout:
        variable = base.data_type.variable
        chunks = base.chunks
        if not variable:
            chunks = shapes.wished_chunks(wish.chunks, base, names, self._like(wish.chunks))
        coded = replace(
            base,
            chunks=chunks,
            codecs=methods.target_codecs(base, "keep" if variable else wish.codec),
        )
        return replace(coded, shards=self._shards(coded, names, wish))

    def _like(self, wish: Shape) -> Names:
        """Give the axis names of an image with as many axes as a wish has sizes."""
        return self._reference.get(len(wish.sizes))

    def _shards(self, layout: ArrayLayout, names: Names, wish: Wish) -> tuple[int, ...] | None:
        if wish.shards.word == "none" or layout.data_type.variable:
            return None
        if wish.shards.word == "auto":
            return shapes.auto_shards(layout, names, self._settings.shard_size)
        if wish.shards.word == "whole":
            return shapes.whole_shards(layout, names, self._settings.shard_size)
        return shapes.wished_shards(wish.shards, layout, names, self._like(wish.shards))


def _stated(path: str, base: ArrayLayout, exact: Exact) -> ArrayLayout:
    shards = exact.chunks if exact.shards is None else exact.shards
    for what, shape in (("chunks", exact.chunks), ("shards", shards)):
        if len(shape) != base.ndim or min(shape, default=1) < 1:
            raise UsageError(
                f"{what} {list(shape)} do not fit an array of {base.ndim} axes",
                place=path or "/",
                hint=f"give {base.ndim} sizes of at least 1",
            )
    problem = codec_check.chain_problem(exact.codecs, base)
    if problem:
        raise UsageError(
            problem, place=path or "/", hint="write the codecs as Zarr v3 documents have them"
        )
    several = shards if shards != exact.chunks else None
    return replace(base, chunks=exact.chunks, shards=several, codecs=exact.codecs)


def _settings_for_max_files(survey: Survey, settings: Settings) -> Settings:
    """Raise the automatic shard size until the target needs no more files than asked for."""
    most = settings.max_files or 0
    size = settings.shard_size
    while True:
        tried = replace(settings, shard_size=size, max_files=None)
        plan = make_plan(survey, "", tried)
        needed = sum(a.objects_out for a in plan.arrays) + len(plan.documents) + len(plan.files)
        if needed <= most:
            return replace(tried, max_files=most)
        if all(a.objects_out <= 1 for a in plan.arrays) or size > 2**50:
            raise UsageError(
                f"the dataset cannot be written in {most:,} files; the least is {needed:,}",
                hint="documents and plain files count too",
            )
        size *= 2
