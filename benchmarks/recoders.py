"""What re-encoding is measured against: bare codec calls, tensorstore, and zarrs_reencode.

`python -m benchmarks.recoders HOW OPTIONS SOURCE TARGET`, as a process of its own.
"""

import argparse
import json
import os
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

Shape = tuple[int, ...]
DONE = "done"
"""A file that a finished target has at its root, whatever else it has."""
IN_FLIGHT = 2
LZ4 = "blosc:lz4:5:shuffle"


def main() -> None:
    """Rewrite one dataset as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("bare", "tensorstore", "zarrs_reencode"))
    parser.add_argument("--chunks", type=_shape)
    parser.add_argument("--shards", type=_shape)
    parser.add_argument("--codec", default="")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    options.target.mkdir()
    if options.how == "bare":
        call_codecs(options.source, options.codec, options.workers)
    else:
        one = rewrite if options.how == "tensorstore" else reencode
        for level in _levels(options.source):
            one(level, options.target / level.name, options)
    (options.target / DONE).touch()


def _shape(text: str) -> Shape:
    return tuple(map(int, text.split(",")))


def _levels(source: Path) -> list[Path]:
    return sorted(path.parent for path in source.glob("*/.zarray"))


def call_codecs(source: Path, codec: str, workers: int) -> None:
    """Read, decode and encode every chunk from a pool of threads; nothing is written."""
    import numpy as np  # noqa: PLC0415 - a process loads only what it measures
    from numcodecs import blosc  # noqa: PLC0415 - a process loads only what it measures
    from numcodecs.registry import get_codec  # noqa: PLC0415 - a process loads only what it measures

    blosc.use_threads = False
    cname, level, shuffle = codec.split(":")[1:]
    encoder = get_codec(_blosc(cname, int(level), shuffle))

    def one(path: Path) -> int:
        values = decoder.decode(path.read_bytes())
        return len(encoder.encode(np.frombuffer(values, kind)))

    with ThreadPoolExecutor(workers) as pool:
        for array in _levels(source):
            document = json.loads((array / ".zarray").read_text())
            decoder, kind = get_codec(document["compressor"]), np.dtype(document["dtype"])
            sum(pool.map(one, _chunk_files(array)))


def _chunk_files(array: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(array):
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _blosc(cname: str, level: int, shuffle: str) -> dict[str, Any]:
    kinds = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}
    return {"id": "blosc", "cname": cname, "clevel": level, "shuffle": kinds[shuffle]}


def rewrite(source: Path, target: Path, options: argparse.Namespace) -> None:
    """Have tensorstore copy one array into other chunks or codecs, a shard at a time."""
    import tensorstore as ts  # noqa: PLC0415 - a process loads only what it measures

    context = ts.Context({"data_copy_concurrency": {"limit": options.workers}})
    old: Any = ts.open(_existing(source), context=context, read=True).result()
    chunks, shards = _fitted(options, old.shape, old.chunk_layout.read_chunk.shape)
    codecs = _codecs(options.codec or LZ4, old.dtype.numpy_dtype.itemsize)
    new: Any = ts.open(
        _made(target, chunks, shards, codecs), context=context, schema=_like(old)
    ).result()
    running: deque[Any] = deque()
    for region in _regions(old.shape, shards):
        running.append(new[region].write(old[region]))
        if len(running) > IN_FLIGHT - 1:
            running.popleft().result()
    for write in running:
        write.result()


def reencode(source: Path, target: Path, options: argparse.Namespace) -> None:
    """Have zarrs_reencode copy one array into other chunks or codecs."""
    document = json.loads((source / ".zarray").read_text())
    chunks, shards = _fitted(options, document["shape"], tuple(document["chunks"]))
    itemsize = int(document["dtype"][2:])
    codecs = _codecs(options.codec or LZ4, itemsize)[1:]
    command = ["zarrs_reencode", "--chunk-shape", _words(chunks), "--shard-shape", _words(shards)]
    command += ["--bytes-to-bytes-codecs", json.dumps(codecs), str(source), str(target)]
    subprocess.run(command, check=True, capture_output=True)


def _fitted(
    options: argparse.Namespace, shape: Sequence[int], stored: Shape
) -> tuple[Shape, Shape]:
    """Chunks and shards as asked for, cut to an array as zarrlift cuts them."""
    chunks = tuple(min(c, n) for c, n in zip(options.chunks or stored, shape, strict=True))
    shards = options.shards or chunks
    fit = (_up(min(s, n), c) for s, n, c in zip(shards, shape, chunks, strict=True))
    return chunks, tuple(fit)


def _words(shape: Shape) -> str:
    return ",".join(map(str, shape))


def _up(size: int, chunk: int) -> int:
    return -(-size // chunk) * chunk


def _existing(source: Path) -> dict[str, Any]:
    return {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{source}/"}}


def _made(target: Path, chunks: Shape, shards: Shape, codecs: list[Any]) -> dict[str, Any]:
    inner = {
        "name": "sharding_indexed",
        "configuration": {"chunk_shape": chunks, "codecs": codecs, "index_location": "end"},
    }
    grid = {"name": "regular", "configuration": {"chunk_shape": shards}}
    return {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{target}/"},
        "metadata": {"chunk_grid": grid, "codecs": [inner] if shards != chunks else codecs},
        "create": True,
    }


def _codecs(codec: str, itemsize: int) -> list[Any]:
    cname, level, shuffle = codec.split(":")[1:]
    blosc = {
        "cname": cname,
        "clevel": int(level),
        "shuffle": shuffle,
        "typesize": itemsize,
        "blocksize": 0,
    }
    return [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": blosc},
    ]


def _like(old: Any) -> Any:  # noqa: ANN401 - tensorstore's types are its own
    import tensorstore as ts  # noqa: PLC0415 - a process loads only what it measures

    return ts.Schema(dtype=old.dtype, domain=ts.IndexDomain(shape=old.shape), fill_value=0)


def _regions(shape: Shape, shards: Shape) -> Iterator[tuple[slice, ...]]:
    along = [
        [slice(at, min(at + step, size)) for at in range(0, size, step)]
        for size, step in zip(shape, shards, strict=True)
    ]
    yield from product(*along)


if __name__ == "__main__":
    main()
