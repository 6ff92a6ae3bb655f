"""An upgrade in place that meets odd things: documents, records, links, locks, rights, chunks."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import Json, sample, write_array, write_file, write_group
from tests.build_ome import label_of, pyramid, write_image, write_labels, write_plate
from tests.functional.runs import (
    assert_refused,
    end_of,
    in_process,
    run,
    start,
    times,
    tree,
    without_privilege,
    zarrlift,
)
from tests.oracles import assert_same_voxels
from zarrlift.errors import SourceError, StorageError, TargetError, ZarrliftError
from zarrlift.jobs import record
from zarrlift.store.in_place import Dataset
from zarrlift.store.target import OURS

ZLIB: Json = {"id": "zlib", "level": 1}


@pytest.fixture(name="root")
def make_root(tmp_path: Path) -> Path:
    """An image with a label, whose codecs are all shared, and files beside."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    root = write_image(tmp_path / "image.zarr", pyramid(values))
    write_labels(root, {"cells": pyramid(label_of(values))}, chunks=(1, 1, 1, 4, 8))
    write_file(root / "notes" / "README.md", b"# the experiment\n")
    return root


def edited(document: Path) -> None:
    """Add an attribute to a document, as a person does."""
    held = json.loads(document.read_text("utf-8"))
    held["attributes"]["note"] = "by hand"
    document.write_text(json.dumps(held), "utf-8")


# --- documents that are there already ------------------------------------------------------------


def test_other_document_is_refused_by_name(root: Path) -> None:
    """A zarr.json of other content stops it before anything is written."""
    (root / "1" / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}', "utf-8")
    before = tree(root)

    ran = in_process("upgrade", root)

    assert_refused(ran, "1: zarr.json is there already")
    assert tree(root) == before


def test_equal_document_in_other_words_is_kept(root: Path) -> None:
    """A document that says the same is left as it is, and undo does not remove it."""
    zl.upgrade(root)
    held = json.loads((root / "1" / "zarr.json").read_text("utf-8"))
    zl.undo(root)
    write_file(root / "1" / "zarr.json", json.dumps(held, indent=1).encode())
    before = tree(root)

    made = zl.upgrade(root)
    after = tree(root)
    zl.undo(root)

    assert made.written == made.documents - 1
    assert after["1/zarr.json"] == before["1/zarr.json"]
    assert tree(root) == before


def test_documents_without_a_record_are_already_done(root: Path) -> None:
    """Where all is there and the record is not, there is nothing to do, nor to undo."""
    zl.upgrade(root)
    shutil.rmtree(root / OURS)

    ran = in_process("upgrade", root)

    assert ran.code == 0
    assert "Already done" in ran.out
    assert "no undo record" in ran.out
    assert not (root / OURS).exists()
    assert_refused(in_process("undo", root), "nothing to undo")


def test_source_that_changed_since_is_refused(root: Path) -> None:
    """After an edit of v2's attributes the upgrade is another, and the way out is named."""
    zl.upgrade(root)
    held = json.loads((root / ".zattrs").read_text("utf-8"))
    (root / ".zattrs").write_text(json.dumps({**held, "note": 1}), "utf-8")

    ran = in_process("upgrade", root)

    assert_refused(
        ran, "an earlier upgrade was made otherwise: zarr.json has other", "zarrlift undo"
    )
    zl.undo(root)
    assert zl.upgrade(root).written == 7


def test_other_exclude_is_refused(root: Path) -> None:
    """An upgrade that left something out is not silently completed with it."""
    zl.upgrade(root, exclude="labels")
    before = tree(root)

    ran = in_process("upgrade", root)

    left_out = "made otherwise: labels/cells/0/zarr.json was left out and 3 more"
    assert_refused(ran, left_out, f"zarrlift undo {root}", "--exclude")
    assert tree(root) == before
    assert in_process("upgrade", root, "--exclude", "labels").out.startswith("Already done")
    zl.undo(root)
    zl.upgrade(root)
    with pytest.raises(TargetError, match=r"labels/cells/0/zarr.json would be left out now"):
        zl.upgrade(root, exclude="labels")


