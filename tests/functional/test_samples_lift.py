"""Real output of bioformats2raw, and each kind of sample dataset, lifted and read by others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

import zarrlift as zl
from tests.judges import all_schema_problems, ome_zarr_models_problems, yaozarrs_problems
from tests.oracles import (
    assert_same_voxels,
    every_array,
    every_group,
    first_difference,
    source_values,
)

Json: TypeAlias = Mapping[str, Any]

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "bioformats2raw"
"""Output of bioformats2raw itself; a checkout has it only where it was put beside it."""
RECORDS = ("2d", "bf2raw", "hcs")
KINDS = ("image", "labels", "plate", "collection")
OME_XML = "OME/METADATA.ome.xml"


@dataclass(frozen=True, slots=True)
class Sample:
    """A dataset and what it was lifted to."""

    name: str
    source: Path
    target: Path
    report: zl.Report


def make_source(name: str, folder: Path) -> Path:
    """Give the recorded sample of that name, or draw one of that kind."""
    if name in RECORDS:
        source = RECORDED / f"{name}.zarr"
        if not source.is_dir():
            pytest.skip(f"{source} is not there")
        return source
    return Path(zl.demo(folder / f"{name}.zarr", kind=name, size="4MiB").path)


@pytest.fixture(scope="module", name="sample", params=[*RECORDS, *KINDS])
def lift_sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Each sample, lifted once with every chunk decoded for proof."""
    folder = tmp_path_factory.mktemp("sample")
    source, target = make_source(request.param, folder), folder / "lifted.zarr"
    report = zl.convert(source, target, verify="decode")
    return Sample(request.param, source, target, report)


def read(document: Path) -> Json:
    """Read a JSON document."""
    return cast("Json", json.loads(document.read_text(encoding="utf-8")))


def ome(group: Path) -> Json:
    """Give the OME members of a lifted group, none where it has none."""
    return cast("Json", read(group / "zarr.json")["attributes"].get("ome", {}))


