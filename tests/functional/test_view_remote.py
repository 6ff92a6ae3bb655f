"""`zarrlift.open` on buckets and the web: what is read, and exactly how often is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import (
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.functional.far import Bucket
from tests.servers import PRIVATE, PUBLIC, QUIET, S3Server, seaweed, web
from zarrlift.errors import AccessError, ZarrliftError
from zarrlift.store.asking import Requests

VALUES = sample((1, 2, 1, 16, 24), "<u2")


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of this file."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="bucket")
def private_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket that needs keys, with keys and server in the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    return Bucket(server, PRIVATE)


@pytest.fixture(name="key")
def unused_key() -> str:
    """A key that no other test uses."""
    return f"view-{time.monotonic_ns()}"


def image(folder: Path) -> Path:
    """An image with a label, one chunk of which is missing."""
    write_image(folder, pyramid(VALUES), chunks=(1, 1, 1, 8, 8), missing=[(0, 0, 0, 0, 1)])
    write_labels(folder, {"cells": [label_of(VALUES)]})
    return folder


def due() -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """What the image reads as."""
    values = VALUES.copy()
    values[0, 0, 0, :8, 8:16] = 0
    return values


def test_a_bucket_is_read_as_a_folder_is(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Levels, labels, chunks, values; each document is asked for once."""
    url = bucket.put(image(tmp_path / "old"), key)

    ds = zl.open(url)
    assert ds.requests == Requests(get=4, bytes_in=ds.requests.bytes_in)
    level = ds.image.levels[0]
    assert ds.requests.get == 4 + 2 * 3
    assert level.shape == VALUES.shape
    assert list(ds.labels) == ["cells"]
    assert str(ds).startswith(f"OME-Zarr 0.4 image, Zarr v2  {url}")
    assert ds.requests.get == 4 + 2 * 3 + 3
    assert ds.requests.list == 0

    assert level.chunk(0, 1, 0, 0, 0).key == "0/0/1/0/0/0"
    assert not level.chunk(0, 0, 0, 0, 1).present
    for array in (level.to_zarr()[...], np.asarray(level.to_dask()), level.to_xarray().values):
        assert np.array_equal(array, due())
    assert np.array_equal(level.to_tensorstore().read().result(), due())


