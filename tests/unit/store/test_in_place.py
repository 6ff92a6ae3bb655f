"""Changing documents where a dataset lies: links, renames, locks, and what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import write_file
from zarrlift.errors import AccessError, StorageError, TargetError
from zarrlift.store.in_place import Dataset
from zarrlift.store.target import CLAIM, OURS, UNDO


@pytest.fixture(name="dataset")
def make_dataset(tmp_path: Path) -> Dataset:
    """Give a dataset with two nested folders."""
    write_file(tmp_path / "data" / "a" / "b" / ".zgroup", b"{}")
    return Dataset(tmp_path / "data")


def test_links_are_seen_from_below(dataset: Dataset, tmp_path: Path) -> None:
    """A folder below a link is reached through it; a real one, and the root, are not."""
    root = Path(dataset.root)
    (root / "inside").symlink_to("a")
    (root / "outside").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(root)

    seen = {p: dataset.linked(p) for p in ("", "a", "a/b", "inside", "inside/b", "outside")}

    assert seen == {"": False, "a": False, "a/b": False} | dict.fromkeys(
        ("inside", "inside/b", "outside"), True
    )
    assert not Dataset(tmp_path / "link").linked("a/b")
    assert [dataset.behind(p) for p in ("inside", "inside/b")] == ["a", "a/b"]
    assert dataset.behind("outside") is None
    assert Dataset(tmp_path / "link").behind("inside") == "a"


def test_link_to_the_root_itself_is_inside(dataset: Dataset) -> None:
    """A link back to the root leads to the empty path."""
    (Path(dataset.root) / "again").symlink_to(".")

    assert dataset.behind("again") == ""


def test_file_beside_the_root_is_no_part_of_it(dataset: Dataset, tmp_path: Path) -> None:
    """A folder whose name begins with the root's lies outside."""
    (tmp_path / "data-2").mkdir()
    (Path(dataset.root) / "other").symlink_to(tmp_path / "data-2")

    assert dataset.behind("other") is None


def test_second_lock_is_refused(dataset: Dataset) -> None:
    """Only one is alone in a folder; when it has ended the next may."""
    with dataset.alone(), pytest.raises(TargetError, match="another upgrade, repair or undo"):  # noqa: SIM117
        with Dataset(dataset.root).alone():
            pass
    with dataset.alone():
        pass


def test_lock_of_what_is_not_there(tmp_path: Path) -> None:
    """A folder that does not exist cannot be held."""
    with pytest.raises(StorageError), Dataset(tmp_path / "absent").alone():
        pass


def test_move_keeps_the_file_and_may_be_repeated(dataset: Dataset) -> None:
    """A file moves as it is, time and mode too; once it is there, moving it again is no error."""
    root = Path(dataset.root)
    before = (root / "a" / "b" / ".zgroup").stat()

    dataset.move("a/b/.zgroup", "kept")
    dataset.move("a/b/.zgroup", "kept")

    after = (root / "kept").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with pytest.raises(TargetError, match="is gone"):
        dataset.move("a/b/.zgroup", "elsewhere")


def test_make_makes_all_folders(dataset: Dataset) -> None:
    """Our own folders are made with those above; a file in the way is told."""
    dataset.make(UNDO)
    dataset.make(UNDO)
    assert (Path(dataset.root) / UNDO).is_dir()

    write_file(Path(dataset.root) / "file", b"")
    with pytest.raises(StorageError):
        dataset.make("file/below")


def test_forget_leaves_what_is_not_empty(dataset: Dataset) -> None:
    """Our folder goes when nothing else is in it, and stays with another's claim."""
    root = Path(dataset.root)
    write_file(root / UNDO / "x", b"")
    write_file(root / CLAIM, b"{}")

    dataset.forget(f"{UNDO}/x", f"{UNDO}/absent")
    assert sorted(p.name for p in (root / OURS).iterdir()) == ["plan.json"]

    (root / CLAIM).unlink()
    dataset.forget()
    assert not (root / OURS).exists()


def test_tidy_removes_temporary_files_only(dataset: Dataset) -> None:
    """Drafts and temporary objects of killed runs go, the record stays."""
    root = Path(dataset.root)
    dataset.tidy()
    write_file(root / OURS / "tmp" / "dead" / "0", b"half")
    write_file(root / OURS / "claim-0123", b"half")
    write_file(root / UNDO / "upgrade.json", b"{}")

    dataset.tidy()

    assert [p.name for p in (root / OURS).iterdir()] == ["undo"]
    assert (root / UNDO / "upgrade.json").exists()


def test_finished_target_keeps_an_undo_record(dataset: Dataset) -> None:
    """A lift that finds its target finished removes its claim, not the record of an upgrade."""
    root = Path(dataset.root)
    write_file(root / UNDO / "upgrade.json", b"{}")
    assert dataset.claim(b"{}")

    dataset.release()

    assert not (root / CLAIM).exists()
    assert (root / UNDO / "upgrade.json").exists()


def test_folder_without_rights_is_told(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first folder that the system lets nobody write to is named."""
    monkeypatch.setattr("os.access", lambda path, _mode: not path.endswith("/b"))

    with pytest.raises(AccessError) as caught:
        dataset.refuse_locked(["", "a", "a/b"])

    assert caught.value.place == dataset.path("a/b")


def test_drop_of_what_is_gone_is_no_error(dataset: Dataset) -> None:
    """Removing a file twice is as removing it once; a folder in its place is told."""
    dataset.drop("a/b/.zgroup")
    dataset.drop("a/b/.zgroup")

    assert not dataset.there("a/b/.zgroup")
    with pytest.raises(StorageError):
        dataset.drop("a")
