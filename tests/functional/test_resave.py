"""zarrlift-resave: the README's examples of ome2024-ngff-challenge, with this program's name."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import zarrlift as zl
from tests.build import read_json, sample, write_file
from tests.build_ome import (
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.functional.runs import (
    Ran,
    assert_in_words,
    assert_refused,
    run,
    tree,
    widest,
    write_sample,
)
from tests.oracles import assert_same_voxels, every_array, every_group, zarr_values
from zarrlift.cli import resave
from zarrlift.cli import resave_words as words
from zarrlift.jobs import claim
from zarrlift.store.target import Target

PROGRAM = str(Path(sys.executable).with_name("zarrlift-resave"))
THEIRS = "ome2024-ngff-challenge"
CREATOR = {"name": "zarrlift", "notes": "run on a virtual machine"}


def resaved(line: str, cwd: Path) -> Ran:
    """Run the program within this process on words as a shell splits them."""
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(resave.app, shlex.split(line), prog_name="zarrlift-resave")
    ran = Ran(code=done.exit_code, out=done.stdout, err=done.stderr)
    assert_in_words(ran)
    return ran


def done(line: str, cwd: Path) -> Ran:
    """Run the program, which must succeed."""
    ran = resaved(line, cwd)
    assert ran.code == 0, ran.said
    return ran


def assert_whole(source: Path, target: Path) -> None:
    """Assert that every array arrived with its values, and every group."""
    arrays = list(every_array(source))
    assert arrays
    assert list(every_array(target)) == arrays
    assert set(every_group(target)) == set(every_group(source))
    for path in arrays:
        assert_same_voxels(source / path, target / path)


def storage(array: Path) -> tuple[Any, Any]:
    """Give the chunk and shard shapes that an array's document states."""
    document: Any = read_json(array / "zarr.json")
    outer = document["chunk_grid"]["configuration"]["chunk_shape"]
    first = document["codecs"][0]
    sharded = first["name"] == "sharding_indexed"
    return first["configuration"]["chunk_shape"] if sharded else outer, outer if sharded else None


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Give a folder with an image that is called as in the README."""
    write_image(tmp_path / "input.zarr", pyramid(sample((1, 2, 2, 24, 40), "<u2")))
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "input.zarr output.zarr",
        "resave input.zarr output.zarr",
        "resave --cc-by input.zarr output.zarr",
        "input.zarr output.zarr --output-overwrite",
        "--rocrate-skip input.zarr output.zarr --silent",
        "input.zarr output.zarr --output-threads=3 --log debug",
        "input.zarr output.zarr --log=WARNING",
        (
            "input.zarr output.zarr --cc0 --rocrate-organism=NCBI:txid9606 "
            "--rocrate-modality=obo:FBbi_00000251 --rocrate-name='my experiment'"
        ),
    ],
)
def test_image_is_converted(line: str, here: Path) -> None:
    """With the word `resave` or without, a whole copy is written, at exit code 0."""
    done(line, here)

    assert_whole(here / "input.zarr", here / "output.zarr")


@pytest.mark.parametrize("write", [write_sample, write_plate, write_collection])
def test_everything_is_converted(write: Any, tmp_path: Path) -> None:
    """Images with labels, plates and collections arrive with all that lies there."""
    source = write(tmp_path / "input.zarr")

    done("input.zarr output.zarr --rocrate-skip", tmp_path)

    assert_whole(source, tmp_path / "output.zarr")
    plain = {p for p in tree(source) if p.endswith((".xml", ".md", ".png"))}
    assert plain <= tree(tmp_path / "output.zarr").keys()


def test_same_values_as_the_sample_of_bioformats2raw(tmp_path: Path) -> None:
    """A plate as bioformats2raw writes it arrives whole."""
    shared = Path(__file__).parents[3] / "shared" / "data" / "bioformats2raw" / "hcs.zarr"
    if not shared.is_dir():
        pytest.skip("the sample data is not here")

    done(f"{shlex.quote(str(shared))} output.zarr --cc-by", tmp_path)

    assert_whole(shared, tmp_path / "output.zarr")


def test_overwrite_asks_nothing(here: Path) -> None:
    """Other parameters need `--output-overwrite`, which then replaces the target."""
    done("input.zarr output.zarr", here)
    line = "input.zarr output.zarr --output-shards=1,1,1,8,8"

    assert_refused(resaved(f"{line} --rocrate-skip", here), "--output-overwrite")
    done(f"{line} --output-overwrite", here)

    assert storage(here / "output.zarr" / "0") == ([1, 1, 1, 4, 4], [1, 1, 1, 8, 8])


def test_overwrite_keeps_what_is_no_zarr(here: Path) -> None:
    """A folder of other things is never removed."""
    write_file(here / "output.zarr" / "thesis.txt", b"years of work")

    ran = resaved("input.zarr output.zarr --output-overwrite --rocrate-skip", here)

    assert_refused(ran, "--output-overwrite removes only a Zarr root")
    assert (here / "output.zarr" / "thesis.txt").is_file()


def test_chunks_and_shards_of_all_levels(tmp_path: Path) -> None:
    """The README's pair of shapes is clipped to each level, and rounded to whole chunks."""
    levels = [sample((1, 3, 1, *size), "<u2") for size in ((160, 128), (91, 141))]
    source = write_image(tmp_path / "input.zarr", levels, chunks=(1, 1, 1, 91, 141))
    shapes = "--output-shards=1,3,1,128,256 --output-chunks=1,1,1,128,128"

    done(f"input.zarr output.zarr {shapes} --log debug", tmp_path)

    assert_whole(source, tmp_path / "output.zarr")
    assert storage(tmp_path / "output.zarr" / "0") == ([1, 1, 1, 128, 128], [1, 3, 1, 128, 128])
    assert storage(tmp_path / "output.zarr" / "1") == ([1, 1, 1, 91, 128], [1, 3, 1, 91, 256])


