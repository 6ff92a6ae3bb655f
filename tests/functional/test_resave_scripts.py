"""`zarrlift-resave --output-script`: what is written, and that it runs with zarrs_tools."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample, write_file
from tests.build_ome import label_of, pyramid, write_image, write_labels, write_plate
from tests.functional.runs import Ran, assert_refused, run
from tests.functional.test_resave import assert_whole, done, resaved, storage
from tests.oracles import every_array

needs_zarrs = pytest.mark.skipif(
    shutil.which("zarrs_reencode") is None, reason="zarrs_tools is not installed"
)


def scripts_of(target: Path) -> list[str]:
    """Give the folders that hold a script."""
    return sorted(p.parent.relative_to(target).as_posix() for p in target.rglob("convert.sh"))


def run_scripts(target: Path, cwd: Path) -> None:
    """Run every script, from a folder that is none of theirs."""
    for path in scripts_of(target):
        ran = run(["sh", str(target / path / "convert.sh")], cwd=cwd)
        assert ran.code == 0, ran.said


def attempt(target: Path, path: str, *, tools: Path) -> Ran:
    """Run one script with a `zarrs_reencode` of our own."""
    where = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    return run(["sh", str(target / path / "convert.sh")], env=where)


def test_scripts_stand_in_place_of_arrays(tmp_path: Path) -> None:
    """As in the README: the group's document, and a script for each array."""
    source = write_image(
        tmp_path / "dev2" / "input.zarr",
        pyramid(sample((2, 3, 27, 21), "<u2"), 3),
        axes="czyx",
        chunks=(1, 1, 27, 21),
    )
    target = tmp_path / "scripts.zarr"

    ran = done(f"dev2/input.zarr {target} --output-script --output-shards=2,3,27,21", tmp_path)

    files = sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
    scripts = [f"{path}/convert.sh" for path in "012"]
    assert files == [*scripts, "ro-crate-metadata.json", "zarr.json"]
    assert ran.out.split() == [str(target / path / "convert.sh") for path in "012"]
    assert (
        "zarrs_reencode --chunk-shape 1,1,27,21 --shard-shape 2,3,27,21 "
        "--dimension-names c,z,y,x --validate"
    ) in (target / "0" / "convert.sh").read_text("utf-8")
    assert f" {source}/0 {target}/0 " in (target / "0" / "convert.sh").read_text("utf-8")


def test_crate_stands_beside_the_scripts(tmp_path: Path) -> None:
    """The crate is written with the groups."""
    write_image(tmp_path / "input.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2"), 1))

    done("input.zarr output.zarr --output-script --cc0", tmp_path)

    assert "license" in zl.crate(tmp_path / "output.zarr").said


@needs_zarrs
def test_scripts_make_the_image(tmp_path: Path) -> None:
    """Run one after another, the scripts make what a conversion makes, plain files included."""
    folder = tmp_path / "it's a folder"
    values = sample((1, 2, 2, 24, 40), "<u2")
    source = write_image(folder / "in put.zarr", pyramid(values), fill_value=7, missing=[(0,) * 5])
    write_labels(source, {"cells": pyramid(label_of(values))}, separator=".", order="F")
    write_file(source / "0" / "th umb" / "nail.png", b"picture")
    write_file(source / "notes.txt", b"notes")
    target = folder / "out put.zarr"
    shapes = "--output-chunks=1,1,1,8,8 --output-shards=1,1,1,16,16"

    done(f"'in put.zarr' 'out put.zarr' --output-script {shapes}", folder)
    run_scripts(target, tmp_path)

    assert_whole(source, target)
    assert storage(target / "0") == ([1, 1, 1, 8, 8], [1, 1, 1, 16, 16])
    assert (target / "0" / "th umb" / "nail.png").read_bytes() == b"picture"
    assert (target / "notes.txt").read_bytes() == b"notes"
    assert scripts_of(target) == []
    proof = zl.verify(source, target, level="decode")
    assert proof.equal, proof.findings


@needs_zarrs
def test_scripts_make_a_plate(tmp_path: Path) -> None:
    """Every field of a plate has its scripts; shards as they are by default."""
    source = write_plate(tmp_path / "input.zarr")

    done("input.zarr output.zarr --output-script", tmp_path)
    target = tmp_path / "output.zarr"
    assert scripts_of(target) == sorted(every_array(source))
    run_scripts(target, tmp_path)

    assert_whole(source, target)


def test_script_that_fails_stays(tmp_path: Path) -> None:
    """`zarrs_reencode` empties its target; a script that did not succeed is there afterwards."""
    write_image(tmp_path / "input.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2"), 1))
    done("input.zarr output.zarr --output-script", tmp_path)
    target, tools = tmp_path / "output.zarr", tmp_path / "tools"
    text = (target / "0" / "convert.sh").read_bytes()
    broken = f"#!/bin/sh\nrm -rf {shlex.quote(str(target / '0'))}\nexit 101\n"
    write_file(tools / "zarrs_reencode", broken.encode()).chmod(0o755)

    ran = attempt(target, "0", tools=tools)

    assert ran.code == 3
    assert (target / "0" / "convert.sh").read_bytes() == text


def test_scripts_replace_only_when_asked(tmp_path: Path) -> None:
    """A target that is there is replaced with `--output-overwrite` only."""
    write_image(tmp_path / "input.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2"), 1))
    line = "input.zarr output.zarr --output-script --rocrate-skip"
    done(line, tmp_path)

    assert_refused(resaved(line, tmp_path), "--output-overwrite")
    done(f"{line} --output-overwrite --silent", tmp_path)

    assert scripts_of(tmp_path / "output.zarr") == ["0"]


def test_array_that_zarrs_does_not_read_is_refused(tmp_path: Path) -> None:
    """A codec that `zarrs_reencode` lacks is said before anything is written."""
    zlib = {"id": "zlib", "level": 1}
    write_image(
        tmp_path / "input.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2"), 1), compressor=zlib
    )

    ran = resaved("input.zarr output.zarr --output-script --rocrate-skip", tmp_path)

    assert_refused(ran, "0: zarrs_reencode does not read codec zlib", code=2)
    assert not (tmp_path / "output.zarr").exists()


def test_scripts_are_for_local_folders(tmp_path: Path) -> None:
    """`zarrs_reencode` writes to folders alone, so a bucket is refused before it is asked."""
    write_image(tmp_path / "input.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2"), 1))
    where = "--output-bucket=lab --output-endpoint=http://127.0.0.1:9"

    ran = resaved(f"input.zarr output.zarr --output-script {where}", tmp_path)

    assert_refused(ran, "scripts are for local folders", code=2)
