"""A repair that meets odd things: other changes, records, links, locks, rights, no dataset."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import zarrlift as zl
from tests.breaks import documents, edited, members, named, stating, write_base
from tests.build import write_file
from tests.functional.runs import (
    as_printed,
    assert_refused,
    end_of,
    in_process,
    start,
    tree,
    widest,
    without_privilege,
    zarrlift,
)
from zarrlift.errors import StorageError, TargetError, UsageError
from zarrlift.jobs import repair_record
from zarrlift.store.in_place import Dataset
from zarrlift.store.target import OURS


@pytest.fixture(name="base", scope="module")
def make_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plate with a row that is no group, numbers for versions, and arrays without names."""
    root = write_base("plate", "0.5", tmp_path_factory.mktemp("base"))
    named(None)(root)
    stating(0.5)(root)
    (root / "A" / "zarr.json").unlink()
    return root


@pytest.fixture(name="root")
def make_root(base: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(base, tmp_path / "a.zarr"))


# --- what it says --------------------------------------------------------------------------------


def test_dry_run_shows_what_would_change(root: Path) -> None:
    """Each kind of change is shown once, with how many are alike; nothing is written."""
    before = tree(root)

    ran = in_process("repair", root, "--dry-run")

    assert ran.code == 0
    assert tree(root) == before
    said = " ".join(ran.out.split())
    assert '+ /dimension_names: ["t", "c", "z", "y", "x"]' in said
    assert "A/1/0/0/zarr.json and 5 more alike" in said
    assert '~ /attributes/ome/version: 0.5 -> "0.5"' in said
    assert "A/zarr.json (new)" in said
    assert "1 of them new" in said
    assert "[group-added]" in said
    assert widest(ran.out.rpartition("To do it:")[0].replace(str(root), "")) <= 80
    assert zl.repair(root, dry_run=True).changes == zl.repair(root).changes


def test_dry_run_tells_of_a_repair_that_was_cut_off(root: Path) -> None:
    """It says what the same command would do without it: all documents, those written too."""
    zl.repair(root)
    whole = tree(root)
    (root / repair_record.RECORDS / "1.done").unlink()
    held = json.loads((root / repair_record.RECORDS / "1.json").read_bytes())
    last = held["documents"][-1]
    write_file(root / last["key"], last["before"].encode())
    before = tree(root)

    dry = zl.repair(root, dry_run=True)
    said = " ".join(in_process("repair", root, "--dry-run").out.split())

    assert tree(root) == before
    assert "and would complete a repair that was cut off" in said
    made = zl.repair(root)
    assert (dry.completed, dry.changes, dry.version) == (True, made.changes, made.version)
    assert tree(root) == whole


def test_report_ends_with_the_way_back(root: Path) -> None:
    """The command that a report ends with takes the repair back."""
    before = tree(root)
    ran = zarrlift("repair", root, cwd=root.parent)

    assert ran.code == 0
    assert ran.out.startswith(f"Repaired {root}\n")
    assert "each read back and compared" in ran.out
    undone = as_printed(ran.out.rstrip().rpartition("\n")[2].strip(), root.parent)
    assert undone.code == 0
    assert "1 document removed" in undone.out
    assert tree(root) == before
    assert_refused(in_process("undo", root), "nothing to undo")


def test_json_names_every_document(root: Path) -> None:
    """With --json each changed document is named with the places that differ."""
    made = json.loads(in_process("repair", root, "--json").out)

    by_key = {change["key"]: change for change in made["changes"]}
    assert by_key["A/zarr.json"]["new"]
    assert by_key["zarr.json"]["differences"] == [
        {"op": "replace", "pointer": "/attributes/ome/version", "before": 0.5, "after": "0.5"}
    ]
    assert {r["repair"]: r["documents"] for r in made["repairs"]}["dimensions-named"] == 6
    assert (made["kind"], made["valid"], made["remaining"]) == ("zarrlift-repair", True, [])
    again = json.loads(in_process("repair", root, "--json").out)
    assert (again["already"], again["changes"], again["recorded"]) == (True, [], True)
    back = json.loads(in_process("undo", root, "--json").out)
    assert (back["repair"], back["upgrade"], back["removed"]) == (True, False, 1)


def test_only_and_exclude(root: Path) -> None:
    """--only makes one repair; --exclude leaves documents as they are."""
    made = zl.repair(root, only=["group-added"])
    assert [c.key for c in made.changes] == ["A/zarr.json"]

    made = zl.repair(root, exclude=["A/*"])
    assert {c.key.partition("/")[0] for c in made.changes} == {"B", "zarr.json"}

    made = zl.repair(root)
    assert {c.key.partition("/")[0] for c in made.changes} == {"A"}
    assert zl.undo(root).left == 2
    with pytest.raises(UsageError, match="no repair 'rows'"):
        zl.repair(root, only=["rows"])


