"""Reading a folder by keys, and telling where links lead."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from zarrlift.errors import AccessError, StorageError, UsageError
from zarrlift.store import address, folder
from zarrlift.store.folder import Folder, Kind, refuse_overlap


def make(root: Path, *keys: str) -> Folder:
    """Write files whose content is their key."""
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text(key)
    return Folder(root)


def test_objects_are_read_by_key(tmp_path: Path) -> None:
    """An object's bytes and size come by its key; what is not there is None, not an error."""
    found = make(tmp_path, "a/b")

    assert found.read("a/b") == b"a/b"
    assert found.size("a/b") == 3
    assert found.read("a/c") is None
    assert found.size("a/c") is None
    assert found.read("x/y") is None


@pytest.mark.parametrize(
    ("length", "expected"), [(2, b"ef"), (6, b"abcdef"), (9, b"abcdef"), (0, b"")]
)
def test_tail_of_an_object(length: int, expected: bytes, tmp_path: Path) -> None:
    """The last bytes come with the size of the whole, as many as there are."""
    (tmp_path / "a").write_bytes(b"abcdef")

    assert Folder(tmp_path).read_tail("a", length) == (expected, 6)
    assert Folder(tmp_path).read_tail("b", length) is None


def test_root_has_the_empty_key(tmp_path: Path) -> None:
    """The empty key is the root, whether it is written with a slash at its end or not."""
    assert Folder(f"{tmp_path}/").path("") == str(tmp_path)
    assert Folder(tmp_path).path("a/b") == f"{tmp_path}/a/b"
    assert Folder("/").path("a") == "/a"


def test_relative_roots_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root stays where it was when the working folder changes."""
    make(tmp_path, "data/a")
    monkeypatch.chdir(tmp_path)
    found = Folder("data")
    monkeypatch.chdir("/")

    assert found.read("a") == b"data/a"


@pytest.mark.parametrize("key", ["folder", "file/below"])
def test_what_cannot_be_read_is_an_error_and_not_absent(key: str, tmp_path: Path) -> None:
    """A folder in an object's place, or a file in a folder's, is an error with its path."""
    found = make(tmp_path, "folder/a", "file")

    with pytest.raises(StorageError) as caught:
        found.read(key)

    assert caught.value.place == f"{tmp_path}/{key}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_refused_permission_is_never_absence(tmp_path: Path) -> None:
    """A folder that may not be entered is an access error, for reading and for listing."""
    found = make(tmp_path, "locked/a")
    (tmp_path / "locked").chmod(0)
    try:
        with pytest.raises(AccessError):
            found.read("locked/a")
        with pytest.raises(AccessError):
            found.size("locked/a")
        with pytest.raises(AccessError):
            found.entries("locked")
    finally:
        (tmp_path / "locked").chmod(0o755)


def test_looped_links_are_errors(tmp_path: Path) -> None:
    """A link to itself is no absent object: the system's answer is passed on."""
    (tmp_path / "a").symlink_to("a")

    with pytest.raises(StorageError, match=os.strerror(errno.ELOOP)):
        Folder(tmp_path).read("a")


def test_entries_of_a_folder(tmp_path: Path) -> None:
    """A folder lists what is in it; one that is not there is an error and not an empty one."""
    found = make(tmp_path, "a/1", "a/2", "b")

    assert {e.name for e in found.entries("")} == {"a", "b"}
    assert {e.name for e in found.entries("a")} == {"1", "2"}
    with pytest.raises(StorageError) as caught:
        found.entries("c")
    assert caught.value.place == f"{tmp_path}/c"


def test_what_lies_below_keys(tmp_path: Path) -> None:
    """What lies at or below some keys comes with its kind, linked files as files."""
    found = make(tmp_path, "a/1", "a/b/2", "c", "d/3")
    (tmp_path / "a/link").symlink_to("../c")
    (tmp_path / "a/gone").symlink_to("nowhere")
    (tmp_path / "a/up").symlink_to("..")

    assert sorted(found.below(["a", "c"])) == [
        ("a/1", Kind.FILE),
        ("a/b/2", Kind.FILE),
        ("a/gone", Kind.DANGLING),
        ("a/link", Kind.FILE),
        ("a/up", Kind.LOOP),
        ("c", Kind.FILE),
    ]


