"""The help of ome2024-ngff-challenge 1.0.3: its flags, their short forms, and its examples."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import click
import pytest

import zarrlift as zl
from tests.build import read_json, sample, write_file
from tests.build_ome import label_of, pyramid, write_image, write_labels, write_plate
from tests.crates import CC0, CC_BY, CRATE, of_the_challenge, panel, read, write
from tests.functional.runs import assert_refused, run
from tests.functional.test_resave import (
    PROGRAM,
    THEIRS,
    assert_whole,
    done,
    resaved,
    storage,
)
from tests.oracles import every_array
from tests.unit.crate.test_terms import ANSWER, service
from zarrlift.cli import resave_options

FLAGS = frozenset(
    {
        *("input-anon", "output-anon", "output-overwrite", "output-script", "silent", "cc0"),
        *("cc-by", "rocrate-skip", "output-write-details", "help"),
    }
)
VALUED = frozenset(
    {
        *("input-bucket", "input-endpoint", "input-region", "output-bucket", "output-endpoint"),
        *("output-region", "output-threads", "rocrate-license", "rocrate-organism"),
        *("rocrate-modality", "rocrate-name", "rocrate-description", "log"),
        *("output-read-details", "output-chunks", "output-shards", "conversion-notes"),
    }
)
"""Options of `ome2024-ngff-challenge resave --help`, without and with a value."""
needs_theirs = pytest.mark.skipif(
    shutil.which(THEIRS) is None, reason="the challenge's program is not installed"
)
DEAD = "http://127.0.0.1:9"
OFFLINE = {"https_proxy": DEAD, "HTTPS_PROXY": DEAD, "no_proxy": None, "NO_PROXY": None}
"""An environment in which nothing is reached."""


@pytest.fixture(name="here")
def make_folder(tmp_path: Path) -> Path:
    """A folder with an image that is called as in the help."""
    write_image(tmp_path / "in.zarr", pyramid(sample((1, 2, 2, 24, 40), "<u2")))
    return tmp_path


def test_options_are_those_of_the_other_program() -> None:
    """Every option is there, and takes a value where theirs does; there is no other."""
    options = [p for p in resave_options.resave if isinstance(p, click.Option)]
    options.append(click.Option(["--help"], is_flag=True))

    assert {p.opts[0][2:] for p in options if p.is_flag} == FLAGS
    assert {p.opts[0][2:] for p in options if not p.is_flag} == VALUED


@needs_theirs
def test_options_are_those_that_it_prints() -> None:
    """The list above is what the other program, where it is installed, prints."""
    text = run([THEIRS, "resave", "--help"], env={"PYTHONPATH": None, "COLUMNS": "200"}).out
    usage = text.partition("\n\n")[0]

    found = {m[1]: bool(m[2]) for m in re.finditer(r"--([a-z0-9-]+)( [A-Z_]+)?", usage)}
    assert {name for name, valued in found.items() if valued} == VALUED
    assert {name for name, valued in found.items() if not valued} | {"help"} == FLAGS


@pytest.mark.parametrize(
    "line",
    [
        "--cc-by in.zarr out.zarr",
        "--cc-by in.zarr out.zarr --output-overwrite",
        "in.zarr out.zarr --cc-by",
        "in.zarr out.zarr --cc0",
        "in.zarr out.zarr --rocrate-license=https://creativecommons.org/licenses/by-sa/4.0/",
        *(
            f"in.zarr out.zarr --cc0 --rocrate-organism=NCBI:txid{number}"
            for number in (3702, 7227, 562, 9606, 10090, 4932)
        ),
        *(
            f"in.zarr out.zarr --cc0 --rocrate-modality=obo:FBbi_{number}"
            for number in ("00000243", "00000251", "00000369", "00000257", "00000253")
        ),
        '--cc-by in.zarr out.zarr --rocrate-name="my experiment"',
        '--cc-by in.zarr out.zarr --rocrate-description="More text here"',
        "--rocrate-skip in.zarr out.zarr",
        ("--cc-by in.zarr out.zarr --output-chunks=1,1,1,256,256 --output-shards=1,1,1,2048,2048"),
        "--cc-by in.zarr out.zarr --output-threads=128",
        "--cc-by in.zarr out.zarr --log=debug",
        "--cc-by in.zarr out.zarr --log=trace",
        '--cc-by in.zarr out.zarr --conversion-notes="run on a virtual machine"',
    ],
)
def test_examples_of_the_help(line: str, here: Path) -> None:
    """Each example converts, and its crate says what the line says."""
    done(f"resave {line}", here)

    target = here / "out.zarr"
    assert_whole(here / "in.zarr", target)
    assert (target / CRATE).is_file() is ("--rocrate-skip" not in line)
    if "--rocrate-skip" not in line:
        document = read(target)
        said = {value for value in panel(document).values() if value}
        assert {m[1].strip('"') for m in re.finditer(r"--rocrate-\w+=(\".*\"|\S+)", line)} <= said
        assert ({CC_BY} if "--cc-by" in line else {CC0} if "--cc0" in line else set()) <= said
        assert zl.crate(target).valid


def test_details_of_the_help(here: Path) -> None:
    """The values are logged to a file, and read from it."""
    done("resave --cc-by in.zarr cfg.json --output-write-details", here)
    done("resave --cc-by in.zarr out.zarr --output-read-details=cfg.json", here)

    assert_whole(here / "in.zarr", here / "out.zarr")


def test_scripts_of_the_help(here: Path) -> None:
    """Scripts are prepared for later."""
    done("resave --cc-by in.zarr out.zarr --output-script", here)

    assert (here / "out.zarr" / "0" / "convert.sh").is_file()


# --- Options that are cut short ------------------------------------------------------------------


def test_options_may_be_cut_short(here: Path) -> None:
    """As argparse allows it: `--output-over`, `--rocrate-lic=…`, also before a value."""
    write_file(here / "out.zarr" / "zarr.json", b'{"zarr_format": 3, "node_type": "group"}')

    done(
        f"in.zarr out.zarr --output-over --rocrate-lic={CC0} --rocrate-o NCBI:txid9606 "
        "--output-sh 1,1,1,8,8 --sil",
        here,
    )

    assert storage(here / "out.zarr" / "0")[1] == [1, 1, 1, 8, 8]
    assert panel(read(here / "out.zarr"))["license"] == CC0
    assert panel(read(here / "out.zarr"))["organism"] == "NCBI:txid9606"


def test_other_commands_may_be_cut_short_too(here: Path) -> None:
    """So it is with every command."""
    done("in.zarr out.zarr --cc0", here)

    done("update out.zarr --rocrate-na cells", here)
    done("validate out.zarr --sou in.zarr", here)

    assert panel(read(here / "out.zarr"))["name"] == "cells"


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("in.zarr out.zarr --cc", "--cc0"),
        ("in.zarr out.zarr --output-re", "--output-read-details"),
        ("in.zarr out.zarr --nope", "--nope"),
    ],
)
def test_short_form_of_several_is_refused(line: str, part: str, here: Path) -> None:
    """What may mean two options is a usage error that names them."""
    ran = resaved(line, here)

    assert ran.code == 2
    assert part in ran.err
    assert not (here / "out.zarr").exists()


def test_values_are_no_short_forms(here: Path) -> None:
    """A value that looks like an option, and paths after `--`, are left as they are."""
    (here / "in.zarr").rename(here / "--cc-b")

    done("--rocrate-name --output-over --cc-by --silent -- --cc-b out.zarr", here)

    assert panel(read(here / "out.zarr"))["name"] == "--output-over"
    assert_whole(here / "--cc-b", here / "out.zarr")


# --- Values as other people's scripts have them --------------------------------------------------


def test_empty_values_are_not_given(here: Path) -> None:
    """`--rocrate-name="$NAME"`, where that is empty, says nothing, as it does there."""
    empty = ("input-bucket", "output-endpoint", "rocrate-name", "rocrate-organism")
    words = " ".join(f"--{name}=" for name in (*empty, "rocrate-license", "conversion-notes"))

    ran = done(f"in.zarr out.zarr {words} --silent", here)

    assert panel(read(here / "out.zarr"))["name"] == "in.zarr"
    assert "_creator" not in (here / "out.zarr" / "zarr.json").read_text("utf-8")
    assert "crate-license-missing" in ran.err


def test_shapes_may_have_spaces(here: Path) -> None:
    """Sizes are numbers between commas, with spaces or without."""
    done(
        "in.zarr out.zarr --cc0 --output-chunks '1, 1, 1, 8, 8' --output-shards '1,1,1, 8,16'", here
    )

    assert storage(here / "out.zarr" / "0") == ([1, 1, 1, 8, 8], [1, 1, 1, 8, 16])


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("--output-threads=0", "--output-threads"),
        ("--log=loud", "--log"),
        ("--cc0 --cc-by", "exclude one another"),
        ("--output-chunks=1,1,a,1,1", "is not understood"),
        ("--cc0 --rocrate-organism='zebra fish'", "perhaps Danio rerio (NCBI:txid7955)"),
        ("--cc0 --rocrate-modality='light sheat'", "perhaps SPIM (obo:FBbi_00000369)"),
        ("--rocrate-license=free", "the licence's address"),
    ],
)
def test_values_that_do_not_fit(line: str, part: str, here: Path) -> None:
    """Each ends at exit code 2, before anything is written."""
    ran = resaved(f"in.zarr out.zarr {line}", here)

    assert ran.code == 2
    assert part in ran.err
    assert not (here / "out.zarr").exists()


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("error", ()),
        ("WARN", ()),
        ("warning", ()),
        ("critical", ()),
        ("info", ("INFO",)),
        ("debug", ("DEBUG",)),
        ("trace", ("DEBUG",)),
    ],
)
def test_log_says_what_its_level_says(level: str, words: tuple[str, ...], here: Path) -> None:
    """Levels are those of Python, under every name that the other program takes."""
    ran = run([PROGRAM, "in.zarr", "out.zarr", "--silent", "--cc0", f"--log={level}"], cwd=here)

    assert (ran.code, ran.out) == (0, "")
    assert all(f" {word} zarrlift" in ran.err for word in words)
    assert (ran.err == "") is not bool(words)


def test_silent_leaves_what_goes_wrong(here: Path) -> None:
    """With `--silent` there is no word of a success, and the missing licence is still said."""
    assert done("in.zarr a.zarr --cc0 --silent", here).said == ""
    warned = done("in.zarr b.zarr --silent", here)
    failed = resaved("gone.zarr c.zarr --silent", here)

    assert warned.out == ""
    assert warned.err.startswith(f"warning {CRATE}: the crate states no licence")
    assert_refused(failed, "no such folder")


# --- Crates --------------------------------------------------------------------------------------


def test_crate_is_always_written(here: Path) -> None:
    """As in theirs: with nothing said it holds a name and how the dataset was made."""
    ran = done("in.zarr out.zarr", here)

    document = read(here / "out.zarr")
    assert panel(document)["name"] == "in.zarr"
    assert panel(document)["license"] is None
    assert [e["@type"] for e in document["@graph"]].count("CreateAction") == 1
    assert "RO-Crate   says how the dataset was made" in ran.out
    assert "crate-license-missing" in ran.out
    again = done("in.zarr out.zarr", here)
    assert "Already done" in again.out
    assert "crate-license-missing" in again.out
    done("update out.zarr --cc-by", here)
    assert "crate-license-missing" not in done("in.zarr out.zarr", here).out


def test_crate_of_the_source_stays(here: Path) -> None:
    """Where the source has one, it says what it said, and how the copy was made."""
    write(here / "in.zarr", of_the_challenge())

    ran = done("in.zarr out.zarr", here)

    assert panel(read(here / "out.zarr")) == panel(of_the_challenge())
    assert "crate-license-missing" not in ran.out


@needs_theirs
def test_crate_reads_like_theirs(here: Path) -> None:
    """Readers of the other program's crates find in ours what they find in theirs."""
    said = ["--cc-by", "--rocrate-organism=NCBI:txid9606", "--rocrate-modality=obo:FBbi_00000246"]
    said += ["--rocrate-name=cells", "--rocrate-description=two sorts", "--silent"]
    theirs = [THEIRS, "resave", "in.zarr", "theirs.zarr", *said]

    assert run(theirs, cwd=here, env={"PYTHONPATH": None}).code == 0
    assert run([PROGRAM, "in.zarr", "ours.zarr", *said], cwd=here).code == 0

    assert panel(read(here / "ours.zarr")) == panel(read(here / "theirs.zarr"))
    done("update theirs.zarr --cc0", here)
    assert panel(read(here / "theirs.zarr"))["license"] == CC0
    assert zl.crate(here / "theirs.zarr").valid


