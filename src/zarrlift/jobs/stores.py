"""Opening the places that a job reads from and writes to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zarrlift.errors import AccessError, UsageError
from zarrlift.store import address
from zarrlift.store.address import StoreOptions
from zarrlift.store.folder import Folder, refuse_overlap, tree_at

if TYPE_CHECKING:
    from zarrlift.store.asking import Asking, Requests
    from zarrlift.store.in_place import Dataset
    from zarrlift.store.requesters import Requesters
    from zarrlift.store.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """How to reach either side; local paths need nothing."""

    source: StoreOptions = field(default_factory=StoreOptions)
    target: StoreOptions = field(default_factory=StoreOptions)
    requests: int = 64
    """Requests that may be under way at a time."""
    asked: dict[str, Asking] = field(default_factory=dict, compare=False)
    """Counts of what was asked of the sides that are no local folders, `source` and `target`."""

    def source_at(self, url: str) -> Folder:
        """Open a place to read from."""
        return self._opened(url, "source")

    def held_at(self, url: str) -> Folder:
        """Open a target to read from."""
        return self._opened(url, "target")

    def target_at(self, url: str, *, fsync: bool = False) -> Target:
        """Open a place to write to; nothing is written yet."""
        self.refuse_unfit(url)
        if address.is_remote(url):
            from zarrlift.store.upload import RemoteTarget  # noqa: PLC0415 - loads obstore

            place, options = _resolved(url, self.target)
            _refuse_web(place)
            _refuse_unsigned(place, options)
            threads, asking = self._threads, self._asking("target")
            return RemoteTarget(place, options, threads(), threads(), asking)  # type: ignore[return-value]
        from zarrlift.store.target import Target  # noqa: PLC0415 - for what is written

        return Target(address.local_path(url), fsync=fsync)

    def dataset_at(self, url: str, *, fsync: bool = False) -> Dataset:
        """Open a dataset whose documents are to be changed in place."""
        if address.is_remote(url):
            from zarrlift.store.in_bucket import RemoteDataset  # noqa: PLC0415 - loads obstore

            place, options = _resolved(url, self.target)
            _refuse_web(place)
            _refuse_unsigned(place, options)
            threads, asking = self._threads, self._asking("target")
            return RemoteDataset(place, options, threads(), threads(more=1), asking)  # type: ignore[return-value]
        from zarrlift.store.in_place import Dataset  # noqa: PLC0415 - for what is written

        return Dataset(address.local_path(url), fsync=fsync)

    def refuse_unfit(self, target: str) -> None:
        """Raise `UsageError` where a target cannot be written in the way that is asked for."""
        if self.target.writing != address.WRITTEN_PLAINLY:
            from zarrlift.store.writing import refuse_unfit  # noqa: PLC0415 - for buckets only

            refuse_unfit(target, self.target.writing)

    def _opened(self, url: str, side: str) -> Folder:
        if not address.is_remote(url):
            return tree_at(address.local_path(url))
        from zarrlift.store.remote import RemoteFolder  # noqa: PLC0415 - loads obstore

        place, options = _resolved(url, self.source if side == "source" else self.target)
        if place.scheme in address.WEB:
            from zarrlift.store import web  # noqa: PLC0415 - as above

            if (found := web.bucket_at(place)) is not None:
                place = found[0]
                options = replace(found[1], patience=options.patience, side=options.side)
        threads, asking = self._threads(), self._asking(side)
        folder = RemoteFolder(place, options, threads, asking)
        if place.key.endswith(".ozx") and (size := folder.size("")) is not None:
            from zarrlift.store.remote_archive import RemoteArchive  # noqa: PLC0415 - as above

            return RemoteArchive(place, options, threads, self._threads(), size, asking)
        return folder

    @property
    def asked_so_far(self) -> dict[str, Requests]:
        """Return the counts as they are now."""
        return {side: asking.so_far for side, asking in self.asked.items()}

    def _asking(self, side: str) -> Asking:
        from zarrlift.store.asking import Asking  # noqa: PLC0415 - for buckets only

        return self.asked.setdefault(side, Asking())

    def _threads(self, more: int = 0) -> Requesters:
        """Give the threads that send requests for one place; they end with it.

        With `more` for what goes on all the while, as renewing a lock does.
        """
        from zarrlift.store.requesters import Requesters  # noqa: PLC0415 - for buckets only

        return Requesters(max(1, self.requests) + more)


def root_of(url: str) -> str:
    """Give the one form of a place's name."""
    if not address.is_remote(url):
        return Folder(url).root
    return _resolved(url)[0].url


def public_address(url: str) -> str:
    """Give the address that others know a place by, where it is named by a store's name here."""
    return _resolved(url)[0]._replace(written="").url


def refuse_unwritable(target: str) -> None:
    """Raise `UsageError` for a zipped target in a bucket, and for any on the web.

    A zipped file grows in place, as no object does.
    """
    if not address.is_remote(target):
        return
    _refuse_web(_resolved(target)[0])
    if target.endswith(".ozx"):
        raise UsageError(
            "a zipped target cannot be written into a bucket",
            place=target,
            hint="write it to a local file, and upload that",
        )


def refuse_same(source: str, target: str, stores: Stores | None = None) -> None:
    """Raise `UsageError` where source and target are the same place or one holds the other."""
    remote = [address.is_remote(url) for url in (source, target)]
    if all(remote):
        from zarrlift.store import overlap  # noqa: PLC0415 - for buckets only

        either = stores or Stores()
        overlap.refuse_overlap(source, target, either.source, either.target)
    elif not any(remote):
        refuse_overlap(source, target)


def _resolved(
    url: str, options: StoreOptions | None = None
) -> tuple[address.Address, StoreOptions]:
    from zarrlift.store import named  # noqa: PLC0415 - for buckets only

    return named.resolve(url, options or StoreOptions())


def _refuse_web(place: address.Address) -> None:
    if place.scheme in address.WEB:
        raise UsageError(
            "addresses of the web are read only",
            place=place.url,
            hint="name it as s3://BUCKET/KEY, with the endpoint and keys, or name a folder",
        )


def _refuse_unsigned(place: address.Address, options: StoreOptions) -> None:
    """Raise `AccessError` for writing to Google's store without keys.

    obstore would ask the machine's metadata address for some, whatever it is told.
    """
    if place.scheme != "gs":
        return
    from zarrlift.store import buckets, clouds  # noqa: PLC0415 - for buckets only

    if not buckets.signed("gs", options):
        step = clouds.KEYS_GO_WHERE["gs"]
        raise AccessError("writing there needs keys", place=place.url, hint=step)