def test_shapes_larger_than_every_field(tmp_path: Path) -> None:
    """The README's shapes for a plate, shards over chunks that do not fill them, are clipped."""
    source = write_plate(tmp_path / "input.zarr")
    shapes = "--output-shards=1,3,1,1024,2048 --output-chunks=1,1,1,1024,1024"

    done(f"input.zarr Week9_090907.zarr {shapes} --log debug", tmp_path)

    assert_whole(source, tmp_path / "Week9_090907.zarr")
    for path in every_array(source):
        chunks, shards = storage(tmp_path / "Week9_090907.zarr" / path)
        shape: Any = read_json(source / path / ".zarray")["shape"]
        assert chunks == [1, 1, 1, *shape[3:]]
        assert shards == ([1, min(3, shape[1]), 1, *shape[3:]] if shape[1] > 1 else None)


def test_one_level_is_converted(here: Path) -> None:
    """An image below another folder is converted by its own path."""
    (here / "9846151.zarr").mkdir()
    (here / "input.zarr").rename(here / "9846151.zarr" / "0")

    done("9846151.zarr/0 will/o.zarr --output-shards=1,1,1,16,16 --output-chunks=1,1,1,8,8", here)

    assert_whole(here / "9846151.zarr" / "0", here / "will" / "o.zarr")


def test_shape_of_other_length_names_an_array(here: Path) -> None:
    """Sizes for two axes fit no array of five; the error says which array has how many."""
    ran = resaved("input.zarr output.zarr --output-chunks=8,8 --rocrate-skip", here)

    assert_refused(ran, "shape 8,8 has 2 sizes", "array 0 has 5", code=2)


def test_details_are_written_edited_and_read(here: Path) -> None:
    """The README's way: a list in the order of `datasets`, edited, with a comment before it."""
    ran = done("input.zarr parameters.json --output-write-details", here)
    details: Any = json.loads((here / "parameters.json").read_text("utf-8"))

    assert "2 arrays" in ran.err
    assert ran.out == ""
    assert [entry["shape"] for entry in details] == [[1, 2, 2, 24, 40], [1, 2, 2, 12, 20]]
    assert [entry["chunks"] for entry in details] == [[1, 1, 1, 4, 4]] * 2
    assert [set(entry) for entry in details] == [{"shape", "chunks", "shards"}] * 2

    details[0] |= {"shape": [1], "shards": [1, 1, 1, 12, 20]}
    details[1]["shards"] = [1, 2, 1, 12, 20]
    text = f"# parameters.json\n{json.dumps(details)}"
    (here / "parameters.json").write_text(text, "utf-8")
    done("input.zarr output.zarr --output-read-details=parameters.json", here)

    assert_whole(here / "input.zarr", here / "output.zarr")
    assert storage(here / "output.zarr" / "0") == ([1, 1, 1, 4, 4], [1, 1, 1, 12, 20])
    assert storage(here / "output.zarr" / "1") == ([1, 1, 1, 4, 4], [1, 2, 1, 12, 20])