def test_left_out_arrays_keep_v2_only(root: Path) -> None:
    """--exclude leaves nodes without a document of v3, and with those of v2 under --drop-v2."""
    made = zl.upgrade(root, exclude=["labels"], drop_v2=True)

    assert made.documents == 3
    assert not list((root / "labels").rglob("zarr.json"))
    assert (root / "labels" / "cells" / "0" / ".zarray").exists()
    assert not (root / "0" / ".zarray").exists()


def test_plain_zarr_has_to_be_asked_for(tmp_path: Path) -> None:
    """A hierarchy without OME metadata, or a lone array, is upgraded with --plain-zarr only."""
    root = write_array(tmp_path / "lone.zarr", sample((8, 8), "<u2"), chunks=(4, 4))

    assert_refused(in_process("upgrade", root), "--plain-zarr")
    before = tree(root)
    assert in_process("upgrade", root, "--plain-zarr").code == 0
    assert_same_voxels(root, root)
    assert in_process("undo", root).code == 0
    assert tree(root) == before


def plate_as_v2(plate: Path, tmp_path: Path) -> Path:
    """Copy an upgraded dataset without its documents of v3."""
    ignored = shutil.ignore_patterns("zarr.json", OURS)
    return Path(shutil.copytree(plate, tmp_path / "as-v2.zarr", ignore=ignored))


def test_inner_image_of_a_plate_is_upgraded_when_named(tmp_path: Path) -> None:
    """A field named as the root is upgraded alone; the plate is upgraded around it, and lifted."""
    plate = write_plate(tmp_path / "plate.zarr")
    field = plate / "A" / "1" / "0"
    zl.upgrade(field)
    assert {p.parent.parent for p in plate.rglob("*/*/0/0/zarr.json")} == {field}
    inner = tree(plate)

    lifted = zl.convert(plate, tmp_path / "lifted.zarr")
    around = zl.upgrade(plate)

    assert lifted.finished
    assert not list((tmp_path / "lifted.zarr").rglob(OURS))
    assert around.written == around.documents - 3
    write_file(tmp_path / "lifted.zarr" / "A" / OURS / "undo" / "x", b"")
    assert zl.verify(plate_as_v2(plate, tmp_path), tmp_path / "lifted.zarr").findings == ()
    zl.undo(plate)
    assert tree(plate) == inner
    zl.undo(field)
    assert not list(plate.rglob("zarr.json"))


# --- undo ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drop", [False, True])
def test_undo_refuses_what_it_would_destroy(drop: bool, root: Path) -> None:
    """A zarr.json edited since is named and kept; --force goes on without it."""
    before = tree(root)
    zl.upgrade(root, drop_v2=drop)
    edited(root / "labels" / "cells" / "zarr.json")
    changed = tree(root)

    ran = in_process("undo", root)

    assert_refused(ran, "labels/cells/zarr.json has other content", "--force")
    assert tree(root) == changed
    forced = in_process("undo", root, "--force")
    assert forced.code == 0
    assert "labels/cells/zarr.json had changed" in forced.out
    assert tree(root) == before


def test_undo_refuses_to_replace_a_new_v2_document(root: Path) -> None:
    """A .zattrs written anew after --drop-v2 is named; --force puts the old one back."""
    before = tree(root)
    zl.upgrade(root, drop_v2=True)
    write_file(root / "0" / ".zarray", b"{}")

    with pytest.raises(TargetError, match=r"0/\.zarray was written anew"):
        zl.undo(root)
    assert zl.undo(root, force=True).forced == ("0/.zarray",)

    assert tree(root) == before


