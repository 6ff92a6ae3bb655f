"""Subjects that are alike are asked once, and told as if each were asked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import cast

import pytest

from tests.build import read_json, sample, write_group, write_json
from tests.build_ome import OMERO, pyramid, write_collection, write_image, write_labels, write_plate
from tests.build_v3 import write_v3_group
from tests.traps import Trap, traps_of
from tests.validation.pairs_systems import scene
from tests.validation.test_pairs import PAIRS
from tests.validation.trees import image, under
from zarrlift.findings import Finding
from zarrlift.store.folder import Folder
from zarrlift.survey.alike import Alike
from zarrlift.survey.found import Document, Hierarchy
from zarrlift.survey.given import hierarchy
from zarrlift.survey.look import look
from zarrlift.validate.run import all_rules, check
from zarrlift.validate.subject import subjects, to_judge


def one_by_one(tree: Hierarchy) -> list[Finding]:
    """Ask every rule about every subject."""
    found = list(tree.findings)
    made: dict[tuple[str, str], object] = {}
    held = (subjects(one, tree, alone=False, texts={}, made=made) for one in to_judge(tree))
    for subject in chain.from_iterable(held):
        for rule in all_rules():
            if rule.about is subject.about and subject.version in rule.versions:
                for problem in rule.check(subject):
                    severity, pointer = rule.severity(subject.version), problem.pointer
                    found.append(
                        Finding(
                            rule=rule.id,
                            severity=severity,
                            path=subject.node.path,
                            message=problem.message,
                            pointer=subject.pointer + pointer,
                        )
                    )
    return found


def plate(folder: Path) -> None:
    """A plate, a few of whose fields differ from the others in documents or levels."""
    write_plate(folder, wells=("A/1", "A/2", "B/1", "B/2", "C/1"), fields=2, acquisitions=2)
    values = sample((1, 1, 1, 8, 8), "<u2")
    write_image(folder / "A/1/0", pyramid(values), omero=OMERO)
    document = read_json(folder / "B/2/0/.zattrs")
    levels = [{"path": "0"}, {"path": "../1/0"}]
    (entry,) = cast("list[dict[str, object]]", document["multiscales"])
    write_json(folder / "B/2/0/.zattrs", {"multiscales": [{**entry, "datasets": levels}]})
    write_labels(folder / "A/1/0", {"cells": pyramid(values)})
    document = read_json(folder / "A/2/1/0/.zarray")
    write_json(folder / "A/2/1/0/.zarray", {**document, "dtype": "<f4"})
    write_json(folder / "B/1/0/.zattrs", {"multiscales": [{"datasets": [{"path": "7"}]}]})
    write_json(folder / "C/1/.zattrs", {"well": {"images": []}})


@pytest.mark.parametrize("build", [plate, lambda f: write_collection(f, images=4)])
def test_alike_is_asked_once_and_told_each_time(build: object, tmp_path: Path) -> None:
    """All findings are there, in the same order, as where nothing is kept in mind."""
    build(tmp_path / "a")  # type: ignore[operator]
    tree = look(Folder(tmp_path / "a"))

    assert check(tree) == one_by_one(tree)


@pytest.mark.parametrize(
    "trap", traps_of("image", "labels", "plate", "collection", "version"), ids=lambda trap: trap.id
)
def test_traps_are_told_the_same(trap: Trap, tmp_path: Path) -> None:
    """So it is for what is odd in images, labels, plates, collections and versions."""
    trap.build(tmp_path / "a")
    tree = look(Folder(tmp_path / "a"))

    assert check(tree) == one_by_one(tree)


def test_the_same_list_counts_where_the_group_is_called_so(tmp_path: Path) -> None:
    """Series are those of a group `OME`, whatever other group has the same document before it."""
    root = write_collection(tmp_path / "a", images=1)
    write_group(root / "AAA", read_json(root / "OME/.zattrs"))
    shutil.rmtree(root / "0")

    assert "series-exist" in {f.rule for f in check(look(Folder(root)))}


def test_scenes_are_measured_by_their_own_images(tmp_path: Path) -> None:
    """Two scenes with the same document, of which one's images have fewer axes than it joins."""
    flat = scene() | under("tile1", image("0.6", "yx"))
    for path, document in {**under("x/all", scene()), **under("y/all", flat)}.items():
        if isinstance(document, dict):
            write_json(tmp_path / path, document)
    write_v3_group(tmp_path)
    tree = look(Folder(tmp_path))

    assert check(tree) == one_by_one(tree)
    assert [f.path for f in check(tree) if f.rule == "scene-dimensions"] == ["y/all"]


