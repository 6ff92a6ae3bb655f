"""`info`: what is there, in words of 80 columns and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image as mpl_image

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import (
    OMERO,
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.build_v3 import Form, write_v3_array, write_v3_group
from tests.functional.runs import (
    Word,
    assert_refused,
    in_process,
    in_terminal,
    times,
    widest,
    write_sample,
)
from tests.trap import Trap
from tests.traps import REFUSED, TRAPS, V3, VERSIONS
from zarrlift.demo.write import Kind
from zarrlift.report.info import info_text
from zarrlift.report.info_json import info_to_json

VALUES = sample((1, 2, 1, 16, 24), "<u2")
SAMPLES = Path(__file__).parents[3] / "shared" / "data"
EVERY = (*TRAPS, *REFUSED, *VERSIONS, *V3)


@pytest.fixture(scope="module", name="image")
def make_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of two levels, with labels and foreign files."""
    return write_sample(tmp_path_factory.mktemp("info") / "cells.zarr")


def told(*words: Word) -> str:
    """What `info` says, no line of which is wider than 80 columns but the address."""
    ran = in_process("info", *words)
    assert ran.code == 0, ran.said
    assert widest(ran.out.replace(str(words[0]), "")) <= 80
    return ran.out


def facts(*words: Word) -> dict[str, Any]:
    """What `info` gives as JSON."""
    ran = in_process("info", *words, "--json")
    assert ran.code in (0, 1), ran.said
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_image(image: Path) -> None:
    """Axes, pixel size, channels, type, codecs, chunks and levels are told, and nothing written."""
    before = times(image)

    out = told(image)

    assert times(image) == before
    for words in (
        "OME-Zarr 0.4 on Zarr v2 · 1 image · 1 label image",
        "t 1 · c 2 · z 1 · y 16 · x 24",
        "z 0.5 · y 0.25 · x 0.25 µm, t 1 s",
        "GFP 00FF00 0–350",
        "uint16 little-endian, blosc (lz4, level 5, byte shuffle)",
        "keys 0/0/0/0/0 and so on",
        "1,1,1,4,4 (32 B)",
        "1,2,1,8,12",
        "labels/cells label image",
        "opens in",
        "codec zlib, which readers",
    ):
        assert words in " ".join(out.split()), out


def test_json_of_an_image(image: Path) -> None:
    """The same facts have names."""
    found = facts(image)

    assert (found["schema"], found["kind"], found["version"]) == (1, "zarrlift-info", "0.4")
    nodes = {node["path"]: node for node in found["nodes"]}
    (made,) = nodes[""]["images"]
    assert [level["shape"] for level in made["levels"]] == [[1, 2, 1, 16, 24], [1, 2, 1, 8, 12]]
    assert made["levels"][1]["scale"] == [1.0, 1.0, 0.5, 0.5, 0.5]
    assert made["labels"] == ["labels/cells"]
    assert nodes["labels/cells"]["images"][0]["label"] is True
    assert nodes["0"]["layout"]["dtype"] == "uint16"
    assert found["requests"] is None


@pytest.mark.parametrize("trap", EVERY, ids=[trap.id for trap in EVERY])
def test_every_trap_is_told(trap: Trap, tmp_path: Path) -> None:
    """Whatever is wrong or odd, there is something to say, and it is said in 80 columns."""
    trap.build(tmp_path / "trap.zarr")

    found = zl.info(tmp_path / "trap.zarr", every=True)

    first, *rest = info_text(found, every=True).splitlines()
    assert first.endswith("trap.zarr")
    assert widest("\n".join(rest)) <= 80
    assert json.loads(json.dumps(info_to_json(found)))["nodes"]


@pytest.mark.parametrize("kind", Kind)
def test_demo(kind: Kind, tmp_path: Path) -> None:
    """Every kind of sample, as it is and lifted to 0.5 and 0.6."""
    zl.demo(tmp_path / "old", kind=str(kind), size="256KiB")
    zl.convert(tmp_path / "old", tmp_path / "new")
    zl.convert(tmp_path / "new", tmp_path / "newest", ome_version="0.6")

    for name, version in (("old", "0.4"), ("new", "0.5"), ("newest", "0.6")):
        assert f"OME-Zarr {version}" in told(tmp_path / name, "--sizes")
    old, new = (
        {
            (n["path"], i["name"], str(i["axes"]), str([x["scale"] for x in i["levels"]]))
            for n in facts(tmp_path / name)["nodes"]
            for i in n["images"]
        }
        for name in ("old", "newest")
    )
    assert old == new


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the repository")
@pytest.mark.parametrize("name", ["2d", "bf2raw", "hcs"])
def test_samples_of_bioformats2raw(name: str) -> None:
    """What that program writes, and says that it wrote."""
    out = told(SAMPLES / "bioformats2raw" / f"{name}.zarr", "--sizes")

    assert "created by bioformats2raw" in " ".join(out.split())


