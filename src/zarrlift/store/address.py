"""Where a dataset lies, as users write it: a local path, or an address in an object store."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from zarrlift.errors import StorageError, UsageError

BUCKETS = ("s3", "gs", "az")
"""Schemes whose addresses name a bucket, or Azure's container, first."""
WEB = ("https", "http")
"""Schemes whose addresses name a host first; they are read only."""
PATIENCE = 120.0
"""Seconds for which a store is given time."""
_NAME = re.compile(r"[A-Za-z0-9._$:\[\]-]+")
"""A bucket or host: what libraries beneath take without harm."""
_SERVER = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[\w./~%-]*)?")
_NUMBER = re.compile(r"(?i)^\[|(^|\.)(\d+|0x[0-9a-f]*)\.?$")
"""Of a host: that it is no name, but an IP address."""
_LAST_PORT = 65535
_PLAIN = "/!$&'()*+,;=:@"
"""What stands for itself in the path of a URL, beside letters, digits and -._~."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How the objects of a target are written; what is not said is up to the bucket."""

    storage_class: str | None = None
    """Such as `STANDARD_IA`; for Azure the tier."""
    cache_control: str | None = None
    """What `Cache-Control` says to those who read over HTTP."""
    sse: str | None = None
    """Encryption by the server: `AES256`, `aws:kms` or `aws:kms:dsse`, the last two perhaps with
    a colon and a key's id or ARN."""
    checksum: str | None = None
    """`sha256` or `none`: the checksum that the server compares, and keeps."""


WRITTEN_PLAINLY = Writing()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How to reach a store; what is not said comes from the environment."""

    endpoint: str | None = None
    """URL of a server, such as `https://uk1s3.embassy.ebi.ac.uk`; None is the maker's own."""
    anon: bool | None = None
    """Ask without signing, whatever keys there are; None is not said."""
    region: str | None = None
    profile: str | None = None
    """A profile of `~/.aws`."""
    patience: float = PATIENCE
    """Seconds for which a request is sent again that a store failed or did not answer."""
    side: str = ""
    """`source` or `target`, for what is said of it."""
    requester_pays: bool = False
    """Whoever asks pays, where the bucket's owner wants that; S3 only."""
    writing: Writing = WRITTEN_PLAINLY
    bucket_host: bool = False
    """The endpoint's host stands for the bucket, whose name keys do not begin with."""


class Address(NamedTuple):
    """A place in an object store."""

    scheme: str
    bucket: str
    """For addresses of the web, the host."""
    key: str
    """Below the bucket, without a slash at either end."""
    written: str = ""
    """What users call it, where that is another address: by a store's name, or of the web."""

    @property
    def url(self) -> str:
        """Return the address in one form, as users call it, which holds no keys."""
        key = quote(self.key, safe=_PLAIN) if self.scheme in WEB else self.key
        return self.written or f"{self.scheme}://{self.bucket}/{key}".rstrip("/")


def is_remote(url: str) -> bool:
    """Say whether a text names a place that is not on a local file system."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme != "file"


def local_path(url: str) -> str:
    """Give the local path that a `file://` URL or plain path names; refuse what is remote."""
    if is_remote(url):
        raise StorageError(
            f"{url.partition(':')[0]}:// addresses are not supported here",
            place=url,
            hint="give a local folder",
        )
    return url.removeprefix("file://")


def is_server(text: str) -> bool:
    """Say whether a text is a server's URL; obstore panics at a port or number that is none."""
    from ipaddress import ip_address  # noqa: PLC0415 - for servers only

    found = _SERVER.fullmatch(text)
    if found is None or int((found[2] or ":0")[1:]) > _LAST_PORT:
        return False
    if _NUMBER.search(found[1]):
        with suppress(ValueError):
            return bool(ip_address(found[1].strip("[]")))
        return False
    return True


def parse(url: str) -> Address:
    """Take an address apart; raise `UsageError` where it names no bucket, or none that is known."""
    scheme, _, rest = url.partition("://")
    if scheme not in (*BUCKETS, *WEB):
        raise UsageError(
            f"{scheme}:// addresses are not known",
            place=url,
            hint="give a local folder, or an address that begins with "
            + ", ".join((*BUCKETS, *WEB)),
        )
    bucket, _, key = rest.partition("/")
    if scheme in WEB:
        key = _refuse_words_beside(scheme, rest, key)
    parts = key.strip("/").split("/") if key.strip("/") else []
    if not _NAME.fullmatch(bucket):
        what, form = ("host", "HOST") if scheme in WEB else ("bucket", "BUCKET")
        raise UsageError(
            f"names no {what}", place=f"{scheme}://…", hint=f"write {scheme}://{form}/KEY"
        )
    if any(part in ("", ".", "..") for part in parts):
        raise UsageError("has an empty step, . or .. in its key", place=url, hint="leave them out")
    return Address(scheme, bucket, "/".join(parts))


def _refuse_words_beside(scheme: str, rest: str, key: str) -> str:
    """Give the key of an address of the web; refuse one that carries more than a path."""
    if "@" in rest.partition("/")[0] or "?" in rest or "#" in rest:
        raise UsageError(
            "carries a login, a signature or another word beside its path",
            place=f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}",
            hint="give the path of the dataset alone; with keys, name it as s3://BUCKET/KEY "
            "with --endpoint",
        )
    return unquote(key)
