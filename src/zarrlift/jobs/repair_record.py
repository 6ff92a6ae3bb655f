"""The undo record of repairs: every document before and after, durable before the first changes.

`.zarrlift/undo/repair/N.json` holds both as texts, so that it alone is enough to complete a repair
that was cut off, and to take one back. `N.done` stands beside it once all is written.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from zarrlift.errors import TargetError, ZarrliftError
from zarrlift.jobs import record
from zarrlift.metadata import json_text
from zarrlift.store.in_place import V2_DOCUMENTS
from zarrlift.store.target import UNDO, at_work
from zarrlift.survey.found import V3_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zarrlift.jobs.changes import Change as CrateChange
    from zarrlift.jobs.record import Record
    from zarrlift.store.in_place import Dataset

RECORDS = f"{UNDO}/repair"
_KIND = "zarrlift-repair-record"
_NAMES = (V3_DOCUMENT, *V2_DOCUMENTS)


class Written(NamedTuple):
    """One document of a repair."""

    key: str
    before: bytes | None
    """None where there was none."""
    after: bytes
    repairs: tuple[str, ...]
    """Ids of what changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One repair, as it is kept."""

    number: int
    upgraded: bool
    """There was an upgrade to take back already, so this goes first."""
    crates: int
    """Number of the last change of the crate by then, 0 where there was none."""
    documents: tuple[Written, ...]
    """In the order in which they are written."""
    done: bool
    """All were written and read back."""

    @property
    def record(self) -> str:
        """Return the key of the record."""
        return f"{RECORDS}/{self.number}.json"

    @property
    def mark(self) -> str:
        """Return the key of what says that it is done."""
        return f"{RECORDS}/{self.number}.done"


def last(dataset: Dataset) -> Kept | None:
    """Give the last repair, or None; raise `TargetError` where its record is not one of ours."""
    numbers, marks = _numbers(dataset)
    while numbers:
        number = numbers.pop()
        data = dataset.read(f"{RECORDS}/{number}.json")
        if data:  # an empty one was lost by a power cut, before any document was touched
            return _parsed(dataset, number, data, done=number in marks)
    return None


def count(dataset: Dataset) -> int:
    """Count the repairs that can be taken back."""
    keys = (f"{RECORDS}/{number}.json" for number in _numbers(dataset)[0])
    return sum(1 for key in keys if dataset.size(key))


def next_number(dataset: Dataset) -> int:
    """Give a number that no record has, be it one that a power cut left empty."""
    return max(_numbers(dataset)[0], default=0) + 1


def _numbers(dataset: Dataset) -> tuple[list[int], set[int]]:
    """Give the numbers of the records, sorted, and of those that are done."""
    if dataset.linked(RECORDS):
        raise _unreadable(dataset, "it is a link")
    found: dict[str, set[int]] = {"json": set(), "done": set()}
    for entry in dataset.entries(RECORDS):
        number, _, ending = entry.name.partition(".")
        if ending in found and number.isdecimal():
            found[ending].add(int(number))
    return sorted(found["json"]), found["done"]


def is_last(kept: Kept, held: Record | None, change: CrateChange | None) -> bool:
    """Say whether a repair came after the upgrade and the last change of the crate."""
    if held is not None and not kept.upgraded:
        return False
    return change is None or change.number <= kept.crates


def refuse_unfinished(dataset: Dataset) -> None:
    """Raise `TargetError` where a repair was cut off, for what would build on it."""
    kept = last(dataset)
    if kept is not None and not kept.done:
        raise TargetError(
            "a repair was cut off here",
            place=dataset.root,
            hint="zarrlift repair completes it, zarrlift undo takes it back",
        )


def claim(dataset: Dataset, kept: Kept) -> bool:
    """Write the record, durable, before anything else; say False where one is there already."""
    dataset.make(RECORDS)
    made = dataset.writer(fsync=True).claim(_encoded(kept), kept.record)
    dataset.make(RECORDS)
    return made


def finish(dataset: Dataset, kept: Kept) -> None:
    """Note that all is written."""
    if not kept.done:
        dataset.write(kept.mark, b"{}")


def altered(dataset: Dataset, kept: Kept) -> dict[str, str]:
    """Give what is neither as it was before nor as it was written, by key."""
    found = dataset.each(dataset.read, [w.key for w in kept.documents])
    return {
        w.key: "has other content" if data is not None else "is gone"
        for w, data in zip(kept.documents, found, strict=True)
        if data not in (w.before, w.after, b"")  # an empty one was lost by a power cut
    }


def take_back(dataset: Dataset, kept: Kept, given_up: Collection[str]) -> tuple[int, int]:
    """Put every document back, the root's first; gives how many were removed and restored.

    `given_up` are keys of documents that someone has changed. Raises `TargetError` where another
    is changed meanwhile.
    """
    dataset.forget(kept.mark)

    def restore(document: Written) -> int:
        """Give -1 where a document was removed, 1 where it was put back, 0 where it was so."""
        held = dataset.read(document.key)
        if held == document.before:
            return 0
        if held not in (document.after, b"") and document.key not in given_up:
            raise TargetError(
                "was changed while the repair was taken back",
                place=dataset.path(document.key),
                hint="run the same command again; it says what is left",
            )
        if document.before is None:
            dataset.drop(document.key)
            return -1
        dataset.write(document.key, document.before)
        return 1

    by_key = {w.key: w for w in kept.documents}
    outcomes: list[int] = []
    with at_work(dataset):
        for keys in record.by_depth(reversed(by_key)):
            outcomes += dataset.each(restore, [by_key[key] for key in keys])
    dataset.tidy()
    dataset.forget(kept.record)
    clear(dataset)
    return outcomes.count(-1), outcomes.count(1)


def clear(dataset: Dataset) -> None:
    """Remove what killed runs left, where there is no repair to take back."""
    if dataset.there(RECORDS) and not count(dataset):
        dataset.forget(RECORDS)


def _encoded(kept: Kept) -> bytes:
    documents = [
        {
            "key": w.key,
            "before": None if w.before is None else _as_text(w.before),
            "after": _as_text(w.after),
            "repairs": list(w.repairs),
        }
        for w in kept.documents
    ]
    members = {"upgraded": kept.upgraded, "crates": kept.crates, "documents": documents}
    return json.dumps({"schema": 1, "kind": _KIND, **members}).encode()


def _as_text(data: bytes) -> object:
    """Give bytes as JSON holds them: as text, or where they are none, in base 64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _as_bytes(value: object) -> bytes:
    if isinstance(value, dict):
        return base64.b64decode(str(value["base64"]), validate=True)
    if not isinstance(value, str):
        raise TypeError(value)
    return value.encode()


