"""Facts of images, for all versions, from sound and unsound documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import OMERO, label_of, multiscale_of, pyramid, write_image, write_labels
from tests.build_v3 import Form, write_v3_array, write_v3_group
from zarrlift.metadata import ome_0_6
from zarrlift.store.folder import Folder
from zarrlift.survey.images import Axis, Image, Window, all_images, images_of
from zarrlift.survey.look import look
from zarrlift.survey.placing import placing_of

VALUES = sample((1, 2, 1, 8, 8), "<u2")


def image_of(folder: Path) -> Image:
    """The first image of a folder."""
    tree = look(Folder(folder))
    (image, *_) = images_of(tree, tree.nodes[""])
    return image


def with_multiscale(folder: Path, **members: object) -> Path:
    """Write an image whose multiscale has other members; None leaves one out."""
    write_image(folder, pyramid(VALUES))
    document: Any = read_json(folder / ".zattrs")
    made = {**document["multiscales"][0], **members}
    document["multiscales"] = [{k: v for k, v in made.items() if v is not None}]
    write_json(folder / ".zattrs", document)
    return folder


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3", "0.4"])
def test_old_versions(version: Any, tmp_path: Path) -> None:
    """Axes are known by name and type in every version; sizes and units from 0.4 on."""
    write_image(tmp_path, pyramid(VALUES), version=version)

    image = image_of(tmp_path)

    assert image.axis_names == ("t", "c", "z", "y", "x")
    assert [a.type for a in image.axes] == ["time", "channel", "space", "space", "space"]
    assert [x.shape for x in image.levels] == [(1, 2, 1, 8, 8), (1, 2, 1, 4, 4)]
    assert image.version == version
    if version == "0.4":
        assert image.scale == {"t": 1.0, "c": 1.0, "z": 0.5, "y": 0.25, "x": 0.25}
        assert image.units["y"] == "micrometer"
        assert image.levels[1].scale == (1.0, 1.0, 0.5, 0.5, 0.5)
        assert image.levels[1].translation == (0.0,) * 5
    else:
        assert image.scale == {}
        assert image.units == {}


def v3_image(folder: Path, ome: dict[str, object], names: object = None) -> Path:
    """Write a v3 group with OME members, and two levels."""
    write_v3_group(folder, {"ome": ome})
    for path, level in enumerate(pyramid(sample((4, 8, 8), "<u2"))):
        form = Form(chunks=(1, 4, 4), shards=(4, 4, 4))
        more = {} if names is None else {"dimension_names": names}
        write_v3_array(folder / str(path), level, form, **more)
    return folder


def multiscale_0_5() -> dict[str, Any]:
    """A multiscale of 0.5 whose whole image is scaled and moved too."""
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    scale = {"type": "scale", "scale": [2, 1, 1]}
    moved = {"type": "translation", "translation": [0, 5, 5]}
    return {
        "name": "deep",
        "axes": axes,
        "datasets": [
            {"path": "0", "coordinateTransformations": [scale]},
            {"path": "1", "coordinateTransformations": [scale, moved]},
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.1, 0.1]}],
    }


def test_whole_image_is_scaled_after_its_levels(tmp_path: Path) -> None:
    """S' = Sg*S, T' = Sg*T + Tg (0.5, "coordinateTransformations")."""
    image = image_of(v3_image(tmp_path, {"version": "0.5", "multiscales": [multiscale_0_5()]}))

    assert image.levels[0].scale == pytest.approx((1.0, 0.1, 0.1))
    assert image.levels[1].translation == pytest.approx((0.0, 0.5, 0.5))
    layout = image.levels[0].layout
    assert layout is not None
    assert (layout.chunks, layout.shards) == ((1, 4, 4), (4, 4, 4))


def test_0_6_has_the_same_facts_as_0_5(tmp_path: Path) -> None:
    """Lifting the metadata of one image changes none of its facts but the system's name."""
    ome: dict[str, object] = {"version": "0.5", "multiscales": [multiscale_0_5()]}
    attributes = {"ome": ome}
    lifted, _ = ome_0_6.to_0_6("", attributes)
    old = image_of(v3_image(tmp_path / "old", ome))
    new = image_of(v3_image(tmp_path / "new", lifted["ome"]))  # type: ignore[arg-type]

    assert (old.version, new.version) == ("0.5", "0.6")
    assert (old.system, new.system) == ("", "intrinsic")
    assert new.axes == old.axes
    for one, other in zip(old.levels, new.levels, strict=True):
        assert other.scale == pytest.approx(one.scale)
        assert other.translation == pytest.approx(one.translation)


def test_preview_of_0_6_names_systems_by_text(tmp_path: Path) -> None:
    """Early drafts wrote `input` and `output` as texts."""
    multiscale = {
        "coordinateSystems": [
            {"name": "other", "axes": [{"name": "i"}]},
            {"name": "space", "axes": [{"name": n, "type": "space"} for n in "zyx"]},
        ],
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": [1, 2, 3], "input": "0", "output": "space"}
                ],
            }
        ],
    }
    image = image_of(v3_image(tmp_path, {"version": "0.6.dev3", "multiscales": [multiscale]}))

    assert image.scale == {"z": 1.0, "y": 2.0, "x": 3.0}