def test_upgrade_never_replaces_what_the_record_keeps(root: Path) -> None:
    """A v2 document written anew after --drop-v2 is named; the one that is kept stays kept."""
    before = tree(root)
    zl.upgrade(root, drop_v2=True)
    write_file(root / "0" / ".zarray", b"{}")
    held = tree(root)

    for words in ([], ["--drop-v2", "--yes"]):
        assert_refused(in_process("upgrade", root, *words), "0/.zarray was written anew", "--force")
    assert tree(root) == held
    zl.undo(root, force=True)
    assert tree(root) == before


def test_document_edited_after_the_drop_is_named(root: Path) -> None:
    """Once v2's documents are gone the record tells what an upgrade would have written."""
    zl.upgrade(root, drop_v2=True)
    edited(root / "zarr.json")

    assert_refused(in_process("upgrade", root), "zarr.json has changed since the upgrade")


def test_document_lost_by_a_power_cut_is_written_again(root: Path) -> None:
    """A document that is empty, as a power cut may leave it, is ours to write or to remove."""
    before = tree(root)
    zl.upgrade(root)
    whole = tree(root)
    (root / "1" / "zarr.json").write_bytes(b"")

    assert zl.upgrade(root).written == 1
    assert tree(root) == whole
    (root / "1" / "zarr.json").write_bytes(b"")
    zl.undo(root)
    assert tree(root) == before


def test_empty_document_of_others_is_kept(root: Path) -> None:
    """An empty zarr.json that no upgrade wrote is not ours to replace."""
    write_file(root / "1" / "zarr.json", b"")

    with pytest.raises(SourceError, match=r"1: zarr\.json is there already"):
        zl.upgrade(root)


def test_undo_tells_of_a_folder_that_is_gone(root: Path) -> None:
    """Where a node's folder went away its document is named; --force makes the folder again."""
    zl.upgrade(root, drop_v2=True)
    shutil.rmtree(root / "1")

    with pytest.raises(TargetError, match=r"1/\.zarray has no folder any more"):
        zl.undo(root)
    zl.undo(root, force=True)

    assert sorted(p.name for p in (root / "1").iterdir()) == [".zarray"]


def test_undo_keeps_a_record_that_lacks_a_document(root: Path) -> None:
    """A document missing from the record is named before anything is put back."""
    zl.upgrade(root, drop_v2=True)
    (root / record.aside(0)).unlink()
    before = tree(root)

    with pytest.raises(TargetError, match="is not in the undo record any more"):
        zl.undo(root)

    assert tree(root) == before


@pytest.mark.parametrize(
    "key",
    ["../outside/zarr.json", "/etc/zarr.json", "0/../../zarr.json", "link/zarr.json", "0/0", ""],
)
def test_record_from_elsewhere_never_leads_out(key: str, root: Path, tmp_path: Path) -> None:
    """A record that names what lies outside, or is no document, is refused even with --force."""
    zl.upgrade(root)
    outside = write_file(tmp_path / "outside" / "zarr.json", b"{}")
    (root / "link").symlink_to(tmp_path / "outside")
    held = json.loads((root / record.RECORD).read_text("utf-8"))
    held["documents"][0]["key"] = key
    (root / record.RECORD).write_text(json.dumps(held), "utf-8")
    before = tree(tmp_path)

    with pytest.raises(TargetError, match="undo record is not as zarrlift wrote it"):
        zl.undo(root, force=True)

    assert tree(tmp_path) == before
    assert outside.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"schema": 2, "kind": "x"}'])
def test_record_that_cannot_be_read_is_told(content: bytes, root: Path) -> None:
    """A record of another form stops undo and upgrade in words."""
    zl.upgrade(root)
    (root / record.RECORD).write_bytes(content)

    assert_refused(in_process("undo", root), "undo record")
    assert_refused(in_process("upgrade", root), "undo record")


def test_kept_documents_without_their_list_are_kept(root: Path) -> None:
    """Where the list of the record is gone, what it kept is not thrown away."""
    zl.upgrade(root, drop_v2=True)
    (root / record.RECORD).unlink()

    assert_refused(in_process("undo", root), "no longer lists them")
    assert len(list((root / record.ASIDE).iterdir())) > 5


