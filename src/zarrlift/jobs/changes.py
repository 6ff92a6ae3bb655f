"""Changes of a crate in place, each kept so that it can be taken back, the last one first.

`.zarrlift/undo/crate/N.json` states what is written, `N.before` holds what it replaces. Both are
durable before the crate is touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarrlift.errors import TargetError, ZarrliftError
from zarrlift.jobs import record
from zarrlift.metadata import json_text
from zarrlift.store.target import UNDO, at_work
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.store.in_place import Dataset

CHANGES = f"{UNDO}/crate"
_KIND = "zarrlift-crate-change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a crate."""

    number: int
    before: str | None
    """SHA-256 of the crate that was replaced; None where there was none."""
    after: str
    """SHA-256 of what was written."""
    upgraded: bool
    """There was an upgrade to take back already, so this change goes first."""
    joint: bool = False
    """The upgrade itself made this change: they are taken back together."""

    @property
    def record(self) -> str:
        """Return the key of what is stated."""
        return f"{CHANGES}/{self.number}.json"

    @property
    def kept(self) -> str:
        """Return the key of what was replaced."""
        return f"{CHANGES}/{self.number}.before"


def last(dataset: Dataset) -> Change | None:
    """Give the last change, or None; raise `TargetError` where its record is not one of ours."""
    return max(_all(dataset), key=lambda c: c.number, default=None)


def count(dataset: Dataset) -> int:
    """Count the changes that can be taken back."""
    return sum(1 for _ in _all(dataset))


def settle(dataset: Dataset) -> None:
    """Forget a change that was recorded and never made: its run was killed in between."""
    change = last(dataset)
    if change is not None and change.after != change.before == _digest(dataset.read(CRATE)):
        forget(dataset, change)


def write(dataset: Dataset, data: bytes, *, joint: bool = False) -> None:
    """Keep what is there, then put another crate in its place."""
    if dataset.linked(CRATE):
        raise TargetError(
            "is a link, which is not replaced",
            place=dataset.path(CRATE),
            hint="put a copy of what it leads to in its place",
        )
    settle(dataset)
    before, previous = dataset.read(CRATE), last(dataset)
    change = Change(
        number=previous.number + 1 if previous else 1,
        before=_digest(before),
        after=record.digest_of(data),
        upgraded=record.read(dataset) is not None,
        joint=joint,
    )
    dataset.make(CHANGES)
    kept = {} if before is None else {change.kept: before}
    _put(dataset, {**kept, change.record: _encoded(change)}, fsync=True)
    _put(dataset, {CRATE: data}, fsync=dataset.fsync)


def altered(dataset: Dataset, change: Change) -> dict[str, str]:
    """Give what taking a change back would destroy, or cannot put back, by key."""
    held = _digest(dataset.read(CRATE))
    found = {}
    if held not in (change.after, change.before):
        found[CRATE] = "has other content" if held else "is gone"
    if change.before is not None and _digest(dataset.read(change.kept)) != change.before:
        found[change.kept] = "is not as it was kept"
    return found


def take_back(dataset: Dataset, change: Change) -> bool:
    """Put the crate back as it was, or remove it; says whether there was one before."""
    if change.before is None:
        dataset.drop(CRATE)
    else:
        data = dataset.read(change.kept)
        if data is not None:
            _put(dataset, {CRATE: data}, fsync=dataset.fsync)
    dataset.tidy()
    forget(dataset, change)
    return change.before is not None


def forget(dataset: Dataset, change: Change) -> None:
    """Remove the record of a change, and our folders once they are empty."""
    dataset.forget(change.record, change.kept)
    clear(dataset)


def clear(dataset: Dataset) -> None:
    """Remove what killed runs left, where there is no change to take back."""
    if not count(dataset) and dataset.there(CHANGES):
        dataset.forget(CHANGES)


def _put(dataset: Dataset, objects: dict[str, bytes], *, fsync: bool) -> None:
    """Write objects one after another, from a temporary folder that others do not remove."""
    own = dataset.writer(fsync=fsync)
    with at_work(own):
        for key, data in objects.items():
            own.write(key, data)


def _encoded(change: Change) -> bytes:
    members = {
        "before": change.before,
        "after": change.after,
        "upgraded": change.upgraded,
        "joint": change.joint,
    }
    return json.dumps({"schema": 1, "kind": _KIND, **members}).encode()


def _all(dataset: Dataset) -> Iterator[Change]:
    if dataset.linked(CHANGES):
        raise _unreadable(dataset, "it is a link")
    for entry in dataset.entries(CHANGES):
        number, _, ending = entry.name.partition(".")
        if ending == "json" and number.isdecimal():
            data = dataset.read(f"{CHANGES}/{entry.name}")
            if data:  # an empty one was lost by a power cut, before the crate was touched
                yield _read(dataset, int(number), data)


def _read(dataset: Dataset, number: int, data: bytes) -> Change:
    try:
        made: dict[str, Any] = json_text.read_object(data, CHANGES)
        if made["kind"] != _KIND or made["schema"] != 1:
            raise _unreadable(dataset, f"{number}.json is of another kind or schema")
        before = made["before"]
        return Change(
            number=number,
            before=None if before is None else str(before),
            after=str(made["after"]),
            upgraded=made["upgraded"] is True,
            joint=made["joint"] is True,
        )
    except KeyError as error:
        raise _unreadable(dataset, f"{number}.json lacks {error}") from error
    except TargetError:
        raise
    except ZarrliftError as error:
        raise _unreadable(dataset, error.message) from error


def _unreadable(dataset: Dataset, why: str) -> TargetError:
    return TargetError(
        f"the undo record is not as zarrlift wrote it: {why}",
        place=dataset.path(CHANGES),
        hint="put it back as it was, or remove the folder if nothing is to be undone",
    )


def _digest(data: bytes | None) -> str | None:
    return None if data is None else record.digest_of(data)