def images(root: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Give path and levels of each image and label below a lifted group."""
    for path in every_group(root):
        for multiscale in ome(root / path).get("multiscales", ()):
            yield path, [f"{path}/{dataset['path']}" for dataset in multiscale["datasets"]]


def seen_by_ome_zarr(image: Path) -> list[np.ndarray[Any, Any]]:
    """Read the levels of an image by ome-zarr-py, which finds labels and their image with it."""
    location = parse_url(str(image))
    assert location is not None
    assert location.fmt.version == "0.5"
    (node,) = (node for node in Reader(location)() if Path(node.zarr.path) == image)
    return [np.asarray(level) for level in node.data]


def assert_approved(target: Path) -> None:
    """Assert that no judge finds a problem in a hierarchy."""
    assert all_schema_problems(target) == []
    assert yaozarrs_problems(target) == []
    assert ome_zarr_models_problems(target) == []


def test_sample_lifts_and_is_proved(sample: Sample) -> None:
    """A sample lifts with nothing to say about it, and every chunk of it is proved by decoding."""
    proof = sample.report.verification
    assert sample.report.finished
    assert sample.report.findings == ()
    assert proof is not None
    assert (proof.findings, proof.decoded) == ((), proof.chunks)


def test_sample_passes_undecoded(sample: Sample) -> None:
    """All but the labels that are drawn with zlib pass as they are."""
    recoded = {a.path for a in sample.report.plan.arrays if a.method not in {"pack", "copy"}}
    assert all(path.startswith("labels/") for path in recoded)
    assert bool(recoded) is (sample.name == "labels")


def test_sample_has_the_same_voxels(sample: Sample) -> None:
    """Zarr-python and tensorstore read every array as the source holds it."""
    paths = list(every_array(sample.source))
    assert sorted(every_array(sample.target)) == sorted(paths)
    for path in paths:
        assert_same_voxels(sample.source / path, sample.target / path)


def test_sample_opens_in_ome_zarr(sample: Sample) -> None:
    """ome-zarr-py opens each image and label as 0.5, and its levels are the source's."""
    found = list(images(sample.target))
    assert found
    for path, levels in found:
        seen = seen_by_ome_zarr(sample.target / path)
        assert len(seen) == len(levels)
        for level, values in zip(levels, seen, strict=True):
            assert first_difference(source_values(sample.source / level), values) is None


def test_sample_is_approved(sample: Sample) -> None:
    """The official schemas, yaozarrs and ome-zarr-models find nothing."""
    assert_approved(sample.target)


def test_sample_keeps_its_ome_xml_and_series(sample: Sample) -> None:
    """OME-XML arrives byte for byte, and the `OME` group lists the same series, all there."""
    if not (sample.source / "OME").is_dir():
        assert not (sample.target / "OME").exists()
        return
    assert (sample.target / OME_XML).read_bytes() == (sample.source / OME_XML).read_bytes()
    series = read(sample.source / "OME" / ".zattrs")["series"]
    assert ome(sample.target / "OME") == {"version": "0.5", "series": series}
    assert set(series) <= {path for path, _ in images(sample.target)}
    assert ome(sample.target)["bioformats2raw.layout"] == 3


def test_sample_may_be_verified_on_its_own(sample: Sample) -> None:
    """Each level of verification finds the lifted sample equal."""
    for level in ("quick", "full", "decode"):
        proof = zl.verify(sample.source, sample.target, level=level)
        assert (proof.equal, proof.findings) == (True, ())


def test_sample_again_is_done_already(sample: Sample) -> None:
    """The same call on a finished target verifies it and writes nothing."""
    before = {path: path.stat().st_mtime_ns for path in sample.target.rglob("*")}
    report = zl.convert(sample.source, sample.target)
    assert report.already
    assert report.finished
    assert {path: path.stat().st_mtime_ns for path in sample.target.rglob("*")} == before


@pytest.mark.parametrize("name", ["hcs", "plate"])
def test_plate_opens_as_a_plate(name: str, tmp_path: Path) -> None:
    """ome-zarr-py lays the fields of a lifted plate out as those of a plate."""
    source, target = make_source(name, tmp_path), tmp_path / "lifted.zarr"
    zl.convert(source, target)
    location = parse_url(str(target))
    assert location is not None
    (node,) = Reader(location)()
    plate = ome(target)["plate"]
    field = source_values(source / plate["wells"][0]["path"] / "0" / "0")
    height, width = node.data[0].shape[-2:]
    assert width % field.shape[-1] == height % field.shape[-2] == 0
    assert width // field.shape[-1] >= len(plate["columns"])
    assert height // field.shape[-2] >= len(plate["rows"])


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("hcs", "A/1/0"),
        ("hcs", "B/2"),
        ("bf2raw", "1"),
        ("plate", "A/1/1"),
        ("collection", "0"),
        ("labels", "labels/nuclei"),
    ],
)
def test_part_of_a_dataset_lifts_when_named(name: str, inside: str, tmp_path: Path) -> None:
    """An image, well or label inside a dataset lifts alone, to a whole dataset of its own."""
    source, target = make_source(name, tmp_path) / inside, tmp_path / "lifted.zarr"
    report = zl.convert(source, target, verify="decode")
    assert report.finished
    assert report.plan.version == "0.4"
    if inside.startswith("labels/"):  # its image is not there, and yaozarrs looks for it
        assert all_schema_problems(target) == ome_zarr_models_problems(target) == []
    else:
        assert_approved(target)
    for path, levels in images(target):
        assert len(seen_by_ome_zarr(target / path)) == len(levels)
    for path in every_array(source):
        assert_same_voxels(source / path, target / path)


def test_recorded_document_of_an_image(tmp_path: Path) -> None:
    """The image that bioformats2raw wrote has, as 0.5, just these attributes."""
    source, target = make_source("2d", tmp_path), tmp_path / "lifted.zarr"
    zl.convert(source, target)
    before = json.loads((source / ".zattrs").read_text(encoding="utf-8"))
    for member in (before["multiscales"][0], before["omero"]):
        member.pop("version", None)
    assert read(target / "zarr.json") == {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {"version": "0.5", **before}},
    }
