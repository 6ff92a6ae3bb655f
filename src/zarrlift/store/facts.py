"""What a store says of its objects beside their bytes: size, date, tag, class, type."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import from_os_error
from zarrlift.store.folder import Kind, kind_of

if TYPE_CHECKING:
    from zarrlift.store.folder import Folder
    from zarrlift.store.remote import RemoteFolder


class ObjectFacts(NamedTuple):
    """One object, or a prefix under which more lie."""

    name: str
    """Relative to where it was looked for; of a prefix, with a slash at its end."""
    size: int | None
    """Bytes; None for a prefix."""
    modified: datetime | None = None
    """None where the store does not say."""
    etag: str = ""
    storage_class: str = ""
    """As the store says it; S3 says nothing of its standard one."""
    content_type: str = ""


def level_facts(folder: Folder, key: str, most: int) -> tuple[list[ObjectFacts], bool]:
    """List one level below a key, prefixes first, then by name.

    Storage class and content type are asked for of the first `most` objects, since no listing has
    them. Says also whether more objects than these are there. Raises `StorageError`.
    """
    if folder.remote and not folder.packed:
        return _remote(folder, key, most)  # type: ignore[arg-type]
    return sorted(_local(folder, key), key=lambda f: (f.size is not None, f.name)), False


def object_facts(folder: Folder) -> ObjectFacts:
    """Give what the store says of the one object that an address names; raises `StorageError`."""
    if folder.remote:
        return _whole(folder, "", "")  # type: ignore[arg-type]
    return _of_file(folder.root, folder.root.rpartition("/")[2])


def _local(folder: Folder, key: str) -> list[ObjectFacts]:
    found = []
    for entry in folder.entries(key):
        kind = kind_of(entry)
        if kind in (Kind.FOLDER, Kind.LOOP):
            found.append(ObjectFacts(f"{entry.name}/", None))
        elif folder.packed:
            found.append(ObjectFacts(entry.name, entry.stat().st_size))
        else:
            link = kind is Kind.DANGLING
            found.append(_of_file(entry.path, entry.name, link=link))
    return found


def _of_file(path: str, name: str, *, link: bool = False) -> ObjectFacts:
    """Give what a disk says of a file; with `link`, of a link that leads nowhere."""
    try:
        facts = os.stat(path, follow_symlinks=not link)
    except OSError as error:
        raise from_os_error(error, doing="looking at", place=path) from error
    kind = "inode/symlink" if link else ""
    return ObjectFacts(name, facts.st_size, _moment(facts.st_mtime), content_type=kind)


def _moment(seconds: float) -> datetime | None:
    """Give a time, or None where it lies in no year that a date can name."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _remote(folder: RemoteFolder, key: str, most: int) -> tuple[list[ObjectFacts], bool]:
    objects, prefixes = folder.level(key) if not folder.unlisted else _known(folder, key)
    found = [ObjectFacts(f"{name}/", None) for name in sorted(prefixes)]
    objects.sort(key=lambda facts: facts.name)
    found += folder.fetcher.map(lambda facts: _whole(folder, key, facts.name), objects[:most])
    found += objects[most:]
    return found, len(objects) > most


def _known(folder: RemoteFolder, key: str) -> tuple[list[ObjectFacts], list[str]]:
    """Give what was found by names below a key, where nothing is listed."""
    entries = folder.entries(key)
    objects = [ObjectFacts(e.name, e.size) for e in entries if e.size is not None]
    return objects, [e.name for e in entries if e.size is None]


def _whole(folder: RemoteFolder, key: str, name: str) -> ObjectFacts:
    """Ask for what a listing does not say of an object."""
    own = f"{key}/{name}".strip("/")
    meta, attributes = folder.asked_of(own)
    return ObjectFacts(
        name or (own or folder.root).rpartition("/")[2],
        meta["size"],
        meta["last_modified"] if meta["last_modified"].timestamp() else None,
        meta["e_tag"] or "",
        str(attributes.get("Storage-Class", "")),
        str(attributes.get("Content-Type", "")),
    )