def sharing(tree: Hierarchy) -> Hierarchy:
    """Give a hierarchy in which documents that say the same are one, as `look` reads them."""
    kept: dict[tuple[str, str], Document] = {}
    layouts: dict[int, object] = {}
    nodes = {}
    for path, node in tree.nodes.items():
        documents = {
            name: kept.setdefault((name, json.dumps(one.value)), one)
            for name, one in node.documents.items()
        }
        own = documents.get("zarr.json") or documents.get(".zarray")
        layout = layouts.setdefault(id(own), node.layout)
        nodes[path] = replace(node, documents=documents, layout=layout)  # type: ignore[arg-type]
    return replace(tree, nodes=nodes)


@pytest.mark.parametrize("part", range(2))
def test_one_that_is_unlike_the_others_is_told(part: int) -> None:
    """Between two twins without it, a breach of any rule is told of the one that has it."""
    for pair in list({pair.rule: pair for pair in PAIRS}.values())[part::2]:
        files = under("b/a", pair.valid) | under("c/a", pair.broken) | under("d/a", pair.valid)
        tree = hierarchy(files)

        assert check(sharing(tree)) == one_by_one(tree), pair.id


def test_documents_of_the_same_bytes_are_one() -> None:
    """They are parsed once; other bytes, or another name, are another document."""
    asked = list[str]()

    def parsed(name: str, data: bytes) -> Document:
        asked.append(name)
        return Document(name=name, size=len(data), value=json.loads(data))

    alike = Alike(parsed, lambda _: (None, "none"))
    one, same = alike.document(".zattrs", b"{}"), alike.document(".zattrs", b"{}")

    assert one is same
    assert alike.document(".zgroup", b"{}") is not one
    assert alike.document(".zattrs", b"{ }") is not one
    assert asked == [".zattrs", ".zgroup", ".zattrs"]


def test_wells_of_one_name_at_other_depths_are_asked_apart(tmp_path: Path) -> None:
    """Of two wells with the same documents, only the one that is deep enough lies in no plate."""
    root = write_group(tmp_path / "a", {})
    for well in ("1", "A/1"):
        write_plate(tmp_path / "plate", wells=("A/1",), fields=1)
        shutil.move(tmp_path / "plate/A/1", root / well)
        shutil.rmtree(tmp_path / "plate")
        write_group(root / "A")
    tree = look(Folder(root))

    assert check(tree) == one_by_one(tree)
    assert [f.path for f in check(tree) if f.rule == "well-place"] == ["A/1"]


def test_fields_that_lie_elsewhere_count_where_they_lie(tmp_path: Path) -> None:
    """Of two wells with the same documents and images, one names an image outside that is not."""
    root = write_plate(tmp_path / "a", wells=("A/1", "B/1"), fields=1)
    for row in "AB":
        document = read_json(root / row / "1/.zattrs")
        well = cast("dict[str, object]", document["well"])
        named = [{"path": "0"}, {"path": "../other"}]
        write_json(root / row / "1/.zattrs", {"well": {**well, "images": named}})
    write_image(root / "A/other", pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    tree = look(Folder(root))

    assert check(tree) == one_by_one(tree)
    assert [f.path for f in check(tree) if f.rule == "well-fields-exist"] == ["B/1"]