def test_details_do_not_replace_a_file(here: Path) -> None:
    """A file that is there is replaced only with `--output-overwrite`."""
    write_file(here / "p.json", b"mine")

    assert_refused(resaved("input.zarr p.json --output-write-details", here), "--output-overwrite")
    assert (here / "p.json").read_bytes() == b"mine"
    done("input.zarr p.json --output-write-details --output-overwrite --silent", here)
    assert json.loads((here / "p.json").read_bytes())


@pytest.mark.parametrize("write", [write_plate, write_collection, write_sample])
def test_details_of_several_images(write: Any, tmp_path: Path) -> None:
    """Plates, collections and labels have a mapping by path, as version 1.0.3 writes it."""
    source = write(tmp_path / "input.zarr")
    done("./input.zarr cfg.json --output-write-details", tmp_path)
    details: Any = json.loads((tmp_path / "cfg.json").read_text("utf-8"))

    assert sorted(details) == [f"input.zarr/{path}" for path in every_array(source)]
    last = max(path for path in details if path.endswith("/0"))
    details[last]["shards"] = [1, 1, 1, 8, 8]
    (tmp_path / "cfg.json").write_text(json.dumps(details), "utf-8")
    done("input.zarr output.zarr --output-read-details=cfg.json", tmp_path)

    assert_whole(source, tmp_path / "output.zarr")
    path = last.removeprefix("input.zarr/")
    assert storage(tmp_path / "output.zarr" / path)[1] == [1, 1, 1, 8, 8]


def test_list_of_details_counts_for_labels(tmp_path: Path) -> None:
    """A list, which the README shows for a lone image, is taken for labels too."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    source = write_image(tmp_path / "input.zarr", pyramid(values))
    write_labels(source, {"cells": pyramid(label_of(values))})
    write_file(tmp_path / "p.json", b'[{"shards": [1, 2, 1, 8, 8]}, {"shards": [1, 1, 1, 4, 8]}]')

    done("input.zarr output.zarr --output-read-details p.json", tmp_path)

    assert_whole(source, tmp_path / "output.zarr")
    shards = [storage(tmp_path / "output.zarr" / path)[1] for path in every_array(source)]
    assert shards == [[1, 2, 1, 8, 8], [1, 1, 1, 4, 8]] * 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"chunks": [8, 8]}]', "0: chunks [8, 8] are 2 sizes"),
        (b'{"input.zarr/0": {}, "input.zarr/9": {}}', "input.zarr/9"),
        (b"[", "not readable as JSON"),
        (b"\xff", "is no text in UTF-8"),
        (b"[{}, {}, {}]", "3 levels"),
    ],
)
def test_wrong_details_are_refused(content: bytes, expected: str, here: Path) -> None:
    """What cannot be taken from a details file is a usage error that says why."""
    write_file(here / "p.json", content)

    ran = resaved("input.zarr o.zarr --rocrate-skip --output-read-details=p.json", here)

    assert_refused(ran, expected, code=2)
    assert not (here / "o.zarr").exists()


def test_notes_are_kept_in_the_root(here: Path) -> None:
    """Notes stand where the challenge's program puts them, and are no difference to `verify`."""
    line = "input.zarr output.zarr --conversion-notes='run on a virtual machine'"

    done(line, here)
    document: Any = read_json(here / "output.zarr" / "zarr.json")
    again = done(line, here)
    verified = done("validate output.zarr --source input.zarr", here)

    assert document["attributes"]["ome"]["_creator"] == CREATOR
    assert "Already done" in again.out
    assert "equal" in verified.out
    assert "converter-mark" in verified.out


