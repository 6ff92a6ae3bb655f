"""Names and values that no file has, that terminals obey or JSON lacks: each command copes."""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import read_json, sample, write_group, write_json
from tests.build_ome import write_image
from tests.build_v3 import Form, write_v3_array, write_v3_group
from tests.functional.runs import (
    assert_in_words,
    assert_refused,
    in_process,
    peak_bytes,
    zarrlift,
)
from zarrlift.report.progress import BarWatch
from zarrlift.store.folder import Folder, size_of
from zarrlift.survey.look import look

VALUES = sample((8, 8), "<u2")
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
BELL = "a\x1b]0;title\x07\x9b31mb\u202ec"
"""What sets a terminal's title, its colour, and the direction of what follows."""


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "{}", "out.zarr"),
        ("convert", "{}", "out.zarr"),
        ("verify", "{}", "{}"),
        ("repair", "{}", "--dry-run"),
        ("repair", "{}"),
        ("upgrade", "{}", "--dry-run"),
        ("tune", "{}", "--codecs", "zstd:1"),
        ("crate", "{}", "--check"),
        ("info", "{}/nowhere"),
        ("validate", "{}/{}"),
    ],
    ids=lambda words: words[0],
)
def test_names_are_no_commands_to_a_terminal(words: tuple[str, ...], tmp_path: Path) -> None:
    """What a dataset calls its nodes is shown, and never obeyed, wherever it is shown."""
    root = tmp_path / f"{BELL}.zarr"
    write_image(root, [VALUES], axes="yx", paths=[BELL], compressor={"id": "zlib", "level": 1})
    write_group(root / BELL / "inner")
    (root / f"{BELL}.loop").symlink_to("nowhere")
    write_json(root / "tables" / BELL / ".zattrs", {"a": BELL})

    ran = in_process(*(word.replace("{}", str(root)) for word in words), cwd=tmp_path)

    assert_in_words(ran)
    assert OBEYED.search(ran.said) is None, ran.said
    assert "]0;title" in ran.said


def test_names_are_no_markup_of_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """A path that looks like an end of markup is shown by the bar as it is."""
    watch = BarWatch(ask=bool)
    watch.phase("lifting", 10)
    watch.advance("x[/b]/0", 10)
    watch.close()

    assert "Traceback" not in capsys.readouterr().err


def test_report_holds_any_name(tmp_path: Path) -> None:
    """A name that is no text is escaped in a report that is kept."""
    write_image(tmp_path / "a", [VALUES], axes="yx")
    (tmp_path / "a" / os.fsdecode(b"L\xfccke")).symlink_to("nowhere")

    ran = zarrlift("convert", "a", "b", "--report", "said.txt", "--log", "log.txt", cwd=tmp_path)

    assert ran.code == 0, ran.said
    assert "L\\udcfccke" in (tmp_path / "said.txt").read_text("utf-8")


def test_log_is_harmless(tmp_path: Path) -> None:
    """It names what was found, with nothing that a terminal obeys; without it nothing is said."""
    write_group(tmp_path / "a")
    write_image(tmp_path / "a" / BELL, [VALUES], axes="yx", chunks=(4, 4))
    array = tmp_path / "a" / BELL / "0"
    (array / "0").rename(array / "9")

    logged = zarrlift("convert", "a", "b", "-v", "--log", "log.txt", "--plain-zarr", cwd=tmp_path)
    quiet = zarrlift("convert", "a", "c", "--quiet", "--plain-zarr", cwd=tmp_path)

    for said in (logged.err, (tmp_path / "log.txt").read_text("utf-8")):
        assert "[stale-chunks]" in said
        assert OBEYED.search(said) is None
    assert (quiet.code, quiet.said) == (0, "")


