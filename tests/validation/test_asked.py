"""Trees that are judged by another version than they state, or by one where they state none."""

from __future__ import annotations

import pytest

from tests.validation.trees import NEW, OLD, VERSIONS, image, inner, judged, labelled, ome, plate


@pytest.mark.parametrize("asked", NEW)
@pytest.mark.parametrize("stated", [True, False])
def test_no_tree_of_v2_is_one_of_0_5_or_later(stated: bool, asked: str) -> None:
    """Whatever else of it would be right: readers look for `zarr.json`."""
    tree = image("0.4")
    if not stated:
        inner(ome(tree), "multiscales", 0).pop("version")

    assert "version-format" in {f.rule for f in judged(tree, asked)}


@pytest.mark.parametrize("asked", OLD)
def test_no_tree_of_v3_is_one_of_0_4_or_earlier(asked: str) -> None:
    """Readers look for `.zattrs`."""
    assert "version-format" in {f.rule for f in judged(image("0.5"), asked)}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_that_is_stated_may_be_asked_for(version: str) -> None:
    """Then nothing is found that would not be found else."""
    for tree in (image(version), labelled(version), plate(version)):
        assert judged(tree, version) == judged(tree)
