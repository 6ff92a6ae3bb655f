"""Addresses of the web: which of them lead to a bucket that lists, and so are read as one.

A server that speaks S3 answers for a bucket below its host (`https://HOST/BUCKET/KEY`), or on a
host of the bucket's own (`https://BUCKET.HOST/KEY`). Both are tried, unsigned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zarrlift.store import buckets
from zarrlift.store.address import Address, StoreOptions
from zarrlift.store.asking import Asking
from zarrlift.store.patience import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

_known: dict[Address, tuple[Address, StoreOptions]] = {}
"""Buckets that addresses have led to in this process."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_OTHERWISE = re.compile(r"(?i)invalid list response|status(?: code:)? 4\d\d|redirect")
"""Of an answer that is none to a listing: another document, or a refusal to understand."""


def bucket_at(address: Address) -> tuple[Address, StoreOptions] | None:
    """Give the bucket that an address of the web leads to, None where the address lists nothing.

    Raises `StorageError` where the server does not answer.
    """
    if address not in _known:
        found = next((made for made in as_buckets(address) if _lists(*made)), None)
        if found is None:
            return None
        _known[address] = found
    return _known[address]


def as_buckets(address: Address) -> Iterator[tuple[Address, StoreOptions]]:
    """Walk the buckets that an address of the web may mean."""
    endpoint = f"{address.scheme}://{address.bucket}"
    bucket, _, key = address.key.partition("/")
    if _NAME.fullmatch(bucket):
        options = StoreOptions(endpoint=endpoint, anon=True)
        yield Address("s3", bucket, key, address.url), options
    options = StoreOptions(endpoint=endpoint, anon=True, bucket_host=True)
    yield Address("s3", address.bucket, address.key, address.url), options


def _lists(address: Address, options: StoreOptions) -> bool:
    """Say whether a listing is answered, and names at least one object.

    Other documents can be taken for a listing of nothing, so that is none.
    """
    import obstore  # noqa: PLC0415 - slow to load

    store = buckets.connect(address, options, Purpose.FIRST)
    try:
        return bool(next(iter(Asking().list(store, address.key or None, chunk_size=2)), None))
    except (
        FileNotFoundError,
        obstore.exceptions.PermissionDeniedError,
        obstore.exceptions.UnauthenticatedError,
    ):
        return False
    except obstore.exceptions.BaseError as error:
        if _OTHERWISE.search(str(error)):
            return False
        raise buckets.from_store_error(
            error, doing="listing", place=address.url, options=options, scheme=address.scheme
        ) from error