def strictly(text: str) -> Any:
    """Parse JSON that holds no bare NaN or Infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


def test_answers_are_json_where_documents_are_not(tmp_path: Path) -> None:
    """NaN and Infinity, which JSON does not have, stand in results as Zarr v3 spells them."""
    write_image(tmp_path, [VALUES], axes="yx")
    path = tmp_path / ".zattrs"
    held: Any = read_json(path)
    held["multiscales"][0] |= {"version": 0.4, "a": float("nan"), "b": [float("-inf")]}
    path.write_text(json.dumps(held))

    found = strictly(in_process("info", tmp_path, "--json", "--doc").out)
    repaired = strictly(in_process("repair", tmp_path, "--dry-run", "--json").out)

    (multiscale,) = found["documents"][0]["value"]["multiscales"]
    assert (multiscale["a"], multiscale["b"]) == ("NaN", ["-Infinity"])
    assert [d["after"] for d in repaired["changes"][0]["differences"]] == ["0.4"]


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "..",
        "/etc",
        "0\0",
        "\ud800",
        "x" * 300,
        "/".join("ab" * 600),
        "0/.zarray",
        "0/0/0/0",
    ],
    ids=lambda path: ascii(path)[:12],
)
def test_views_find_nothing_where_no_node_can_be(path: str, tmp_path: Path) -> None:
    """A path that no file can have, or that leads out, is that of no array; the rest is shown."""
    write_image(tmp_path / "a", [VALUES], axes="yx", separator="/")
    held: Any = read_json(tmp_path / "a" / ".zattrs")
    held["multiscales"][0]["datasets"].append({"path": path})
    write_json(tmp_path / "a" / ".zattrs", held)
    write_json(tmp_path / "a" / "labels" / ".zattrs", {"labels": [path]})

    ds = zl.open(tmp_path / "a")
    first, second = ds.image.levels

    assert first.shape == (8, 8)
    assert second.problem == "there is no such array"
    assert dict(second.attributes) == {}
    assert ds.labels[0].levels == ()
    assert ds._repr_html_()


def test_links_that_lead_nowhere_are_listed(tmp_path: Path) -> None:
    """One of them does not keep the rest of a folder from being listed; nor does an odd date."""
    write_group(tmp_path)
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "late").write_bytes(b"12")
    os.utime(tmp_path / "late", (10**12, 10**12))

    found = {o.name: o for o in zl.info(tmp_path, keys=True).objects or ()}

    assert found.keys() == {".zgroup", "gone", "loop", "up/", "late"}
    assert found["gone"].content_type == found["loop"].content_type == "inode/symlink"
    shown = (tmp_path / "late").stat().st_mtime < 2**37  # not every file system keeps such a date
    assert (found["late"].modified is not None) is shown
    assert_in_words(in_process("info", tmp_path, "--keys"))


def test_link_to_itself_is_no_dataset(tmp_path: Path) -> None:
    """It does not keep a folder without any from being told as such."""
    (tmp_path / "loop").symlink_to("loop")

    assert_refused(in_process("plan", tmp_path, "/nowhere/b"), "no Zarr group or array")


def test_file_that_vanishes_is_named(tmp_path: Path) -> None:
    """A file that goes while its folder is listed is named, as any other that cannot be read."""
    (tmp_path / "a").write_bytes(b"1")
    (entry,) = Folder(tmp_path).entries("")
    (tmp_path / "a").unlink()

    with pytest.raises(zl.ZarrliftError, match="looking at failed") as caught:
        size_of(entry)

    assert caught.value.place == str(tmp_path / "a")


@pytest.mark.parametrize("member", ["shape", "chunks"])
@pytest.mark.parametrize("sizes", [[2] * 600, [10**200, 10**200]], ids=["many", "large"])
def test_sizes_that_nobody_has_are_refused(member: str, sizes: list[int], tmp_path: Path) -> None:
    """Figures made of them would leave the range of numbers; the array is told, not shown."""
    write_image(tmp_path, [VALUES], axes="yx")
    document: Any = read_json(tmp_path / "0" / ".zarray")
    write_json(tmp_path / "0" / ".zarray", {**document, member: sizes})

    for words in (["info"], ["info", "--json"], ["validate"]):
        assert_in_words(in_process(*words, tmp_path))
    assert look(Folder(tmp_path)).nodes["0"].layout is None


@pytest.mark.parametrize("names", [[1, 2], [{}, None], [["y"], "x"]], ids=str)
def test_dimension_names_that_are_no_names(names: list[object], tmp_path: Path) -> None:
    """Such an array cannot be read; every command says so, and views do."""
    write_v3_group(tmp_path)
    write_v3_array(tmp_path / "0", VALUES, Form(chunks=(4, 4)))
    document: Any = read_json(tmp_path / "0" / "zarr.json")
    write_json(tmp_path / "0" / "zarr.json", {**document, "dimension_names": names})

    for verb in ("info", "validate"):
        assert_in_words(in_process(verb, tmp_path))
    assert_refused(in_process("plan", tmp_path, "/nowhere/b", "--plain-zarr"), "dimension_names")
    assert zl.open(tmp_path).arrays["0"]._repr_html_()


def test_documents_are_never_gigabytes(tmp_path: Path) -> None:
    """What is called as a document and has a gigabyte is told, and not read."""
    write_image(tmp_path / "a", [VALUES], axes="yx")
    os.truncate(tmp_path / "a" / "0" / ".zarray", 2**40)

    assert_refused(in_process("plan", "a", "b", cwd=tmp_path), "too large to be a document")
    with pytest.raises(zl.ZarrliftError, match="too large to be a document"):
        assert zl.open(tmp_path / "a").image.levels
    told = [f.rule for f in zl.validate(tmp_path / "a").findings if "0/.zarray" in f.path]
    assert told == ["document-large"]

    os.truncate(tmp_path / "a" / "0" / ".zarray", 2**26 + 1)
    with zipfile.ZipFile(tmp_path / "a.ozx", "w") as archive:
        for path in (tmp_path / "a").rglob("*.*"):
            archive.write(path, path.relative_to(tmp_path / "a"))
    assert_refused(in_process("plan", "a.ozx", "b", cwd=tmp_path), "too large to be a document")


def test_pictures_are_not_made_of_millions_of_chunks(tmp_path: Path) -> None:
    """A chunk takes a while to be looked for, however small it is."""
    level = np.broadcast_to(np.uint8(0), (4096, 4096))
    write_image(tmp_path, [level], axes="yx", chunks=(1, 1), missing="all")
    begun = time.monotonic()

    ran = in_process("info", tmp_path, "--thumbnail", tmp_path / "a.png")
    page = zl.open(tmp_path)._repr_html_()

    assert_refused(ran, "no level small enough")
    assert "<img" not in page
    assert time.monotonic() - begun < 5


def test_more_chunks_than_can_be_numbered_are_drawn_from(tmp_path: Path) -> None:
    """A sample of 2^116 chunks is drawn from the first 2^63."""
    write_image(tmp_path, [VALUES], axes="yx", separator="/")
    document: Any = read_json(tmp_path / "0" / ".zarray")
    write_json(tmp_path / "0" / ".zarray", {**document, "shape": [2**60, 2**60]})

    ran = in_process("tune", tmp_path, "--codecs", "zstd:1")

    assert ran.code == 0, ran.said


@pytest.mark.parametrize("show", [("--thumbnail", "/dev/null"), ("--chunk", "0/0,0")], ids=str)
def test_bombs_are_not_decoded_to_be_shown(show: tuple[str, str], tmp_path: Path) -> None:
    """A chunk of kilobytes that would give gigabytes gives none to who only looks."""
    write_image(tmp_path, [VALUES], axes="yx", compressor={"id": "zlib", "level": 1})
    bomb = zlib.compress(bytes(2**27), 1)
    for chunk in (tmp_path / "0").rglob("[0-9]*"):
        if chunk.is_file():
            chunk.write_bytes(bomb)

    ran, peak = peak_bytes(tmp_path / "peak", "info", tmp_path, *show)

    assert ran.code == (1 if show[0] == "--chunk" else 0), ran.said
    assert peak < 128 * 2**20


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-32"])
def test_documents_are_utf_8(form: str, tmp_path: Path) -> None:
    """Python reads JSON in other forms too, and next to no other reader does."""
    write_image(tmp_path, [VALUES], axes="yx")
    held = (tmp_path / ".zattrs").read_text("utf-8")
    (tmp_path / ".zattrs").write_bytes(held.encode(form))

    (finding,) = [f for f in zl.validate(tmp_path).findings if f.rule == "document-json"]

    assert "where JSON has UTF-8" in finding.message


def test_pictures_of_odd_types(tmp_path: Path) -> None:
    """Text has no picture."""
    write_image(tmp_path / "b", [np.full((8, 8), "abcd")], axes="yx", fill_value="")

    refused = in_process("info", tmp_path / "b", "--thumbnail", tmp_path / "b.png")
    assert_refused(refused, "no plane of numbers")


def test_settings_of_codecs_are_kept_in_their_range(tmp_path: Path) -> None:
    """Decoding asks for none of them; what is written has to be read by others."""
    blosc = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
    write_image(tmp_path / "a", [VALUES], axes="yx", compressor=blosc)
    document: Any = read_json(tmp_path / "a" / "0" / ".zarray")
    wrong = {**blosc, "clevel": 10**60, "blocksize": -(10**60)}
    write_json(tmp_path / "a" / "0" / ".zarray", {**document, "compressor": wrong})

    assert in_process("tune", tmp_path / "a", "--codecs", "zstd:1").code == 0
    zl.convert(tmp_path / "a", tmp_path / "b", shards="none")
    (codec,) = [c for c in zl.open(tmp_path / "b").arrays["0"].codecs if c.name == "blosc"]
    assert (codec.get("clevel"), codec.get("blocksize")) == (9, 0)


def test_deep_attributes_are_told_as_such(tmp_path: Path) -> None:
    """It is the document that is nested, not the folders."""
    write_image(tmp_path / "a", [VALUES], axes="yx", level_attributes={"a": 1})
    deep = b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}"
    (tmp_path / "a" / "0" / ".zattrs").write_bytes(deep)

    assert_refused(in_process("plan", "a", "b", cwd=tmp_path), "nested too deeply", "0/.zattrs")


def test_wells_at_absolute_paths_end_the_search(tmp_path: Path) -> None:
    """A path that begins at the root of all has no folder of the plate above it."""
    wells = [{"path": path, "rowIndex": 0, "columnIndex": 0} for path in ("/etc", "//a", "A/1")]
    plate = {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": wells}
    write_group(tmp_path, {"plate": plate})

    ran = zarrlift("info", tmp_path, seconds=20)

    assert ran.code == 0, ran.said
    assert "3 wells on 1 row and 1 column" in ran.out


def test_chunk_of_a_terabyte_is_not_read_to_be_shown(tmp_path: Path) -> None:
    """It holds more than any chunk of its kind, and is shown as the fill value."""
    write_image(tmp_path, [VALUES], axes="yx", separator="/")
    os.truncate(tmp_path / "0/0/0", 2**40)

    assert "<img" in zl.open(tmp_path)._repr_html_()


@pytest.mark.parametrize("verb", ["info", "validate", "repair", "upgrade", "crate", "tune"])
def test_file_that_is_no_zarr_is_named_as_what_it_is(verb: str, tmp_path: Path) -> None:
    """A TIFF is there; it has to be converted first."""
    (tmp_path / "cells.tif").write_bytes(b"II*\0")

    assert_refused(in_process(verb, tmp_path / "cells.tif"), "a .tif file", "bioformats2raw")


def test_estimates_of_more_chunks_than_can_be_numbered(tmp_path: Path) -> None:
    """What is measured for a plan is drawn from the first 2^63."""
    write_image(tmp_path / "a", [VALUES], axes="yx", separator="/")
    document: Any = read_json(tmp_path / "a" / "0" / ".zarray")
    write_json(tmp_path / "a" / "0" / ".zarray", {**document, "shape": [2**60, 2**60]})

    ran = in_process("plan", "a", "b", "--codec", "zstd:1", "--shards", "none", cwd=tmp_path)

    assert_in_words(ran)
    assert ran.code == 0, ran.said


@pytest.mark.parametrize("verb", ["info", "validate", "repair", "crate"])
def test_target_of_a_killed_lift_is_told_as_such(verb: str, tmp_path: Path) -> None:
    """It is no dataset yet, and the command that makes it one is the one that was killed."""
    (tmp_path / "a" / ".zarrlift").mkdir(parents=True)
    (tmp_path / "a" / ".zarrlift" / "plan.json").write_text("{}")

    assert_refused(in_process(verb, tmp_path / "a"), "not finished", "command again")


@pytest.mark.parametrize("depth", [95, 98, 99])
def test_deep_attributes_that_are_taken_are_read_again(depth: int, tmp_path: Path) -> None:
    """They lie deeper in what is written, and are then refused by nobody."""
    deep = b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
    write_image(tmp_path / "a", [VALUES], axes="yx", level_attributes={"a": 1})
    (tmp_path / "a" / "0" / ".zattrs").write_bytes(deep)

    zl.convert(tmp_path / "a", tmp_path / "b")
    assert zl.verify(tmp_path / "a", tmp_path / "b", level="full").equal
    assert zl.validate(tmp_path / "b").valid
    assert not zl.upgrade(tmp_path / "a").already
    zl.undo(tmp_path / "a")
    assert (tmp_path / "a" / "0" / ".zattrs").read_bytes() == deep
