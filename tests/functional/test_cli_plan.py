"""`plan` and `run`: what is shown, that nothing is written, and that the plan is carried out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import zarrlift as zl
from tests.build_ome import write_plate
from tests.functional.runs import (
    LIFTS,
    Lift,
    Word,
    as_printed,
    lift_of,
    times,
    tree,
    widest,
    write_sample,
    zarrlift,
)
from tests.oracles import every_array


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that is planned."""
    return write_sample(tmp_path_factory.mktemp("plan") / "image.zarr")


def printed_command(said: str) -> str:
    """Give the command that a plan ends with."""
    return said.rstrip().rpartition("To do it:\n")[2].strip()


def test_plan_writes_nothing(source: Path, tmp_path: Path) -> None:
    """A plan leaves source and target as they were, to the second."""
    before = times(source)

    ran = zarrlift("plan", source, tmp_path / "a" / "lifted.zarr", "--count")

    assert ran.code == 0
    assert ran.err == ""
    assert list(tmp_path.iterdir()) == []
    assert times(source) == before
    assert "Nothing has been written" in ran.out


def test_plan_at_80_columns(tmp_path: Path) -> None:
    """A plan of paths that are not long themselves fits the terminal."""
    write_sample(tmp_path / "image.zarr")

    ran = zarrlift("plan", "image.zarr", "lifted.zarr", "--chunks", "y=8,x=8", cwd=tmp_path)

    assert widest(ran.out.replace(str(tmp_path), "")) <= 80


def test_like_arrays_are_one_row(tmp_path: Path) -> None:
    """The levels of all fields of a plate are as many rows as there are layouts."""
    write_plate(tmp_path / "plate.zarr", wells=("A/1", "A/2", "B/1", "B/2"), fields=3)

    ran = zarrlift("plan", "plate.zarr", "lifted.zarr", cwd=tmp_path)

    rows = [line for line in ran.out.splitlines() if re.match(r"(pack|copy) ", line)]
    assert len(rows) == 2
    assert all(re.search(r"A/1/0/\d and 11 alike ", row) for row in rows), rows
    assert "In all    24 arrays" in ran.out


def test_why_stands_under_what_is_not_kept(source: Path, tmp_path: Path) -> None:
    """Each array that is decoded has its reason below it; the others have none."""
    ran = zarrlift("plan", source, tmp_path / "lifted.zarr")

    rows = re.split(r"\n(?=pack|copy|recode|rechunk|\nIn all)", ran.out)
    reasons = {r.split()[0]: "why:" in r for r in rows if re.match(r"(pack|copy|recode) ", r)}
    assert reasons == {"pack": False, "recode": True}
    assert "zlib" in ran.out


def test_counts_are_exact_where_asked(source: Path, tmp_path: Path) -> None:
    """Bounds and estimates say that they are; with --count the figures are those of the folder."""
    bound = zarrlift("plan", source, tmp_path / "lifted.zarr").out
    counted = zarrlift("plan", source, tmp_path / "lifted.zarr", "--count").out
    chunks = [p for p in source.rglob("*") if p.name.isdigit() and p.is_file()]
    total = next(line for line in counted.splitlines() if line.startswith("In all"))

    assert "at most" in bound
    assert "about" in bound
    assert f"{len(chunks)} -> " in total
    assert "at most" not in total
    assert "about" not in total


def test_plan_says_what_it_takes(source: Path, tmp_path: Path) -> None:
    """Memory, time, and free bytes and inodes are part of every plan."""
    said = zarrlift("plan", source, tmp_path / "lifted.zarr").out

    assert re.search(r"^Memory    [\d.]+ MiB for each worker$", said, re.MULTILINE)
    assert re.search(r"^Time      about .* \(measured\)$", said, re.MULTILINE)
    assert re.search(r"^Space     [\d.]+ \wiB free at the target", said, re.MULTILINE)


@pytest.mark.parametrize("lift", LIFTS[::3], ids=lambda lift: lift.id)
def test_printed_command_does_what_was_planned(lift: Lift, tmp_path: Path) -> None:
    """The command that a plan ends with runs as printed, names with spaces included."""
    write_sample(tmp_path / "my image.zarr")
    words = ["plan", "my image.zarr", "lifted 'image'.zarr", *lift.words]
    words += ["--exclude", "not es/*", "--count"]

    line = printed_command(zarrlift(*words, cwd=tmp_path).out)
    ran = as_printed(line, tmp_path)

    assert ran.code == 0, ran.said
    zl.convert(tmp_path / "my image.zarr", tmp_path / "alone.zarr", **lift.choices)  # type: ignore[arg-type]
    assert tree(tmp_path / "lifted 'image'.zarr") == tree(tmp_path / "alone.zarr")