# --- beside other changes ------------------------------------------------------------------------


def test_changes_are_taken_back_last_first(tmp_path: Path) -> None:
    """Repairs, an upgrade and changes of the crate are one stack, whichever came first."""
    root = write_base("plate", "0.4", tmp_path)
    for row in ("A", "B"):
        (root / row / ".zgroup").unlink()
    states = [tree(root)]

    def done(step: object) -> None:
        assert step
        states.append(tree(root))

    done(zl.repair(root).changes)
    done(zl.describe(root, license="cc0").changed)
    done(zl.upgrade(root, drop_v2=True, license="cc-by").written)
    group = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    done(write_file(root / "C" / "1" / "zarr.json", json.dumps(group).encode()))
    done(zl.repair(root).changes)
    done(zl.describe(root, name="plate").changed)
    held = [made.left for made in (zl.undo(root), zl.undo(root))]

    assert tree(root) == states[4]
    shutil.rmtree(root / "C")
    for state in states[2::-1]:
        held.append(zl.undo(root).left)
        assert tree(root) == state
    assert held == [5, 4, 2, 1, 0]


def test_repair_waits_for_an_upgrade(tmp_path: Path) -> None:
    """Where an upgrade was cut off nothing is repaired until it is completed or taken back."""
    root = write_base("plate", "0.4", tmp_path)
    (root / "A" / ".zgroup").unlink()
    zl.upgrade(root)
    held = (root / "A" / "1" / "zarr.json").read_bytes()
    (root / "A" / "1" / "zarr.json").unlink()
    before = tree(root)

    assert_refused(in_process("repair", root), "an upgrade is not finished here", "zarrlift undo")
    assert_refused(in_process("repair", root, "--dry-run"), "an upgrade is not finished here")
    assert tree(root) == before
    write_file(root / "A" / "1" / "zarr.json", held)
    assert zl.repair(root).already


def test_upgrade_waits_for_a_repair(tmp_path: Path) -> None:
    """Where a repair was cut off nothing is built on it."""
    root = write_base("plate", "0.4", tmp_path)
    (root / "A" / ".zgroup").unlink()
    zl.repair(root)
    (root / repair_record.RECORDS / "1.done").unlink()

    assert_refused(in_process("upgrade", root), "a repair was cut off", "zarrlift repair")
    assert zl.repair(root).completed
    assert zl.upgrade(root).written


def test_repair_waits_for_a_lift(base: Path, tmp_path: Path) -> None:
    """A target that is not finished is not repaired."""
    root = Path(shutil.copytree(base, tmp_path / "a.zarr"))
    write_file(root / OURS / "plan.json", b"{}")
    before = tree(root)

    assert_refused(in_process("repair", root), "a lift into this place is not finished")
    assert tree(root) == before


def test_changed_documents_are_kept(root: Path) -> None:
    """What was edited since is named and stays, unless by force."""
    before = tree(root)
    zl.repair(root)
    edited(root / "zarr.json", lambda held: held["attributes"].update(note="by hand"))
    changed = tree(root)

    ran = in_process("undo", root)

    assert_refused(ran, "changed since: zarr.json has other content", "--force")
    assert tree(root) == changed
    forced = in_process("undo", root, "--force")
    assert forced.code == 0
    assert "zarr.json had changed" in forced.out
    assert tree(root) == before


def test_repair_that_was_cut_off_meets_an_edit(root: Path) -> None:
    """A repair is not completed over what a person changed since."""
    zl.repair(root)
    (root / repair_record.RECORDS / "1.done").unlink()
    edited(root / "zarr.json", lambda held: held["attributes"].update(note="by hand"))
    before = tree(root)

    assert_refused(in_process("repair", root), "zarr.json has other content since", "zarrlift undo")
    assert tree(root) == before


def test_edits_after_a_repair_are_repaired_in_a_second(root: Path) -> None:
    """What is broken again is put right again, and taken back on its own."""
    zl.repair(root)
    edited(root / "B" / "1" / "zarr.json", lambda held: members(held).update(version=0.5))
    broken = tree(root)

    assert [c.key for c in zl.repair(root).changes] == ["B/1/zarr.json"]
    assert zl.undo(root).left == 1
    assert tree(root) == broken


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"schema": 2, "kind": "x"}'])
def test_record_that_cannot_be_read_is_told(content: bytes, root: Path) -> None:
    """A record of another form stops undo, repair and upgrade in words."""
    zl.repair(root)
    write_file(root / repair_record.RECORDS / "1.json", content)

    for verb in ("undo", "repair"):
        assert_refused(in_process(verb, root), "undo record is not as zarrlift wrote it")