def _parsed(dataset: Dataset, number: int, data: bytes, *, done: bool) -> Kept:
    try:
        made: dict[str, Any] = json_text.read_object(data, RECORDS)
        if made["kind"] != _KIND or made["schema"] != 1:
            raise _unreadable(dataset, f"{number}.json is of another kind or schema")
        return Kept(
            number=number,
            upgraded=made["upgraded"] is True,
            crates=int(made["crates"]),
            documents=tuple(_documents(dataset, made["documents"])),
            done=done,
        )
    except TargetError:
        raise
    except ZarrliftError as error:
        raise _unreadable(dataset, error.message) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(dataset, f"{number}.json: {error}") from error


def _documents(dataset: Dataset, listed: Iterable[Mapping[str, Any]]) -> Iterator[Written]:
    for value in listed:
        before = value["before"]
        yield Written(
            record.key_within(dataset, value["key"], _NAMES),
            None if before is None else _as_bytes(before),
            _as_bytes(value["after"]),
            tuple(map(str, value["repairs"])),
        )


def _unreadable(dataset: Dataset, why: str) -> TargetError:
    return TargetError(
        f"the undo record is not as zarrlift wrote it: {why}",
        place=dataset.path(RECORDS),
        hint="put it back as it was, or remove the folder if nothing is to be undone",
    )