def test_other_details_are_another_plan(here: Path) -> None:
    """An unfinished target of other details is named as such, without repeating every array."""
    write_file(here / "p.json", json.dumps([{"shards": [1, 1, 1, 8, 8]}] * 2).encode())
    plan = zl.plan(here / "input.zarr", here / "output.zarr", shards="whole")
    claim.take(plan, Target(here / "output.zarr"))

    ran = resaved("input.zarr output.zarr --rocrate-skip --output-read-details=p.json", here)

    assert_refused(ran, "another plan has been started here: layout is another")


@pytest.mark.parametrize(("level", "logs"), [("error", False), ("debug", True), ("trace", True)])
def test_log_level_decides_what_is_logged(level: str, logs: bool, here: Path) -> None:
    """`--log debug` tells of every step, `--log error` of none that succeeds."""
    line = ["--silent", "--rocrate-skip", f"--log={level}"]

    ran = run([PROGRAM, "input.zarr", "output.zarr", *line], cwd=here)

    assert (ran.code, ran.out) == (0, "")
    assert ("zarrlift.jobs.convert" in ran.err) is logs


def test_silent_says_nothing(here: Path) -> None:
    """`--silent` leaves only what goes wrong."""
    ran = done("input.zarr output.zarr --cc-by --silent --rocrate-skip", here)

    assert ran.said == ""


def test_crate_is_written(here: Path) -> None:
    """Licence, organism and method stand in the crate in the forms that its readers know."""
    said = "--cc-by --rocrate-organism=NCBI:txid9606 --rocrate-modality=obo:FBbi_00000251"

    done(f"input.zarr output.zarr {said} --rocrate-name='my experiment'", here)

    crate = zl.crate(here / "output.zarr")
    found = {name: [value.value for value in values] for name, values in crate.said.items()}
    assert found["license"] == ["https://creativecommons.org/licenses/by/4.0/"]
    assert found["organism"] == ["NCBI:txid9606"]
    assert found["modality"] == ["obo:FBbi_00000251"]
    assert found["name"] == ["my experiment"]


def test_crate_is_skipped(here: Path) -> None:
    """`--rocrate-skip` leaves it out, whatever else is said."""
    done("input.zarr output.zarr --cc-by --rocrate-skip", here)

    assert not (here / "output.zarr" / "ro-crate-metadata.json").exists()


def test_update_changes_the_crate(here: Path) -> None:
    """A licence is changed, and the rest stays; without a word it is a usage error."""
    done("input.zarr output.zarr --cc-by --rocrate-name=cells", here)

    done("update output.zarr --cc0", here)

    crate = zl.crate(here / "output.zarr")
    assert [v.value for v in crate.said["license"]] == [words.CC0]
    assert [v.value for v in crate.said["name"]] == ["cells"]
    assert resaved("update output.zarr", here).code == 2


def test_validate_checks_the_crate(here: Path) -> None:
    """A crate that is no JSON is a finding."""
    done("input.zarr output.zarr", here)
    write_file(here / "output.zarr" / "ro-crate-metadata.json", b"{")

    ran = resaved("validate output.zarr", here)

    assert ran.code == 1
    assert "crate-unreadable" in ran.out


def test_missing_licence_is_a_warning(here: Path) -> None:
    """Without a licence the image is converted all the same."""
    ran = done("input.zarr output.zarr", here)

    assert "crate-license-missing" in ran.out
    assert "--set license=cc-by" in " ".join(ran.out.split())


def test_store_options_without_a_bucket_are_a_warning(here: Path) -> None:
    """As in the challenge's program they have no effect; here that is said."""
    ran = done("input.zarr output.zarr --input-anon", here)

    assert "warning: --input-anon has no effect without a bucket" in ran.err


@pytest.mark.parametrize(
    "line",
    [
        "nothere.zarr output.zarr --rocrate-skip",
        "validate nothere.zarr",
    ],
)
def test_what_cannot_be_done_is_said(line: str, here: Path) -> None:
    """A source that is not there ends with one message, at exit code 3."""
    assert_refused(resaved(line, here), "there is no such folder")


@pytest.mark.parametrize(
    "line", ["input.zarr", "input.zarr o.zarr more", "input.zarr o.zarr --nope", "update"]
)
def test_wrong_words_are_usage_errors(line: str, here: Path) -> None:
    """Words that do not fit end at exit code 2."""
    assert resaved(line, here).code == 2


