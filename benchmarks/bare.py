"""The least that packing a bucket takes: bare obstore calls in threads, and nothing else.

`python -m benchmarks.bare pack SOURCE TARGET` gets every chunk of one array, 64 requests at a time,
and puts as many objects of as many bytes as zarrlift writes. It lists, checks and proves nothing.
`python -m benchmarks.bare upload SOURCE TARGET` puts every file of a folder into a bucket. Places
are folders, or addresses in the server at `AWS_ENDPOINT_URL`.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import obstore
from obstore.store import S3Store

from benchmarks.recoders import DONE

REQUESTS = 64
SHARDS_AT_ONCE = 12
"""As many as zarrlift makes at a time within its default memory."""


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("pack", "upload"))
    parser.add_argument("--grid", type=int, default=0, help="chunks along each side")
    parser.add_argument("--per", type=int, default=1, help="those of a shard")
    parser.add_argument("source")
    parser.add_argument("target")
    options = parser.parse_args()
    if options.how == "upload":
        upload(Path(options.source), options.target)
    else:
        pack(options.source, options.target, options.grid, options.per)


def upload(source: Path, target: str) -> None:
    """Put every file of a folder."""
    put = _putter(target)

    def one(path: Path) -> None:
        put(path.relative_to(source).as_posix(), path.read_bytes())

    with ThreadPoolExecutor(REQUESTS) as pool:
        for _ in pool.map(one, (path for path in source.rglob("*") if path.is_file())):
            pass


def pack(source: str, target: str, grid: int, per: int) -> None:
    """Get every chunk of level 0 of one plane, and put the shards that they make."""
    get, put = _getter(source), _putter(target)
    index = bytes(16 * per * per + 4)

    def shard(at: tuple[int, int]) -> None:
        parts = [getters.submit(get, f"0/0/0/0/{y}/{x}") for y, x in _chunks(at, grid, per)]
        body = b"".join([part.result() for part in parts])
        put(f"0/c/0/0/0/{at[0]}/{at[1]}", body + index)

    across = range(-(-grid // per))
    with ThreadPoolExecutor(REQUESTS) as getters, ThreadPoolExecutor(SHARDS_AT_ONCE) as putters:
        for _ in putters.map(shard, product(across, across)):
            pass
    put(DONE, b"")


def _chunks(at: tuple[int, int], grid: int, per: int) -> Iterator[tuple[int, int]]:
    yield from product(*(range(i * per, min(i * per + per, grid)) for i in at))


def _getter(place: str) -> Callable[[str], bytes]:
    if not place.startswith("s3://"):
        return lambda key: Path(place, key).read_bytes()
    store = store_at(place, os.environ["AWS_ENDPOINT_URL"])
    return lambda key: bytes(obstore.get(store, key).bytes())


def _putter(place: str) -> Callable[[str, bytes], None]:
    if place.startswith("s3://"):
        store = store_at(place, os.environ["AWS_ENDPOINT_URL"])

        def put(key: str, data: bytes) -> None:
            obstore.put(store, key, data, use_multipart=False)

        return put

    def write(key: str, data: bytes) -> None:
        path = Path(place, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return write


def store_at(place: str, endpoint: str, **keys: str) -> S3Store:
    """An address in the server at `endpoint`; without `keys`, those of the environment."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3Store(
        bucket,
        prefix=prefix,
        endpoint=endpoint,
        region="us-east-1",
        **keys,  # type: ignore[arg-type]  # checked by obstore
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "pool_max_idle_per_host": str(REQUESTS)},
    )


if __name__ == "__main__":
    main()
