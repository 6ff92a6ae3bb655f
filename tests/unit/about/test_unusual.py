"""What is unusual is said in a few words; what is usual is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.build import read_json, sample, write_group, write_json
from tests.build_ome import label_of, pyramid, write_image, write_labels, write_plate
from zarrlift.about.unusual import remarks
from zarrlift.store.folder import Folder
from zarrlift.survey.images import all_images
from zarrlift.survey.look import look

VALUES = sample((1, 2, 1, 8, 8), "<u2")


def said(folder: Path) -> list[str]:
    """All words on a dataset."""
    tree = look(Folder(folder))
    return [f"{r.path}: {r.words}" for r in remarks(tree, list(all_images(tree)))]


def test_nothing_is_said_of_a_usual_dataset(tmp_path: Path) -> None:
    """An image with labels as writers make it."""
    write_image(tmp_path, pyramid(VALUES))
    write_labels(tmp_path, {"cells": pyramid(label_of(VALUES))})

    assert said(tmp_path) == []


def both_formats(folder: Path) -> None:
    """Documents of v3 beside those of v2."""
    write_image(folder, pyramid(VALUES))
    write_json(folder / "zarr.json", {"zarr_format": 3, "node_type": "group"})


def beside_ome(folder: Path) -> None:
    """A v3 group as a migration without OME's rules leaves it."""
    document = {"zarr_format": 3, "node_type": "group", "attributes": {"multiscales": []}}
    write_json(folder / "zarr.json", document)


def other_scale(folder: Path) -> None:
    """A level whose scale is that of the one above."""
    write_image(folder, pyramid(VALUES))
    document: dict[str, list[dict[str, list[dict[str, object]]]]]
    document = read_json(folder / ".zattrs")  # type: ignore[assignment]
    first, second = document["multiscales"][0]["datasets"]
    second["coordinateTransformations"] = first["coordinateTransformations"]
    write_json(folder / ".zattrs", document)


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "big": (lambda f: write_image(f, [VALUES.astype(">u2")]), "0: big-endian"),
    "F": (lambda f: write_image(f, [VALUES], order="F"), "another order of axes"),
    "zlib": (lambda f: write_image(f, [VALUES], compressor={"id": "zlib"}), "codec zlib"),
    "null": (lambda f: write_image(f, [VALUES], fill_value=None), "fill value undefined"),
    "keys": (
        lambda f: write_image(f, [VALUES], declare_separator=False),
        "means keys with '.', its chunks have '/'",
    ),
    "both": (both_formats, "side by side"),
    "beside": (beside_ome, "multiscales beside 'ome'"),
    "scale": (other_scale, "scale of level 1 along y does not follow"),
    "label": (
        lambda f: write_labels(write_image(f, [VALUES]), {"a": [VALUES.astype("<f4")]}),
        "no whole numbers",
    ),
    "plate": (lambda f: write_plate(f, absent={"B/1"}), "names what is not there: B"),
    "field": (lambda f: write_plate(f, absent={"A/2/1"}), "A/2: names what is not there: 1"),
    "version": (
        lambda f: write_image(f, [VALUES], multiscale={"version": "0.7"}),
        "states version '0.7'",
    ),
    "json": (lambda f: (write_group(f) / ".zattrs").write_bytes(b"{"), ".zattrs: "),
    "levels": (
        lambda f: write_image(f, [VALUES, VALUES[..., ::2, ::2].astype("<u4")]),
        "levels of different data types",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_words(case: str, tmp_path: Path) -> None:
    """Each dataset has one thing that is unusual."""
    build, words = CASES[case]
    build(tmp_path)

    assert any(words in line for line in said(tmp_path)), said(tmp_path)
