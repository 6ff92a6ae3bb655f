"""The undo record: what an upgrade writes and what it sets aside, durable before it begins.

`.zarrlift/undo/upgrade.json` lists the documents with their digests. Where v2 documents are to go,
`removed.json` beside it lists them, and each is renamed to its number in `removed/`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from zarrlift.errors import TargetError, ZarrliftError
from zarrlift.metadata import json_text
from zarrlift.store.in_place import V2_DOCUMENTS
from zarrlift.store.target import UNDO, at_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zarrlift.store.in_place import Dataset

RECORD = f"{UNDO}/upgrade.json"
REMOVED = f"{UNDO}/removed.json"
ASIDE = f"{UNDO}/removed"
_KIND = "zarrlift-undo-record"


class Written(NamedTuple):
    """One document of an upgrade."""

    key: str
    size: int
    digest: str
    """SHA-256 of what is written."""
    array: bool
    already: bool
    """It stood there before, and is not ours to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an upgrade writes, and what it sets aside."""

    version: str | None
    """OME-Zarr version that was found."""
    documents: tuple[Written, ...]
    removed: tuple[str, ...] | None = None
    """Keys of v2 documents that are to go; None where they stay."""
    crate: object = None
    """What the crate was to say, as JSON; None where nothing was asked for."""

    @property
    def ours(self) -> tuple[Written, ...]:
        """Return the documents that were not there before."""
        return tuple(w for w in self.documents if not w.already)


def aside(number: int) -> str:
    """Give the key under which the `number`-th removed document is kept."""
    return f"{ASIDE}/{number}"


def by_depth(keys: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Give keys that follow one another and lie equally deep together, in their order."""
    for _, alike in itertools.groupby(keys, key=lambda key: key.count("/")):
        yield tuple(alike)


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of a document."""
    return hashlib.sha256(data).hexdigest()


def read(dataset: Dataset) -> Record | None:
    """Read the record of a dataset; raise `TargetError` where it is not one of ours."""
    if dataset.linked(UNDO):
        raise _unreadable(dataset, "it is a link")
    data, removed = dataset.read(RECORD), dataset.read(REMOVED)
    if data is None:
        if dataset.there(ASIDE) and dataset.entries(ASIDE):
            raise _unreadable(dataset, "it keeps documents, but no longer lists them")
        return None
    try:
        made = _document(dataset, data, RECORD)
        listed = tuple(_written(dataset, d) for d in made["documents"])
        version = made["version"]
        keys = None
        if removed is not None:
            stated = _document(dataset, removed, REMOVED)["keys"]
            keys = tuple(key_within(dataset, k, V2_DOCUMENTS) for k in stated)
    except ZarrliftError as error:
        raise _unreadable(dataset, error.message) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(dataset, str(error)) from error
    return Record(
        version=version and str(version),
        documents=listed,
        removed=keys,
        crate=made.get("crate"),
    )


def _unreadable(dataset: Dataset, why: str) -> TargetError:
    return TargetError(
        f"the undo record is not as zarrlift wrote it: {why}",
        place=dataset.path(UNDO),
        hint="put it back as it was, or remove the folder if nothing is to be undone",
    )


def _document(dataset: Dataset, data: bytes, key: str) -> Mapping[str, Any]:
    document = json_text.read_object(data, dataset.path(key))
    if document.get("kind") != _KIND or document.get("schema") != 1:
        raise ValueError(f"{key} is of another kind or schema")
    return document


def _written(dataset: Dataset, value: object) -> Written:
    if not isinstance(value, dict):
        raise TypeError(value)
    key = key_within(dataset, value["key"], ("zarr.json",))
    return Written(
        key,
        int(value["size"]),
        str(value["sha256"]),
        value["array"] is True,
        value["already"] is True,
    )


def key_within(dataset: Dataset, value: object, names: tuple[str, ...]) -> str:
    """Check a key of a record, which may come from anywhere: it must stay within the dataset."""
    parts = value.split("/") if isinstance(value, str) else []
    inside = not {"", ".", ".."} & set(parts) and parts[-1:] and parts[-1] in names
    folder = "/".join(parts[:-1])
    if not inside or dataset.linked(folder):
        raise ValueError(f"{value!r} is no key of this dataset")
    return "/".join(parts)


def claim(
    dataset: Dataset,
    version: str | None,
    documents: Iterable[Written],
    crate: Mapping[str, object] | None = None,
) -> bool:
    """Write the record, durable, before anything else; say False where one is there already."""
    listed = [
        {"key": w.key, "size": w.size, "sha256": w.digest, "array": w.array, "already": w.already}
        for w in documents
    ]
    dataset.make(UNDO)
    durable = dataset.writer(fsync=True)
    made = durable.claim(_encoded(version=version, documents=listed, crate=crate), RECORD)
    dataset.make(UNDO)
    return made


def begin_removal(dataset: Dataset, keys: Sequence[str]) -> None:
    """Note which v2 documents are to go, before the first goes."""
    dataset.make(ASIDE)
    durable = dataset.writer(fsync=True)
    with at_work(durable):
        durable.write(REMOVED, _encoded(keys=list(keys)))


def forget(dataset: Dataset) -> None:
    """Remove the record: there is nothing left to take back."""
    dataset.tidy()
    dataset.forget(REMOVED, ASIDE, RECORD)


def _encoded(**members: object) -> bytes:
    return json.dumps({"schema": 1, "kind": _KIND, **members}).encode()
