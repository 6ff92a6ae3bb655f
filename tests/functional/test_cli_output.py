"""What a lift says, and where: results on stdout, the rest on stderr, JSON, reports, logs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build_ome import write_plate
from tests.fakes import Stopped, StoppingWatch
from tests.functional.runs import (
    HOUSE,
    as_printed,
    assert_in_words,
    command,
    in_terminal,
    lift_of,
    run,
    start,
    tree,
    widest,
    write_sample,
    zarrlift,
)

ESCAPE = "\x1b"


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path_factory.mktemp("output") / "image.zarr")


@pytest.fixture(name="here")
def make_here(source: Path, tmp_path: Path) -> Path:
    """A folder that holds the image under a short name."""
    shutil.copytree(source, tmp_path / "image.zarr")
    return tmp_path


def last_command(said: str) -> str:
    """Give the command that a report ends with."""
    return said.rstrip().rpartition("\n")[2].strip()


def test_report_says_what_was_done(here: Path) -> None:
    """The report has data, share undecoded, what changed and why, time, proof and its limits."""
    ran = zarrlift("convert", "image.zarr", "lifted.zarr", cwd=here)

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith(f"Lifted {here}/image.zarr\n")
    begins = ("Data", "Undecoded", "Changed", "Beside", "Time", "Proof", "Unchecked")
    lines = ran.out.splitlines()
    assert [b for b in begins if not any(line.startswith(f"{b} ") for line in lines)] == []
    assert "zlib" in ran.out
    assert "Before deleting the source" in ran.out
    assert widest(ran.out.replace(str(here), "")) <= 80


@pytest.mark.parametrize("exclude", [[], ["--exclude", "notes"]], ids=["all", "exclude"])
def test_next_command_of_a_report_runs_as_printed(
    exclude: list[str], source: Path, tmp_path: Path
) -> None:
    """What a report says to do next can be typed as it stands, and finds both equal."""
    shutil.copytree(source, tmp_path / "my image.zarr")
    words = ["convert", "my image.zarr", "my lift.zarr", *exclude]

    line = last_command(zarrlift(*words, cwd=tmp_path).out)
    ran = as_printed(line, tmp_path)

    assert "--level full" in line
    assert ran.code == 0, ran.said
    assert "equal, at level full" in ran.out


@pytest.mark.parametrize("level", ["full", "decode"])
def test_report_of_a_full_proof_lets_the_source_go(level: str, here: Path) -> None:
    """Only after every byte was compared does the report say that the source may go."""
    ran = zarrlift("convert", "image.zarr", "lifted.zarr", "--verify", level, cwd=here)

    assert "The source may go" in ran.out
    assert "Before deleting" not in ran.out


def test_demo_says_what_to_do_next(tmp_path: Path) -> None:
    """The command that `demo` ends with runs as printed."""
    ran = zarrlift("demo", "my cells.zarr", "--size", "2MiB", cwd=tmp_path)

    assert ran.code == 0, ran.said
    assert as_printed(last_command(ran.out), tmp_path).code == 0


@pytest.mark.parametrize("words", [["--json"], ["--format", "json", "--quiet"]])
def test_convert_answers_in_json(words: list[str], here: Path) -> None:
    """With --json stdout is one document, and nothing else, of plan, result and proof."""
    ran = zarrlift("convert", "image.zarr", "lifted.zarr", *words, cwd=here)

    answer = json.loads(ran.out)
    assert ran.err == ""
    assert (answer["schema"], answer["kind"]) == (1, "zarrlift-report")
    assert answer["result"]["finished"] is True
    assert answer["result"]["objects"] == sum(
        a["objects_out"] for a in json.loads(plan_json(here))["arrays"]
    )
    proof = answer["verification"]
    assert proof["equal"] is True
    assert {"arrays", "objects", "chunks", "bytes"} <= proof["checked"].keys()
    assert {"rule", "severity", "path", "chunk", "message"} >= {
        name for finding in proof["findings"] for name in finding
    }


def plan_json(here: Path) -> str:
    """Give the counted plan of the same lift."""
    return zarrlift("plan", "image.zarr", "other.zarr", "--count", "--json", cwd=here).out


@pytest.mark.parametrize("verb", ["plan", "convert", "verify"])
def test_errors_are_never_on_stdout(verb: str, tmp_path: Path) -> None:
    """With --json too, what went wrong is on stderr, and stdout is empty."""
    ran = zarrlift(verb, tmp_path / "absent.zarr", tmp_path / "lifted.zarr", "--json")

    assert ran.code == 3
    assert ran.out == ""
    assert "no such folder" in ran.err


@pytest.mark.parametrize("name", ["report.txt", "report.json", "my report"])
def test_report_is_kept(name: str, here: Path) -> None:
    """--report keeps what is shown; a name that ends in .json gets the JSON."""
    ran = zarrlift("convert", "image.zarr", "lifted.zarr", "--report", name, cwd=here)

    kept = (here / name).read_text("utf-8")
    if name.endswith(".json"):
        assert json.loads(kept)["result"]["finished"] is True
        assert ran.out.startswith("Lifted ")
    else:
        assert kept == ran.out


def test_report_is_kept_of_a_quiet_run(here: Path) -> None:
    """A quiet run keeps the same report."""
    words = ["convert", "image.zarr", "lifted.zarr", "--quiet", "--report", "report.txt"]

    ran = zarrlift(*words, cwd=here)

    assert (ran.code, ran.said) == (0, "")
    assert (here / "report.txt").read_text("utf-8").startswith("Lifted ")


def test_quiet_is_silent(here: Path) -> None:
    """--quiet says nothing where all went well: lifting, confirming, verifying."""
    for words in (["convert"], ["convert"], ["verify"]):
        ran = zarrlift(*words, "image.zarr", "lifted.zarr", "--quiet", cwd=here)
        assert (ran.code, ran.said) == (0, "")


def test_quiet_still_tells_of_differences(here: Path) -> None:
    """--quiet does not swallow what was found."""
    zl.convert(here / "image.zarr", here / "lifted.zarr")
    (here / "lifted.zarr/notes/README.md").unlink()

    ran = zarrlift("verify", "image.zarr", "lifted.zarr", "--quiet", cwd=here)

    assert ran.code == 1
    assert "notes/README.md" in ran.said


def test_log_is_written(here: Path) -> None:
    """--log writes what the program does to a file, and -v to stderr; stdout stays the same."""
    words = ["convert", "image.zarr", "lifted.zarr", "-v", "--log", "lift.log", "--json"]

    ran = zarrlift(*words, cwd=here)

    assert json.loads(ran.out)["result"]["finished"] is True
    logged = (here / "lift.log").read_text("utf-8")
    assert "zarrlift" in logged
    assert logged.splitlines()[0] in ran.err


def test_no_escape_codes_where_there_is_no_terminal(here: Path) -> None:
    """Output to pipes and files is plain text, even where colour is forced for others."""
    env = {"FORCE_COLOR": None, "TERM": "xterm-256color"}

    ran = zarrlift("convert", "image.zarr", "lifted.zarr", cwd=here, env=env)

    assert ESCAPE not in ran.said


def test_bar_in_a_terminal(tmp_path: Path) -> None:
    """In a terminal a bar with phase, bytes and rate runs within 80 columns, and goes away."""
    assert zarrlift("demo", "cells.zarr", "--size", "32MiB", cwd=tmp_path).code == 0
    words = ["convert", "cells.zarr", "lifted.zarr", "--codec", "zstd:3"]

    ran = in_terminal(*words, cwd=tmp_path)

    assert ran.code == 0
    assert "lifting" in ran.out
    assert "━" in ran.out or "╸" in ran.out
    assert "MiB" in ran.out
    assert ran.out.count("Lifted ") == 1


def test_no_colour_in_a_terminal_that_wants_none(here: Path) -> None:
    """With NO_COLOR nothing is coloured, in a terminal too."""
    words = ["convert", "image.zarr", "lifted.zarr"]

    ran = in_terminal(*words, cwd=here, env={"NO_COLOR": "1"})

    assert ran.code == 0
    coloured = [f"{ESCAPE}[{n}" for n in (31, 32, 33, 34, 35, 36, "38;", "9")]
    assert [code for code in coloured if code in ran.out] == []


def test_dumb_terminal_gets_no_escape_codes(here: Path) -> None:
    """A terminal that says it can do nothing is written to line by line."""
    ran = in_terminal("convert", "image.zarr", "lifted.zarr", cwd=here, env={"TERM": "dumb"})

    assert ran.code == 0
    assert ESCAPE not in ran.out


@pytest.mark.parametrize("answer", ["n\n", "y\n"])
def test_terminal_is_asked_before_a_target_is_replaced(answer: str, here: Path) -> None:
    """Someone at the terminal is asked with the count, and no is no."""
    zl.convert(here / "image.zarr", here / "lifted.zarr")
    before = tree(here / "lifted.zarr")
    words = ["convert", "image.zarr", "lifted.zarr", "--shards", "none", "--overwrite"]

    ran = in_terminal(*words, cwd=here, typed=answer)

    files = sum(content != "folder" for content in before.values())
    assert f"Remove {files} files" in ran.out
    assert ran.code == (0 if answer == "y\n" else 3)
    assert (tree(here / "lifted.zarr") == before) is (answer == "n\n")


@pytest.mark.parametrize("verb", ["plan", "convert"])
def test_reader_that_stops_reading(verb: str, tmp_path: Path) -> None:
    """`| head -1` gets its line of a long answer, and no traceback comes with it."""
    wells = [f"{row}/{column}" for row in "ABCDEF" for column in range(1, 5)]
    write_plate(tmp_path / "plate.zarr", wells=wells, fields=1)

    with start(verb, "plate.zarr", "lifted.zarr", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert (first, said) == ("{\n", "")
    assert process.returncode != 0


@pytest.mark.parametrize("verb", ["plan", "convert", "verify"])
def test_reader_that_never_reads(verb: str, here: Path) -> None:
    """A pipe that is closed before anything is written gives no traceback, and the work is done."""
    if verb == "verify":
        zl.convert(here / "image.zarr", here / "lifted.zarr")
    script = '{ sleep 0.05; exec "$0" "$@" 2>said; } | true'

    run(["sh", "-c", script, *command(verb, "image.zarr", "lifted.zarr")], cwd=here)

    assert (here / "said").read_text("utf-8") == ""
    assert verb == "plan" or zl.verify(here / "image.zarr", here / "lifted.zarr").equal


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_names_that_are_no_utf8(source: Path, tmp_path: Path) -> None:
    """Names from an older system, which are not UTF-8, are lifted and can be printed."""
    odd = os.fsdecode(b"M\xfcller.zarr")
    shutil.copytree(source, tmp_path / odd)
    (tmp_path / odd / os.fsdecode(b"Gr\xfc\xdfe.txt")).write_text("hello", encoding="utf-8")
    (tmp_path / odd / os.fsdecode(b"L\xfccke")).symlink_to("nowhere")

    for words in (["plan"], ["plan", "--json"], ["convert"], ["convert", "--json"], ["verify"]):
        ran = zarrlift(*words, odd, "lifted.zarr", cwd=tmp_path)
        assert_in_words(ran)
        assert ran.code == 0, ran.said

    held = [os.fsencode(path.name) for path in (tmp_path / "lifted.zarr").iterdir()]
    assert b"Gr\xfc\xdfe.txt" in held


def test_output_needs_no_utf8(here: Path) -> None:
    """In a locale without Unicode every command still answers."""
    env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    (here / "image.zarr" / "Zellkerne µ ☃.txt").write_text("snow\n", encoding="utf-8")

    for verb in ("plan", "convert", "convert", "verify"):
        ran = zarrlift(verb, "image.zarr", "lifted ☃.zarr", cwd=here, env=env)
        assert_in_words(ran)
        assert ran.code == 0, ran.said


def test_program_runs_from_anywhere(here: Path) -> None:
    """Paths are taken from the folder in which the command runs."""
    (here / "deep" / "er").mkdir(parents=True)

    ran = zarrlift("convert", "../../image.zarr", "../out.zarr", cwd=here / "deep" / "er")

    assert ran.code == 0, ran.said
    assert (here / "deep" / "out.zarr" / "zarr.json").exists()
    assert not (HOUSE / "out.zarr").exists()


def test_resumed_run_says_so(here: Path) -> None:
    """The report of a continued lift says how much stood there already."""
    lift = lift_of("pack")
    with pytest.raises(Stopped):
        zl.convert(
            here / "image.zarr",
            here / "lifted.zarr",
            watch=StoppingWatch("writing documents"),
            **lift.choices,  # type: ignore[arg-type]
        )

    ran = zarrlift("convert", "image.zarr", "lifted.zarr", *lift.words, cwd=here)

    assert ran.code == 0
    assert "of them from an earlier run" in ran.out
