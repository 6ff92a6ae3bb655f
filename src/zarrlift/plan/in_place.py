"""What an upgrade in place writes: documents beside those of v2; every chunk stays where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zarrlift.errors import SourceError
from zarrlift.findings import Finding, error
from zarrlift.metadata import codecs
from zarrlift.plan import methods
from zarrlift.plan.documents import Document, documents, lift_attributes
from zarrlift.plan.plan import ArrayPlan, missing_arrays, refuse_version
from zarrlift.survey.facts import NodeKind

if TYPE_CHECKING:
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.documents import Names
    from zarrlift.survey.facts import Survey

_OME_VERSION = "0.5"
_OF_COPIES = frozenset({"both-formats", "link-outside", "link-loop", "link-dangling"})
_REASON = "same chunks, codecs and keys; only documents are written"


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """An upgrade in place, decided."""

    source: str
    version: str | None
    """OME-Zarr version that is there; None for plain Zarr."""
    arrays: tuple[ArrayPlan, ...]
    """Every array, its method `keep`; an array that cannot keep its codecs has a finding too."""
    documents: tuple[Document, ...]
    """Every document, deepest first, the root's last; arrays that cannot keep codecs have none."""
    implicit: int
    """Folders without documents of their own that become groups."""
    findings: tuple[Finding, ...]


def plan_in_place(survey: Survey, *, plain_zarr: bool = False) -> InPlace:
    """Decide an upgrade in place; arrays whose codecs v3 readers do not share are findings.

    Raises `SourceError` for a hierarchy of Zarr v3, and unless `plain_zarr` for one without OME
    metadata.
    """
    if survey.zarr_format != 2:  # noqa: PLR2004 - Zarr's version
        raise SourceError(
            "this is Zarr v3 already (OME-Zarr 0.5 or later)",
            place=survey.source,
            hint="there is nothing to do in place; zarrlift convert writes a copy of it",
        )
    refuse_version(survey, plain_zarr=plain_zarr)
    lifted = lift_attributes(survey, _OME_VERSION)
    arrays = tuple(
        _kept(n.path, n.layout, lifted.names.get(n.path)) for n in survey.arrays if n.layout
    )
    unfit = {a.path: _unshared(a) for a in arrays if not codecs.all_shared(a.source.codecs)}
    made = documents(survey, lifted, {a.path: a.target for a in arrays})
    found = [f for f in survey.findings if f.rule not in _OF_COPIES and f.rule != "special-file"]
    return InPlace(
        source=survey.source,
        version=survey.version,
        arrays=arrays,
        documents=tuple(sorted((d for d in made if d.path not in unfit), key=_place)),
        implicit=sum(1 for n in survey.nodes if n.kind is NodeKind.IMPLICIT),
        findings=(*found, *lifted.findings, *missing_arrays(lifted), *unfit.values()),
    )


def _kept(path: str, source: ArrayLayout, names: Names) -> ArrayPlan:
    """Give the layout that the bytes have already, under v3's words and with dimension names."""
    return ArrayPlan(
        path=path,
        method=methods.Method.KEEP,
        reason=_REASON,
        source=source,
        target=replace(source, dimension_names=names),
    )


def _unshared(array: ArrayPlan) -> Finding:
    names = ", ".join(methods.unshared(array.source.codecs))
    message = f"{names} is not shared by v3 readers, so the chunks cannot stay as they are"
    return error("codec-unshared", array.path, message)


def _place(document: Document) -> tuple[int, str]:
    """Order documents deepest first, the root last: only then is there a v3 dataset."""
    path = document.path
    return (-(path.count("/") + 1) if path else 1), path