def test_undo_of_nothing(root: Path, tmp_path: Path) -> None:
    """Without a record, or a folder, there is nothing to undo, and nothing is written."""
    before = tree(root)

    assert_refused(in_process("undo", root), "there is nothing to undo")
    assert_refused(in_process("undo", tmp_path / "absent"), "no such folder")
    assert tree(root) == before


def test_undone_folder_can_be_upgraded_again(root: Path) -> None:
    """Upgrade, undo, upgrade gives what one upgrade gives."""
    zl.upgrade(root)
    once = tree(root)
    zl.undo(root)
    zl.upgrade(root)

    assert tree(root) == once


# --- others at work ------------------------------------------------------------------------------


@contextlib.contextmanager
def held_lock(root: Path) -> Iterator[None]:
    """Hold the lock that an upgrade takes, as one at work does."""
    fd = os.open(root, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


@pytest.mark.parametrize("verb", ["upgrade", "undo"])
def test_second_at_once_is_refused(verb: str, root: Path) -> None:
    """While one is at work another is told so, and changes nothing; afterwards it goes."""
    if verb == "undo":
        zl.upgrade(root)
    before = tree(root)

    with held_lock(root):
        assert_refused(in_process(verb, root), "another upgrade, repair or undo is at work")
        assert tree(root) == before

    assert in_process(verb, root).code == 0


@pytest.mark.parametrize("words", [[], ["--drop-v2", "--yes"]], ids=["beside", "dropped"])
def test_two_at_once_end_as_one(words: list[str], root: Path, tmp_path: Path) -> None:
    """Of two processes started together each ends well or is refused, and the result is whole."""
    other = tmp_path / "other.zarr"
    shutil.copytree(root, other, symlinks=True)
    zl.upgrade(other, drop_v2=bool(words))

    both = [start("upgrade", root, *words) for _ in range(2)]
    ended = [end_of(process) for process in both]

    assert 0 in {ran.code for ran in ended}
    assert {ran.code for ran in ended} <= {0, 3}, [ran.said for ran in ended]
    assert tree(root) == tree(other)


def test_dry_run_takes_no_lock(root: Path) -> None:
    """A dry run reads only, whoever is at work."""
    with held_lock(root):
        assert zl.upgrade(root, dry_run=True).written == 7


def test_locks_that_do_not_exist_are_done_without(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without locks the upgrade goes on."""

    def refuse(_fd: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)

    assert zl.upgrade(root).written == 7


def test_record_of_one_just_begun_is_not_replaced(root: Path) -> None:
    """Where locks do not work the first to write the record goes on, the other is told."""
    dataset = Dataset(root)

    assert record.claim(dataset, "0.4", [])
    other = record.Written(key="zarr.json", size=1, digest="", array=False, already=False)
    assert not record.claim(dataset, "0.4", [other])
    assert record.read(dataset) == record.Record(version="0.4", documents=())


# --- links ---------------------------------------------------------------------------------------


def test_link_out_of_the_tree_is_not_written_to(root: Path, tmp_path: Path) -> None:
    """A level that is a link to another place is refused by name; that place stays as it is."""
    (root / "1").rename(tmp_path / "elsewhere")
    (root / "1").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)

    ran = in_process("upgrade", root)

    assert_refused(ran, "1: the folder is a link that leads out of the dataset", "--exclude")
    assert tree(tmp_path) == before
    assert in_process("upgrade", root, "--exclude", "1").code == 0
    assert not (tmp_path / "elsewhere" / "zarr.json").exists()


def test_node_below_a_link_is_not_written_to(root: Path, tmp_path: Path) -> None:
    """A group that is a link out keeps all nodes below it from being written."""
    (root / "labels").rename(tmp_path / "elsewhere")
    (root / "labels").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path / "elsewhere")

    with pytest.raises(SourceError, match="labels/cells/0, labels/cells/1"):
        zl.upgrade(root)

    assert tree(tmp_path / "elsewhere") == before


def test_link_within_the_tree_shares_its_document(root: Path) -> None:
    """A level that is a link to a level of the same layout is served by that one's document."""
    (root / "labels" / "cells" / "again").symlink_to("0")
    before = tree(root)

    made = zl.upgrade(root, exclude="labels/cells/1", drop_v2=True)

    assert made.documents == 6
    assert (root / "labels" / "cells" / "again" / "zarr.json").exists()
    zl.undo(root)
    assert tree(root) == before


def test_link_to_what_is_left_out_is_refused(root: Path) -> None:
    """A link into the tree at what gets no document, or another, is refused by name."""
    (root / "again").symlink_to("labels/cells/1")
    before = tree(root)

    with pytest.raises(SourceError, match="again: the folder is a link to labels/cells/1"):
        zl.upgrade(root, exclude="labels")

    assert tree(root) == before


def test_undo_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    """Our own folder is never followed out of the tree."""
    (tmp_path / "away").mkdir()
    (root / OURS).symlink_to(tmp_path / "away")

    assert_refused(in_process("upgrade", root), "it is a link")
    assert list((tmp_path / "away").iterdir()) == []


# --- rights and space ----------------------------------------------------------------------------


@pytest.mark.parametrize("locked", [".", "labels/cells/0"])
def test_folder_without_permission_is_told(locked: str, root: Path) -> None:
    """A folder that cannot be written to is named before anything is written."""
    words = without_privilege()
    if words is None:
        pytest.skip("cannot give up root's rights")
    before = tree(root)
    (root / locked).chmod(0o555)
    try:
        ran = zarrlift("upgrade", root, before=words)
    finally:
        (root / locked).chmod(0o755)

    assert_refused(ran, "cannot be written to", str((root / locked).resolve()))
    assert tree(root) == before


def limited(root: Path, blocks: int) -> str:
    """Give a script that upgrades where no file may become longer than some 512 bytes."""
    return f"ulimit -f {blocks} && exec {sys.executable} -m zarrlift upgrade {root}"


def test_write_that_fails_leaves_no_dataset(root: Path) -> None:
    """A write refused half-way is told; nothing opens as v3, and the way back is open."""
    attributes = json.loads((root / ".zattrs").read_text("utf-8"))
    (root / ".zattrs").write_text(json.dumps({**attributes, "long": "x" * 9000}), "utf-8")
    before = tree(root)

    ran = run(["sh", "-c", limited(root, 10)])

    assert_refused(ran, "File too large", "the same command continues")
    assert not (root / "zarr.json").exists()
    assert len(list(root.rglob("zarr.json"))) == 6
    zl.undo(root)
    assert tree(root) == before


def test_record_that_cannot_be_written_is_told(root: Path) -> None:
    """Where not even the record fits nothing else is written; undo takes away what is left."""
    before = tree(root)

    ran = run(["sh", "-c", limited(root, 1)])

    assert_refused(ran, "File too large")
    assert not list(root.rglob("zarr.json"))
    zl.undo(root)
    assert tree(root) == before


class _Forgetful(Dataset):
    """A disk that keeps other bytes than it was given."""

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data.replace(b'"array"', b'"arraz"'))


def test_what_is_not_read_back_as_written_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that the disk altered is found before the root's is written."""
    monkeypatch.setattr("zarrlift.store.in_place.Dataset", _Forgetful)

    with pytest.raises(StorageError, match="not read back as it was written"):
        zl.upgrade(root)

    assert not (root / "zarr.json").exists()


# --- chunks --------------------------------------------------------------------------------------

_OPENED = """
import json, sys
opened = []
def see(event, given):
    if event == "open" and isinstance(given[0], str):
        opened.append(given[0])
from zarrlift.cli.app import answer
sys.addaudithook(see)
sys.argv = ["zarrlift", *sys.argv[1:]]
status = answer()
print(json.dumps(opened), file=sys.stderr)
sys.exit(status)
"""


def chunk_files(root: Path) -> set[str]:
    """Give every chunk of a dataset with nested keys."""
    return {str(p) for p in root.rglob("*") if p.is_file() and p.name.isdigit()}


@pytest.mark.parametrize(
    ("words", "due"), [([], False), (["--drop-v2", "--yes"], False), (["--level", "chunks"], True)]
)
def test_chunks_are_opened_at_level_chunks_only(words: list[str], due: bool, root: Path) -> None:
    """At level metadata no chunk is opened; at level chunks every one is."""
    chunks = chunk_files(root)
    assert chunks

    ran = run([sys.executable, "-c", _OPENED, "upgrade", str(root), *words])

    opened = set(json.loads(ran.err.splitlines()[-1])) & chunks
    assert ran.code == 0
    assert opened == (chunks if due else set())


def test_damaged_chunks_are_named_at_level_chunks(root: Path) -> None:
    """A chunk that fails its envelope check stops the upgrade by array, index and cause."""
    chunk = root / "0" / "0" / "1" / "0" / "1" / "2"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    (root / "labels" / "cells" / "0" / "0" / "0" / "0" / "0" / "0").write_bytes(b"")
    before, stamps = tree(root), times(root)

    ran = in_process("upgrade", root, "--level", "chunks")

    assert_refused(ran, "0 chunk 0,1,0,1,2", "labels/cells/0 chunk 0,0,0,0,0", "zarrlift convert")
    assert (tree(root), times(root)) == (before, stamps)
    dry = zl.upgrade(root, level="chunks", dry_run=True)
    assert [(f.path, f.chunk) for f in dry.findings if f.rule == "chunk-damaged"] == [
        ("0", (0, 1, 0, 1, 2)),
        ("labels/cells/0", (0, 0, 0, 0, 0)),
    ]
    assert zl.upgrade(root).written == 7


@pytest.mark.parametrize("compressor", [None, {"id": "gzip", "level": 1}, {"id": "zstd"}])
def test_sound_chunks_pass_at_level_chunks(compressor: Json | None, tmp_path: Path) -> None:
    """Chunks of every shared codec, flat keys too, pass and are counted."""
    values = sample((1, 1, 1, 16, 16), "<u2")
    root = write_image(
        tmp_path / "a.zarr", [values], chunks=(1, 1, 1, 8, 8), compressor=compressor, separator="."
    )

    assert zl.upgrade(root, level="chunks").chunks == 4


# --- what is no dataset --------------------------------------------------------------------------


def test_what_is_no_v2_dataset_is_refused(root: Path, tmp_path: Path) -> None:
    """No folder, no hierarchy, v3 already: each is told in words."""
    (tmp_path / "empty").mkdir()
    zl.convert(root, tmp_path / "new.zarr")

    assert_refused(in_process("upgrade", tmp_path / "absent"), "no such folder")
    assert_refused(in_process("upgrade", tmp_path / "empty"), "no Zarr group")
    assert_refused(in_process("upgrade", tmp_path / "new.zarr"), "Zarr v3 already")
    assert_refused(in_process("upgrade", "ftp://host/a.zarr"), "not known", code=2)


def test_all_unfit_arrays_are_named(root: Path) -> None:
    """Every array with a codec of its own is in the message; many alike are counted."""
    write_group(root / "more")
    for number in range(30):
        write_array(
            root / "more" / f"a{number:02}",
            sample((4, 4), "<u2"),
            chunks=(4, 4),
            compressor=ZLIB if number % 2 else None,
            filters=None if number % 2 else [{"id": "delta", "dtype": "<u2"}],
        )

    with pytest.raises(SourceError) as caught:
        zl.upgrade(root)

    message = caught.value.message
    assert [n for n in range(30) if f"more/a{n:02}" not in message] == []
    assert message.count("not shared") == 2


def test_errors_are_ours(root: Path) -> None:
    """Words that do not fit are told as such."""
    with pytest.raises(ZarrliftError, match="level 'deep' is not one of metadata, chunks"):
        zl.upgrade(root, level="deep")
