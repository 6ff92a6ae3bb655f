"""Writing a target: claims, temporary names, renames."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zarrlift.errors import (
    AccessError,
    ClaimLostError,
    StorageError,
    TargetError,
    ZarrliftError,
)
from zarrlift.pool import Turn
from zarrlift.store.target import CLAIM, OURS, Target, at_work

PATIENCE = 20


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """Give a claimed target that a run has entered."""
    made = Target(tmp_path / "target")
    assert made.claim(b"{}")
    made.enter()
    yield made
    made.leave()


def files(root: str | Path) -> dict[str, bytes]:
    """Give every file below a folder, links not followed."""
    found = (Path(at) / name for at, _, names in os.walk(root) for name in names)
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in found if not f.is_symlink()}


def temporaries(target: Target) -> list[str]:
    """Give the names of all objects that have not reached their place."""
    return [key for key in files(target.root) if key.startswith(f"{OURS}/tmp/")]


def test_first_claim_holds(tmp_path: Path) -> None:
    """The first claim makes the target and stays; a second is told, and changes nothing."""
    root = tmp_path / "new" / "target"

    assert Target(root).claim(b"first")
    assert not Target(root).claim(b"second")

    assert files(root) == {CLAIM: b"first"}


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_many_claims_at_once_wins(attempt: int, tmp_path: Path) -> None:
    """Of many runs that claim at once, just one is told that it holds the target, and does."""
    barrier = threading.Barrier(8)

    def claim(number: int) -> bool:
        barrier.wait()
        return Target(tmp_path / "target").claim(b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(claim, range(8)))

    assert held.count(True) == 1, attempt
    assert files(tmp_path / "target") == {CLAIM: b"%d" % held.index(True)}


def test_claim_of_what_is_no_folder_fails(tmp_path: Path) -> None:
    """A file in the target's place is not claimed, nor changed."""
    (tmp_path / "target").write_text("mine")

    with pytest.raises(StorageError, match="claiming the target"):
        Target(tmp_path / "target").claim(b"{}")

    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize("fsync", [False, True])
def test_written_objects_are_in_place_and_whole(fsync: bool, tmp_path: Path) -> None:
    """An object is under its key, the folders above are made, and nothing temporary is left."""
    made = Target(tmp_path / "target", fsync=fsync)
    made.claim(b"{}")
    made.enter()

    made.write("a/b/c", b"data")
    made.write("top", b"")
    made.write("a/b/c", b"again")

    assert files(made.root) == {CLAIM: b"{}", "a/b/c": b"again", "top": b""}


@pytest.mark.parametrize("buffer", [1, 7, 64, 4096])
def test_any_buffer_gives_the_same_bytes(buffer: int, target: Target) -> None:
    """Bytes written, or read into the buffer's room, arrive in order, however small it is."""
    pieces = [bytes([n % 251]) * (n * 37 % 300) for n in range(40)]
    pending = target.begin(bytearray(buffer))

    for number, piece in enumerate(pieces):
        if number % 2:
            pending.write(piece)
        else:
            room = pending.room(len(piece))
            assert len(room) >= len(piece)
            room[: len(piece)] = piece
            pending.advance(len(piece))
        assert pending.position == sum(map(len, pieces[: number + 1]))
    pending.commit("object")

    assert target.read("object") == b"".join(pieces)


def test_room_that_is_not_kept_is_not_written(target: Target) -> None:
    """Bytes read into the room and given up leave no trace."""
    pending = target.begin(bytearray(64))
    pending.room(10)[:10] = b"discarded!"
    pending.write(b"kept")
    pending.commit("object")

    assert target.read("object") == b"kept"


def test_pending_object_is_under_no_final_name(target: Target) -> None:
    """Until it is committed, an object lies below the run's own folder alone."""
    pending = target.begin(bytearray(4))
    pending.write(b"long enough to be flushed")

    assert set(files(target.root)) - set(temporaries(target)) == {CLAIM}
    assert len(temporaries(target)) == 1

    pending.abort()
    assert temporaries(target) == []
    pending.abort()


def test_turn_is_given_up_while_much_is_written(target: Target) -> None:
    """The lock that the caller holds is free while a long write goes on, and held again after."""
    turn, times = Turn(), 0
    pending = target.begin(bytearray(16), turn)

    def other() -> None:
        with turn:
            assert target.size("object") is None

    with turn:
        waiting = threading.Thread(target=other)
        waiting.start()
        while waiting.is_alive() and times < PATIENCE:
            pending.write(bytes(2**20))
            times += 1
        assert not waiting.is_alive()
        pending.commit("object")

    assert target.size("object") == times * 2**20


def test_turn_is_kept_while_little_is_written(target: Target) -> None:
    """Short writes hand nothing over."""
    turn = Turn()
    pending = target.begin(bytearray(16), turn)
    waiting = threading.Thread(target=turn.acquire, daemon=True)
    with turn:
        waiting.start()
        for _ in range(100):
            pending.write(bytes(64))
        assert waiting.is_alive()
    waiting.join(PATIENCE)
    turn.release()
    pending.abort()