def test_record_that_a_power_cut_left_empty_is_in_nobodys_way(root: Path) -> None:
    """The repair that it stands for had not begun: another is made, and taken back."""
    before = documents(root)
    write_file(root / repair_record.RECORDS / "1.json", b"")

    assert zl.repair(root).changes
    assert zl.undo(root).left == 0

    assert documents(root) == before
    assert not (root / OURS).exists()


@pytest.mark.parametrize("key", ["../outside/zarr.json", "/etc/zarr.json", "link/zarr.json", "0/0"])
def test_record_from_elsewhere_never_leads_out(key: str, root: Path, tmp_path: Path) -> None:
    """A record that names what lies outside, or is no document, is refused even with --force."""
    zl.repair(root)
    write_file(tmp_path / "outside" / "zarr.json", b"{}")
    (root / "link").symlink_to(tmp_path / "outside")
    record = root / repair_record.RECORDS / "1.json"
    held = json.loads(record.read_bytes())
    held["documents"][0]["key"] = key
    write_file(record, json.dumps(held).encode())
    before = tree(tmp_path)

    with pytest.raises(TargetError, match="undo record is not as zarrlift wrote it"):
        zl.undo(root, force=True)

    assert tree(tmp_path) == before


def test_document_is_kept_to_the_byte(root: Path) -> None:
    """What a document is written with beside its JSON is in the record too."""
    write_file(
        root / "zarr.json",
        (root / "zarr.json").read_text().replace("\n", "\r\n").encode("utf-8-sig"),
    )
    before = tree(root)

    zl.repair(root)

    assert documents(root)["zarr.json"]["attributes"]["ome"]["version"] == "0.5"
    zl.undo(root)
    assert tree(root) == before


# --- others at work, rights ----------------------------------------------------------------------


@contextlib.contextmanager
def held_lock(root: Path) -> Iterator[None]:
    """Hold the lock that a repair takes, as one at work does."""
    fd = os.open(root, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


def test_second_at_once_is_refused(root: Path) -> None:
    """While another is at work one is told so, and changes nothing; a dry run only reads."""
    before = tree(root)

    with held_lock(root):
        assert_refused(in_process("repair", root), "is at work here")
        assert zl.repair(root, dry_run=True).changes
    assert tree(root) == before


def test_two_at_once_end_as_one(root: Path, tmp_path: Path) -> None:
    """Of two processes started together each ends well or is refused, and the result is whole."""
    other = Path(shutil.copytree(root, tmp_path / "other.zarr"))
    zl.repair(other)

    both = [start("repair", root) for _ in range(2)]
    ended = [end_of(process) for process in both]

    assert 0 in {ran.code for ran in ended}
    assert {ran.code for ran in ended} <= {0, 3}, [ran.said for ran in ended]
    assert tree(root) == tree(other)


def test_rights_of_documents_stay(root: Path) -> None:
    """Who may read or change a document may do so after a repair, and after it is taken back."""

    def rights() -> dict[str, int]:
        return {key: stat.S_IMODE((root / key).stat().st_mode) for key in documents(root)}

    (root / "zarr.json").chmod(0o664)
    (root / "B" / "1" / "zarr.json").chmod(0o600)
    before = rights()

    made = zl.repair(root)

    assert {"zarr.json", "B/1/zarr.json"} <= {change.key for change in made.changes}
    assert before.items() <= rights().items()
    zl.undo(root)
    assert rights() == before


def test_folder_without_permission_is_told(root: Path) -> None:
    """A folder that cannot be written to is named before anything is written."""
    words = without_privilege()
    if words is None:
        pytest.skip("cannot give up root's rights")
    before = tree(root)
    (root / "B" / "1" / "0" / "1").chmod(0o555)
    try:
        ran = zarrlift("repair", root, before=words)
    finally:
        (root / "B" / "1" / "0" / "1").chmod(0o755)

    assert_refused(ran, "cannot be written to", "B/1/0/1")
    assert tree(root) == before


class _Forgetful(Dataset):
    """A disk that keeps other bytes than it was given."""

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data.replace(b'"group"', b'"grouq"'))


def test_what_is_not_read_back_as_written_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that the disk altered is found, and the repair is not marked as done."""
    monkeypatch.setattr("zarrlift.store.in_place.Dataset", _Forgetful)

    with pytest.raises(StorageError, match="not read back as it was written"):
        zl.repair(root)

    assert not (root / repair_record.RECORDS / "1.done").exists()


class _Edited(Dataset):
    """A dataset that another program writes to while it is looked at."""

    def each(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        document = Path(self.root) / "zarr.json"
        edited(document, lambda held: held["attributes"].update(note=1))
        return super().each(work, items)


def test_document_that_changes_meanwhile_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program writes between looking and writing is not lost."""
    monkeypatch.setattr("zarrlift.store.in_place.Dataset", _Edited)

    with pytest.raises(TargetError, match="was changed while it was looked at"):
        zl.repair(root)

    assert documents(root)["zarr.json"]["attributes"]["note"] == 1
    assert not list((root).rglob("1.json"))