# --- Details -------------------------------------------------------------------------------------


def test_mapping_of_details_may_have_a_comment(tmp_path: Path) -> None:
    """The form of 1.0.3 too: a first line with `#`, and shapes that are not looked at."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    source = write_image(tmp_path / "in.zarr", pyramid(values))
    write_labels(source, {"cells": pyramid(label_of(values))})
    done("in.zarr cfg.json --output-write-details", tmp_path)
    details: Any = json.loads((tmp_path / "cfg.json").read_text("utf-8"))
    assert set(details) == {f"in.zarr/{path}" for path in every_array(source)}

    for entry in details.values():
        entry |= {"shape": [7], "chunks": [1, 1, 1, 4, 4], "shards": [1, 1, 1, 8, 8]}
    (tmp_path / "cfg.json").write_text(f"# cfg.json\n{json.dumps(details)}", "utf-8")
    done("in.zarr out.zarr --output-read-details cfg.json", tmp_path)

    assert_whole(source, tmp_path / "out.zarr")
    for path in every_array(source):
        assert storage(tmp_path / "out.zarr" / path) == ([1, 1, 1, 4, 4], [1, 1, 1, 8, 8])


def test_details_come_before_scripts(here: Path) -> None:
    """Of both options, details are written, as there."""
    done("in.zarr cfg.json --output-write-details --output-script", here)

    assert len(json.loads((here / "cfg.json").read_text("utf-8"))) == 2


def test_details_of_fields_with_labels(tmp_path: Path) -> None:
    """A plate's fields may have labels, whose arrays stand in the mapping too."""
    source = write_plate(tmp_path / "in.zarr", wells=("A/1",), fields=1)
    field = sample((1, 1, 1, 6, 8), "<u2")
    write_labels(source / "A" / "1" / "0", {"cells": pyramid(label_of(field))})
    done("in.zarr cfg.json --output-write-details", tmp_path)
    details: Any = json.loads((tmp_path / "cfg.json").read_text("utf-8"))

    details["in.zarr/A/1/0/labels/cells/0"] |= {
        "chunks": [1, 1, 1, 2, 2],
        "shards": [1, 1, 1, 4, 8],
    }
    (tmp_path / "cfg.json").write_text(json.dumps(details), "utf-8")
    done("in.zarr out.zarr --output-read-details cfg.json", tmp_path)

    assert_whole(source, tmp_path / "out.zarr")
    label = tmp_path / "out.zarr" / "A" / "1" / "0" / "labels" / "cells" / "0"
    assert storage(label) == ([1, 1, 1, 2, 2], [1, 1, 1, 4, 8])