@pytest.mark.parametrize("shards", ["none", "y=16,x=16"])
def test_requests_and_hits_are_counted(
    shards: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Reading a region twice asks once: chunks, or the shard's index and parts."""
    zl.convert(image(tmp_path / "old"), tmp_path / "new", shards=shards)
    ds = zl.open(bucket.put(tmp_path / "new", key), cache="16MiB")
    array = ds.image.levels[0].to_zarr()
    asked, cache = ds.requests, ds.cache
    assert cache is not None

    for time_ in range(3):
        assert np.array_equal(array[0, 1, 0, :8, :16], due()[0, 1, 0, :8, :16])
        since, now = ds.requests.less(asked), ds.cache
        assert now is not None
        number = 2 if shards == "none" else 3
        assert since == Requests(get=number, bytes_in=since.bytes_in)
        assert (now.misses - cache.misses, now.hits - cache.hits) == (number, number * time_)


def test_without_a_cache_everything_is_asked_again(
    bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Nothing but documents is kept."""
    ds = zl.open(bucket.put(image(tmp_path / "old"), key))
    array = ds.image.levels[0].to_zarr()
    before = ds.requests

    for _ in range(2):
        _ = array[0, 1, 0, :8, :16]

    assert ds.cache is None
    assert ds.requests.less(before).get == 4


def test_a_plate_opens_with_the_requests_of_its_own_document(
    bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """However many wells there are; all wells take one round of requests, side by side."""
    wells = [f"{row}/{column}" for row in "AB" for column in range(1, 5)]
    url = bucket.put(write_plate(tmp_path / "plate", wells=wells, fields=1), key)

    ds = zl.open(url)
    assert list(ds.plate.wells) == wells
    assert str(ds)
    assert ds._repr_html_()
    assert ds.requests.get == 4
    assert ds.plate.wells["B/3"].fields[0].levels[1].shape == (1, 1, 1, 3, 4)
    assert ds.requests.get == 4 + 3 + 3 + 2 * 3
    assert len(ds.images) == 8
    assert ds.requests.get == 4 + 3 + 3 + 2 * 3 + 7 * 3


def test_a_prefix_with_several_datasets(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """They are found by listing the prefix."""
    image(tmp_path / "all" / "a.zarr")
    write_collection(tmp_path / "all" / "b.zarr", images=2)

    ds = zl.open(bucket.put(tmp_path / "all", key))

    assert list(ds.datasets) == ["a.zarr", "b.zarr"]
    assert list(ds.datasets["b.zarr"].images) == ["b.zarr/0", "b.zarr/1"]
    assert ds.datasets["a.zarr"].url == f"{bucket.url(key)}/a.zarr"
    with pytest.raises(ZarrliftError, match="check the address"):
        zl.open(bucket.url(f"{key}/none"))


def test_an_archive_in_a_bucket(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A zipped dataset is read by ranges, values included."""
    (tmp_path / "up").mkdir()
    zl.convert(image(tmp_path / "old"), tmp_path / "up" / "new.ozx")
    bucket.put(tmp_path / "up", key)

    ds = zl.open(bucket.url(f"{key}/new.ozx"), cache="1MiB")

    assert np.array_equal(ds.image.levels[0].to_zarr()[...], due())
    assert ds.image.levels[0].chunk(0, 1, 0, 0, 0).present
    assert ds.requests.get < 20


def test_words_of_reach_are_those_of_the_other_verbs(
    server: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoint and signature are said at the call; the environment is not needed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    url = Bucket(server, PUBLIC).put(image(tmp_path / "old"), key)

    ds = zl.open(url, endpoint=server.endpoint, anon=True)

    assert np.array_equal(ds.image.levels[0].to_zarr()[...], due())
    assert np.array_equal(ds.image.levels[0].to_tensorstore().read().result(), due())
    assert ds.convert(tmp_path / "new").finished
    assert ds.tune(codecs=["zstd:1"], level=0).subject.level.path == "0"
    with pytest.raises(AccessError):
        zl.open(f"s3://{PRIVATE}/{key}", endpoint=server.endpoint, anon=True, patience=1)


def test_a_bucket_that_does_not_list(server: S3Server, key: str, tmp_path: Path) -> None:
    """What metadata names is found all the same."""
    url = Bucket(server, QUIET).put(image(tmp_path / "old"), key)

    ds = zl.open(url, endpoint=server.endpoint, anon=True)

    assert np.array_equal(ds.image.levels[0].to_zarr()[...], due())
    assert list(ds.labels) == ["cells"]
    assert ds.image.levels[0].chunk(0, 1, 0, 0, 0).present
    assert not ds.image.levels[0].chunk(0, 0, 0, 0, 1).present


def test_the_web(tmp_path: Path) -> None:
    """A plain web server gives an image, its labels, a plate and a collection."""
    image(tmp_path / "www" / "old.zarr")
    zl.convert(tmp_path / "www" / "old.zarr", tmp_path / "www" / "new.zarr", shards="y=16,x=16")
    write_plate(tmp_path / "www" / "plate.zarr")
    write_collection(tmp_path / "www" / "many.zarr", images=3, series=False)
    with web(tmp_path / "www") as server:
        for name in ("old", "new"):
            ds = zl.open(f"{server.url}/{name}.zarr", cache="1MiB")
            assert np.array_equal(ds.image.levels[0].to_zarr()[...], due())
            assert np.array_equal(ds.image.levels[0].to_tensorstore().read().result(), due())
            assert list(ds.labels) == ["cells"]
            assert ds.image.picture() is not None
        assert list(zl.open(f"{server.url}/plate.zarr").plate.wells["B/1"].fields) == ["0", "1"]
        assert list(zl.open(f"{server.url}/many.zarr").images) == ["0", "1", "2"]
        with pytest.raises(ZarrliftError, match="check the address"):
            zl.open(f"{server.url}/none.zarr")
