"""Several datasets at one address, and links that lead out of them."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import zarrlift as zl
from tests.build import sample, write_group
from tests.build_ome import pyramid, write_collection, write_image
from zarrlift.jobs.validate import parts, together
from zarrlift.survey.found import Document, Found, FoundKind, Hierarchy


def linked(folder: Path, beside: Path) -> Path:
    """An image whose second level is a link to a folder elsewhere."""
    write_image(folder, pyramid(sample((1, 1, 1, 16, 16), "<u2")))
    (folder / "1").rename(beside)
    (folder / "1").symlink_to(beside)
    return folder


def test_what_a_link_leads_to_is_not_missing(tmp_path: Path) -> None:
    """It is not looked at, which is noted once; nothing is said of what it may hold."""
    image = linked(tmp_path / "all/a.zarr", tmp_path / "elsewhere")
    write_image(tmp_path / "all/b.zarr", pyramid(sample((1, 1, 1, 16, 16), "<u2")))

    for url in (image, tmp_path / "all"):
        rules = [f.rule for f in zl.validate(url).findings]
        assert rules.count("link-outside") == 1
        assert "dataset-array" not in rules


def test_a_field_behind_a_link_is_not_missing(tmp_path: Path) -> None:
    """So it is for images of a collection."""
    root = write_collection(tmp_path / "a.zarr", images=2)
    (root / "1").rename(tmp_path / "elsewhere")
    (root / "1").symlink_to(tmp_path / "elsewhere")

    rules = {f.rule for f in zl.validate(root).findings}

    assert "link-outside" in rules
    assert "series-exist" not in rules


def test_links_among_folders_are_followed_once(tmp_path: Path) -> None:
    """Groups that all link to one another: a million ways lead through them, and few are gone."""
    names = [f"g{number}" for number in range(9)]
    for name in names:
        write_group(tmp_path / name)
    for one, other in itertools.permutations(names, 2):
        (tmp_path / one / other).symlink_to(tmp_path / other)
    write_group(tmp_path)

    found = zl.validate(tmp_path)

    assert found.looked.groups == 1 + 9 + 9 * 8
    behind = [f for f in found.findings if "behind another" in f.message]
    assert {f.rule for f in behind} == {"link-outside"}


def test_thousands_of_datasets_are_taken_apart_at_once() -> None:
    """Each has its own nodes, and the time is in proportion to their number."""
    document = Document(name="zarr.json", size=2, value={"node_type": "group"})
    held = {"zarr.json": document}
    names = [f"d{number}" for number in range(5000)]
    nodes = {"": Found(path="", kind=FoundKind.FOLDER, documents={}, folders=tuple(names))}
    for name in names:
        for path in (name, f"{name}/inner", f"{name}/inner/0"):
            nodes[path] = Found(path=path, kind=FoundKind.GROUP, documents=held)
    begun = time.perf_counter()

    made = parts(Hierarchy(root="", nodes=nodes, version=None))

    assert time.perf_counter() - begun < 3
    assert [part.datasets[0].path for part in made] == names
    assert list(made[7].nodes) == ["d7", "d7/inner", "d7/inner/0"]


def test_texts_that_are_held_side_by_side_are_as_large_as_one_may_be() -> None:
    """However many crates there are of whatever size; one that is too large is not read at all."""
    document = Document(name="zarr.json", size=2, value={"node_type": "group"})
    sizes = [2**26, 2**25, 2**25, 1, 2**26 + 1, *[10] * 40]
    tops = [
        Hierarchy(
            root="",
            nodes={
                f"{number}": Found(
                    path=f"{number}",
                    kind=FoundKind.GROUP,
                    documents={"zarr.json": document},
                    files={"ro-crate-metadata.json": size},
                )
            },
            version=None,
        )
        for number, size in enumerate(sizes)
    ]

    made = list(together(tops))

    assert [len(some) for some in made] == [1, 2, 32, 10]
    assert [part for some in made for part in some] == tops
