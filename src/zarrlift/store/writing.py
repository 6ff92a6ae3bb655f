"""How objects are written: their class and headers, encryption and checksum.

What each option becomes in requests, and which targets can have it.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from zarrlift.errors import UsageError
from zarrlift.store.address import is_remote
from zarrlift.store.target import OURS

if TYPE_CHECKING:
    from zarrlift.store.address import StoreOptions, Writing

BYTES = "application/octet-stream"
_TYPES = mimetypes.MimeTypes()
"""Python's own table, without the one of the machine."""
_ZARR = (".zarray", ".zattrs", ".zgroup", ".zmetadata")
_OPTIONS = {
    "storage_class": "--storage-class",
    "cache_control": "--cache-control",
    "sse": "--sse",
    "checksum": "--upload-checksum",
}
_ONLY_S3 = ("sse", "checksum")
_ASLEEP = frozenset({"glacier", "deep_archive", "archive"})
"""Classes whose objects cannot be read before they are restored."""
_KMS = ("aws:kms:dsse", "aws:kms")
_CHECKSUMS = ("sha256", "none")


def refuse_unfit(url: str, writing: Writing) -> None:
    """Raise `UsageError` where a target cannot be written in the way that is asked for."""
    for name, option in _OPTIONS.items():
        value = getattr(writing, name)
        if value is None:
            continue
        if not is_remote(url):
            raise UsageError(
                f"{option} is for object stores, and the target is a local one",
                place=url,
                hint="leave it out",
            )
        if name in _ONLY_S3 and not url.startswith("s3://"):
            raise UsageError(
                f"{option} is for s3:// targets only",
                place=url,
                hint="leave it out, and set it for the bucket",
            )
        if not value.isascii() or not value.isprintable() or not value.strip():
            raise UsageError(f"{option} {value!r} cannot be put into a request", place=url)
    _refuse_asleep(url, writing.storage_class)
    encryption(writing)
    if writing.checksum not in (None, *_CHECKSUMS):
        raise UsageError(
            f"--upload-checksum {writing.checksum!r} is not known", hint=" or ".join(_CHECKSUMS)
        )


def _refuse_asleep(url: str, storage_class: str | None) -> None:
    if storage_class is not None and storage_class.lower() in _ASLEEP:
        raise UsageError(
            f"objects of class {storage_class} cannot be read back, so nothing could be proved",
            place=url,
            hint="choose another class, and let a lifecycle rule of the bucket move them later",
        )


def encryption(writing: Writing) -> tuple[str, str] | None:
    """Give the mode of encryption and the key's id, which may be empty; raise `UsageError`."""
    text = writing.sse
    if text is None or text == "AES256":
        return None if text is None else (text, "")
    for mode in _KMS:
        if text == mode or text.startswith(f"{mode}:"):
            return mode, text[len(mode) + 1 :]
    raise UsageError(
        f"--sse {text!r} is not known",
        hint="AES256, aws:kms, aws:kms:KEY or aws:kms:dsse:KEY; keys of one's own (sse-c) are "
        "not taken, since they would be said",
    )


def s3_settings(options: StoreOptions, *, aws: bool) -> dict[str, Any]:
    """Give what an S3 client is told once, for all of its requests."""
    made: dict[str, Any] = {"request_payer": True} if options.requester_pays else {}
    chosen = encryption(options.writing)
    if chosen is not None:
        made["server_side_encryption"] = chosen[0]
        if chosen[1]:
            made["sse_kms_key_id"] = chosen[1]
    if (options.writing.checksum or ("sha256" if aws else "none")) == "sha256":
        made["checksum_algorithm"] = "SHA256"
    return made


def attributes(key: str, writing: Writing) -> dict[str, str]:
    """Give the headers of one object; what is ours alone, and soon removed, is of no class."""
    made = {"Content-Type": content_type(key)}
    if key.startswith(f"{OURS}/"):
        return made
    if writing.cache_control is not None:
        made["Cache-Control"] = writing.cache_control
    if writing.storage_class is not None:
        made["Storage-Class"] = writing.storage_class
    return made


def content_type(key: str) -> str:
    """Give the media type that a key's name says; chunks and what is not known are bytes."""
    name = key.rpartition("/")[2]
    if name.endswith(_ZARR):
        return "application/json"
    if name.endswith(".xml"):
        return "application/xml"
    known, packed = _TYPES.guess_type(name, strict=True)
    return BYTES if known is None or packed else known