def test_details_are_local(here: Path) -> None:
    """They are not written to a bucket, which is said before anything is asked of it."""
    line = "in.zarr cfg.json --output-write-details --output-bucket=b"

    assert_refused(resaved(line, here), "written to a local file", code=2)


# --- lookup --------------------------------------------------------------------------------------


def test_lookup_has_their_columns(here: Path) -> None:
    """The table answers without a network, in their four columns with tabs between."""
    ran = run([PROGRAM, "lookup", "light-sheet"], cwd=here, env=OFFLINE)

    assert (ran.code, ran.err) == (0, "")
    head, *rows = [line.split("\t") for line in ran.out.splitlines()]
    assert head == ["ONTOLOGY  ", "TERM" + 16 * " ", "LABEL" + 25 * " ", "DESCRIPTION"]
    assert [row[:3] for row in rows] == [["fbbi      ", "FBbi_00000369       ", f"{'SPIM':<30}"]]


@pytest.mark.parametrize("words", [["--online"], ["--onl"], ["--log=debug", "--online"]])
def test_lookup_without_a_network(words: list[str], here: Path) -> None:
    """Where the service does not answer that is said, and the table's terms are given."""
    ran = run([PROGRAM, "lookup", *words, "mouse"], cwd=here, env=OFFLINE)

    assert ran.code == 0
    assert "did not answer" in ran.err
    assert "the terms that zarrlift knows itself" in ran.err
    assert "NCBITaxon_10090" in ran.out


