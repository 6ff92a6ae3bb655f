"""Options that do not fit: exit code 2, the option or array named, nothing written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.build import sample, write_array, write_group
from tests.build_ome import multiscale_of
from tests.functional.runs import Word, assert_refused, in_process, tree, write_sample


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that would be lifted."""
    return write_sample(tmp_path_factory.mktemp("options") / "image.zarr")


@dataclass(frozen=True, slots=True)
class Wrong:
    """Words that do not fit, and what is said of them."""

    words: str
    says: tuple[str, ...]


SHAPES = ("1,1,1,1024,1024", "y=1024,x=1024")

WRONG = (
    Wrong("--shards foo", ("'foo'", *SHAPES)),
    Wrong("--shards 0,1", ("'0,1'", *SHAPES)),
    Wrong("--shards y=0", ("'y=0'", *SHAPES)),
    Wrong("--shards y=8=8", ("'y=8=8'", *SHAPES)),
    Wrong("--shards y=8,16", ("'y=8,16'", *SHAPES)),
    Wrong("--shards 1.5,2", ("'1.5,2'", *SHAPES)),
    Wrong("--shards keep", ("'keep'", "auto, none")),
    Wrong("--shards 1,2", ("1,2", "2 sizes")),
    Wrong("--shards 1,1,1,1,1,1", ("1,1,1,1,1,1", "6 sizes")),
    Wrong("--shards q=8", ("axis 'q'", "c, t, x, y, z")),
    Wrong("--chunks foo", ("'foo'", *SHAPES)),
    Wrong("--chunks auto", ("'auto'", "keep")),
    Wrong("--chunks y=-4", ("'y=-4'", *SHAPES)),
    Wrong("--chunks 1,2", ("1,2", "2 sizes")),
    Wrong("--chunks q=8", ("axis 'q'", "c, t, x, y, z")),
    Wrong("--codec lz4", ("'lz4'", "zstd[:level]")),
    Wrong("--codec blosc", ("'blosc'", "blosc:zstd[:level[:shuffle]]")),
    Wrong("--codec blosc:zstd:99", ("'blosc:zstd:99'",)),
    Wrong("--codec blosc:zstd:5:foo", ("'blosc:zstd:5:foo'",)),
    Wrong("--codec zstd:x", ("'zstd:x'",)),
    Wrong("--codec zstd:", ("'zstd:'",)),
    Wrong("--codec zstd:99", ("'zstd:99'",)),
    Wrong("--codec gzip:10", ("'gzip:10'",)),
    Wrong("--codec none:1", ("'none:1'",)),
    Wrong("--shard-size much", ("'much'", "64MiB")),
    Wrong("--shard-size 5parsecs", ("'5parsecs'", "64MiB")),
    Wrong("--shard-size -1", ("'-1'", "64MiB")),
    Wrong("--memory lots", ("'lots'", "64MiB")),
    Wrong("--memory 1", ("--memory", "9MiB")),
    Wrong("--memory 0", ("--memory", "9MiB")),
    Wrong("--max-files 2", ("2 files", "the least is")),
    Wrong("--layout absent.json", ("absent.json", "no such file")),
)

BY_CLICK = (
    Wrong("--max-files 0", ("--max-files", "x>=1")),
    Wrong("--workers 0", ("--workers", "x>=1")),
    Wrong("--workers two", ("--workers", "'two'")),
    Wrong("--verify some", ("--verify", "'quick'")),
    Wrong("--damaged ignore", ("--damaged", "'stop'")),
    Wrong("--format xml", ("--format", "'json'")),
    Wrong("--nonsense", ("--nonsense",)),
    Wrong("third", ("third",)),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.words)
def test_value_that_does_not_fit_is_refused(wrong: Wrong, source: Path, tmp_path: Path) -> None:
    """A value that is not understood or cannot be met is repeated, with what is possible."""
    ran = in_process("convert", source, "lifted.zarr", *wrong.words.split(), cwd=tmp_path)

    assert_refused(ran, *wrong.says, code=2)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("wrong", BY_CLICK, ids=lambda wrong: wrong.words)
