"""Where a dataset lies, as users write it: a local path, or an address in an object store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from zarrlift.errors import StorageError, UsageError

BUCKETS = ("s3", "gs", "az")
"""Schemes whose addresses name a bucket, or Azure's container, first."""


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
    """URL of a server that speaks S3, such as `https://uk1s3.embassy.ebi.ac.uk`."""
    anon: bool = False
    """Ask without signing, whatever keys there are."""
    region: str | None = None
    profile: str | None = None
    """A profile of `~/.aws`."""
    requester_pays: bool = False
    """Whoever asks pays, where the bucket's owner wants that; S3 only."""
    writing: Writing = WRITTEN_PLAINLY


class Address(NamedTuple):
    """A place in an object store."""

    scheme: str
    bucket: str
    key: str
    """Below the bucket, without a slash at either end."""

    @property
    def url(self) -> str:
        """Return the address in one form, which holds no keys."""
        return f"{self.scheme}://{self.bucket}/{self.key}".rstrip("/")


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


def parse(url: str) -> Address:
    """Take an address apart; raise `UsageError` where it names no bucket, or none that is known."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    parts = key.strip("/").split("/") if key.strip("/") else []
    if scheme not in BUCKETS:
        raise UsageError(
            f"{scheme}:// addresses are not known",
            place=url,
            hint=f"give a local folder, or an address that begins with {', '.join(BUCKETS)}",
        )
    if not bucket or "@" in bucket:
        raise UsageError("names no bucket", place=url, hint=f"write {scheme}://BUCKET/KEY")
    if any(part in ("", ".", "..") for part in parts):
        raise UsageError("has an empty step, . or .. in its key", place=url, hint="leave them out")
    return Address(scheme, bucket, "/".join(parts))


def refuse_overlap(source: str, target: str) -> None:
    """Raise `UsageError` where two addresses are the same place or one holds the other."""
    a, b = parse(source).url + "/", parse(target).url + "/"
    if a == b:
        raise UsageError(
            "source and target are the same place",
            place=target,
            hint="name another target; the source is never written to",
        )
    if a.startswith(b) or b.startswith(a):
        inside = "target lies inside the source" if b.startswith(a) else "source lies inside it"
        raise UsageError(f"the {inside}", place=target, hint="name a target outside of it")