def test_opened_object_is_closed_again(tmp_path: Path) -> None:
    """The descriptor is valid within the block and no longer after it."""
    with make(tmp_path, "a").opened("a") as fd:
        assert os.read(fd, 9) == b"a"

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize(
    ("link", "to", "expected"),
    [
        ("a/b/up", "..", Kind.LOOP),
        ("a/b/self", ".", Kind.LOOP),
        ("a/b/root", "../..", Kind.LOOP),
        ("a/b/above", "../../..", Kind.LOOP),
        ("a/b/top", "/", Kind.LOOP),
        ("a/b/side", "../c", Kind.FOLDER),
        ("a/b/down", "d", Kind.FOLDER),
        ("a/abc/alias", "../ab", Kind.FOLDER),
        ("a/b/circle", "circle", Kind.DANGLING),
        ("a/b/gone", "nowhere", Kind.DANGLING),
        ("a/b/file", "d/1", Kind.FILE),
        ("a/b/below-file", "d/1/x", Kind.DANGLING),
    ],
)
def test_kinds_of_links(link: str, to: str, expected: Kind, tmp_path: Path) -> None:
    """A link is what it leads to: a loop where that holds the link, dangling where nothing is."""
    root = tmp_path / "root"
    make(root, "a/b/d/1", "a/c/1", "a/abc/1", "a/ab/1")
    (root / link).symlink_to(to)
    entries = {e.name: e for e in folder.scan(str((root / link).parent))}

    assert folder.kind_at(str(root / link)) is expected
    assert folder.kind_of(entries[(root / link).name]) is expected


@pytest.mark.parametrize(
    ("to", "leaves"), [("../outside", True), ("/", True), ("inside", False), ("../root-2", True)]
)
def test_links_that_leave(to: str, leaves: bool, tmp_path: Path) -> None:
    """A link leaves where it leads out of the tree, also to a folder named alike."""
    found = make(tmp_path / "root", "inside/1")
    make(tmp_path, "outside/1", "root-2/1")
    (tmp_path / "root" / "link").symlink_to(to)

    assert found.leaves("link") is leaves


def test_links_within_a_linked_root_stay(tmp_path: Path) -> None:
    """Where the root itself is a link, links within it do not leave it."""
    make(tmp_path / "root", "inside/1")
    (tmp_path / "root" / "link").symlink_to("inside")
    (tmp_path / "alias").symlink_to("root")

    assert not Folder(tmp_path / "alias").leaves("link")


def test_kinds_of_what_is_no_link(tmp_path: Path) -> None:
    """Files, folders, pipes and sockets are told apart, and what is not there is dangling."""
    make(tmp_path, "file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
    entries = Folder(tmp_path).entries("")

    assert {e.name: folder.kind_of(e) for e in entries} == {
        "file": Kind.FILE,
        "folder": Kind.FOLDER,
        "pipe": Kind.SPECIAL,
        "link": Kind.SPECIAL,
        "socket": Kind.SPECIAL,
    }
    assert folder.kind_at(f"{tmp_path}/gone") is Kind.DANGLING


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    """Reading a pipe in an object's place is an error at once."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(StorageError, match="no plain file"):
        Folder(tmp_path).read("pipe")


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a", "a", "same folder"),
        ("a", "a/", "same folder"),
        ("a", "b/../a", "same folder"),
        ("a", "alias", "same folder"),
        ("alias", "a", "same folder"),
        ("a", "a/new", "target lies inside the source"),
        ("a", "alias/new/deep", "target lies inside the source"),
        ("a/b", "a", "source lies inside the target"),
        ("alias/b", "a", "source lies inside the target"),
        ("a", ".", "source lies inside the target"),
    ],
)
def test_overlap_is_refused_through_links(
    source: str, target: str, message: str, tmp_path: Path
) -> None:
    """Source and target may not be the same, nor one in the other, whatever way they are named."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "alias").symlink_to("a")

    with pytest.raises(UsageError, match=message) as caught:
        refuse_overlap(f"{tmp_path}/{source}", f"{tmp_path}/{target}")

    assert caught.value.hint


@pytest.mark.parametrize(
    ("source", "target"), [("a", "ab"), ("ab", "a"), ("a", "c/a"), ("a/b", "a/c")]
)
def test_folders_apart_pass(source: str, target: str, tmp_path: Path) -> None:
    """Names that begin alike, or siblings, do not overlap."""
    for name in (source, target):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)

    refuse_overlap(f"{tmp_path}/{source}", f"{tmp_path}/{target}")


def test_free_space_of_a_folder_to_be_made(tmp_path: Path) -> None:
    """Space is asked of the nearest folder that is there."""
    free, inodes = folder.free_space(str(tmp_path / "not" / "yet"))

    assert free > 0
    assert inodes is None or inodes > 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/data/x", "/data/x"), ("x.zarr", "x.zarr"), ("file:///data/x", "/data/x")],
)
def test_local_paths(url: str, expected: str) -> None:
    """A plain path is itself, a `file://` address names one."""
    assert address.local_path(url) == expected


@pytest.mark.parametrize("url", ["s3://bucket/x", "https://example.org/x"])
def test_remote_addresses_are_refused(url: str) -> None:
    """What is not local is refused by its scheme."""
    with pytest.raises(StorageError, match=url.split(":", maxsplit=1)[0]):
        address.local_path(url)
