"""Repairs of documents that hold anything: no fault, and nothing left to repair afterwards."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.build import write_json
from zarrlift.repair.run import REPAIRS, chosen, plan_repairs
from zarrlift.store.folder import Folder
from zarrlift.survey.look import look

_PLAIN = (None, True, 0, 0.4, 0.5, "", "0.4", "0.5", "0.5-dev", "0.6rc0", "a", "..")
_NESTED: tuple[Any, ...] = (
    [],
    [None],
    {},
    {"a": 1},
    ["y", "x"],
    ["x", "y"],
    [{"name": "y"}],
    {"version": 0.4},
)
ODD = st.sampled_from([*_PLAIN, *_NESTED]).map(copy.deepcopy)


def image(version: str) -> dict[str, Any]:
    """Give the members of an image of a version."""
    axes = [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    scale: dict[str, Any] = {"type": "scale", "scale": [1, 1]}
    if version == "0.6":
        scale |= {"input": {"path": "0"}, "output": {"name": "s"}}
    level = {"path": "0", "coordinateTransformations": [scale]}
    held = (
        {"coordinateSystems": [{"name": "s", "axes": axes}]} if version == "0.6" else {"axes": axes}
    )
    return {
        "multiscales": [{**held, "datasets": [level], "version": "0.4"}],
        "omero": {"channels": []},
    }


def array(zarr_format: int) -> dict[str, Any]:
    """Give the document of an array."""
    if zarr_format == 2:
        return {
            "zarr_format": 2,
            "shape": [4, 4],
            "chunks": [2, 2],
            "dtype": "<u2",
            "order": "C",
        } | {
            "compressor": None,
            "filters": None,
            "fill_value": 0,
        }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4, 4],
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}},
        "chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    }


def plate() -> dict[str, Any]:
    """Give the members of a plate."""
    rows, columns = [{"name": "A"}], [{"name": "1"}]
    return {"plate": {"rows": rows, "columns": columns, "wells": [{"path": "A/1"}], "version": 0.4}}


def hierarchy(version: str) -> dict[str, dict[str, Any]]:
    """Give the documents of a plate that is a collection too, of a field and its labels."""
    well = {"well": {"images": [{"path": "0"}]}}
    groups = {
        "": {**plate(), "bioformats2raw.layout": 3},
        "A/1": well,
        "A/1/0": image(version),
        "A/1/0/labels": {"labels": ["cells"]},
        "A/1/0/labels/cells": {**image(version), "image-label": {"version": "0.4"}},
        "0": image(version),
        "OME": {"series": ["0"]},
    }
    made: dict[str, dict[str, Any]] = {}
    arrays = [f"{path}/0" for path, held in groups.items() if "multiscales" in held]
    if version == "0.4":
        for path, held in groups.items():
            made[f"{path}/.zgroup".lstrip("/")] = {"zarr_format": 2}
            made[f"{path}/.zattrs".lstrip("/")] = held
        made |= {f"{path}/.zarray": array(2) for path in arrays}
        return {**made, ".zmetadata": {"metadata": {}}}
    for path, held in groups.items():
        own = {
            "zarr_format": 3,
            "node_type": "group",
            "attributes": {"ome": {"version": version, **held}},
        }
        made[f"{path}/zarr.json".lstrip("/")] = own
    made["zarr.json"]["consolidated_metadata"] = {"kind": "inline", "metadata": {}}
    return {**made, **{f"{path}/zarr.json": array(3) for path in arrays}}


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Walk the places within a JSON value."""
    if way:
        yield way
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, held in inner:
        yield from places(held, (*way, key))


def put(value: Any, way: tuple[str | int, ...], new: object) -> None:
    """Replace what lies at a place."""
    for key in way[:-1]:
        value = value[key]
    value[way[-1]] = new


@st.composite
def broken(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Draw a hierarchy in which documents are lacking, and odd values lie at some places."""
    held = hierarchy(draw(st.sampled_from(["0.4", "0.5", "0.6"])))
    for key in draw(st.sets(st.sampled_from(sorted(held)), max_size=3)):
        del held[key]
    for _ in range(draw(st.integers(0, 4))):
        key = draw(st.sampled_from(sorted(held)))
        ways = list(places(held[key]))
        if ways:
            put(held[key], draw(st.sampled_from(ways)), draw(ODD))
    return held


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
def test_repaired_once_is_repaired(held: dict[str, dict[str, Any]]) -> None:
    """Whatever documents hold, a plan is made, and after it there is nothing more to do."""
    with tempfile.TemporaryDirectory() as folder:
        for key, document in held.items():
            write_json(Path(folder) / key, document)
        (Path(folder) / "0" / "0" / "0").mkdir(parents=True, exist_ok=True)
        (Path(folder) / "OME").mkdir(exist_ok=True)
        planned = plan_repairs(look(Folder(folder)))
        for change in planned.changes:
            write_json(Path(folder) / change.key, change.after)
        found = look(Folder(folder))
        again = plan_repairs(found)

    assert again.changes == ()
    decided = {
        p: {n: d.value for n, d in f.documents.items()} for p, f in planned.tree.nodes.items()
    }
    read = {p: {n: d.value for n, d in f.documents.items()} for p, f in found.nodes.items()}
    assert json.dumps(decided, sort_keys=True) == json.dumps(read, sort_keys=True)


def test_repairs_have_names_of_their_own() -> None:
    """No two repairs share an id, and each can be asked for alone."""
    ids = [repair.id for repair in REPAIRS]

    assert len(set(ids)) == len(ids)
    assert [chosen([name])[0].id for name in ids] == ids


@pytest.mark.parametrize("version", ["0.4", "0.5", "0.6"])
def test_whole_hierarchy_has_what_the_fuzzing_changes(version: str, tmp_path: Path) -> None:
    """The hierarchy from which broken ones are drawn is repaired in known ways."""
    for key, document in hierarchy(version).items():
        write_json(tmp_path / key, document)

    made = {r for change in plan_repairs(look(Folder(tmp_path))).changes for r in change.repairs}

    due = {"group-added", "indices-added", "version-spelled", "consolidated-refreshed"}
    if version != "0.4":
        due |= {"dimensions-named", "version-repeated"}
    assert made == due