def test_axes_by_names_of_the_array(tmp_path: Path) -> None:
    """Where the image does not name its axes, its arrays may."""
    multiscale = {"datasets": [{"path": "0"}]}
    ome: dict[str, object] = {"version": "0.5", "multiscales": [multiscale]}

    named = image_of(v3_image(tmp_path / "named", ome, ["z", None, "x"]))
    bare = image_of(v3_image(tmp_path / "bare", ome))

    assert named.axis_names == ("z", "dim_1", "x")
    assert bare.axis_names == ("dim_0", "dim_1", "dim_2")


def test_channels(tmp_path: Path) -> None:
    """Label, colour and window of each channel; what is not sound is left empty."""
    channels = [*OMERO["channels"], {"color": "red", "window": {"start": "a"}}, 7]  # type: ignore[misc]
    write_image(tmp_path, pyramid(VALUES), omero={**OMERO, "channels": channels})

    first, second, third = image_of(tmp_path).channels

    assert (first.label, first.color, first.window) == ("GFP", "00FF00", Window(start=0, end=350))
    assert (second.color, second.window, second.active) == ("", None, True)
    assert third.label == ""


def test_labels_belong_to_their_image(tmp_path: Path) -> None:
    """Listed labels come first, then those that nobody lists; each is a label image."""
    write_image(tmp_path, pyramid(VALUES))
    masks = {name: pyramid(label_of(VALUES)) for name in ("a", "b", "c")}
    write_labels(tmp_path, masks, listed=["c", "gone"])

    tree = look(Folder(tmp_path))
    image, *labels = list(all_images(tree))

    assert image.labels == ("labels/c", "labels/gone", "labels/a", "labels/b")
    assert not image.is_label
    assert [i.path for i in labels if i.is_label] == ["labels/a", "labels/b", "labels/c"]


def test_level_that_is_not_there(tmp_path: Path) -> None:
    """A level without an array has no layout, and the reason."""
    write_group(tmp_path, {"multiscales": [multiscale_of(pyramid(VALUES))]})
    write_array(tmp_path / "0", VALUES, chunks=(1, 1, 1, 4, 4), members={"dtype": "<x9"})
    write_group(tmp_path / "1")

    there, group = image_of(tmp_path).levels

    assert there.layout is None
    assert "data type" in there.problem
    assert group.problem == "is no array but a group"


@pytest.mark.parametrize(
    ("transforms", "said"),
    [
        ([{"type": "scale", "scale": [1, 2]}], "2 numbers for 5 axes"),
        ([{"type": "affine", "affine": []}], "affine"),
        ([{"type": "scale", "path": "s"}], "scale stored in an array"),
        ([{"type": "scale", "scale": ["a"] * 5}], "scale without numbers"),
        ([7], "no object"),
        ([{"type": "scale", "scale": [True] * 5}], "scale without numbers"),
        ([{"type": "scale", "scale": [10**400] * 5}], "scale without numbers"),
        ([{"type": "scale", "scale": [1e300] * 5}] * 2, "numbers too large"),
    ],
)
def test_what_is_no_scale_is_named(transforms: Any, said: str, tmp_path: Path) -> None:
    """Numbers that mean nothing are not shown; what stands there is said."""
    entry = {"path": "0", "coordinateTransformations": transforms}
    level = image_of(with_multiscale(tmp_path, datasets=[entry])).levels[0]

    assert (level.scale, level.placed_by) == (None, said)


@pytest.mark.parametrize(
    "members",
    [
        {"axes": 7},
        {"axes": [None, {"name": 3}, "q", {}, []]},
        {"datasets": {"path": "0"}},
        {"datasets": [None, {"path": 3}, {"path": "../../.."}]},
        {"name": ["x"], "type": 7},
        {"coordinateTransformations": {"a": 1}},
        {"coordinateSystems": [{"name": "a"}, {"name": "a", "axes": 3}]},
    ],
)
def test_unsound_documents_give_what_there_is(members: dict[str, Any], tmp_path: Path) -> None:
    """Members of any type are read without a fault."""
    image = image_of(with_multiscale(tmp_path, **members))

    assert all(isinstance(axis, Axis) for axis in image.axes)
    assert len(image.levels) <= 2


def test_sequences_within_sequences_end() -> None:
    """A document that nests its transformations is followed some steps, no further."""
    inner: Any = {"type": "scale", "scale": [2.0]}
    for _ in range(50):
        inner = {"type": "sequence", "transformations": [inner]}

    assert placing_of([inner]).otherwise == "sequence"
    one = {"type": "sequence", "transformations": [{"type": "scale", "scale": [2.0]}]}
    assert placing_of([one, {"type": "identity"}]).for_axes(1).scale == (2.0,)
    assert placing_of([{"type": "identity"}]).for_axes(2).scale == (1.0, 1.0)
    assert placing_of([]).for_axes(2).scale is None


def test_translation_before_scale_is_followed_as_written() -> None:
    """Transformations are applied one after another, in whatever order they stand."""
    moved = {"type": "translation", "translation": [3.0]}
    placing = placing_of([moved, {"type": "scale", "scale": [2.0]}])

    assert (placing.scale, placing.translation) == ((2.0,), (6.0,))


def test_image_without_pixels(tmp_path: Path) -> None:
    """An array of no elements has facts too."""
    write_image(tmp_path, [np.zeros((1, 1, 1, 0, 4), "<u2")], chunks=(1, 1, 1, 4, 4))

    assert image_of(tmp_path).levels[0].shape == (1, 1, 1, 0, 4)
