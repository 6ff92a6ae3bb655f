"""What is asked of a store for each object: type, class, encryption, checksum."""

from __future__ import annotations

import pytest

from zarrlift.errors import UsageError
from zarrlift.store.address import StoreOptions, Writing
from zarrlift.store.writing import attributes, content_type, refuse_unfit, s3_settings


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("zarr.json", "application/json"),
        ("0/zarr.json", "application/json"),
        ("ro-crate-metadata.json", "application/json"),
        ("a/.zattrs", "application/json"),
        ("a/.zgroup", "application/json"),
        ("a/.zarray", "application/json"),
        (".zmetadata", "application/json"),
        ("OME/METADATA.ome.xml", "application/xml"),
        ("table.csv", "text/csv"),
        ("picture.png", "image/png"),
        ("table.csv.gz", "application/octet-stream"),
        ("0/c/0/0/0", "application/octet-stream"),
        ("0/c.0.0", "application/octet-stream"),
        ("0/0.1.3", "application/octet-stream"),
        ("unknown.kind", "application/octet-stream"),
    ],
)
def test_content_type_follows_the_name(key: str, kind: str) -> None:
    """Documents are JSON, chunks are bytes, and a plain file is what its name says."""
    assert content_type(key) == kind


def test_class_and_headers_are_for_what_stays() -> None:
    """The claim, which is soon removed, is of no class: some are paid for by the month."""
    writing = Writing(storage_class="STANDARD_IA", cache_control="no-cache")

    assert attributes("0/c/0", writing) == {
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-cache",
        "Storage-Class": "STANDARD_IA",
    }
    assert attributes(".zarrlift/plan.json", writing) == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("AES256", {"server_side_encryption": "AES256"}),
        ("aws:kms", {"server_side_encryption": "aws:kms"}),
        ("aws:kms:a-b", {"server_side_encryption": "aws:kms", "sse_kms_key_id": "a-b"}),
        (
            "aws:kms:arn:aws:kms:eu-west-1:1:key/a-b",
            {
                "server_side_encryption": "aws:kms",
                "sse_kms_key_id": "arn:aws:kms:eu-west-1:1:key/a-b",
            },
        ),
        ("aws:kms:dsse", {"server_side_encryption": "aws:kms:dsse"}),
        ("aws:kms:dsse:k", {"server_side_encryption": "aws:kms:dsse", "sse_kms_key_id": "k"}),
    ],
)
def test_encryption_is_mode_and_key(text: str, due: dict[str, str]) -> None:
    """What follows the mode's colon is the key, which may have colons itself."""
    assert s3_settings(StoreOptions(writing=Writing(sse=text)), aws=False) == due


@pytest.mark.parametrize(
    ("checksum", "aws", "due"),
    [
        (None, True, {"checksum_algorithm": "SHA256"}),
        (None, False, {}),
        ("none", True, {}),
        ("sha256", False, {"checksum_algorithm": "SHA256"}),
    ],
)
def test_checksum_is_sent_to_aws_or_when_asked(
    checksum: str | None, aws: bool, due: dict[str, str]
) -> None:
    """Other servers may not know the header, so they get it only where it is asked for."""
    assert s3_settings(StoreOptions(writing=Writing(checksum=checksum)), aws=aws) == due


@pytest.mark.parametrize(
    ("url", "writing", "words"),
    [
        ("out.zarr", Writing(storage_class="STANDARD_IA"), "--storage-class is for object stores"),
        ("out.zarr", Writing(cache_control="no-cache"), "--cache-control is for object stores"),
        ("file:///out.zarr", Writing(sse="AES256"), "--sse is for object stores"),
        ("out.zarr", Writing(checksum="none"), "--upload-checksum is for object stores"),
        ("gs://a/b", Writing(sse="AES256"), "--sse is for s3://"),
        ("az://a/b", Writing(checksum="sha256"), "--upload-checksum is for s3://"),
        ("s3://a/b", Writing(sse="sse-c"), "not known"),
        ("s3://a/b", Writing(sse="AES256:key"), "not known"),
        ("s3://a/b", Writing(checksum="md5"), "not known"),
        ("s3://a/b", Writing(storage_class="GLACIER"), "cannot be read back"),
        ("s3://a/b", Writing(storage_class="DEEP_ARCHIVE"), "cannot be read back"),
        ("az://a/b", Writing(storage_class="Archive"), "cannot be read back"),
        ("s3://a/b", Writing(cache_control="a\r\nx-amz-acl: public-read"), "cannot be put"),
        ("s3://a/b", Writing(storage_class=""), "cannot be put"),
    ],
)
def test_what_does_not_fit_is_refused(url: str, writing: Writing, words: str) -> None:
    """A choice that a target cannot have is a usage error that names the option."""
    with pytest.raises(UsageError, match=words):
        refuse_unfit(url, writing)


@pytest.mark.parametrize(
    ("url", "writing"),
    [
        ("out.zarr", Writing()),
        ("gs://a/b", Writing(storage_class="NEARLINE", cache_control="no-cache")),
        ("az://a/b", Writing(storage_class="Cool")),
        ("s3://a/b", Writing(storage_class="GLACIER_IR", sse="aws:kms:k", checksum="sha256")),
    ],
)
def test_what_fits_is_let_through(url: str, writing: Writing) -> None:
    """Nothing is refused that the store may know."""
    refuse_unfit(url, writing)