def test_lookup_of_what_the_table_lacks(here: Path) -> None:
    """The service is asked then, as theirs always does; without a network nothing is found."""
    ran = run([PROGRAM, "lookup", "unicorn"], cwd=here, env=OFFLINE)

    assert ran.code == 3
    assert "did not answer" in ran.err
    assert "nothing found for 'unicorn'" in ran.err
    assert ran.out.split() == ["ONTOLOGY", "TERM", "LABEL", "DESCRIPTION"]


def test_lookup_online(here: Path) -> None:
    """The answer of a service is given in the same columns."""
    with service(json.dumps(ANSWER).encode()) as (address, asked):
        ran = run([PROGRAM, "lookup", "light sheet", "--service", address], cwd=here)

    assert (ran.code, ran.err, len(asked)) == (0, "", 1)
    rows = [[cell.strip() for cell in line.split("\t")] for line in ran.out.splitlines()]
    assert rows[1:] == [
        ["fbbi", "FBbi_00000369", "SPIM", "single (or selective) plane illumination."],
        ["bao", "BAO_1", "sheet", ""],
    ]


def test_creator_is_kept_where_theirs_is(here: Path) -> None:
    """Notes go to `attributes.ome._creator`, in whose form theirs are."""
    done("in.zarr out.zarr --cc0 --conversion-notes='on a cluster'", here)

    attributes: Any = read_json(here / "out.zarr" / "zarr.json")["attributes"]
    assert attributes["ome"]["_creator"] == {"name": "zarrlift", "notes": "on a cluster"}
