"""Addresses of object stores, as users write them."""

from __future__ import annotations

import pytest

from zarrlift.errors import UsageError
from zarrlift.store.address import is_remote, local_path, parse, refuse_overlap


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://raw/a/b.zarr", "raw", "a/b.zarr"),
        ("s3://raw/a/b.zarr/", "raw", "a/b.zarr"),
        ("gs://raw", "raw", ""),
        ("az://raw/x y", "raw", "x y"),
    ],
)
def test_address_is_taken_apart(url: str, bucket: str, key: str) -> None:
    """Bucket and key, whatever slashes stand at the end; the address has one form."""
    made = parse(url)

    assert (made.bucket, made.key) == (bucket, key)
    assert parse(made.url) == made


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///a", "s3://raw/a//b", "s3://raw/../b", "s3://k:s@raw/a", "http://x/y"]
)
def test_what_names_no_place_is_refused(url: str) -> None:
    """An address that cannot be meant is refused, with the next step."""
    with pytest.raises(UsageError) as caught:
        parse(url)

    assert caught.value.hint


def test_local_paths_are_told_from_addresses() -> None:
    """Only what has a scheme other than file is remote."""
    assert [is_remote(u) for u in ("a/b", "/a", "file:///a", "s3://a/b")] == [0, 0, 0, 1]
    assert local_path("file:///a/b") == "/a/b"


@pytest.mark.parametrize(
    ("source", "target"),
    [("s3://a/b", "s3://a/b/"), ("s3://a/b", "s3://a/b/c"), ("s3://a/b/c", "s3://a/b")],
)
def test_overlap_is_refused(source: str, target: str) -> None:
    """Neither side may lie in the other."""
    with pytest.raises(UsageError):
        refuse_overlap(source, target)


def test_neighbours_do_not_overlap() -> None:
    """A name that begins as another does is another place."""
    refuse_overlap("s3://a/b", "s3://a/bc")
    refuse_overlap("s3://a/b", "gs://a/b")