@pytest.mark.parametrize("length", [1, 2**16, 2**20])
def test_kernel_copies_after_what_is_gathered(target: Target, tmp_path: Path, length: int) -> None:
    """Bytes of an open file land behind those written before, and before those after."""
    data = os.urandom(length)
    (tmp_path / "chunk").write_bytes(data)
    pending = target.begin(bytearray(8))
    pending.write(b"before")
    with (tmp_path / "chunk").open("rb") as file:
        taken = pending.take(file.fileno(), length)
    if not taken:
        pending.write(data)
    pending.write(b"after")
    pending.commit("object")

    assert taken in (length, 0 if sys.platform != "linux" else length)
    assert target.read("object") == b"before" + data + b"after"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_kernel_that_cannot_copy_is_asked_once(target: Target, tmp_path: Path, number: int) -> None:
    """A file system without the call gives 0, so that the caller reads; no one asks again."""
    asked = []

    def refuse(*_: int) -> int:
        asked.append(number)
        raise OSError(number, os.strerror(number))

    target.copy_range = refuse
    (tmp_path / "chunk").write_bytes(b"chunk")
    pending = target.begin(bytearray(8))
    with (tmp_path / "chunk").open("rb") as file:
        assert [pending.take(file.fileno(), 5) for _ in range(3)] == [0, 0, 0]

    assert len(asked) == 1
    assert pending.position == 0
    pending.abort()


@pytest.mark.parametrize(
    ("number", "raised"),
    [(errno.ENOSPC, ZarrliftError), (errno.EDQUOT, ZarrliftError), (errno.EIO, OSError)],
)
def test_kernel_copy_that_fails_names_its_side(
    target: Target, tmp_path: Path, number: int, raised: type[Exception]
) -> None:
    """A full disk is the target's fault and said so; anything else is the reader's to place."""

    def fail(*_: int) -> int:
        raise OSError(number, os.strerror(number))

    target.copy_range = fail
    (tmp_path / "chunk").write_bytes(b"chunk")
    pending = target.begin(bytearray(8))
    with (tmp_path / "chunk").open("rb") as file, pytest.raises(raised):
        pending.take(file.fileno(), 5)
    pending.abort()


def test_file_that_shrinks_under_the_kernel_is_noticed(target: Target, tmp_path: Path) -> None:
    """Fewer bytes than the file had a moment ago are told from the whole."""
    copies = iter([3, 0])
    target.copy_range = lambda *_: next(copies)
    (tmp_path / "chunk").write_bytes(b"chunk")
    pending = target.begin(bytearray(8))
    with (tmp_path / "chunk").open("rb") as file:
        assert pending.take(file.fileno(), 5) == 3
    pending.abort()


def test_run_cleans_only_its_own_folder(target: Target) -> None:
    """Leaving removes this run's temporary objects; those of a run beside it stay."""
    beside = Target(target.root)
    beside.enter()
    target.begin(bytearray(1))
    other = beside.begin(bytearray(1))
    other.write(b"x" * 9)

    target.leave()

    assert len(temporaries(target)) == 1
    other.commit("object")
    assert target.read("object") == b"x" * 9


def test_release_leaves_the_objects_only(target: Target) -> None:
    """A finished target holds nothing of ours."""
    target.write("zarr.json", b"{}")
    target.begin(bytearray(1))

    target.release()
    target.release()

    assert sorted(p.name for p in Path(target.root).iterdir()) == ["zarr.json"]


def test_beginning_after_another_run_finished_is_a_lost_claim(target: Target) -> None:
    """Where the run's own folder is gone, another run finished or replaced the target."""
    Target(target.root).release()

    with pytest.raises(ClaimLostError) as caught:
        target.begin(bytearray(1))

    assert caught.value.place == target.root


def test_committing_after_another_run_finished_is_a_lost_claim(target: Target) -> None:
    """An object that was begun before does not reach its place after."""
    pending = target.begin(bytearray(1))
    pending.write(b"late")
    Target(target.root).release()

    with pytest.raises(ClaimLostError):
        pending.commit("a/late")

    assert target.read("a/late") is None
    pending.abort()


def test_committing_after_the_whole_folder_vanished_is_a_lost_claim(tmp_path: Path) -> None:
    """Where the target and the folder above it are removed, the run is told, and ends."""
    made = Target(tmp_path / "results" / "target")
    made.claim(b"{}")
    made.enter()
    pending = made.begin(bytearray(1))
    pending.write(b"late")
    shutil.rmtree(tmp_path / "results")

    with pytest.raises(ClaimLostError):
        pending.commit("a/late")

    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("key", ["link/object", "link/deep/object", "file/object"])
