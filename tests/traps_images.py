"""Traps in the metadata of images and labels: versions, axes, scales, members nobody knows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.build import Json, read_json, sample, write_array, write_group
from tests.build_ome import (
    OMERO,
    Version,
    label_of,
    multiscale_of,
    pyramid,
    write_image,
    write_labels,
)
from tests.trap import Trap
from tests.traps_layout import SHAPE, beside_trap


def with_attributes(name: str, note: str, attributes: Json, multiscale: Json | None = None) -> Trap:
    """Give a trap that is a plain image with further members in its metadata."""

    def build(folder: Path) -> None:
        levels = pyramid(sample(SHAPE, "<u2"))
        write_image(folder, levels, attributes=attributes, multiscale=multiscale)

    return Trap(name, "image", note, build)


def version_traps() -> Iterator[Trap]:
    """Give an image of each version, with labels, and odd ways to state the version."""
    versions: tuple[Version, ...] = ("0.1", "0.2", "0.3", "0.4")
    for version in versions:
        yield Trap(f"version-{version}", "image", "as that version writes it", _image_of(version))
    yield with_attributes("version-number", "0.4 as a number", {}, {"version": 0.4})
    yield Trap("version-absent", "image", "objects as axes tell 0.4", _without_version("0.4"))
    yield Trap("version-absent-0.3", "image", "names as axes tell 0.3", _without_version("0.3"))
    yield Trap("version-absent-0.2", "image", "the keys tell 0.2", _without_version("0.2"))
    yield Trap("version-absent-0.1", "image", "the keys tell 0.1", _without_version("0.1"))


def image_traps() -> Iterator[Trap]:
    """Give images whose metadata holds what converters lose."""
    global_scale = [{"type": "scale", "scale": [0.1, 1.0, 1.0, 2.0, 2.0]}]
    yield with_attributes(
        "multiscale-scale",
        "a scale over all levels",
        {},
        {"coordinateTransformations": global_scale},
    )
    yield with_attributes("omero-rdefs", "rendering with rdefs", {"omero": OMERO})
    yield with_attributes(
        "multiscale-type-and-metadata",
        "how it was downsampled",
        {},
        {
            "type": "gaussian",
            "metadata": {"method": "skimage.transform.pyramid_gaussian", "kwargs": {"sigma": 1.0}},
            "@type": "ngff:Image",
        },
    )
    yield with_attributes(
        "creator", "who wrote it", {"_creator": {"name": "omero-zarr", "version": "0.3.0"}}
    )
    yield with_attributes(
        "foreign-key-with-version",
        "a foreign member's own version stays",
        {"vendor": {"version": "7.1", "plate": {"version": "x"}}, "version": "2"},
    )
    numbers = {
        "one": 1,
        "one-float": 1.0,
        "big": 2**63,
        "tiny": 1e-300,
        "text": "µ\u2028\n",
        "no": None,
    }
    yield with_attributes("unknown-keys", "numbers and text in their form", {"custom": numbers})
    yield Trap("two-multiscales", "image", "the second one counts too", _two_multiscales)
    yield Trap("dataset-translation", "image", "a translation for each level", _translations)
    yield Trap("documents-pretty", "image", "as Jackson lays out JSON", _pretty)


def axes_traps() -> Iterator[Trap]:
    """Give axes that say little, or come out of the usual order."""
    bare: list[dict[str, object]] = [{"name": name} for name in "zyx"]
    null = [{**axis, "type": None} for axis in bare]
    yield Trap("axes-bare", "image", "neither type nor unit", _axes(bare))
    yield Trap("axes-type-null", "image", "legal by the text, not by the schema", _axes(null))
    yield Trap("axes-ctzyx", "image", "axes out of the usual order", _ordered("ctzyx"))
    yield Trap("axes-two", "image", "only y and x", _ordered("yx"))


def level_traps() -> Iterator[Trap]:
    """Give levels at odd places, or stored each in its own way."""
    yield Trap("level-paths-nested", "image", "levels at `scale0/image`", _nested_levels)
    yield Trap("level-missing", "image", "a level that is listed and not there", _missing_level)
    yield Trap("levels-stored-differently", "image", "each its own codec", _different_levels)
    yield beside_trap("level-unlisted", "image", "an array no multiscale names", _unlisted_level)
    yield beside_trap("image-in-image", "image", "an image below an image", _inner_image)


def label_traps() -> Iterator[Trap]:
    """Give labels, nested, unlisted, of other data types and with fewer axes."""
    yield Trap("labels", "labels", "one label", _labels(["cells"]))
    yield Trap("labels-nested", "labels", "folders with a group", _labels(["original/0"]))
    yield Trap(
        "labels-nested-without-group",
        "labels",
        "a folder that is no group",
        _labels(["original/0"], folders_are_groups=False),
    )
    yield Trap("label-unlisted", "labels", "a second one not listed", _labels(["cells"], "nuclei"))
    for dtype in ("|u1", "<i8", ">u4"):
        yield Trap(
            f"label-{dtype[1:]}{'-big-endian' * (dtype[0] == '>')}",
            "labels",
            "not the image's data type",
            _labels(["cells"], dtype=dtype),
        )
    yield Trap("label-3d", "labels", "zyx for a tczyx image", _fewer_axes)
    yield Trap("labels-empty", "labels", "none listed, none there", _labels([]))
    yield Trap("labels-without-list", "labels", "a group that lists nothing", _no_list)


def _image_of(version: Version) -> Callable[[Path], object]:
    """Give a builder of an image with a label in a version."""
    base = sample(SHAPE, "<u2")
    labels = {"cells": pyramid(label_of(base))}
    return lambda folder: write_image(folder, pyramid(base), version=version, labels=labels)


def _without_version(version: Version) -> Callable[[Path], object]:
    """Give a builder of an image that is like a version and does not say so."""

    def build(folder: Path) -> None:
        levels = pyramid(sample(SHAPE, "<u2"))
        entry = multiscale_of(levels, version=version)
        del entry["version"]
        write_image(folder, levels, version=version, attributes={"multiscales": [entry]})

    return build


def _two_multiscales(folder: Path) -> None:
    """Write an image with a second multiscale over another array."""
    levels = pyramid(sample(SHAPE, "<u2"))
    plane = sample((12, 16), "|u1", seed=5)
    second = multiscale_of([plane], axes="yx", paths=["projection"], name="projection")
    first = multiscale_of(levels)
    write_image(folder, levels, attributes={"multiscales": [first, second]})
    write_array(folder / "projection", plane, chunks=(4, 8))


def _translations(folder: Path) -> None:
    """Write an image whose levels have translations."""
    levels = pyramid(sample(SHAPE, "<u2"))
    entry = multiscale_of(levels)
    datasets: list[Json] = []
    for number, shape in enumerate(level.shape for level in levels):
        scale = [a / b for a, b in zip(SHAPE, shape, strict=True)]
        shift = [0.0, 0.0, 0.0, 0.5 * number, 0.5 * number]
        transforms: list[Json] = [
            {"type": "scale", "scale": scale},
            {"type": "translation", "translation": shift},
        ]
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    write_image(folder, levels, attributes={"multiscales": [{**entry, "datasets": datasets}]})


def _axes(axes: list[dict[str, object]]) -> Callable[[Path], object]:
    """Give a builder of an image with those axis objects."""
    levels = pyramid(sample((3, 8, 8), "<u2"))
    return lambda folder: write_image(folder, levels, axes=axes)


def _ordered(axes: str) -> Callable[[Path], object]:
    """Give a builder of a small image with axes in that order."""
    shape = tuple({"t": 2, "c": 3, "z": 1, "y": 6, "x": 8}[axis] for axis in axes)
    return lambda folder: write_image(folder, pyramid(sample(shape, "<u2")), axes=axes)


def _nested_levels(folder: Path) -> None:
    """Write levels in groups of their own, as ngff-zarr does."""
    paths = ["scale0/image", "scale1/image"]
    write_image(folder, pyramid(sample(SHAPE, "<u2")), paths=paths)
    write_group(folder / "scale0", {"_ARRAY_DIMENSIONS": []})


def _different_levels(folder: Path) -> None:
    """Write levels of other compressors, orders, data types and chunks."""
    levels = pyramid(sample(SHAPE, "<u2"), 3)
    write_image(folder, levels)
    gzip: Json = {"id": "gzip", "level": 1}
    zlib: Json = {"id": "zlib", "level": 1}
    for name in ("1", "2"):
        shutil.rmtree(folder / name)
    write_array(folder / "1", levels[1].astype(">u2"), chunks=(1, 2, 1, 6, 8), compressor=gzip)
    write_array(folder / "2", levels[2], chunks=(1, 1, 1, 2, 2), compressor=zlib, order="F")


def _missing_level(folder: Path) -> None:
    """List a third level that is not there."""
    levels = pyramid(sample(SHAPE, "<u2"), 3)
    entry = multiscale_of(levels)
    write_image(folder, levels[:2], attributes={"multiscales": [entry]})


def _unlisted_level(folder: Path) -> None:
    """Add an array that no multiscale names."""
    write_array(folder / "thumbnail", sample((4, 4), "|u1"), chunks=(4, 4))


def _inner_image(folder: Path) -> None:
    """Add an image in a group below the image."""
    write_image(folder / "derived" / "deconvolved", [sample((8, 8), "<f4")], axes="yx")
    write_group(folder / "derived")


def _pretty(folder: Path) -> None:
    """Lay out every document as bioformats2raw does."""
    write_image(folder, pyramid(sample(SHAPE, ">u2")), omero=OMERO)
    for name in (".zgroup", ".zattrs", ".zarray"):
        for path in folder.rglob(name):
            text = json.dumps(read_json(path), indent=2, separators=(",", " : "))
            path.write_text(text, encoding="utf-8")


def _labels(
    names: Sequence[str], *unlisted: str, dtype: str = "<i4", folders_are_groups: bool = True
) -> Callable[[Path], object]:
    """Give a builder of an image with labels."""

    def build(folder: Path) -> None:
        base = sample(SHAPE, "<u2")
        write_image(folder, pyramid(base))
        masks = {name: pyramid(label_of(base, dtype)) for name in (*names, *unlisted)}
        write_labels(folder, masks, listed=names, folders_are_groups=folders_are_groups)

    return build


def _fewer_axes(folder: Path) -> None:
    """Write a label of three axes for an image of five."""
    image = sample((2, 2, 3, 8, 8), "<u2")
    write_image(folder, pyramid(image))
    write_labels(folder, {"cells": pyramid(label_of(image[0, 0]))}, axes="zyx")


def _no_list(folder: Path) -> None:
    """Write a `labels` group without attributes over a label."""
    _labels(["cells"])(folder)
    (folder / "labels" / ".zattrs").unlink()


IMAGE_TRAPS = (
    *version_traps(),
    *image_traps(),
    *axes_traps(),
    *level_traps(),
    *label_traps(),
)
