"""Plans as JSON: stable names, a schema number, and read back after editing by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zarrlift.errors import UsageError, ZarrliftError
from zarrlift.metadata import codecs
from zarrlift.plan.settings import Exact, Settings, settings_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.cost import ArrayCost, Costs, Figure
    from zarrlift.plan.plan import ArrayPlan, Plan

SCHEMA = 1
T = TypeVar("T")


def plan_to_json(plan: Plan, costs: Costs | None = None) -> dict[str, object]:
    """Return a plan, and its costs where they are known, under the documented names."""
    found = costs.arrays if costs else (None,) * len(plan.arrays)
    layouts = {layout for a in plan.arrays for layout in (a.source, a.target)}
    said = {layout: layout.summary() for layout in layouts}
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-plan",
        "source": plan.source,
        "target": plan.target,
        "version": plan.version,
        "settings": plan.settings.to_json(),
        "arrays": [_array(a, c, said) for a, c in zip(plan.arrays, found, strict=True)],
        "documents": len(plan.documents),
        "files": len(plan.files),
        "totals": _totals(plan, costs),
        "seconds": costs.seconds if costs else None,
        **_asked(costs),
        "findings": [f.to_json() for f in plan.findings],
        "survey_digest": plan.survey_digest,
        "codec_versions": dict(plan.codec_versions),
        "digest": plan.digest,
    }


def _asked(costs: Costs | None) -> dict[str, object]:
    """Return what object stores will be asked for, and what that costs."""
    expected = costs.requests if costs else None
    if costs is None or expected is None:
        return {"requests": None, "money": None}
    prices = costs.prices
    return {
        "requests": expected.to_json(),
        "money": prices.to_json(expected.numbers, expected.kept) if prices else None,
    }


def _array(
    array: ArrayPlan, cost: ArrayCost | None, said: Mapping[ArrayLayout, dict[str, object]]
) -> dict[str, object]:
    made: dict[str, object] = {
        "path": array.path,
        "method": str(array.method),
        "reason": array.reason,
        "source": said[array.source],
        "target": said[array.target],
    }
    if cost is not None:
        figures = {n: getattr(cost, n) for n in ("objects_in", "objects_out", "bytes_in")}
        made |= {name: figure.value for name, figure in figures.items()}
        made["memory"] = cost.memory
        made["amplification"] = cost.amplification
        made["basis"] = {name: str(figure.basis) for name, figure in figures.items()}
    return made


def _totals(plan: Plan, costs: Costs | None) -> dict[str, object]:
    totals: dict[str, object] = {
        "arrays": len(plan.arrays),
        "documents": len(plan.documents),
        "files": len(plan.files),
        "file_bytes": sum(f.size for f in plan.files),
    }
    if costs is not None:
        basis = {}
        for name in ("objects_in", "objects_out", "bytes_in"):
            figure: Figure = costs.total(name)
            totals[name] = figure.value
            basis[name] = str(figure.basis)
        totals["basis"] = basis
        totals["memory_per_worker"] = costs.memory
    return totals


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan as it was saved, perhaps edited: enough to make it again."""

    source: str
    target: str
    settings: Settings
    exact: Mapping[str, Exact]
    survey_digest: str
    codec_versions: Mapping[str, object]


def plan_from_json(document: Mapping[str, object], place: str) -> SavedPlan:
    """Read a saved plan; raise `UsageError` naming what is not understood."""
    if document.get("kind") != "zarrlift-plan" or document.get("schema") != SCHEMA:
        raise UsageError(
            "is no plan of this version", place=place, hint="make one with: zarrlift plan --output"
        )
    try:
        arrays = _typed(document["arrays"], list)
        settings = _typed(document["settings"], dict)
        return SavedPlan(
            source=str(document["source"]),
            target=str(document["target"]),
            settings=settings_from_json(settings),
            exact={str(a["path"]): _exact(a) for a in arrays},
            survey_digest=str(document["survey_digest"]),
            codec_versions=_typed(document["codec_versions"], dict),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"is no whole plan: {error!r}", place=place, hint="make it anew with: zarrlift plan"
        ) from error
    except ZarrliftError as error:
        error.place = f"{place}: {error.place}" if error.place else place
        raise


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value


def _exact(array: Mapping[str, object]) -> Exact:
    target, path = array["target"], str(array["path"]) or "/"
    if not isinstance(target, dict):
        raise UsageError("has no target layout", place=path, hint="make the plan anew")
    chain = target["codecs"]
    if not isinstance(chain, list):
        raise UsageError(
            f"codecs is {chain!r}, not a list", place=path, hint='such as [{"name": "bytes"}, …]'
        )
    try:
        made = tuple(codecs.from_v3(c) for c in chain)
    except ZarrliftError as error:
        raise UsageError(error.message, place=path) from error
    for codec in made:
        if not codec.shared:
            raise UsageError(
                f"codec {codec} is none that v3 readers share",
                place=path,
                hint="use blosc, zstd, gzip, or no compressor",
            )
    shards = target.get("shards")
    return Exact(
        chunks=_sizes(target["chunks"], "chunks", path),
        shards=None if shards is None else _sizes(shards, "shards", path),
        codecs=made,
    )


def _sizes(value: object, what: str, path: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(v) is int for v in value):
        raise UsageError(
            f"{what} is {value!r}, not a list of whole numbers",
            place=path,
            hint="write it in array order, such as [1, 1, 1, 4096, 4096]",
        )
    return tuple(value)


def check_edited(plan_arrays: set[str], saved: SavedPlan) -> None:
    """Raise `UsageError` where a saved plan names other arrays than the source has."""
    extra, lacking = saved.exact.keys() - plan_arrays, plan_arrays - saved.exact.keys()
    if extra or lacking:
        named = min(extra or lacking) or "/"
        kind = "names an array that the source lacks" if extra else "lacks an array"
        raise UsageError(f"the plan {kind}: {named}", hint="make the plan anew")
