"""The exception tree: what each class means to the caller."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator

import pytest

from zarrlift import errors
from zarrlift.errors import (
    AccessError,
    ClaimLostError,
    DamageError,
    DocumentError,
    InterruptedJobError,
    SourceError,
    SpaceError,
    StorageError,
    TargetError,
    UsageError,
    ZarrliftError,
    from_os_error,
    translated,
)

TREE = [
    (ZarrliftError, Exception, "error", 3),
    (UsageError, ZarrliftError, "usage", 2),
    (SourceError, ZarrliftError, "source", 3),
    (DocumentError, SourceError, "document", 3),
    (DamageError, SourceError, "damage", 3),
    (TargetError, ZarrliftError, "target", 3),
    (ClaimLostError, TargetError, "claim-lost", 3),
    (StorageError, ZarrliftError, "storage", 3),
    (AccessError, StorageError, "access", 3),
    (SpaceError, StorageError, "space", 3),
]


def below(kind: type[ZarrliftError]) -> Iterator[type[ZarrliftError]]:
    """Walk a class and all below it."""
    yield kind
    for inner in kind.__subclasses__():
        yield from below(inner)


@pytest.mark.parametrize(
    ("kind", "parent", "name", "exit_code"), TREE, ids=lambda v: getattr(v, "__name__", None)
)
def test_tree(kind: type[ZarrliftError], parent: type, name: str, exit_code: int) -> None:
    """Each class stands where the tree shows it, with its stable name and exit code."""
    assert kind.__base__ is parent
    assert kind.kind == name
    assert kind("m").exit_code == exit_code


def test_tree_is_whole() -> None:
    """Every class is in the table and in the drawing at the top of the module, and none else."""
    drawn = {word for word in str(errors.__doc__).split() if word.endswith("Error")}
    classes = {kind for kind in below(ZarrliftError) if kind.__module__ == errors.__name__}

    assert classes == {kind for kind, *_ in TREE} | {InterruptedJobError}
    assert {kind.__name__ for kind in classes} == drawn


def test_kinds_are_unique() -> None:
    """No two classes share the name that programs read."""
    kinds = [kind.kind for kind in below(ZarrliftError)]

    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize(
    ("place", "hint", "expected"),
    [
        (None, None, "no"),
        ("a/0", None, "a/0: no"),
        ("a/0", "try this", "a/0: no\n  next: try this"),
        (None, "try this", "no\n  next: try this"),
    ],
)
def test_text_has_place_cause_and_next_step(
    place: str | None, hint: str | None, expected: str
) -> None:
    """An error reads as its place, its cause, and what to do next."""
    assert str(ZarrliftError("no", place=place, hint=hint)) == expected


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interrupted_jobs_end_as_shells_expect(number: int, status: int) -> None:
    """A job stopped by a signal ends with 128 and the signal's number."""
    assert InterruptedJobError(number).exit_status == status


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, AccessError),
        (errno.EPERM, AccessError),
        (errno.EROFS, AccessError),
        (errno.ENOSPC, SpaceError),
        (errno.EDQUOT, SpaceError),
        (errno.EIO, StorageError),
        (errno.ETIMEDOUT, StorageError),
        (errno.ESTALE, StorageError),
        (errno.EMFILE, StorageError),
        (errno.ENOENT, StorageError),
        (errno.ENAMETOOLONG, StorageError),
    ],
    ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) else None,
)
def test_system_errors_become_ours(number: int, kind: type[StorageError]) -> None:
    """Refusals and full disks have classes of their own; the rest is storage. All say the cause."""
    made = from_os_error(OSError(number, "x"), doing="reading", place="/data/0")

    assert type(made) is kind
    assert made.place == "/data/0"
    assert made.message.startswith("reading ")
    assert os.strerror(number) in made.message
    assert made.hint


def test_full_disks_can_be_continued_from() -> None:
    """Where the disk is full, the next step is to free space and run the same again."""
    made = from_os_error(OSError(errno.ENOSPC, "x"), doing="writing", place="/t")

    assert "same command" in str(made.hint)


def test_system_error_without_a_number_keeps_its_words() -> None:
    """What the system gives no number for is told in its own words."""
    assert "broken" in from_os_error(OSError("broken"), doing="reading", place="/t").message


def test_translated_turns_system_errors_only() -> None:
    """Within the block an `OSError` becomes ours, with its cause kept; others pass."""
    with pytest.raises(AccessError) as caught, translated("listing", "/data"):
        raise PermissionError(errno.EACCES, "x")
    assert isinstance(caught.value.__cause__, PermissionError)

    with pytest.raises(KeyError), translated("listing", "/data"):
        raise KeyError("x")


def test_messages_are_not_as_long_as_what_they_cite() -> None:
    """A value of a document may have megabytes; a message stays one that people read."""
    error = SourceError(f"shape is {'a' * 10**6}", place="x", hint="look")

    assert len(str(error)) < 700
    assert str(error).endswith("next: look")