def test_validate_follows_every_path(here: Path) -> None:
    """A whole dataset has no findings; one that lacks an array has, at exit code 1."""
    done("input.zarr output.zarr", here)
    whole = done("validate output.zarr", here)
    (here / "output.zarr" / "1" / "zarr.json").unlink()
    lacking = resaved("validate output.zarr", here)

    assert "OME-Zarr 0.5\n3 documents read, 4 findings\n" in whole.out
    assert set(re.findall(r"\[([a-z-]+)\]", whole.out)) == {
        *("crate-license-missing", "crate-description-missing"),
        *("crate-organism-missing", "crate-modality-missing"),
    }
    assert widest(whole.out.split("\n", 1)[1]) <= 80
    assert "Not checked" in whole.out
    assert lacking.code == 1
    assert "array-missing" in lacking.out
    assert {p.name for p in here.iterdir()} == {"input.zarr", "output.zarr"}


def test_validate_compares_with_the_source(here: Path) -> None:
    """With `--source`, an object that is gone is found, at exit code 1."""
    done("input.zarr output.zarr", here)
    next(
        p for p in (here / "output.zarr" / "0").rglob("*") if p.name == "0" and p.is_file()
    ).unlink()

    ran = resaved("validate output.zarr --source input.zarr", here)

    assert ran.code == 1
    assert "NOT equal" in ran.out


@pytest.mark.skipif(shutil.which(THEIRS) is None, reason="the challenge's program is not installed")
def test_what_the_other_program_writes_is_understood(tmp_path: Path) -> None:
    """Details that version 1.0.3 wrote are read; both programs' copies hold the same values."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    source = write_image(tmp_path / "input.zarr", pyramid(values))
    write_labels(source, {"cells": pyramid(label_of(values))})
    line = [THEIRS, "resave", "--cc-by", "--silent", "input.zarr"]

    for rest in (["cfg.json", "--output-write-details"], ["theirs.zarr"]):
        assert run([*line, *rest], cwd=tmp_path, env={"PYTHONPATH": None}).code == 0
    done("input.zarr ours.zarr --output-read-details=cfg.json", tmp_path)
    compared = resaved("validate theirs.zarr --source input.zarr", tmp_path)

    assert_whole(source, tmp_path / "ours.zarr")
    for path in every_array(source):
        assert storage(tmp_path / "ours.zarr" / path) == storage(tmp_path / "theirs.zarr" / path)
        ours, theirs = (zarr_values(tmp_path / n / path) for n in ("ours.zarr", "theirs.zarr"))
        assert (ours == theirs).all()
    errors = [line for line in compared.out.splitlines() if line.startswith("  error ")]
    assert errors == ["  error    labels: /attributes/ome/version: is missing [attribute-differs]"]


@pytest.mark.parametrize("words", [[], ["resave"], ["lookup"], ["validate"], ["update"]])
def test_help_fits_80_columns(words: list[str]) -> None:
    """The installed program helps, in 80 columns and without loading array libraries."""
    ran = run([PROGRAM, *words, "--help"], env={"COLUMNS": "80"})

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith(f"Usage: zarrlift-resave {' '.join(words)}".strip())
    assert widest(ran.out) <= 80


def test_help_loads_no_array_library() -> None:
    """Help is quick because NumPy, numcodecs and rich are loaded by none of it."""
    script = (
        "import sys; sys.argv = ['zarrlift-resave', 'resave', '--help']\n"
        "from zarrlift.cli import faces, resave\n"
        "status = faces.answer(resave.app, 'zarrlift-resave')\n"
        "print(*{'numpy', 'numcodecs', 'rich'} & set(sys.modules), file=sys.stderr)\n"
        "sys.exit(status)"
    )

    ran = run([sys.executable, "-c", script])

    assert (ran.code, ran.err.strip()) == (0, "")


def test_installed_program_converts(here: Path) -> None:
    """The program as installed does what the README's first example asks for."""
    ran = run([PROGRAM, "input.zarr", "output.zarr"], cwd=here)

    assert ran.code == 0, ran.said
    assert_whole(here / "input.zarr", here / "output.zarr")
    assert {p.name for p in here.iterdir()} == {"input.zarr", "output.zarr"}
