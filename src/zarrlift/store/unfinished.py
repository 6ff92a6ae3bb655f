"""Uploads in parts that nobody will finish, which a store keeps unseen: found and aborted.

obstore knows only the uploads that it has begun itself, so boto3 is asked, where it is installed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from zarrlift.store import buckets

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.asking import Asking

_LOG = logging.getLogger(__name__)
_PLACES = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}


def abort_uploads(
    address: Address,
    options: StoreOptions,
    ours: Callable[[str], bool],
    asking: Asking | None = None,
) -> int:
    """Abort the uploads below an address that are `ours` by their key below it; gives how many.

    It is a courtesy: where it is refused, or cannot be tried, a line of the log says so.
    """
    if address.scheme != "s3" or not buckets.signed("s3", options):
        return 0
    try:
        import boto3  # noqa: F401, PLC0415 - slow to load, and an extra
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    except ImportError:
        _LOG.info("unfinished uploads are looked for with boto3 only, which is not installed")
        return 0
    try:
        done = _abort(_client(address, options), address, options, ours)
    except (BotoCoreError, ClientError) as error:
        _LOG.info("unfinished uploads were not looked for: %s", buckets.clean(str(error)))
        done = 0
    if asking is not None:
        asking.add(list=1, delete=done)
    return done


def _client(address: Address, options: StoreOptions) -> Any:  # noqa: ANN401 - boto3 has no types
    import boto3  # noqa: PLC0415 - as above
    from botocore.config import Config  # noqa: PLC0415 - as above

    endpoint = buckets.endpoint_of(options)
    style = {"addressing_style": "path" if endpoint else "auto"}
    return boto3.Session(profile_name=options.profile).client(
        "s3",
        endpoint_url=endpoint,
        region_name=buckets.region_of(address, options),
        verify=buckets.authorities(),
        config=Config(s3=style, **_PLACES),
    )


def _abort(
    client: Any,  # noqa: ANN401 - as above
    address: Address,
    options: StoreOptions,
    ours: Callable[[str], bool],
) -> int:
    prefix = f"{address.key}/" if address.key else ""
    where = {"Bucket": address.bucket}
    if options.requester_pays:
        where["RequestPayer"] = "requester"
    pages = client.get_paginator("list_multipart_uploads").paginate(Prefix=prefix, **where)
    found = [
        (upload["Key"], upload["UploadId"])
        for page in pages
        for upload in page.get("Uploads", ())
        if upload["Key"].startswith(prefix) and ours(upload["Key"][len(prefix) :])
    ]
    for key, upload in found:
        client.abort_multipart_upload(Key=key, UploadId=upload, **where)
    if found:
        _LOG.info("%d unfinished uploads were aborted, first of %s", len(found), found[0][0])
    return len(found)