def test_plate_is_a_grid(tmp_path: Path) -> None:
    """Wells stand in rows and columns; the first is looked at, with `--all` every one."""
    wells = [f"{row}/{column}" for row in "ABC" for column in range(1, 13)]
    write_plate(tmp_path, wells=wells[:-2], fields=2)

    some, every = told(tmp_path), told(tmp_path, "--all")

    rows = [line for line in some.splitlines() if line.split()[:1] in (["A"], ["C"])]
    assert rows[0].split()[1:] == ["●"] * 12
    assert rows[1].split()[1:] == ["●"] * 10 + ["·"] * 2
    assert "33 wells not looked at; --all" in some
    assert "1 field not looked at" in some
    rows = [line for line in every.splitlines() if line.split()[:1] in (["A"], ["C"])]
    assert rows[0].split()[1:] == ["2"] * 12
    assert "not looked at" not in every


def test_large_plate_fits(tmp_path: Path) -> None:
    """A plate of 1,536 wells is drawn in 80 columns."""
    rows = [chr(65 + n) if n < 26 else f"A{chr(65 + n - 26)}" for n in range(32)]
    names = [{"name": row} for row in rows]
    columns = [{"name": str(n + 1)} for n in range(48)]
    wells = [
        {"path": f"{r}/{c + 1}", "rowIndex": n, "columnIndex": c}
        for n, r in enumerate(rows)
        for c in range(48)
    ]
    plate = {"rows": names, "columns": columns, "wells": wells, "version": "0.4"}
    write_group(tmp_path, {"plate": plate})

    out = told(tmp_path)

    assert "1,536 wells on 32 rows and 48 columns" in " ".join(out.split())
    assert sum("●" * 48 in line for line in out.splitlines()) == 32


def test_collection_is_a_list(tmp_path: Path) -> None:
    """Of many series, all but the first take one line each."""
    write_collection(tmp_path, images=8)

    out = told(tmp_path)

    assert "8 as OME/series lists them, with OME-XML" in out
    assert sum("y 6 x 8, uint16, 2 levels" in x for x in out.splitlines()) == 7
    assert out.count("pixel") == 1
    assert told(tmp_path / "7").count("pixel") == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("0", "0 array"),
        ("labels", "labels group"),
        ("labels/cells", "cells label image"),
        ("tables", "tables group"),
        (".zattrs", "cells.zarr image"),
    ],
)
def test_any_node(path: str, said: str, image: Path) -> None:
    """An array, a label or a group by itself is told; a document means its node."""
    assert said in " ".join(told(image / path).split())


def test_well_and_several_datasets(tmp_path: Path) -> None:
    """A well tells of its fields; a folder of datasets of each."""
    write_plate(tmp_path / "plate.zarr", fields=3)
    write_image(tmp_path / "image.zarr", pyramid(VALUES))

    well = told(tmp_path / "plate.zarr" / "A" / "1")
    several = told(tmp_path)

    assert "1 well, 3 fields" in " ".join(well.split())
    assert well.count("stored as") == 3
    several = " ".join(several.split())
    assert 'image.zarr 0.4 image "image" c 2 y 16 x 24, uint16, 2 levels' in several
    assert 'plate.zarr 0.4 plate "screen" 3 wells' in several
    assert told(tmp_path, "--all").count("2 levels") == 9


def test_depth(image: Path) -> None:
    """What lies deeper is not looked at, and said to be so."""
    out = told(image, "--depth", "0")

    assert "not looked at" in out
    assert {node["path"] for node in facts(image, "--depth", "1")["nodes"]} >= {"0", "labels"}


def test_archive(image: Path, tmp_path: Path) -> None:
    """A zipped dataset is told like a folder."""
    zl.convert(image, tmp_path / "cells.ozx")

    assert "OME-Zarr 0.5 on Zarr v3" in told(tmp_path / "cells.ozx", "--sizes")
    assert "zarr.json" in told(tmp_path / "cells.ozx", "--keys")