def test_saved_plan_is_what_is_shown_as_json(source: Path, tmp_path: Path) -> None:
    """`--output` and `--json` give one document, under its documented names."""
    words: list[Word] = [
        "plan",
        source,
        tmp_path / "lifted.zarr",
        "--output",
        tmp_path / "plan.json",
    ]

    ran = zarrlift(*words, "--json", "--count")

    shown, saved = json.loads(ran.out), json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert {**shown, "seconds": None} == {**saved, "seconds": None}
    assert shown["schema"] == 1
    names = {"source", "target", "version", "arrays", "documents", "files", "totals", "seconds"}
    assert names <= shown.keys()
    array = {"path", "method", "reason", "source", "target", "objects_in", "objects_out"}
    assert all(array | {"bytes_in", "memory"} <= a.keys() for a in shown["arrays"])
    layout = {"shape", "dtype", "chunks", "shards", "codecs"}
    assert all(layout <= a[side].keys() for a in shown["arrays"] for side in ("source", "target"))
    assert [a["path"] for a in shown["arrays"]] == list(every_array(source))


@pytest.mark.parametrize("lift", LIFTS[::3], ids=lambda lift: lift.id)
def test_saved_plan_is_carried_out(lift: Lift, source: Path, tmp_path: Path) -> None:
    """`run` writes what `convert` writes with the same options, as the plan's own words say."""
    target, alone = tmp_path / "lifted.zarr", tmp_path / "alone.zarr"
    words: list[Word] = ["plan", source, target, *lift.words, "--output", tmp_path / "my plan.json"]
    line = printed_command(zarrlift(*words).out)

    ran = as_printed(line, tmp_path)

    assert line.startswith("zarrlift run '")
    assert ran.code == 0, ran.said
    zl.convert(source, alone, **lift.choices)  # type: ignore[arg-type]
    assert tree(target) == tree(alone)


def test_edited_plan_is_carried_out(source: Path, tmp_path: Path) -> None:
    """Chunks, shards and codec edited into a plan by hand are what is written."""
    target, saved = tmp_path / "lifted.zarr", tmp_path / "plan.json"
    zarrlift("plan", source, target, *lift_of("pack").words, "--output", saved)
    plan: dict[str, Any] = json.loads(saved.read_text("utf-8"))
    layout = next(a for a in plan["arrays"] if a["path"] == "0")["target"]
    layout.update({"chunks": [1, 1, 1, 6, 8], "shards": [1, 2, 1, 12, 24]})
    layout["codecs"] = [layout["codecs"][0], {"name": "gzip", "configuration": {"level": 1}}]
    saved.write_text(json.dumps(plan), encoding="utf-8")

    ran = zarrlift("run", saved, "--verify", "full")

    assert ran.code == 0, ran.said
    document = json.loads((target / "0" / "zarr.json").read_text("utf-8"))
    assert document["chunk_grid"]["configuration"]["chunk_shape"] == [1, 2, 1, 12, 24]
    inner = document["codecs"][0]["configuration"]
    assert inner["chunk_shape"] == [1, 1, 1, 6, 8]
    assert inner["codecs"][-1] == {"name": "gzip", "configuration": {"level": 1}}


def test_layout_file_decides_by_path(source: Path, tmp_path: Path) -> None:
    """A layout file gives each path its own shards; the others keep the general ones."""
    rules = {"1": {"shards": "none"}, "labels/*": {"codec": "zstd:3", "shards": "y=8,x=8"}}
    (tmp_path / "layout.json").write_text(json.dumps(rules), encoding="utf-8")
    words: list[Word] = ["--layout", tmp_path / "layout.json", "--json", *lift_of("pack").words]

    plan = json.loads(zarrlift("plan", source, tmp_path / "lifted.zarr", *words).out)

    found = {a["path"]: a["target"] for a in plan["arrays"]}
    assert found["0"]["shards"] == [1, 1, 1, 8, 8]
    assert found["1"]["shards"] is None
    assert found["labels/cells/0"]["codecs"][-1]["name"] == "zstd"


def test_number_of_files_is_held(source: Path, tmp_path: Path) -> None:
    """With --max-files no more files are written, or the plan says that it cannot be."""
    target = tmp_path / "lifted.zarr"
    words = ["--shards", "auto", "--shard-size", "256", "--max-files", "20"]

    ran = zarrlift("convert", source, target, *words)

    assert ran.code == 0, ran.said
    assert sum(content != "folder" for content in tree(target).values()) <= 20
