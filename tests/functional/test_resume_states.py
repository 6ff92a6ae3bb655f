"""What an unfinished target may look like, and that the same lift brings each to its end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

import zarrlift as zl
from tests.fakes import Stopped, StoppingWatch
from tests.functional.runs import LIFTS, Lift, tree, write_sample
from zarrlift.store.target import CLAIM, OURS

each_lift = pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)

Made: TypeAlias = Mapping[str, Path]
"""Targets by the id of the lift."""


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that every test here lifts; none may change it."""
    return write_sample(tmp_path_factory.mktemp("states") / "image.zarr")


@pytest.fixture(scope="module", name="finished")
def make_finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Each method's lift, carried out without a break."""
    folder = tmp_path_factory.mktemp("finished")
    for lift in LIFTS:
        convert(source, folder / lift.id, lift)
    return {lift.id: folder / lift.id for lift in LIFTS}


@pytest.fixture(scope="module", name="started")
def make_started(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Each method's lift, stopped when all data was there and no document."""
    folder = tmp_path_factory.mktemp("started")
    for lift in LIFTS:
        with pytest.raises(Stopped):
            convert(source, folder / lift.id, lift, watch=StoppingWatch("writing documents"))
    return {lift.id: folder / lift.id for lift in LIFTS}


def convert(source: Path, target: Path, lift: Lift, **options: object) -> zl.Report:
    """Lift, or go on lifting."""
    return zl.convert(source, target, **lift.choices, **options)  # type: ignore[arg-type]


def objects(target: Path) -> list[Path]:
    """Give the data objects of a target, in order."""
    inside = (p for p in sorted(target.rglob("*")) if "c" in p.relative_to(target).parts)
    return [p for p in inside if p.is_file()]


def cut(path: Path, length: int) -> None:
    """Keep the first bytes, or leave out the last where `length` is negative."""
    path.write_bytes(path.read_bytes()[:length])


def flip(path: Path, at: int) -> None:
    """Change one bit of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def each_object_loses(length: int) -> Callable[[Path, Path], None]:
    """Give what cuts every object short."""

    def spoil(target: Path, _finished: Path) -> None:
        for path in objects(target):
            cut(path, length)

    return spoil


def nothing_but_the_claim(target: Path, _finished: Path) -> None:
    """Take away all but our own folder."""
    for path in target.iterdir():
        if path.name != OURS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def every_second_object_missing(target: Path, _finished: Path) -> None:
    """Take away objects, as if they had not been written yet."""
    for path in objects(target)[::2]:
        path.unlink()


def objects_with_more_at_the_end(target: Path, _finished: Path) -> None:
    """Lengthen every object."""
    for path in objects(target):
        path.write_bytes(path.read_bytes() + bytes(16))


def objects_of_zeros(target: Path, _finished: Path) -> None:
    """Replace every object by as many zeros, as a file system may after a power cut."""
    for path in objects(target):
        path.write_bytes(bytes(path.stat().st_size))


def a_dead_run(target: Path, _finished: Path) -> None:
    """Leave what a killed run leaves: a half-written object, a draft of the claim."""
    (target / OURS / "tmp" / "dead").mkdir(parents=True)
    (target / OURS / "tmp" / "dead" / "7").write_bytes(b"half an obj")
    (target / OURS / "claim-0123456789ab").write_text('{"half": ', encoding="ascii")


def files_cut_short(target: Path, _finished: Path) -> None:
    """Spoil the plain files."""
    cut(target / "notes" / "README.md", 3)
    (target / "0" / "thumbnail.png").unlink()


def documents(finished: Path) -> Iterator[Path]:
    """Give the documents of a target, relative to it, the deepest first."""
    found = [p.relative_to(finished) for p in finished.rglob("zarr.json")]
    yield from sorted(found, key=lambda p: (-len(p.parts), p))


def copy_documents(target: Path, finished: Path, *, last: int | None) -> None:
    """Write documents in their order, up to one of them."""
    for path in list(documents(finished))[:last]:
        (target / path).parent.mkdir(exist_ok=True)
        shutil.copy(finished / path, target / path)


@dataclass(frozen=True, slots=True)
class State:
    """A way for a target to be unfinished."""

    id: str
    make: Callable[[Path, Path], None]
    """Changes a target that has all data and no document; takes the finished one too."""


STATES = (
    State("all-data", lambda _target, _finished: None),
    State("nothing-but-the-claim", nothing_but_the_claim),
    State("objects-missing", every_second_object_missing),
    State("objects-empty", each_object_loses(0)),
    State("objects-of-one-byte", each_object_loses(1)),
    State("objects-without-last-byte", each_object_loses(-1)),
    State("objects-lengthened", objects_with_more_at_the_end),
    State("objects-of-zeros", objects_of_zeros),
    State("dead-run", a_dead_run),
    State("files-cut-short", files_cut_short),
    State("first-document", lambda t, f: copy_documents(t, f, last=1)),
    State("all-documents-but-the-root", lambda t, f: copy_documents(t, f, last=-1)),
    State("before-release", lambda t, f: copy_documents(t, f, last=None)),
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.id)
@each_lift
def test_unfinished_target_is_brought_to_its_end(
    lift: Lift, state: State, source: Path, started: Made, finished: Made, tmp_path: Path
) -> None:
    """Whatever an earlier run left, or lost, the same lift ends in the same bytes."""
    target = shutil.copytree(started[lift.id], tmp_path / "lifted.zarr")
    state.make(target, finished[lift.id])

    report = convert(source, target, lift)

    assert report.finished
    assert tree(target) == tree(finished[lift.id])


@each_lift
def test_finished_objects_are_not_written_again(
    lift: Lift, source: Path, started: Made, tmp_path: Path
) -> None:
    """Only what is missing is done when a lift goes on, whatever its method."""
    target = shutil.copytree(started[lift.id], tmp_path / "lifted.zarr")
    lost, *kept = objects(target)
    lost.unlink()
    before = {path: path.stat().st_ino for path in kept}

    report = convert(source, target, lift)

    again = [str(p.relative_to(target)) for p, inode in before.items() if p.stat().st_ino != inode]
    assert again == []
    assert report.resumed
    assert report.objects_already == report.objects - 1


@each_lift
def test_removed_claim_between_data_and_documents_is_refused(
    lift: Lift, source: Path, started: Made, tmp_path: Path
) -> None:
    """Data without a claim is nobody's: it is neither taken for a dataset nor written over."""
    target = shutil.copytree(started[lift.id], tmp_path / "lifted.zarr")
    shutil.rmtree(target / OURS)
    before = tree(target)

    with pytest.raises(zl.ZarrliftError, match="not empty"):
        convert(source, target, lift)

    assert tree(target) == before


@each_lift
def test_flipped_bytes_are_mended_after_another_boot(
    lift: Lift, source: Path, started: Made, finished: Made, tmp_path: Path
) -> None:
    """After a restart without --fsync a good index proves nothing: objects are compared in full."""
    target = shutil.copytree(started[lift.id], tmp_path / "lifted.zarr")
    for path in objects(target):
        flip(path, path.stat().st_size // 3)
    after_another_boot(target)

    report = convert(source, target, lift)

    assert report.finished
    assert tree(target) == tree(finished[lift.id])


def after_another_boot(target: Path, **members: object) -> None:
    """Let the claim say that it is from another boot of the machine."""
    claim = json.loads((target / CLAIM).read_text("utf-8"))
    changed = claim | {"boot": "00000000-0000-0000-0000-000000000000"} | members
    (target / CLAIM).write_text(json.dumps(changed), encoding="utf-8")


def test_objects_are_trusted_after_another_boot_with_fsync(
    source: Path, started: Made, tmp_path: Path
) -> None:
    """What a run with --fsync wrote is on the disk, and is not written again."""
    target = shutil.copytree(started["pack"], tmp_path / "lifted.zarr")
    after_another_boot(target, fsync=True)

    report = convert(source, target, LIFTS[0])

    assert report.finished
    assert report.objects_already == report.objects


def test_found_damage_leaves_the_target_unfinished(
    source: Path, started: Made, finished: Made, tmp_path: Path
) -> None:
    """A lift whose proof fails writes no document; once the bad object is gone, it goes on."""
    target = shutil.copytree(started["pack"], tmp_path / "lifted.zarr")
    bad = objects(target)[0]
    flip(bad, 20)

    report = convert(source, target, LIFTS[0], verify="full")

    assert not report.finished
    assert list(target.rglob("zarr.json")) == []
    assert report.verification is not None
    (found,) = report.verification.findings
    assert bad.relative_to(target).as_posix() in found.message
    bad.unlink()
    assert convert(source, target, LIFTS[0], verify="full").finished
    assert tree(target) == tree(finished["pack"])


@pytest.mark.parametrize("text", ["", "{", "[]", "\0\0\0\0"])
def test_unreadable_claim_is_refused(
    text: str, source: Path, started: Made, finished: Made, tmp_path: Path
) -> None:
    """A claim that is no plan is refused, with the step that replaces it."""
    target = shutil.copytree(started["pack"], tmp_path / "lifted.zarr")
    (target / CLAIM).write_text(text, encoding="ascii")

    with pytest.raises(zl.ZarrliftError, match="unreadable plan") as caught:
        convert(source, target, LIFTS[0])

    assert "--overwrite" in str(caught.value.hint)
    confirmed = StoppingWatch("never", confirms=True)
    assert convert(source, target, LIFTS[0], overwrite=True, watch=confirmed).finished
    assert tree(target) == tree(finished["pack"])
