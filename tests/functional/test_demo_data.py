"""Sample datasets: valid OME-Zarr 0.4 that others read, the same every time, and that lifts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
import yaozarrs
import zarr
from ome_zarr_models.v04.bioformats2raw import BioFormats2Raw
from ome_zarr_models.v04.hcs import HCS
from ome_zarr_models.v04.image import Image
from ome_zarr_models.v04.image_label import ImageLabel

from tests.build import read_json
from tests.judges import all_schema_problems, ome_zarr_models_problems, yaozarrs_problems
from tests.oracles import assert_same_voxels, every_array, every_group, source_values
from zarrlift.demo.write import SMALLEST, Demo, Kind, write_demo
from zarrlift.errors import StorageError, TargetError, UsageError
from zarrlift.jobs.convert import convert, decide
from zarrlift.jobs.options import RunOptions
from zarrlift.plan.settings import Settings
from zarrlift.verify.level import Level

SIZE = 4 * 2**20
"""Enough for a pyramid in each kind."""

each_kind = pytest.mark.parametrize("kind", Kind)


Written: TypeAlias = Callable[[Kind], Demo]
"""Gives the dataset of a kind, which a whole module shares."""


@pytest.fixture(scope="module", name="written")
def make_written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Each kind, written when it is first asked for."""
    made: dict[Kind, Demo] = {}

    def written(kind: Kind) -> Demo:
        if kind not in made:
            folder = tmp_path_factory.mktemp("demo") / f"{kind}.zarr"
            made[kind] = write_demo(str(folder), kind=kind, size=SIZE)
        return made[kind]

    return written


def contents(root: Path) -> dict[str, str]:
    """Give a digest of every file by its path."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def full_resolution(root: Path) -> list[Path]:
    """Give the first level of every image; labels and tables are none."""
    arrays = [path for path in every_array(root) if path.rpartition("/")[2] == "0"]
    return [root / path for path in arrays if not path.startswith(("labels/", "tables/"))]


@each_kind
def test_demo_obeys_the_specification(kind: Kind, written: Written) -> None:
    """The official schemas of 0.4 and yaozarrs, which looks at the arrays too, find nothing."""
    root = Path(written(kind).path)

    assert all_schema_problems(root, "0.4") == []
    yaozarrs.validate_zarr_store(str(root))


@pytest.mark.parametrize(
    ("kind", "path", "model"),
    [
        (Kind.IMAGE, "", Image),
        (Kind.LABELS, "", Image),
        (Kind.LABELS, "labels/nuclei", ImageLabel),
        (Kind.PLATE, "", HCS),
        (Kind.PLATE, "A/1/0", Image),
        (Kind.COLLECTION, "", BioFormats2Raw),
        (Kind.COLLECTION, "1", Image),
    ],
)
def test_demo_is_what_ome_zarr_models_expects(
    kind: Kind, path: str, model: Any, written: Written
) -> None:
    """ome-zarr-models reads each kind of node as what it is."""
    group = zarr.open_group(store=str(Path(written(kind).path) / path), mode="r", zarr_format=2)

    assert model.from_zarr(group)


@each_kind
def test_demo_is_read_by_zarr_python(kind: Kind, written: Written) -> None:
    """zarr-python and a plain reading of the chunks see the same values, and no blank level."""
    root = Path(written(kind).path)

    for path in every_array(root):
        seen = np.asarray(zarr.open_array(store=str(root / path), mode="r", zarr_format=2)[...])
        assert np.array_equal(seen, source_values(root / path))
        assert np.unique(seen).size > 5


@each_kind
def test_demo_is_near_the_size(kind: Kind, written: Written) -> None:
    """The full resolution of all images together has about the bytes asked for."""
    arrays = [source_values(path) for path in full_resolution(Path(written(kind).path))]

    assert sum(array.nbytes for array in arrays) == pytest.approx(SIZE, rel=0.05)


@each_kind
def test_demo_counts_what_it_wrote(kind: Kind, written: Written) -> None:
    """The counts are those of the folder, and the value says them in a line."""
    demo = written(kind)
    files = [path for path in Path(demo.path).rglob("*") if path.is_file()]
    arrays = [source_values(Path(demo.path) / path) for path in every_array(Path(demo.path))]

    assert demo.kind is kind
    assert demo.files == len(files)
    assert demo.stored_bytes == sum(path.stat().st_size for path in files)
    assert demo.arrays == len(arrays)
    assert demo.raw_bytes == sum(array.nbytes for array in arrays)
    assert f"{kind}, {demo.arrays} arrays, {demo.files} files" in repr(demo)


@each_kind
def test_demo_is_the_same_every_time(kind: Kind, tmp_path: Path) -> None:
    """The same arguments give the same bytes, another seed gives others."""
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        write_demo(str(tmp_path / name), kind=kind, size=SMALLEST, seed=seed)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))

    assert one == same
    assert one != other


@each_kind
def test_demo_lifts(kind: Kind, written: Written, tmp_path: Path) -> None:
    """Each kind converts, verifies with every chunk decoded, and is valid, equal 0.5."""
    source, target = Path(written(kind).path), tmp_path / "lifted.zarr"

    report = convert(decide(str(source), str(target), Settings()), RunOptions(verify=Level.DECODE))

    assert report.finished
    assert not report.damaged
    assert all_schema_problems(target) == []
    assert yaozarrs_problems(target) == []
    assert ome_zarr_models_problems(target) == []
    assert set(every_array(target)) == set(every_array(source))
    assert set(every_group(target)) == set(every_group(source))
    for path in every_array(source):
        assert_same_voxels(source / path, target / path)


def test_labels_describe_what_is_drawn(written: Written) -> None:
    """Every label in the array is listed with its voxels, its colour and a row of the table."""
    root = Path(written(Kind.LABELS).path)
    values, counts = np.unique(source_values(root / "labels/nuclei/0"), return_counts=True)
    members = cast("Any", read_json(root / "labels/nuclei/.zattrs"))["image-label"]
    table = root / "tables/nuclei"

    listed = {p["label-value"]: p["voxels"] for p in members["properties"]}
    assert listed == dict(zip(values[1:].tolist(), counts[1:].tolist(), strict=True))
    assert [c["label-value"] for c in members["colors"]] == values[1:].tolist()
    assert source_values(table / "label").tolist() == values[1:].tolist()
    assert source_values(table / "measurements").shape == (values.size - 1, 4)
    assert cast("Any", read_json(table / "measurements/.zattrs"))["columns"][0] == "volume"


def test_labels_need_another_method(written: Written) -> None:
    """Labels are zlib chunks, which Zarr v3 does not know, beside the blosc ones of the image."""
    root = Path(written(Kind.LABELS).path)

    plan = decide(str(root), "unwritten.zarr", Settings())

    methods = {str(a.path): str(a.method) for a in plan.arrays}
    assert methods["labels/nuclei/0"] != methods["0"] == "pack"


def test_plate_has_a_dose_that_rises(written: Written) -> None:
    """From the first column to the last, cells lose ground: the microtubules' light falls."""
    root = Path(written(Kind.PLATE).path)
    plate = cast("Any", read_json(root / ".zattrs"))["plate"]
    columns = [c["name"] for c in plate["columns"]]

    def light(column: str) -> float:
        fields = [root / r["name"] / column / f for r in plate["rows"] for f in ("0", "1")]
        return float(np.mean([source_values(field / "0")[:, 1].mean() for field in fields]))

    assert len(plate["wells"]) == len(plate["rows"]) * len(columns) >= 6
    assert light(columns[0]) > light(columns[-1])