def test_links_and_files_in_the_way_are_refused(key: str, target: Target, tmp_path: Path) -> None:
    """A link in a folder's place is never followed out of the target, nor a file replaced."""
    outside = tmp_path / "outside"
    outside.mkdir()
    Path(target.root, "link").symlink_to(outside)
    Path(target.root, "file").write_text("mine")

    with pytest.raises((TargetError, StorageError)):
        target.write(key, b"data")

    assert list(outside.iterdir()) == []
    assert Path(target.root, "file").read_text() == "mine"
    assert temporaries(target) == []


def test_link_at_the_final_name_is_replaced_and_not_written_through(
    target: Target, tmp_path: Path
) -> None:
    """An object replaces a link of its name; what the link led to stays as it was."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    Path(target.root, "object").symlink_to(precious)

    target.write("object", b"data")

    assert precious.read_text() == "mine"
    assert target.read("object") == b"data"
    assert not Path(target.root, "object").is_symlink()


def test_target_that_is_itself_a_link_is_written_into(tmp_path: Path) -> None:
    """The folder that the user names may be a link to one on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "target").symlink_to("disk")
    made = Target(tmp_path / "target")
    made.claim(b"{}")
    made.enter()

    made.write("0/c/0", b"data")
    made.write("zarr.json", b"{}")

    assert files(tmp_path / "disk") == {CLAIM: b"{}", "0/c/0": b"data", "zarr.json": b"{}"}


def test_folder_at_the_final_name_is_an_error(target: Target) -> None:
    """A folder in an object's place stops the run, and nothing temporary is left."""
    Path(target.root, "object").mkdir()

    with pytest.raises(StorageError):
        target.write("object", b"data")

    assert temporaries(target) == []


def test_target_that_is_not_made_yet_has_no_entries(tmp_path: Path) -> None:
    """Looking into a target before it is made finds nothing, and makes nothing."""
    made = Target(tmp_path / "target")

    assert made.entries("") == []
    assert made.entries("a/b") == []
    assert not (tmp_path / "target").exists()


def test_remove_takes_one_object_if_it_is_there(target: Target) -> None:
    """Removing an object twice is no error, and leaves the others."""
    target.write("a", b"1")
    target.write("b", b"2")

    target.remove("a")
    target.remove("a")

    assert set(files(target.root)) == {CLAIM, "b"}


def test_clear_removes_links_and_not_what_they_lead_to(target: Target, tmp_path: Path) -> None:
    """Clearing empties the target; folders that links lead to keep what they hold."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    Path(target.root, "link").symlink_to(precious)
    target.write("a/b", b"data")

    target.clear()

    assert list(Path(target.root).iterdir()) == []
    assert (precious / "file").read_text() == "mine"


def test_clearing_takes_the_claim_and_the_root_documents_first(
    target: Target, tmp_path: Path
) -> None:
    """Where clearing is stopped on the way, no claim and no document of the root is left."""
    target.write("zarr.json", b"{}")
    target.write("a/b", b"data")
    stop = tmp_path / "not-a-target"
    shutil.copytree(target.root, stop)
    (stop / "a").chmod(0o555)

    try:
        Target(stop).clear()
    except AccessError:
        assert set(files(stop)) == {"a/b"}
    finally:
        if (stop / "a").exists():
            (stop / "a").chmod(0o755)

    assert not (stop / "zarr.json").exists()
    assert not (stop / CLAIM).exists()


def test_cleared_target_can_be_claimed_and_written_again(target: Target) -> None:
    """Folders that were made before clearing are made again."""
    target.write("a/b", b"old")
    target.clear()
    target.claim(b"new")
    target.enter()

    target.write("a/b", b"new")

    assert files(target.root) == {CLAIM: b"new", "a/b": b"new"}


def test_full_disk_and_refusal_have_their_own_errors(tmp_path: Path) -> None:
    """Where nothing may be written, the error says so, and not that the claim was lost."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "locked").mkdir(mode=0o555)

    with pytest.raises(AccessError, match="claiming the target was refused"):
        Target(tmp_path / "locked" / "target").claim(b"{}")


class Signalled(BaseException):
    """Stands for what a handler raises when a signal arrives."""


class SignalledTarget(Target):
    """A target in which a signal arrives once: just after its folder is made, or as it goes."""

    def __init__(self, root: Path, when: str) -> None:
        super().__init__(root)
        self.when = when

    def _arrives(self, when: str) -> None:
        if self.when == when:
            self.when = ""
            raise Signalled

    def enter(self) -> None:
        """Make the folder, and be interrupted."""
        super().enter()
        self._arrives("made")

    def leave(self) -> None:
        """Be interrupted, or remove the folder."""
        self._arrives("removed")
        super().leave()


@pytest.mark.parametrize("when", ["made", "removed"])
def test_folder_of_a_run_goes_whenever_a_signal_arrives(when: str, tmp_path: Path) -> None:
    """Temporary objects are removed where a signal comes as their folder is made, or removed."""
    target = SignalledTarget(tmp_path / "lifted.zarr", when)

    with pytest.raises(Signalled), at_work(target):
        target.write("a", b"x")

    assert list((tmp_path / "lifted.zarr" / OURS / "tmp").iterdir()) == []