class _EditedLate(Dataset):
    """A dataset whose root another program writes to while inner documents are written."""

    def write(self, key: str, data: bytes) -> None:
        if key == "A/zarr.json":
            document = Path(self.root) / "zarr.json"
            edited(document, lambda held: held["attributes"].update(note=1))
        super().write(key, data)


def test_document_that_changes_while_others_are_written_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program writes in the meantime stays; it is named until it is given up."""
    before = documents(root)
    monkeypatch.setattr("zarrlift.store.in_place.Dataset", _EditedLate)

    with pytest.raises(TargetError, match="was changed while the repair was made"):
        zl.repair(root)
    assert documents(root)["zarr.json"]["attributes"]["note"] == 1
    for verb in ("repair", "undo"):
        assert_refused(in_process(verb, root), "zarr.json has other content")

    zl.undo(root, force=True)
    assert documents(root) == before


class _EditedBack(Dataset):
    """A dataset whose row another program writes to once the root is put back."""

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data)
        if key == "zarr.json":
            edited(Path(self.root) / "B" / "1" / "zarr.json", lambda held: held.update(note=1))


def test_document_that_changes_while_others_are_put_back_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays until it is given up; what is put back already stays so."""
    before = documents(root)
    zl.repair(root)
    monkeypatch.setattr("zarrlift.store.in_place.Dataset", _EditedBack)

    with pytest.raises(TargetError, match="was changed while the repair was taken back"):
        zl.undo(root)
    assert documents(root)["B/1/zarr.json"]["note"] == 1
    assert_refused(in_process("undo", root), "B/1/zarr.json has other content")

    zl.undo(root, force=True)
    assert documents(root) == before


# --- links ---------------------------------------------------------------------------------------


def test_link_out_of_the_tree_is_not_written_to(root: Path, tmp_path: Path) -> None:
    """A well that is a link to another place stays as it is, there too."""
    (root / "B" / "1").rename(tmp_path / "elsewhere")
    (root / "B" / "1").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path / "elsewhere")

    made = zl.repair(root)

    assert not any(c.key.startswith("B/1") for c in made.changes)
    assert tree(tmp_path / "elsewhere") == before


def test_link_within_the_tree_is_repaired_where_it_lies(root: Path) -> None:
    """A well that is a link to another is repaired once, in its own place."""
    shutil.rmtree(root / "B" / "1")
    (root / "B" / "1").symlink_to("../A/1")
    before = tree(root)

    made = zl.repair(root)

    assert not any(c.key.startswith("B/1") for c in made.changes)
    assert documents(root)["A/1/0/0/zarr.json"]["dimension_names"] == [*"tczyx"]
    assert zl.repair(root).already
    zl.undo(root)
    assert tree(root) == before


def test_document_that_is_a_link_is_told(root: Path, tmp_path: Path) -> None:
    """A document that is a link is not replaced by a file."""
    (root / "zarr.json").rename(tmp_path / "kept.json")
    (root / "zarr.json").symlink_to(tmp_path / "kept.json")

    made = zl.repair(root)

    assert "zarr.json" not in {c.key for c in made.changes}
    assert [f.message for f in made.findings] == ["zarr.json is a link, which is not replaced"]
    assert (root / "zarr.json").is_symlink()


# --- what is no dataset --------------------------------------------------------------------------


def test_what_is_no_dataset_is_refused(root: Path, tmp_path: Path) -> None:
    """No folder, no hierarchy, several, a zipped one, an address of the web: each is told."""
    (tmp_path / "empty").mkdir()
    shutil.copytree(root, tmp_path / "many" / "one.zarr")
    zl.convert(root, tmp_path / "a.ozx")

    assert_refused(in_process("repair", tmp_path / "absent"), "no such folder")
    assert_refused(in_process("repair", tmp_path / "empty"), "no Zarr group")
    assert_refused(in_process("repair", tmp_path / "many"), "one.zarr")
    assert_refused(in_process("repair", tmp_path / "a.ozx"), "zipped OME-Zarr is not changed")
    assert_refused(in_process("repair", "https://host/a.zarr"), "read only", code=2)
    assert not (tmp_path / "many" / OURS).exists()


def test_inner_node_is_repaired_alone(root: Path) -> None:
    """A field named as the root is repaired on its own, by its own version."""
    made = zl.repair(root / "B" / "1" / "0")

    assert {c.key for c in made.changes} == {"zarr.json", "0/zarr.json", "1/zarr.json"}
    assert (root / "B" / "1" / "0" / OURS).exists()
    assert not (root / OURS).exists()
