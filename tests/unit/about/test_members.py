"""Members of documents, each with a line on what it means."""

from __future__ import annotations

from zarrlift.about.members import explained


def test_v2_array() -> None:
    """Members come in the document's order, those of codecs below them."""
    document = {"shape": [1], "compressor": {"id": "blosc", "clevel": 5}, "mine": 1}

    found = dict(explained(".zarray", document))

    assert list(found) == ["shape", "compressor", "compressor.id", "compressor.clevel"]
    assert "0 to 9" in found["compressor.clevel"]


def test_image_of_both_formats() -> None:
    """OME-Zarr's members mean the same in `.zattrs` and below `ome`; lists count as one item."""
    level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1]}]}
    members = {"multiscales": [{"axes": [{"name": "y"}], "datasets": [level, level]}]}

    old = dict(explained(".zattrs", members))
    new = dict(explained("zarr.json", {"attributes": {"ome": {"version": "0.5", **members}}}))

    assert "multiscales[].datasets[].path" in old
    assert {f"attributes.ome.{path}" for path in old} <= new.keys()
    assert new["attributes.ome.version"] == "version of OME-Zarr"


def test_consolidated_metadata_is_one_member() -> None:
    """What is gathered there is not explained over again for each node."""
    found = dict(explained(".zmetadata", {"metadata": {".zgroup": {"zarr_format": 2}}}))

    assert list(found) == ["metadata"]


def test_deep_documents_end() -> None:
    """Members nested without end are followed some steps, no further."""
    inner: dict[str, object] = {}
    for _ in range(500):
        inner = {"codecs": [inner]}

    assert len(explained("zarr.json", inner)) < 50
