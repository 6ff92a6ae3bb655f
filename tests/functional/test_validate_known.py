"""Datasets that are known: each finding about them is one that the specification means.

`FAULTS` names the rules that a trap breaks, each looked up in the specification by hand; a trap
that is not named there breaks none. Rules of images are judged elsewhere.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import zarrlift
from tests.traps import REFUSED, TRAPS, V3, VERSIONS, find_trap
from zarrlift.findings import Finding, Severity
from zarrlift.store.folder import Folder
from zarrlift.survey.look import look
from zarrlift.validate.omexml import wanted_texts
from zarrlift.validate.run import check

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "bioformats2raw"
"""Output of bioformats2raw itself; a checkout has it only where it was put beside it."""
MODULES = (
    *("nodes", "versions", "consolidated", "zarr_v2", "zarr_v3", "zarr_v3_codecs", "arrays"),
    *("pixel_sizes", "labels", "label_images", "plates", "acquisitions", "plate_wells", "wells"),
    *("collection", "omexml"),
)
RULES = {
    rule.id for name in MODULES for rule in import_module(f"zarrlift.validate.{name}").RULES.all
}
FAULTS: dict[str, set[str]] = {
    "stale-chunks-flat": {"level-separator"},
    "keys-flat": {"level-separator"},
    "keys-flat-undeclared": {"level-separator"},
    "keys-nested-undeclared": {"keys-separator"},
    "keys-nested-declared-flat": {"keys-separator"},
    "keys-flat-declared-nested": {"keys-separator", "level-separator"},
    "keys-flat-declared-nested-gaps": {"keys-separator", "level-separator"},
    "group-document-unknown-member": {"zgroup-members"},
    "level-paths-nested": {"group-missing"},
    "labels-nested-without-group": {"group-missing"},
    "labels-without-list": {"labels-list"},
    "plate-rows-without-group": {"group-missing"},
    "plate-acquisitions-unnamed": {"well-acquisition-stated"},
    "plate-well-missing": {"plate-wells-exist"},
    "plate-field-missing": {"well-fields-exist"},
    "fill-u1-negative": {"zarr2-fill-value"},
    "fill-u1-too-great": {"zarr2-fill-value"},
    "fill-u2-fraction": {"zarr2-fill-value"},
    "fill-u2-nan": {"zarr2-fill-value"},
    "fill-i8-too-great": {"zarr2-fill-value"},
    "fill-f4-text": {"zarr2-fill-value"},
    "fill-bool-two": {"zarr2-fill-value"},
    "fill-complex-three-parts": {"zarr2-fill-value"},
    "dtype-unknown": {"zarr2-dtype"},
    "order-unknown": {"zarr2-order"},
    "already-0.5-dev": {"ome-version-known"},
    "already-0.6.dev3": {"ome-version-known"},
    "ome-outside-ome": {"ome-outside"},
}


def judged(folder: Path) -> list[Finding]:
    """Judge what lies in a folder, with its OME-XML."""
    source = Folder(folder)
    tree = look(source)
    texts = {path: source.read(path) or b"" for path in wanted_texts(tree)}
    return [f for f in check(tree, texts=texts) if f.rule in RULES]


def errors(found: list[Finding]) -> set[str]:
    """Give the rules that were broken gravely."""
    return {f.rule for f in found if f.severity is Severity.ERROR}


@pytest.mark.parametrize("name", [t.id for t in (*TRAPS, *REFUSED, *VERSIONS, *V3)])
def test_a_trap_gives_the_errors_it_is_made_of(name: str, tmp_path: Path) -> None:
    """No error is false, and none is missed."""
    find_trap(name).build(tmp_path / "a.zarr")
    assert errors(judged(tmp_path / "a.zarr")) == FAULTS.get(name, set())


@pytest.mark.parametrize("kind", ["image", "labels", "plate", "collection"])
def test_a_demo_is_without_fault(kind: str, tmp_path: Path) -> None:
    """Before a lift and after it."""
    zarrlift.demo(tmp_path / "a.zarr", kind=kind, size="1MiB")
    assert judged(tmp_path / "a.zarr") == []
    for version in ("0.5", "0.6"):
        zarrlift.convert(tmp_path / "a.zarr", tmp_path / version, ome_version=version)
        assert judged(tmp_path / version) == []


@pytest.mark.parametrize("name", ["2d", "bf2raw", "hcs"])
def test_recorded_output_of_bioformats2raw_is_valid(name: str) -> None:
    """Its plate leaves out what it should say, and nothing that it must."""
    if not (SAMPLES / f"{name}.zarr").is_dir():
        pytest.skip("the recorded samples are not there")
    found = judged(SAMPLES / f"{name}.zarr")
    assert errors(found) == set()
    due = {"acquisition-described", "well-version"} if name == "hcs" else set()
    assert {f.rule for f in found} == due
