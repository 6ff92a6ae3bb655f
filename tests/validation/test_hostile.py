"""Documents of any content are judged: a finding, or none, but never an error of the program."""

from __future__ import annotations

import random
import time
from typing import cast

import pytest

from tests.validation.mutations import STRANGE, replaced, ways
from tests.validation.pairs_collections import collection, plate_collection
from tests.validation.pairs_container import consolidated
from tests.validation.pairs_plates import two_passes
from tests.validation.trees import Json, Tree, labelled, plate, rendered
from zarrlift.survey.given import hierarchy
from zarrlift.validate.run import check

SOME = 60
TREES: dict[str, Tree] = {
    f"{name}-{version}": build(version)
    for name, build in {
        "labelled": labelled,
        "rendered": rendered,
        "plate": two_passes,
        "collection": collection,
        "plate-collection": plate_collection,
        "consolidated": consolidated,
    }.items()
    for version in ("0.4", "0.5")
}


@pytest.mark.parametrize("name", TREES)
def test_any_value_anywhere_is_judged(name: str) -> None:
    """One thing in one document is changed at a time, drawn with a fixed seed."""
    tree = TREES[name]
    places = [(p, w) for p, v in tree.items() if isinstance(v, dict) for w in ways(v) if w]
    texts = {p: v for p, v in tree.items() if isinstance(v, bytes)}
    draw = random.Random(name)
    for _ in range(SOME):
        path, way = draw.choice(places)
        made = replaced(tree[path], way, draw.choice(STRANGE), remove=draw.random() < 0.1)
        changed: Tree = {**tree, path: cast("Json", made)}
        check(hierarchy(changed), texts=texts)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="utf-99"?><OME/>',
        b"<OME>" * 20_000,
        b'<!DOCTYPE OME [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><OME>&b;</OME>',
        b'<!DOCTYPE OME SYSTEM "file:///etc/passwd"><OME/>',
    ],
)
def test_any_xml_is_judged(data: bytes) -> None:
    """A document type is refused before anything in it is expanded or fetched."""
    tree: Tree = {**collection("0.5"), "OME/METADATA.ome.xml": data}
    found = check(hierarchy(tree), texts={"OME/METADATA.ome.xml": data})
    assert "omexml-readable" in {finding.rule for finding in found}


def test_a_plate_of_384_wells_is_judged_well_within_a_second() -> None:
    """Work grows with the number of nodes, not with its square."""
    tree = hierarchy(plate("0.5", "ABCDEFGHIJKLMNOP", "abcdefghijklmnopqrstuvwx"))
    started = time.process_time()
    assert check(tree) == []
    assert time.process_time() - started < 2  # it takes a fifth; the rest is for slow machines
