"""`zarrlift crate` and `undo`: shown, checked, set and taken back, byte for byte."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample, write_file
from tests.build_ome import pyramid, write_image
from tests.crates import CC0, CC_BY, CRATE, entity, judged, of_the_challenge, panel, read, write
from tests.functional.runs import as_printed, assert_refused, in_process, struck, tree, zarrlift
from zarrlift.errors import TargetError
from zarrlift.store.target import OURS, UNDO


@pytest.fixture(name="image")
def make_image(tmp_path: Path) -> Path:
    """An image of 0.4 without a crate."""
    return write_image(tmp_path / "image.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2")))


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"])
def test_crate_is_set_on_every_version(tmp_path: Path, version: str) -> None:
    """A dataset of any version gets a crate, which is shown, and taken back without a trace."""
    old = "0.4" if version in {"0.5", "0.6"} else version
    root = tmp_path / "image.zarr"
    write_image(root, pyramid(sample((1, 1, 1, 8, 8), "<u2")), version=old)  # type: ignore[arg-type]
    if old != version:
        zl.convert(root, tmp_path / "new.zarr", ome_version=version)
        root = tmp_path / "new.zarr"
    before = tree(root)

    ran = in_process("crate", root, "--set", "license=cc-by", "--set", "organism=Homo sapiens")

    assert ran.code == 0
    assert "Made the RO-Crate" in ran.out
    assert panel(read(root))["license"] == CC_BY
    judged(read(root))
    assert f"License      CC BY 4.0 ({CC_BY})" in in_process("crate", root).out
    undone = as_printed(ran.out.strip().splitlines()[-1].strip(), tmp_path)
    assert "removed; there was none before" in undone.out
    assert tree(root) == before


def test_undo_takes_the_last_back_first(image: Path) -> None:
    """Changes and an upgrade are taken back in the reverse of their order, each byte for byte."""
    write(image, of_the_challenge())
    states = [tree(image)]
    steps: list[Callable[[], object]] = [
        lambda: zl.describe(image, license="cc0"),
        lambda: zl.describe(image, organism=["mouse", "rat"], name="Mice"),
        lambda: zl.upgrade(image),
        lambda: zl.describe(image, keyword="a"),
        lambda: zl.describe(image, license="cc-by"),
    ]
    for step in steps:
        step()
        states.append(tree(image))

    seen = []
    for state in reversed(states[:-1]):
        undone = zl.undo(image)
        seen.append((undone.upgrade, undone.crate, undone.left))
        outside = {k: v for k, v in tree(image).items() if not k.startswith(OURS)}
        assert outside == {k: v for k, v in state.items() if not k.startswith(OURS)}

    assert seen == [
        (False, "restored", 4),
        (False, "restored", 3),
        (True, None, 2),
        (False, "restored", 1),
        (False, "restored", 0),
    ]
    assert tree(image) == states[0]
    assert_refused(in_process("undo", image), "nothing to undo")


def test_upgrade_with_a_crate_goes_back_whole(image: Path) -> None:
    """What an upgrade said in the crate goes with it; what was said before it stays."""
    zl.describe(image, name="before")
    before = read(image)
    zl.upgrade(image, license="cc0")
    zl.describe(image, keyword="after")

    assert (zl.undo(image).upgrade, zl.undo(image).upgrade) == (False, True)

    assert read(image) == before
    assert not (image / "zarr.json").exists()
    assert zl.undo(image).crate == "removed"
    assert not (image / OURS).exists()


def test_change_that_was_edited_since_is_kept(image: Path) -> None:
    """Undo does not destroy what another program wrote; `--force` does, and says so."""
    write(image, of_the_challenge())
    before = tree(image)
    zl.describe(image, license="cc0")
    edited = write(image, {"@graph": []})

    assert_refused(in_process("undo", image), f"changed since: {CRATE} has other content")
    assert (image / CRATE).read_bytes() == edited

    ran = in_process("undo", image, "--force")
    assert "Forced" in ran.out
    assert tree(image) == before


def test_record_that_was_altered_is_refused(image: Path) -> None:
    """A record or kept crate that is not as it was is named, and nothing is changed."""
    write(image, of_the_challenge())
    zl.describe(image, license="cc0")
    held, folder = (image / CRATE).read_bytes(), image / UNDO / "crate"

    (folder / "1.before").write_bytes(b"{}")
    assert_refused(in_process("undo", image), "1.before is not as it was kept")
    for data in (b"{", b"{}", b'{"kind": "x", "schema": 1}', b"[]"):
        (folder / "1.json").write_bytes(data)
        assert_refused(in_process("undo", image), "the undo record is not as zarrlift wrote it")
        assert_refused(
            in_process("crate", image, "--set", "name=a"), "the undo record is not as zarrlift"
        )
    assert (image / CRATE).read_bytes() == held


def test_same_words_again_write_nothing(image: Path) -> None:
    """Saying what is said already changes neither crate nor record."""
    zl.describe(image, license="cc0", organism="mouse")
    before = tree(image)

    ran = in_process("crate", image, "--set", "license=cc0", "--set", "organism=10090")

    assert "Already so" in ran.out
    assert tree(image) == before


def test_unknown_members_stay(image: Path) -> None:
    """What nobody knows stays through changes, also in other versions of RO-Crate."""
    old = of_the_challenge()
    old["@graph"].append({"@id": "#x", "@type": "Thing", "own": [[1], {"a": [2.5]}]})
    entity(old, CRATE)["conformsTo"] = {"@id": "https://w3id.org/ro/crate/1.2"}
    write(image, old)

    zl.describe(image, name="new", author="0000-0002-1825-0097")

    document = read(image)
    assert entity(document, "#x") == entity(old, "#x")
    assert entity(document, CRATE) == entity(old, CRATE)
    assert zl.crate(image).version == "1.2"


def test_check_says_what_is_wrong(image: Path) -> None:
    """`--check` ends with 1 where RO-Crate forbids something, with 0 where only advice is left."""
    assert in_process("crate", image, "--check").code == 1
    write(image, of_the_challenge())

    ran = in_process("crate", image, "--check")
    assert ran.code == 1
    assert "[crate-date-missing]" in ran.out
    assert "NOT a valid RO-Crate" in ran.out
    assert in_process("crate", image).code == 0

    ran = in_process("crate", image, "--set", "name=a", "--check")
    assert ran.code == 0
    assert in_process("crate", image, "--check").code == 0


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"@graph": [3, {"@id": 1}]}'])
def test_odd_crates_are_shown_in_words(image: Path, data: bytes) -> None:
    """A crate that is none is said to be, in text and JSON, and never gives a traceback."""
    write_file(image / CRATE, data)

    ran = zarrlift("crate", image, "--check")
    assert ran.code == 1
    assert ran.err == ""
    assert "NOT a valid RO-Crate" in ran.out
    found = json.loads(in_process("crate", image, "--json").out)
    assert (found["exists"], found["valid"], found["said"]) == (True, False, {})
    assert_refused(in_process("crate", image, "--set", "name=a"), "cannot be added to")
    assert (image / CRATE).read_bytes() == data


def test_json_says_the_same(image: Path) -> None:
    """The JSON of a change and of a crate hold values and names."""
    made = json.loads(
        in_process("crate", image, "--set", "license=cc0", "--set", "modality=TIRF", "--json").out
    )
    shown = json.loads(in_process("crate", image, "--json").out)

    assert (made["kind"], made["created"], made["changed"]) == ("zarrlift-described", True, True)
    assert made["given"] == ["license", "modality"]
    assert shown["said"]["license"] == [{"value": CC0, "label": "CC0 1.0"}]
    assert shown["said"]["modality"] == [
        {"value": "obo:FBbi_00000617", "label": "evanescent wave microscopy"}
    ]
    assert {k: shown[k] for k in made["crate"]} == made["crate"]


def test_terms_have_the_columns_of_the_challenge(tmp_path: Path) -> None:
    """`crate terms` gives ontology, term, label and description; without a network it says so."""
    ran = in_process("crate", "terms", "light", "sheet")

    assert ran.code == 0
    head, row = ran.out.splitlines()
    assert head.split() == ["ONTOLOGY", "TERM", "LABEL", "DESCRIPTION"]
    assert row.split()[:3] == ["fbbi", "FBbi_00000369", "SPIM"]
    ran = in_process("crate", "terms", "mouse", "--service", "http://127.0.0.1:9/api", cwd=tmp_path)
    assert ran.code == 0
    assert "did not answer" in ran.err
    assert "NCBITaxon_10090" in ran.out
    assert "--online" in in_process("crate", "terms", "unicorn").out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["crate", "terms"], "needs a text"),
        (["crate", "a", "b"], "one dataset at a time"),
        (["crate", "a", "--online"], "belong to"),
        (["crate", "terms", "a", "--set", "name=b"], "neither --set nor --check"),
        (["crate", "a", "--set", "colour=red"], "names are license"),
    ],
)
def test_words_that_do_not_fit_are_refused(words: list[str], part: str) -> None:
    """Options of one use are refused with the other."""
    assert_refused(in_process(*words), part, code=2)


def test_no_dataset_is_refused(tmp_path: Path) -> None:
    """A folder that is no dataset, or none at all, gets no crate."""
    (tmp_path / "folder").mkdir()

    for words in ([], ["--set", "license=cc0"]):
        assert_refused(in_process("crate", tmp_path / "folder", *words), "no Zarr group or array")
        assert_refused(in_process("crate", tmp_path / "gone", *words), "no such folder")
    assert tree(tmp_path) == {"folder": "folder"}


def test_link_is_not_replaced(image: Path, tmp_path: Path) -> None:
    """A crate that is a link is shown; it is not replaced by a file."""
    write(tmp_path, of_the_challenge())
    (image / CRATE).symlink_to(tmp_path / CRATE)

    assert zl.crate(image).exists
    with pytest.raises(TargetError, match="is a link"):
        zl.describe(image, license="cc0")
    assert (image / CRATE).is_symlink()


@pytest.mark.parametrize("there", [False, True], ids=["new", "changed"])
def test_killed_change_is_whole_or_not_there(tmp_path: Path, there: bool) -> None:
    """Killed at any touch of the disk, the crate is the old or the new, and undo gives the old."""
    source = write_image(tmp_path / "image.zarr", [sample((1, 1, 1, 8, 8), "<u2")])
    if there:
        write(source, of_the_challenge())
    before = tree(source)
    held = before.get(CRATE)
    whole = shutil.copytree(source, tmp_path / "whole.zarr")
    zl.describe(whole, keyword="a")
    seen = set()
    for at in range(1, 60, 5):
        root = shutil.copytree(source, tmp_path / "killed" / "image.zarr")
        ran = struck(root, at, signal.SIGKILL, "crate", root, "--set", "keyword=a", "--quiet")
        now = tree(root).get(CRATE)
        seen.add((ran.code, now == held))
        assert now == held or panel(read(root))  # whole: it can be read
        in_process("crate", root, "--set", "keyword=a")
        assert entity(read(root), "./")["keywords"] == "a"
        assert zl.undo(root).left == 0
        assert tree(root) == before
        shutil.rmtree(tmp_path / "killed")
        if ran.code == 0:
            break

    assert {(-9, True), (0, False)} <= seen


def test_killed_upgrade_with_a_crate(tmp_path: Path) -> None:
    """Killed at any touch, an upgrade with a crate is completed by its words, and taken back."""
    source = write_image(tmp_path / "image.zarr", [sample((1, 1, 1, 8, 8), "<u2")])
    write(source, of_the_challenge())
    before = tree(source)
    words = ["--license", "cc0", "--quiet"]
    codes = set()
    for at in range(2, 120, 11):
        root = shutil.copytree(source, tmp_path / "killed" / "image.zarr")
        ran = struck(root, at, signal.SIGKILL, "upgrade", root, *words)
        codes.add(ran.code)
        back = shutil.copytree(root, tmp_path / "killed" / "back.zarr")
        assert in_process("undo", back).code in (0, 3)
        assert tree(back) == before
        assert in_process("upgrade", root, *words).code == 0
        assert panel(read(root))["license"] == CC0
        assert zl.undo(root).left == 0
        assert tree(root) == before
        shutil.rmtree(tmp_path / "killed")
        if ran.code == 0:
            break

    assert codes == {-9, 0}


def test_check_says_what_the_online_validator_shows(image: Path) -> None:
    """Beside what is wrong, `--check` says what the page takes, and marks as missing."""
    write(image, of_the_challenge())
    shown = in_process("crate", image, "--check").out

    assert "The online validator shows" in shown
    assert f"  License      {CC_BY}" in shown
    assert "  Name         mitosis" in shown
    assert "  Description  missing, with a cross" in shown
    assert "  Organism     NCBI:txid9606" in shown
    assert "  Imaging      obo:FBbi_00000246" in shown
    found = json.loads(in_process("crate", image, "--json").out)["panel"]
    assert found == {k: v for k, v in panel(read(image)).items() if v is not None}

    zl.describe(image, name="a", description="b")
    document = read(image)
    del entity(document, "./")["license"]
    write(image, document)
    assert "  License      missing, with a red cross" in in_process("crate", image, "--check").out
    entity(document, "./")["license"] = {"@id": CC_BY}
    write(image, document)
    assert "  License      fails on it" in in_process("crate", image, "--check").out


def test_misspelt_names_are_guessed(image: Path) -> None:
    """A name that the table lacks is refused, with those that are spelt like it."""
    ran = in_process("crate", image, "--set", "organism=Homo sapien")
    assert_refused(ran, "perhaps Homo sapiens (NCBI:txid9606)", "zarrlift crate terms", code=2)
    ran = in_process("crate", image, "--set", "modality=confocul")
    assert_refused(ran, "perhaps confocal microscopy (obo:FBbi_00000251)", code=2)
    assert not (image / CRATE).exists()


def test_words_of_a_dataset_do_not_command_a_terminal(image: Path) -> None:
    """What a crate says, and the name of a folder, are spelt where a terminal would obey them."""
    command = "\x1b]0;mine\x07"
    document = of_the_challenge()
    entity(document, "./")["name"] = f"{command}cells"
    write(image, document)
    (image / "0").rename(image / f"{command}level")

    shown = zarrlift("crate", image)
    refused = zarrlift("upgrade", image)

    assert "\\x1b]0;mine\\x07cells" in shown.out
    assert "\x1b" not in shown.said + refused.said
