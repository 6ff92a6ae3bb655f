"""`info`, `validate` and `repair` on all that there is: samples, their lifts, what others write."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import ngff_zarr
import numpy as np
import pytest
import zarr
from ome_zarr import format as forms

import zarrlift as zl
from tests.functional.runs import assert_refused, in_process, tree, widest
from tests.functional.test_samples_lift import KINDS, RECORDED, RECORDS
from zarrlift.report.info import info_text
from zarrlift.report.info_json import info_to_json

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of itself, on import
    from ome_zarr import writer

pytestmark = pytest.mark.filterwarnings("ignore")

PIXELS = np.arange(2 * 32 * 32, dtype="uint16").reshape(2, 32, 32)
FORMS: dict[str, Any] = {"0.4": forms.FormatV04(), "0.5": forms.FormatV05()}


class Written(NamedTuple):
    """A dataset that something writes, and what is to be said of it."""

    writer: str
    kind: str
    version: str
    write: Callable[[Path], object]
    errors: frozenset[str] = frozenset()
    """Rules that it breaks gravely, all of which a repair answers."""

    @property
    def id(self) -> str:
        """Return a name for it."""
        return f"{self.writer}-{self.kind}-{self.version}"


def lifted(
    write: Callable[[Path], object], version: str, *, shards: str = "auto"
) -> Callable[[Path], None]:
    """Give what writes a dataset of 0.4 lifted to a version."""

    def make(folder: Path) -> None:
        write(folder.with_name("source.zarr"))
        source = folder.with_name("source.zarr")
        assert zl.convert(source, folder, ome_version=version, shards=shards).finished

    return make


def sample(kind: str) -> Callable[[Path], object]:
    """Give what writes a sample."""
    return lambda folder: zl.demo(folder, kind=kind, size="256KiB")


def recorded(name: str) -> Callable[[Path], object]:
    """Give what copies recorded output of bioformats2raw, which may be read only."""

    def make(folder: Path) -> None:
        source = RECORDED / f"{name}.zarr"
        if not source.is_dir():
            pytest.skip(f"{source} is not there")
        for path in shutil.copytree(source, folder).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        folder.chmod(0o755)

    return make


def group(folder: Path, version: str) -> zarr.Group:
    """Make the root of a hierarchy."""
    return zarr.open_group(str(folder), mode="w", zarr_format=2 if version == "0.4" else 3)


def labelled(folder: Path, version: str) -> None:
    """Write an image with labels by ome-zarr-py."""
    root, form = group(folder, version), FORMS[version]
    writer.write_image(PIXELS, root, axes="cyx", fmt=form)
    cells = (PIXELS > 99).astype("uint8")
    writer.write_labels(cells, root, name="cells", axes="cyx", fmt=form)


def plate(folder: Path, version: str) -> None:
    """Write a plate of two wells by ome-zarr-py."""
    root, form = group(folder, version), FORMS[version]
    writer.write_plate_metadata(root, ["A", "B"], ["1", "2"], ["A/1", "B/2"], fmt=form)
    for row, column in ("A1", "B2"):
        well = root.require_group(row).require_group(column)
        writer.write_well_metadata(well, ["0"], fmt=form)
        writer.write_image(PIXELS, well.require_group("0"), axes="cyx", fmt=form)


def by_ngff_zarr(folder: Path, version: str) -> None:
    """Write an image by ngff-zarr."""
    image = ngff_zarr.to_ngff_image(PIXELS, dims=("c", "y", "x"), scale={"y": 0.5, "x": 0.5})
    levels = ngff_zarr.to_multiscales(image, scale_factors=[2])
    ngff_zarr.to_ngff_zarr(str(folder), levels, version=version)


def every() -> Iterator[Written]:
    """Walk all that there is."""
    sources = {("demo", kind): sample(kind) for kind in KINDS}
    sources |= {("bioformats2raw", name): recorded(name) for name in RECORDS}
    for (by, kind), write in sources.items():
        yield Written(by, kind, "0.4", write)
        for version in ("0.5", "0.6"):
            yield Written(by, kind, version, lifted(write, version))
    yield Written("unsharded", "labels", "0.5", lifted(sample("labels"), "0.5", shards="none"))
    for version in FORMS:
        lacking = frozenset({"ome-version"} if version == "0.5" else ())
        write = partial(labelled, version=version)
        yield Written("ome-zarr-py", "labels", version, write, lacking)
        yield Written("ome-zarr-py", "plate", version, partial(plate, version=version))
    for version in ("0.4", "0.5", "0.6"):
        write = partial(by_ngff_zarr, version=version)
        yield Written("ngff-zarr", "image", version, write)


EVERY = list(every())


@pytest.mark.parametrize("written", EVERY, ids=[w.id for w in EVERY])
def test_it_is_told_judged_and_repaired(written: Written, tmp_path: Path) -> None:
    """It is told in full; all that is wrong with it a repair puts right, and undo is exact."""
    root = tmp_path / "a.zarr"
    written.write(root)
    before = tree(root)

    found = zl.info(root, every=True, sizes=True)
    first, *rest = info_text(found, every=True).splitlines()
    assert first.endswith("a.zarr")
    assert f"OME-Zarr {written.version} on Zarr" in " ".join(rest)
    assert widest("\n".join(rest)) <= 80
    assert any(images for images in found.images.values())
    assert all(sizes.objects for sizes in found.sizes.values())
    assert json.loads(json.dumps(info_to_json(found)))["version"] == written.version

    judged = zl.validate(root, level="data")
    assert {f.rule for f in judged.findings if f.severity == "error"} == written.errors
    assert judged.looked.decoded == judged.looked.chunks > 0
    assert tree(root) == before

    made = zl.repair(root)
    assert (made.valid, made.already) == (True, not written.errors)
    assert zl.validate(root).valid
    if made.changes:
        zl.undo(root)
    assert tree(root) == before


@pytest.mark.parametrize("by", ["zarrlift", "ngff-zarr"])
def test_a_zipped_one_is_told_and_judged(by: str, tmp_path: Path) -> None:
    """It is not repaired, and says how that is done."""
    archive = tmp_path / "a.ozx"
    if by == "zarrlift":
        lifted(sample("labels"), "0.5")(archive)
    else:
        by_ngff_zarr(archive, "0.5")

    assert zl.info(archive, sizes=True).version == "0.5"
    assert zl.validate(archive, level="data").valid
    assert_refused(in_process("repair", archive), "not changed in place", "convert it to a folder")
