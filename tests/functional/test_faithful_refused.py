"""What cannot be lifted without loss is refused, in words, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import write_image
from tests.oracles import assert_same_voxels
from tests.traps import REFUSED, VERSIONS, Trap
from zarrlift.errors import DamageError, SourceError, ZarrliftError

IMPOSSIBLE = (*REFUSED, *VERSIONS)
FOUND_WHILE_READING = {"blosc-snappy"}
"""Traps whose document is sound: only a chunk tells that nobody here can decode it."""
TOLD = tuple(trap for trap in IMPOSSIBLE if trap.id not in FOUND_WHILE_READING)

CAUSES = {
    "fill-u1-negative": "fill_value -1 does not fit data type uint8",
    "fill-u2-fraction": "fill_value 1.5 does not fit data type uint16",
    "fill-u2-nan": "fill_value 'NaN' does not fit data type uint16",
    "fill-i8-too-great": "fill_value 9223372036854775808 does not fit data type int64",
    "fill-bool-two": "fill_value 2 does not fit data type bool",
    "compressor-unknown": "jpegxl_of_tomorrow",
    "filter-unknown": "wavelet_of_tomorrow",
    "object-pickle": "|O",
    "dtype-unknown": "<q3",
    "dtype-fields": "area",
    "order-unknown": "order 'K'",
    "already-0.6rc0": "OME-Zarr version '0.6rc0' in Zarr v3 documents is not known",
}
"""What the message says of the cause."""


@pytest.mark.parametrize("trap", IMPOSSIBLE, ids=[trap.id for trap in IMPOSSIBLE])
def test_impossible_sources_are_refused(trap: Trap, tmp_path: Path) -> None:
    """The error has cause, place within the source, next step and exit code 3; no target stands."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    trap.build(source)
    with pytest.raises(ZarrliftError) as caught:
        zl.convert(source, target, plain_zarr=True)
    error = caught.value
    assert isinstance(error, SourceError)
    assert error.exit_code == 3
    assert str(error.place).startswith(str(source))
    assert error.hint
    assert CAUSES.get(trap.id, "") in error.message
    if trap.id in FOUND_WHILE_READING:
        assert isinstance(error, DamageError)
        assert [path.name for path in target.iterdir()] == [".zarrlift"]
    else:
        assert not target.exists()


@pytest.mark.parametrize("trap", TOLD, ids=[trap.id for trap in TOLD])
def test_plan_refuses_what_convert_refuses(trap: Trap, tmp_path: Path) -> None:
    """What documents tell stops the plan already, with the same words."""
    trap.build(tmp_path / "old.zarr")
    said = []
    for verb in (zl.plan, zl.convert):
        with pytest.raises(ZarrliftError) as caught:
            verb(tmp_path / "old.zarr", tmp_path / "new.zarr", plain_zarr=True)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("trap", REFUSED, ids=[trap.id for trap in REFUSED])
def test_rest_lifts_without_the_impossible_array(trap: Trap, tmp_path: Path) -> None:
    """With the array excluded, as the hint says, everything else lifts, and the report says so."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    trap.build(source)
    write_image(source / "beside", [sample((8, 8), "<u2")], axes="yx", chunks=(4, 4))
    impossible = (
        "extra/values" if trap.id.startswith("dtype-") and trap.id != "dtype-unknown" else "0"
    )
    report = zl.convert(source, target, exclude=[impossible], verify="decode")
    assert report.finished
    assert [f.path for f in report.findings if f.rule == "excluded"] == [impossible]
    assert not (target / impossible).exists()
    assert_same_voxels(source / "beside" / "0", target / "beside" / "0")


def test_zarr_without_ome_is_refused_unless_asked_for(tmp_path: Path) -> None:
    """A group without OME metadata names `--plain-zarr` as the next step, and lifts with it."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    write_image(source, [sample((8, 8), "<u2")], axes="yx", chunks=(4, 4))
    (source / ".zattrs").unlink()
    with pytest.raises(SourceError, match="without OME metadata") as caught:
        zl.convert(source, target)
    assert "--plain-zarr" in str(caught.value.hint)
    assert not target.exists()
    assert zl.convert(source, target, plain_zarr=True, verify="decode").finished
    assert_same_voxels(source / "0", target / "0")