def test_sizes(tmp_path: Path) -> None:
    """Stored bytes, ratio, objects present and missing; of shards how full they are."""
    values = sample((1, 1, 1, 16, 16), "<u2")
    write_image(tmp_path / "old", [values], missing=[(0, 0, 0, 1, 1), (0, 0, 0, 2, 2)])
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")

    (old,) = [n["sizes"] for n in facts(tmp_path / "old", "--sizes")["nodes"] if n["sizes"]]
    (new,) = [n["sizes"] for n in facts(tmp_path / "new", "--sizes")["nodes"] if n["sizes"]]

    chunks = [p for p in (tmp_path / "old" / "0").rglob("*") if p.name.isdigit() and p.is_file()]
    assert (old["objects"], old["due"], old["missing"]) == (14, 16, 2)
    assert old["stored_bytes"] == sum(p.stat().st_size for p in chunks)
    assert old["ratio"] == pytest.approx(14 * 32 / old["stored_bytes"])
    assert (new["objects"], new["missing"], new["shards_looked_at"]) == (4, 0, 4)
    assert new["fill"] == pytest.approx(14 / 16)
    assert "88 %" in told(tmp_path / "new", "--sizes")


def test_shard_that_is_not_whole(tmp_path: Path) -> None:
    """Sizes say how many shards among those looked at are broken."""
    write_image(tmp_path / "old", [sample((1, 1, 1, 16, 16), "<u2")])
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")
    shard = tmp_path / "new" / "0" / "c" / "0" / "0" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:-3])

    assert "1 shard NOT whole" in " ".join(told(tmp_path / "new", "--sizes").split())


def test_keys(image: Path) -> None:
    """What lies directly under a node, with size and date; also one object by itself."""
    out = told(image / "0", "--keys")
    listed = {o["name"]: o for o in facts(image / "0", "--keys")["objects"]}
    (one,) = facts(image / "0" / ".zarray", "--keys")["objects"] or [None]

    assert out.splitlines()[2].split() == ["name", "size", "modified"]
    assert listed["0/"]["size"] is None
    assert listed[".zarray"]["size"] == (image / "0" / ".zarray").stat().st_size
    assert listed[".zarray"]["modified"].startswith("20")
    assert one is not None
    chunk = facts(image / "0" / "0" / "0" / "0" / "0" / "0", "--keys")["objects"]
    assert [o["name"] for o in chunk] == ["0"]


def test_documents(image: Path) -> None:
    """Documents as they are, and their members in words."""
    out = told(image, "--doc")

    assert json.dumps(read_json(image / ".zattrs"), indent=4) in out
    assert "multiscales[].datasets[].path" in out
    assert "array of the level, relative to this group" in " ".join(out.split())


def chunk_of(source: Path, chunk: str) -> dict[str, Any]:
    """The facts of one chunk."""
    found: dict[str, Any] = facts(source, "--chunk", chunk)["chunk"]
    return found


def test_chunk(image: Path) -> None:
    """Where a chunk lies, its header, and what it holds within the array."""
    found = chunk_of(image, "0/0,1,0,3,5")
    part = np.asarray(sample((1, 2, 1, 16, 24), "<u2"))[0, 1, 0, 12:16, 20:24]

    file = image / "0" / "0" / "1" / "0" / "3" / "5"
    assert found["key"] == "0/0/1/0/3/5"
    assert found["stored_bytes"] == file.stat().st_size
    assert found["decoded_bytes"] == 32
    assert (found["minimum"], found["maximum"]) == (part.min(), part.max())
    assert found["mean"] == pytest.approx(part.mean())
    assert found["header"]["shuffle"] == "shuffle"
    assert found["header"]["decoded_bytes"] == 32
    assert "header" in told(image, "--chunk", "0/0,1,0,3,5")


def test_chunk_in_a_shard(image: Path, tmp_path: Path) -> None:
    """The offset is that in the shard, and the values are the same."""
    zl.convert(image, tmp_path / "new", shards="y=8,x=8")
    old, new = chunk_of(image, "0/0,1,0,3,5"), chunk_of(tmp_path / "new", "0/0,1,0,3,5")

    assert new["shard"] == [0, 1, 0, 1, 2]
    data = (tmp_path / "new" / new["key"]).read_bytes()
    inner = data[new["offset"] :][: new["stored_bytes"]]
    assert inner == (image / old["key"]).read_bytes()
    assert new["object_bytes"] == len(data)
    for name in ("minimum", "maximum", "mean", "header", "region"):
        assert new[name] == old[name]
    assert "in shard 0,1,0,1,2 of" in told(tmp_path / "new", "--chunk", "0/0,1,0,3,5")


