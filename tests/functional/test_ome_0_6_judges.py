"""What is made of OME-Zarr 0.6 from every trap, judged by the official schemas and by ngff-zarr."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.judges import attribute_problems, ngff_zarr_places
from tests.trap import Trap
from tests.traps import TRAPS
from tests.unit.metadata.ome_documents import image_0_5, scale, shift
from zarrlift.findings import has_errors
from zarrlift.metadata import ome
from zarrlift.metadata.ome_0_5 import to_0_5
from zarrlift.metadata.ome_0_6 import to_0_6
from zarrlift.plan.documents import lift_attributes

Groups: TypeAlias = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module", params=TRAPS, ids=lambda trap: trap.id)
def groups(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Groups:
    """Give the attributes of every group of a trap, as 0.5 has them, by path."""
    trap: Trap = request.param
    folder = tmp_path_factory.mktemp("trap")
    trap.build(folder)
    return lift_attributes(zl.survey(folder), "0.5").attributes


def test_schemas_take_every_trap(groups: Groups) -> None:
    """What the schemas of 0.5 take of a trap's groups, those of 0.6 take too, without an error."""
    for path, attributes in groups.items():
        made, found = to_0_6(path, attributes)

        assert not has_errors(found)
        assert attribute_problems(attributes, "0.5") or attribute_problems(made, "0.6") == []
        assert ome.v3_version(made) == ("0.6" if ome.v3_members(attributes) else None)


def test_foreign_attributes_of_every_trap_stay(groups: Groups) -> None:
    """What stands beside OME members, and groups without any, are the same in 0.6."""
    for path, attributes in groups.items():
        made, _ = to_0_6(path, attributes)

        assert {**made, "ome": 0} == {**attributes, "ome": 0}
        assert ome.v3_members(attributes) is not None or made == attributes


def test_every_trap_comes_back(groups: Groups) -> None:
    """Each trap's groups come back from 0.6 as they were, or a finding says what is new."""
    for path, attributes in groups.items():
        there, found = to_0_6(path, attributes)
        back, said = to_0_5(path, there)

        assert not has_errors(said)
        assert back == attributes or found


def test_names_of_axes_stay(groups: Groups) -> None:
    """An image's axes have the same names in both versions."""
    for path, attributes in groups.items():
        there, _ = to_0_6(path, attributes)

        for old, new in zip(images_of(attributes), images_of(there), strict=True):
            assert ome.axis_names(old) == ome.axis_names(new)


def images_of(attributes: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """Give the images of a group."""
    members = ome.v3_members(attributes) or {}
    return cast("list[Mapping[str, object]]", members.get("multiscales", []))


def write_v3_image(folder: Path, attributes: Mapping[str, Any]) -> None:
    """Write a yx image of two levels with those attributes, through zarr-python."""
    group = zarr.create_group(str(folder), zarr_format=3, attributes=dict(attributes))
    for name, size in (("0", 8), ("1", 4)):
        array = group.create_array(name, shape=(size, size), dtype="u2", dimension_names=["y", "x"])
        array[:] = np.ones((size, size), "u2")


@pytest.mark.parametrize(
    ("levels", "whole", "expected"),
    [
        (
            [[scale(1, 2)], [scale(2, 4), shift(0.5, 1)]],
            None,
            [((1, 2), (0, 0)), ((2, 4), (0.5, 1))],
        ),
        (
            [[scale(1, 2)], [scale(2, 4), shift(0.5, 1)]],
            [scale(0.5, 3), shift(10, 20)],
            [((0.5, 6), (10, 20)), ((1, 12), (10.25, 23))],
        ),
    ],
    ids=["levels", "whole-image"],
)
def test_another_reader_sees_the_same_places(
    levels: list[Any], whole: object, expected: list[Any], tmp_path: Path
) -> None:
    """ngff-zarr validates the image of 0.6, and reads the scales and translations that are due."""
    members = {"coordinateTransformations": whole} if whole else {}
    made, _ = to_0_6("", image_0_5(*levels, **members))
    write_v3_image(tmp_path / "image.zarr", made)

    due = [({"y": s[0], "x": s[1]}, {"y": t[0], "x": t[1]}) for s, t in expected]
    assert ngff_zarr_places(tmp_path / "image.zarr") == due