def test_word_that_is_no_option_is_refused(wrong: Wrong, source: Path, tmp_path: Path) -> None:
    """A word that is no option, or no value of one, is named, with where to find help."""
    ran = in_process("convert", source, "lifted.zarr", *wrong.words.split(), cwd=tmp_path)

    assert ran.code == 2
    assert ran.out == ""
    assert "zarrlift convert --help" in ran.err
    assert [part for part in wrong.says if part not in ran.err] == []
    assert tree(tmp_path) == {}


LAYOUTS = {
    "no-json": "{",
    "no-object": "[]",
    "number": '{"0": 5}',
    "unknown-member": '{"0": {"chunk": "keep"}}',
    "codec": '{"0": {"codec": "lz4"}}',
    "shape": '{"0": {"shards": "big"}}',
    "by-axis-as-object": '{"0": {"shards": {"y": "8"}}}',
    "too-few-sizes": '{"0": {"shards": [8, 8]}}',
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_file_that_does_not_fit_is_refused(name: str, source: Path, tmp_path: Path) -> None:
    """A layout file that is not understood ends in words, before anything is written."""
    (tmp_path / "layout.json").write_text(LAYOUTS[name], encoding="utf-8")
    before = tree(tmp_path)

    words = ["--layout", "layout.json"]
    ran = in_process("convert", source, "lifted.zarr", *words, cwd=tmp_path)

    assert_refused(ran, code=2)
    assert tree(tmp_path) == before


def test_memory_that_is_too_small_names_what_would_do(tmp_path: Path) -> None:
    """Too small a budget is refused with the array and the budget, and that budget does."""
    source = tmp_path / "image.zarr"
    level = sample((1, 1, 1, 2048, 2048), "<u2")
    write_group(source, {"multiscales": [multiscale_of([level])]})
    write_array(source / "0", level, chunks=(1, 1, 1, 2048, 2048))
    words: list[Word] = ["convert", source, tmp_path / "lifted.zarr", "--codec", "zstd:1"]

    ran = in_process(*words, "--memory", "8MiB")

    assert_refused(ran, "0: needs", "--memory allows 8 MiB", code=2)
    assert not (tmp_path / "lifted.zarr").exists()
    budget = ran.err.rpartition("allow --memory ")[2].partition(",")[0]
    assert in_process(*words, "--memory", budget).code == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "zarrlift-plan", "schema": 1}'])
def test_plan_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    """A file that is no saved plan ends in words, with how to make one."""
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")

    assert_refused(in_process("run", "plan.json", cwd=tmp_path), "plan.json", code=2)


@pytest.mark.parametrize(
    ("member", "value", "says"),
    [
        ("shards", [1, 1, 1, 7, 8], "axis y"),
        ("shards", [8, 8], "5 axes"),
        ("shards", "big", "shards"),
        ("chunks", [1, 1, 1, 0, 4], "chunks"),
        ("chunks", None, "chunks"),
        ("codecs", [{"name": "numcodecs.lz4"}], "lz4"),
        ("codecs", "none", "codecs"),
    ],
)
def test_edited_plan_that_does_not_fit_is_refused(
    member: str, value: object, says: str, source: Path, tmp_path: Path
) -> None:
    """What was edited into a plan is checked, and the array named."""
    words: list[Word] = [
        "plan",
        source,
        "lifted.zarr",
        "--shards",
        "y=8,x=8",
        "--output",
        "plan.json",
    ]
    assert in_process(*words, cwd=tmp_path).code == 0
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    plan["arrays"][1]["target"][member] = value
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    ran = in_process("run", "plan.json", cwd=tmp_path)

    assert_refused(ran, plan["arrays"][1]["path"], says, code=2)
    assert not (tmp_path / "lifted.zarr").exists()


def test_saved_plan_of_a_source_that_changed_is_refused(tmp_path: Path) -> None:
    """A plan is not carried out on documents that are other than those it was made from."""
    source = write_sample(tmp_path / "image.zarr")
    assert in_process("plan", source, "lifted.zarr", "--output", "p.json", cwd=tmp_path).code == 0
    (source / ".zattrs").write_text((source / ".zattrs").read_text("utf-8") + " ", encoding="utf-8")

    ran = in_process("run", "p.json", cwd=tmp_path)

    assert_refused(ran, str(source), "changed since the plan was made", "make the plan anew")
    assert not (tmp_path / "lifted.zarr").exists()