def test_demo_may_be_written_into_an_empty_folder(tmp_path: Path) -> None:
    """An empty folder that is there already will do, as will one whose parents are not."""
    assert write_demo(str(tmp_path), size=SMALLEST).arrays == 1
    assert write_demo(str(tmp_path / "a/b/c"), size=SMALLEST).arrays == 1


@pytest.mark.parametrize("name", ["taken", "file"])
def test_demo_leaves_what_is_there(name: str, tmp_path: Path) -> None:
    """A folder that holds something, or a file, is refused, and nothing in it changes."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    before = contents(tmp_path)

    with pytest.raises(TargetError) as caught:
        write_demo(str(tmp_path / name), size=SMALLEST)

    assert caught.value.place == str(tmp_path / name)
    assert caught.value.hint
    assert contents(tmp_path) == before


def test_demo_below_a_file_is_a_storage_error(tmp_path: Path) -> None:
    """Where the folder cannot be made, the place and the cause are named."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    with pytest.raises(StorageError, match="making the folder failed"):
        write_demo(str(tmp_path / "file/below"), size=SMALLEST)


@pytest.mark.parametrize("wrong", [{"size": SMALLEST - 1}, {"size": -1}, {"seed": -1}])
def test_demo_refuses_what_it_cannot_draw(wrong: dict[str, int], tmp_path: Path) -> None:
    """Sizes too small for cells, and negative seeds, are refused before anything is made."""
    with pytest.raises(UsageError):
        write_demo(str(tmp_path / "new"), **wrong)  # type: ignore[arg-type]

    assert not (tmp_path / "new").exists()
