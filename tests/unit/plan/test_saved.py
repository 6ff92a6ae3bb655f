"""Plans as JSON: saved, edited by hand, and read back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.unit.layouts import LZ4, ZLIB, layout_of, text_layout
from tests.unit.surveys import array, cells, group, survey_of
from zarrlift.errors import UsageError
from zarrlift.plan import cost
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.saved import check_edited, plan_from_json, plan_to_json
from zarrlift.plan.settings import Settings, parse_rules, parse_wish
from zarrlift.survey.facts import Survey

ODD_TYPES = survey_of(
    group("", {"plate": {}}),
    array("names", text_layout((4,))),
    array("point", layout_of((), (), dtype=">f8", fill="NaN")),
    array("none", layout_of((0, 4), (1, 4), dtype="<M8[ns]", compressor=None, order="F")),
    array("complex", layout_of((9,), (2,), dtype="<c8", fill=[1, "Infinity"])),
)


def saved(plan: Plan) -> dict[str, Any]:
    """Give a plan's JSON as it is after a trip to a file."""
    made: dict[str, Any] = json.loads(json.dumps(plan_to_json(plan), allow_nan=False))
    return made


def compressor(name: str, **settings: object) -> list[dict[str, object]]:
    """Give a chain of little-endian bytes and one compressor."""
    return [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": name, "configuration": settings},
    ]


def remade(edited: dict[str, Any]) -> Plan:
    """Make the plan again from its JSON."""
    back = plan_from_json(edited, "plan.json")
    return make_plan(cells(), back.target, back.settings, back.exact)


def document(**target: object) -> dict[str, Any]:
    """Give a saved plan with members of the first array's target changed."""
    made = saved(make_plan(cells(), "/t", Settings()))
    made["arrays"][0]["target"] |= target
    return made


@pytest.mark.parametrize(
    ("found", "settings"),
    [
        pytest.param(cells(), Settings(), id="packed"),
        pytest.param(cells(LZ4), Settings(), id="recoded"),
        pytest.param(cells(ZLIB), Settings(), id="rewrapped"),
        pytest.param(cells(), Settings(wish=parse_wish("y=256", "none", "zstd:1")), id="rechunked"),
        pytest.param(
            cells(),
            Settings(
                rules=parse_rules({"labels/*": {"shards": "z=4", "codec": "none"}}, parse_wish()),
                exclude=("*.tmp",),
                max_files=100,
                large_index=True,
            ),
            id="ruled",
        ),
        pytest.param(ODD_TYPES, Settings(), id="odd-types"),
    ],
)
def test_saved_plan_makes_the_same_plan(found: Survey, settings: Settings) -> None:
    """A plan made again from its JSON and the survey is the same plan, digest and all."""
    plan = make_plan(found, "/t", settings)

    back = plan_from_json(saved(plan), "plan.json")

    assert (back.source, back.target, back.survey_digest) == (plan.source, "/t", "d1")
    assert back.settings == plan.settings
    again = make_plan(found, back.target, back.settings, back.exact)
    assert again.arrays == plan.arrays
    assert again.digest == plan.digest


def test_documented_names() -> None:
    """The JSON has the documented members, and each figure says how it came about."""
    plan = make_plan(cells(), "/t", Settings())

    made: Any = plan_to_json(plan, cost.costs(plan, {}, {}))

    assert (made["schema"], made["kind"], made["version"]) == (1, "zarrlift-plan", "0.4")
    assert {"source", "target", "arrays", "documents", "files", "totals", "seconds"} <= made.keys()
    first = made["arrays"][0]
    assert {"path", "method", "reason", "objects_in", "objects_out", "bytes_in"} <= first.keys()
    assert {"shape", "dtype", "chunks", "shards", "codecs"} <= first["source"].keys()
    assert {"shape", "dtype", "chunks", "shards", "codecs"} <= first["target"].keys()
    assert first["basis"] == {"objects_in": "bound", "objects_out": "bound", "bytes_in": "bound"}
    assert first["memory"] > 0
    assert made["totals"]["objects_in"] == sum(a["objects_in"] for a in made["arrays"])
    assert made["totals"]["file_bytes"] == 2000