@pytest.mark.parametrize(
    ("compressor", "header"),
    [
        ({"id": "zstd", "level": 3}, "decoded_bytes"),
        ({"id": "gzip", "level": 3}, "crc32"),
        ({"id": "zlib", "level": 3}, "window"),
        ({"id": "lz4", "acceleration": 1}, "decoded_bytes"),
        (None, None),
    ],
)
def test_headers(compressor: Any, header: str | None, tmp_path: Path) -> None:
    """Each codec's header says what it has to say."""
    values = sample((64, 64), "<u2")
    write_array(tmp_path, values, chunks=(64, 64), compressor=compressor)

    found = chunk_of(tmp_path, "0,0")["header"]

    assert found == {} if header is None else header in found
    assert found.get("decoded_bytes", values.nbytes) == values.nbytes


def test_missing_chunk(image: Path) -> None:
    """It is said what a missing chunk reads as; that is no error."""
    out = told(image, "--chunk", "0/0,1,0,2,2")

    assert "is not stored: it reads as the fill value 0" in " ".join(out.split())


def test_damaged_chunk(image: Path, tmp_path: Path) -> None:
    """What is wrong with a chunk is said, and the exit code tells."""
    shutil.copytree(image, tmp_path / "image")
    file = tmp_path / "image" / "0" / "0" / "0" / "0" / "0" / "0"
    file.write_bytes(file.read_bytes()[:-2])

    ran = in_process("info", tmp_path / "image", "--chunk", "0/0,0,0,0,0")

    assert ran.code == 1
    assert "DAMAGED" in ran.out
    assert "blosc header states" in ran.out


def test_damaged_shard(image: Path, tmp_path: Path) -> None:
    """A chunk whose shard does not tell where it lies is damaged, not missing."""
    zl.convert(image, tmp_path / "new", shards="y=8,x=8")
    file = tmp_path / "new" / "0" / "c" / "0" / "1" / "0" / "1" / "2"
    file.write_bytes(file.read_bytes()[:-2])

    ran = in_process("info", tmp_path / "new", "--chunk", "0/0,1,0,3,5")

    assert ran.code == 1
    assert "wrong checksum" in " ".join(ran.out.split())


def test_chunk_of_a_level_an_array_and_a_plate(image: Path, tmp_path: Path) -> None:
    """LEVEL is a number, a name or a path; an array needs none."""
    write_plate(tmp_path)

    assert chunk_of(image, "1/0,0,0,0,0")["path"] == "1"
    assert chunk_of(image, "labels/cells/0,0,0,0,0")["path"] == "labels/cells/0"
    assert chunk_of(image, "labels/cells/1/0,0,0,0,0")["path"] == "labels/cells/1"
    assert chunk_of(image / "1", "0,0,0,0,0")["key"] == "0/0/0/0/0"
    assert chunk_of(tmp_path, "0,0,0,0,0")["path"] == "A/1/0/0"


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        ("0/0,0,0,9,0", "axis y: chunk 9 is out of range, there are 4"),
        ("0/0,0", "2 numbers, the array has 5 axes"),
        ("7/0,0,0,0,0", "there is no level or array '7'"),
        ("nonsense", "is not understood"),
    ],
)
def test_wrong_chunk(chunk: str, words: str, image: Path) -> None:
    """What is wrong with an index is said, with the next step."""
    ran = in_process("info", image, "--chunk", chunk)

    assert ran.code == 2
    assert words in ran.err
    assert "next:" in ran.err


def test_flat_keys_that_nothing_states(tmp_path: Path) -> None:
    """A chunk is found under the key that it has, whatever the document says."""
    write_image(tmp_path, [VALUES], declare_separator=False)

    assert chunk_of(tmp_path, "0/0,0,0,1,1")["present"] is True


def test_thumbnail(tmp_path: Path) -> None:
    """The plane that `omero` names, channels in their colours."""
    values = np.zeros((1, 1, 3, 8, 8), "<u2")
    values[0, 0, 0, :4] = 350
    write_image(tmp_path / "image", [values], omero=OMERO)

    ran = in_process("info", tmp_path / "image", "--thumbnail", tmp_path / "out.png")

    assert ran.code == 0, ran.said
    made = np.round(mpl_image.imread(tmp_path / "out.png") * 255)
    assert made.shape == (8, 8, 3)
    assert made[0, 0].tolist() == [0, 255, 0]
    assert made[7, 7].tolist() == [0, 0, 0]


