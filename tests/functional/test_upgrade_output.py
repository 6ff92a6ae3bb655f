"""What upgrade and undo say: reports in 80 columns, JSON, dry runs, questions, logs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import pyramid, write_image, write_plate
from tests.functional.runs import (
    as_printed,
    assert_refused,
    in_process,
    in_terminal,
    tree,
    widest,
    zarrlift,
)


@pytest.fixture(name="here")
def make_here(tmp_path: Path) -> Path:
    """A folder that holds an image and a plate under short names."""
    write_image(tmp_path / "my image.zarr", pyramid(sample((1, 1, 1, 8, 16), "<u2")))
    write_plate(tmp_path / "plate.zarr", rows_are_groups=False)
    return tmp_path


def last_command(said: str) -> str:
    """Give the command that a report ends with."""
    return said.rstrip().rpartition("\n")[2].strip()


def test_dry_run_tells_and_writes_nothing(here: Path) -> None:
    """A dry run has count, kinds, bytes, paths and readers, fits 80 columns, and writes nothing."""
    before = tree(here)

    ran = zarrlift("upgrade", "plate.zarr", "--dry-run", cwd=here)

    assert ran.code == 0
    assert ran.err == ""
    assert tree(here) == before
    assert widest(ran.out.replace(f"{here}/", "")) <= 80
    said = " ".join(ran.out.split())
    assert "24 of 24 documents would be written" in said
    assert "12 arrays, 12 groups, of these 2 folders without documents" in said
    assert "A/1/0/0/zarr.json" in said
    for reader in ("zarr-python", "tensorstore", ".zattrs", "0.5 win"):
        assert reader in said
    assert "Nothing has been written" in said


@pytest.mark.parametrize("extra", [[], ["--level", "chunks"], ["--exclude", "1"]])
def test_dry_run_ends_with_the_command(extra: list[str], here: Path) -> None:
    """What a dry run says to do next runs as printed, and writes what was announced."""
    ran = zarrlift("upgrade", "my image.zarr", "--dry-run", "--format", "text", *extra, cwd=here)
    dry = json.loads(
        zarrlift("upgrade", "my image.zarr", "--dry-run", "--json", *extra, cwd=here).out
    )

    done = as_printed(f"{last_command(ran.out)} --json", here)

    made = json.loads(done.out)
    assert made["documents"] == dry["documents"]
    assert (dry["dry_run"], made["dry_run"]) == (True, False)
    held = list((here / "my image.zarr").rglob("zarr.json"))
    assert sum(p.stat().st_size for p in held) == dry["documents"]["bytes"]


def test_report_ends_with_the_way_back(here: Path) -> None:
    """The report says what was written and looked at; the command that it ends with undoes it."""
    before = tree(here)
    ran = zarrlift("upgrade", "my image.zarr", cwd=here)

    assert ran.out.startswith(f"Upgraded {here}/my image.zarr\n")
    assert "0.4 to OME-Zarr 0.5" in ran.out
    assert "none was looked at" in ran.out
    assert widest(ran.out.replace(f"{here}/", "")) <= 80
    undone = as_printed(last_command(ran.out), here)
    assert undone.code == 0
    assert "3 documents removed" in undone.out
    assert tree(here) == before


def test_again_says_already_done(here: Path) -> None:
    """On an upgraded dataset the answer is that it is done, at exit code 0, dropped or not."""
    for words in ([], [], ["--drop-v2", "--yes"], ["--drop-v2", "--yes"], []):
        ran = in_process("upgrade", "my image.zarr", *words, cwd=here)
        assert ran.code == 0, ran.said
    assert ran.out.startswith("Already done")
    assert "set aside in .zarrlift/undo before" in ran.out


def test_dry_run_of_what_cannot_be_done(here: Path) -> None:
    """A dry run lists what stands in the way, at exit code 1; the upgrade itself ends with 3."""
    root = here / "zlib.zarr"
    write_image(
        root, pyramid(sample((1, 1, 1, 8, 16), "<u2")), compressor={"id": "zlib", "level": 1}
    )

    dry = in_process("upgrade", root, "--dry-run")
    answer = json.loads(in_process("upgrade", root, "--dry-run", "--json").out)

    assert dry.code == 1
    assert "codec-unshared" in dry.out
    assert "documents would be written" not in dry.out
    assert answer["possible"] is False
    assert [f["path"] for f in answer["findings"]] == ["0", "1"]
    assert_refused(in_process("upgrade", root), "0, 1: zlib is not shared")


def test_drop_asks_in_a_terminal(here: Path) -> None:
    """In a terminal --drop-v2 asks first: a no leaves all as it is, a yes goes on."""
    before = tree(here)
    words = ["upgrade", "my image.zarr", "--drop-v2"]

    no = in_terminal(*words, cwd=here, typed="n\n")
    assert no.code == 3
    assert "Remove 4 v2 documents" in no.out
    assert tree(here) == before

    yes = in_terminal(*words, cwd=here, typed="y\n")
    assert yes.code == 0
    assert not list((here / "my image.zarr").glob("**/.zarray"))


def test_drop_wants_yes_in_scripts(here: Path) -> None:
    """Where nobody can be asked --drop-v2 wants --yes, and says so before anything is written."""
    before = tree(here)

    assert_refused(in_process("upgrade", "my image.zarr", "--drop-v2", cwd=here), "--yes")
    assert tree(here) == before
    assert in_process("upgrade", "my image.zarr", "--drop-v2", "--yes", cwd=here).code == 0


def test_json_is_one_document(here: Path) -> None:
    """With --json stdout is one document for each verb, and nothing is on stderr."""
    made = zarrlift("upgrade", "my image.zarr", "--json", cwd=here)
    back = zarrlift("undo", "my image.zarr", "--format", "json", cwd=here)

    answer, undone = json.loads(made.out), json.loads(back.out)
    assert (made.err, back.err) == ("", "")
    assert (answer["schema"], answer["kind"], answer["version"]) == (1, "zarrlift-upgrade", "0.4")
    assert answer["documents"]["arrays"] == 2
    assert (undone["kind"], undone["removed"], undone["restored"]) == ("zarrlift-undo", 3, 0)


def test_quiet_says_nothing(here: Path) -> None:
    """With --quiet both verbs do their work without a word."""
    for verb in ("upgrade", "undo"):
        ran = zarrlift(verb, "my image.zarr", "--quiet", cwd=here)
        assert (ran.code, ran.said) == (0, "")


@pytest.mark.parametrize("verb", ["upgrade", "undo"])
def test_log_tells_what_was_done(verb: str, here: Path) -> None:
    """--log and -v tell how many documents there were."""
    root = here / "my image.zarr"
    if verb == "undo":
        zl.upgrade(root)

    ran = zarrlift(verb, root, "--log", "done.log", "-v", "--quiet", cwd=here)

    assert "3 documents" in (here / "done.log").read_text("utf-8")
    assert "3 documents" in ran.err


def test_findings_are_those_of_an_upgrade(tmp_path: Path) -> None:
    """What only concerns copies is not said; what concerns the documents is."""
    root = write_image(
        tmp_path / "old.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2")), version="0.1"
    )
    (tmp_path / "note.txt").write_text("x", "utf-8")
    (root / "note.txt").symlink_to(tmp_path / "note.txt")
    (root / "lost").symlink_to("nowhere")

    made = zl.upgrade(root)

    assert {f.rule for f in made.findings} == {"axes-added", "scales-added"}
    assert made.version == "0.1"


def test_fsync_gives_the_same(here: Path) -> None:
    """With --fsync the same documents are written."""
    other = here / "other.zarr"
    shutil.copytree(here / "my image.zarr", other)
    zl.upgrade(here / "my image.zarr")

    assert in_process("upgrade", other, "--fsync").code == 0

    assert tree(other) == tree(here / "my image.zarr")
