"""Addresses of object stores, as users write them."""

from __future__ import annotations

import pytest

from zarrlift.errors import UsageError
from zarrlift.store.address import StoreOptions, is_remote, local_path, parse
from zarrlift.store.overlap import refuse_overlap


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://raw/a/b.zarr", "raw", "a/b.zarr"),
        ("s3://raw/a/b.zarr/", "raw", "a/b.zarr"),
        ("gs://raw", "raw", ""),
        ("az://raw/x y", "raw", "x y"),
        ("https://host:81/x%20y/50%25/", "host:81", "x y/50%"),
    ],
)
def test_address_is_taken_apart(url: str, bucket: str, key: str) -> None:
    """Bucket and key, whatever slashes stand at the end; the address has one form."""
    made = parse(url)

    assert (made.bucket, made.key) == (bucket, key)
    assert parse(made.url) == made


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///a",
        "s3://raw/a//b",
        "s3://raw/../b",
        "s3://k:s@raw/a",
        "s3://a b/c",
        "ftp://x/y",
    ],
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
    [
        ("s3://a/b", "s3://a/b/"),
        ("s3://a/b", "s3://a/b/c"),
        ("s3://a/b/c", "s3://a/b"),
        ("s3://a", "s3://a/b"),
        ("https://s3.amazonaws.com/a/b", "s3://a/b"),
        ("https://a.s3.eu-west-1.amazonaws.com/b", "s3://a/b/c"),
    ],
)
def test_overlap_is_refused(source: str, target: str) -> None:
    """Neither side may lie in the other."""
    with pytest.raises(UsageError):
        refuse_overlap(source, target)


def test_neighbours_do_not_overlap() -> None:
    """A name that begins as another does is another place."""
    refuse_overlap("s3://a/b", "s3://a/bc")
    refuse_overlap("s3://a/b", "gs://a/b")


def test_web_address_of_the_targets_own_server_overlaps() -> None:
    """An address of the web and one with an endpoint can be the same bucket."""
    there = StoreOptions(endpoint="https://s3.example.org")

    for source in ("https://s3.example.org/a/b", "https://a.s3.example.org/b/c"):
        with pytest.raises(UsageError):
            refuse_overlap(source, "s3://a/b", None, there)
    refuse_overlap("https://other.example.net/x/b", "s3://a/b", None, there)


@pytest.mark.parametrize(
    "url", ["https://me:s3cret@host/a", "https://host/a?sig=s3cret", "https://host/a#s3cret"]
)
def test_web_address_with_more_than_a_path_is_refused(url: str) -> None:
    """A login or a signature would end in plans and reports; it is not repeated either."""
    with pytest.raises(UsageError) as caught:
        parse(url)

    assert "s3cret" not in str(caught.value).replace("#s3cret", "")
    assert caught.value.hint