def test_edits_arrive() -> None:
    """Chunks, shards and codec changed by hand are what is read."""
    chain = compressor("zstd", level=1, checksum=False)
    back = plan_from_json(
        document(chunks=[1, 1, 1, 512, 512], shards=None, codecs=chain), "plan.json"
    )

    assert back.exact["0"].chunks == (1, 1, 1, 512, 512)
    assert back.exact["0"].shards is None
    assert [str(c) for c in back.exact["0"].codecs] == ["little-endian", "zstd:1"]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param({"chunks": "1,1,1,512,512"}, id="chunks-text"),
        pytest.param({"chunks": [1, 1, 1, 512.0, 512]}, id="chunks-fraction"),
        pytest.param({"chunks": None}, id="chunks-null"),
        pytest.param({"shards": "auto"}, id="shards-word"),
        pytest.param({"shards": [1, 1, 1, True, 512]}, id="shards-bool"),
        pytest.param({"codecs": compressor("numcodecs.lz4")}, id="numcodecs"),
        pytest.param({"codecs": compressor("jpeg")}, id="unknown"),
        pytest.param({"codecs": compressor("blosc", cname="snappy")}, id="snappy"),
        pytest.param({"codecs": compressor("sharding_indexed")}, id="sharding"),
        pytest.param({"codecs": [{"configuration": {}}]}, id="nameless"),
    ],
)
def test_edits_of_another_kind_name_the_array(target: dict[str, object]) -> None:
    """An edit that is no shape, or a codec that v3 readers lack, is refused with its array."""
    with pytest.raises(UsageError) as caught:
        plan_from_json(document(**target), "plan.json")

    assert caught.value.place == "plan.json: 0"


BLOSC = {"typesize": 2, "cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param([], id="no-codec"),
        pytest.param(compressor("gzip", level=5)[1:], id="no-bytes"),
        pytest.param([{"name": "bytes"}], id="no-endian"),
        pytest.param([{"name": "vlen-utf8"}], id="text"),
        pytest.param([*compressor("gzip", level=5), {"name": "bytes"}], id="bytes-twice"),
        pytest.param(
            [
                {"name": "transpose", "configuration": {"order": [1, 0]}},
                {"name": "bytes", "configuration": {"endian": "little"}},
            ],
            id="order-axes",
        ),
        pytest.param(compressor("gzip", level=99), id="gzip-level"),
        pytest.param(compressor("gzip", level={"is": 5}), id="gzip-level-object"),
        pytest.param(compressor("gzip", level=[[5]]), id="gzip-level-list"),
        pytest.param(compressor("gzip"), id="gzip-bare"),
        pytest.param(compressor("zstd", level="high", checksum=False), id="zstd-level"),
        pytest.param(compressor("blosc", **{**BLOSC, "shuffle": "auto"}), id="blosc-shuffle"),
        pytest.param(compressor("blosc", cname="lz4"), id="blosc-bare"),
        pytest.param(compressor("blosc", **{**BLOSC, "clevel": 10}), id="blosc-level"),
    ],
)
def test_codecs_that_cannot_work_are_refused(chain: list[dict[str, object]]) -> None:
    """A codec chain edited to one that encodes nothing readable is refused, naming the array."""
    with pytest.raises(UsageError) as caught:
        remade(document(codecs=chain))

    assert str(caught.value.place).endswith("0")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "zarrlift-report"},
        {"schema": 2},
        {"schema": None},
        {"arrays": {}},
        {"arrays": [3]},
        {"arrays": [{"path": "0"}]},
        {"settings": []},
        {"settings": {}},
    ],
    ids=str,
)
def test_what_is_no_plan_is_refused_with_its_place(changed: dict[str, object]) -> None:
    """A document of another kind, schema or shape is an error that names the file."""
    with pytest.raises(UsageError) as caught:
        plan_from_json({**document(), **changed}, "plan.json")

    assert str(caught.value.place).startswith("plan.json")


@pytest.mark.parametrize("member", ["source", "target", "arrays", "settings", "survey_digest"])
def test_missing_members_are_refused(member: str) -> None:
    """A plan without one of its members is not whole."""
    found = document()
    del found[member]

    with pytest.raises(UsageError, match="no whole plan"):
        plan_from_json(found, "plan.json")


def test_plans_for_other_arrays_are_refused() -> None:
    """A saved plan that names an array too many, or one too few, is not carried out."""
    arrays = {"0", "1", "labels/nuclei/0"}
    whole = plan_from_json(document(), "plan.json")
    check_edited(arrays, whole)

    with pytest.raises(UsageError, match="names an array that the source lacks: 1"):
        check_edited(arrays - {"1"}, whole)
    with pytest.raises(UsageError, match="lacks an array: 2"):
        check_edited(arrays | {"2"}, whole)


def test_saving_leaves_the_plan_alone() -> None:
    """Editing the JSON does not reach into the plan it came from."""
    plan = make_plan(cells(), "/t", Settings())
    before = copy.deepcopy(plan_to_json(plan))

    made: Any = plan_to_json(plan)
    made["arrays"][0]["target"]["chunks"][0] = 7
    made["arrays"][1]["target"]["codecs"].clear()
    made["settings"].clear()

    assert plan_to_json(plan) == before
