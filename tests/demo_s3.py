"""`make demo-s3`: from a bucket to a bucket, on a real server that ends with it.

Shows each command as a user types it. What the result holds is read by zarr-python, not by us.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import obstore
import zarr
from obstore.store import S3Store

from tests.servers import PRIVATE, PUBLIC, S3Server, seaweed

PROGRAM = str(Path(sys.executable).with_name("zarrlift"))
SOURCE, TARGET = f"s3://{PUBLIC}/cells-0.4.zarr", f"s3://{PRIVATE}/cells-0.5.zarr"


def main() -> int:
    """Run the demo; give the status of the command that failed, else 0."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the server, too
    try:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "server").mkdir()
            with seaweed(Path(folder) / "server") as server:
                show(server, Path(folder) / "cells-0.4.zarr")
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyboardInterrupt:
        return 130
    return 0


def show(server: S3Server, sample: Path) -> None:
    """Lift a sample from one bucket into another, prove it, and read it."""
    os.environ.update(server.environment, AWS_ENDPOINT_URL=server.endpoint)
    say(f"A server that speaks S3 is up, and holds the buckets {PUBLIC} and {PRIVATE}.")
    say(f"$ export AWS_ENDPOINT_URL={server.endpoint}")
    say("$ export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…")
    subprocess.run([PROGRAM, "demo", str(sample)], check=True, stdout=subprocess.DEVNULL)
    say(f"{upload(sample, opened(server, PUBLIC))} objects of a sample put into {SOURCE}")
    run("plan", SOURCE, TARGET)
    run("convert", SOURCE, TARGET)
    run("verify", SOURCE, TARGET, "--level", "full")
    say(f"What zarr-python {zarr.__version__} reads from {TARGET}:")
    read(opened(server, PRIVATE, TARGET.rpartition("/")[2]))


def say(line: str) -> None:
    """Print at once, so that lines of commands come in their places."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(*words: str) -> None:
    """Show a command, and carry it out."""
    say(f"\n$ {shlex.join(('zarrlift', *words))}")
    subprocess.run([PROGRAM, *words], check=True)
    say("")


def opened(server: S3Server, bucket: str, prefix: str | None = None) -> S3Store:
    """Open a bucket, or what lies below a prefix of it, with the keys of the environment."""
    return S3Store(
        bucket,
        prefix=prefix,
        endpoint=server.endpoint,
        region="us-east-1",
        client_options={"allow_http": True},
    )


def upload(folder: Path, store: S3Store) -> int:
    """Put every file of a folder; gives how many there were."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        key = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        obstore.put(store, key, path.read_bytes())
    return len(files)


def read(store: S3Store) -> None:
    """Say what the arrays of a dataset are, and of the smallest what it holds."""
    group = zarr.open_group(zarr.storage.ObjectStore(store, read_only=True), mode="r")
    ome: Any = group.attrs["ome"]
    say(f"  OME-Zarr {ome['version']}, Zarr v{group.metadata.zarr_format}")
    arrays: list[Any] = [group[d["path"]] for d in ome["multiscales"][0]["datasets"]]
    for array in arrays:
        laid = f"chunks {array.chunks}, shards {array.shards}"
        say(f"  {array.path}  {array.shape} {array.dtype}, {laid}")
    values: Any = arrays[-1][...]
    seen = f"{values.min()} to {values.max()}, {values.mean():.1f} on average"
    say(f"  values of {arrays[-1].path}: {seen}")


if __name__ == "__main__":
    sys.exit(main())
