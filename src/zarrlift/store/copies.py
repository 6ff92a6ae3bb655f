"""Copies that an object store makes by itself: within a bucket, or between two of one server.

No byte of such an object passes through this machine.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from zarrlift.store import buckets
from zarrlift.store.patience import Purpose
from zarrlift.store.remote import RemoteFolder

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from zarrlift.store.folder import Folder
    from zarrlift.store.upload import RemoteTarget

_LOG = logging.getLogger(__name__)
_LARGEST = 5 * 2**30
"""Bytes of the largest object that one request copies, on S3."""


class Copies:
    """Has a store copy objects for as long as it does so."""

    def __init__(self, store: ObjectStore, source: RemoteFolder, target: RemoteTarget) -> None:
        self._store, self._source, self._target = store, source, target
        self.able = True
        """The store has not yet refused a copy."""

    def copy(self, path: str, key: str, size: int) -> bool:
        """Copy the source's object at a path to a key of the target; say False where that failed.

        Its bytes must then be read and written, which tells what is wrong if anything is.
        """
        if not self.able or size > _LARGEST:
            return False
        import obstore  # noqa: PLC0415 - slow to load

        self._target.still_claimed()
        taken = self._source.key_in_bucket(path)
        made = self._target.key_in_bucket(self._target.path(key))
        try:
            self._target.asking.copy(self._store, taken, made)
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            self.able = False
            _LOG.info("the store does not copy by itself: %s", buckets.clean(str(error))[:300])
            return False
        return True


def copies_between(source: Folder, target: RemoteTarget) -> Copies | None:
    """Give what copies from one place to another, None where the store cannot.

    Both must be asked in the same way: to other keys the same name may be another bucket. Where a
    class or header is wanted, objects go through this machine, since a copy keeps those it has.
    """
    if not isinstance(source, RemoteFolder):
        return None
    (taken, asked), (given, wanted) = source.where, target.where
    alike = (asked.profile, asked.anon) == (wanted.profile, wanted.anon)
    headers = wanted.writing.storage_class or wanted.writing.cache_control
    if headers or not alike or taken.scheme != given.scheme:
        return None
    servers = {buckets.endpoint_of(how, taken.scheme) for how in (asked, wanted)}
    if len(servers) > 1:
        return None
    if taken.scheme != "s3":
        same = taken.bucket == given.bucket
        return Copies(buckets.connect(given, wanted, Purpose.TRY), source, target) if same else None
    paying = replace(wanted, requester_pays=asked.requester_pays or wanted.requester_pays)
    return Copies(buckets.connect_copying(taken, given, paying), source, target)