def test_thumbnail_of_sharded_labels_and_damage(tmp_path: Path) -> None:
    """A label image in its colours; a damaged chunk does not stand in the way."""
    write_image(tmp_path / "old", pyramid(VALUES))
    write_labels(tmp_path / "old", {"cells": pyramid(label_of(VALUES))})
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")
    for shard in (tmp_path / "new" / "0").rglob("0"):
        if shard.is_file():
            shard.write_bytes(b"x")

    for node in ("", "labels/cells"):
        file = tmp_path / "out.png"
        ran = in_process("info", tmp_path / "new" / node, "--thumbnail", file)
        assert ran.code == 0, ran.said
    made = np.round(mpl_image.imread(file) * 255)
    assert made[0, 1].tolist() in ([255, 128, 0], [0, 0, 0])
    assert made[0, 0].tolist() == [round(x) for x in made[3, 0].tolist()]


def test_picture_in_a_terminal(tmp_path: Path) -> None:
    """Half blocks in true colour; and a word where there is no such terminal."""
    values = np.zeros((1, 1, 1, 8, 8), "<u2")
    values[..., :4, :] = 350
    write_image(tmp_path / "image", [values], omero=OMERO)

    env = {"COLORTERM": "truecolor"}
    shown = in_terminal("info", "image", "--picture", cwd=tmp_path, env=env)
    plain = in_process("info", tmp_path / "image", "--picture")

    assert shown.code == 0, shown.out
    assert "38;2;0;255;0" in shown.out
    assert shown.out.count("▀") == 32
    assert "▀" not in plain.out
    assert "--thumbnail" in plain.err


def test_terminal_without_colors(tmp_path: Path) -> None:
    """NO_COLOR is respected."""
    write_image(tmp_path / "image", [VALUES])

    ran = in_terminal("info", "image", cwd=tmp_path, env={"NO_COLOR": "1"})

    assert ran.code == 0
    assert "\x1b[3" not in ran.out


def test_text_of_a_dataset_never_reaches_the_terminal_as_commands(tmp_path: Path) -> None:
    """Control characters in names are shown as spaces."""
    write_image(tmp_path, [VALUES], multiscale={"name": "a\x1b]0;title\x07b"})

    assert "\x1b" not in told(tmp_path)
    assert "\x07" not in told(tmp_path)


def test_image_too_large_for_a_picture(tmp_path: Path) -> None:
    """One chunk of a terabyte is not read to make a picture."""
    write_v3_group(
        tmp_path, {"ome": {"version": "0.5", "multiscales": [{"datasets": [{"path": "0"}]}]}}
    )
    form = Form(chunks=(4, 4))
    write_v3_array(tmp_path / "0", sample((4, 4), "<u2"), form)
    document: Any = read_json(tmp_path / "0" / "zarr.json")
    document["shape"] = [2**20, 2**20]
    document["chunk_grid"]["configuration"]["chunk_shape"] = [2**20, 2**20]
    write_json(tmp_path / "0" / "zarr.json", document)

    ran = in_process("info", tmp_path, "--thumbnail", tmp_path / "out.png")

    assert ran.code == 3
    assert "no level small enough" in ran.err


def test_hostile_shapes_are_told(tmp_path: Path) -> None:
    """A shape of 2^60 by 2^60 is only a number."""
    write_array(tmp_path, sample((4, 4), "<u2"), chunks=(4, 4))
    document: Any = read_json(tmp_path / ".zarray")
    write_json(tmp_path / ".zarray", {**document, "shape": [2**60, 2**60]})

    assert "1152921504606846976" in told(tmp_path, "--sizes")


@pytest.mark.parametrize("words", [("nowhere.zarr",), ("empty",), ("file.tif",)])
def test_no_dataset(words: tuple[str, ...], tmp_path: Path) -> None:
    """Where there is nothing to tell, it is said why."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.tif").write_bytes(b"II*")

    assert_refused(in_process("info", *words, cwd=tmp_path))


def test_many_documents_do_not_hide_the_crate(image: Path, tmp_path: Path) -> None:
    """The crate is told in one line."""
    zl.convert(image, tmp_path / "new", license="cc-by", organism="human")

    assert "CC BY 4.0 · Homo sapiens" in told(tmp_path / "new")


def test_front_door(image: Path) -> None:
    """From Python the facts are values."""
    found = zl.info(image)

    assert isinstance(found, zl.Info)
    assert found.images[""][0].scale["y"] == 0.25
    assert repr(found).startswith(f"Info('{image}': OME-Zarr 0.4, 1 images")
    with pytest.raises(TypeError):
        zl.info(image, level=1)  # type: ignore[call-arg]
