"""Real servers that tests talk to: SeaweedFS, which speaks S3."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS, SECRET = "access-of-tests", "secret-of-tests"
PUBLIC, PRIVATE = "public", "private"
_READY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """A server that is up: `public` may be read by anybody, `private` needs keys."""

    endpoint: str
    metrics: str = ""
    """Where the server itself tells what it was asked."""

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which programs reach it with keys."""
        return {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}

    def asked(self, bucket: str = "private") -> Counter[str]:
        """Count the requests on a bucket so far by kind, and the bytes that came and went.

        The server counts HEAD as GET, and beginnings and ends of uploads in parts as POST.
        """
        found = Counter[str]()
        with urllib.request.urlopen(self.metrics) as answer:  # noqa: S310 - our own server
            text = answer.read().decode()
        for name, labels, value in _METRIC.findall(text):
            facts = dict(_LABEL.findall(labels))
            if facts.get("bucket") == bucket:
                found[facts.get("type", name)] += int(float(value))
        return found


@contextmanager
def seaweed(folder: Path) -> Iterator[S3Server]:
    """Run SeaweedFS in a folder until the end of the block."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
    config = folder / "s3.json"
    config.write_text(json.dumps(_identities()))
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    words = [f"-{name}={port}" for name, port in ports.items()]
    command = [program, "-logtostderr=true", "mini", f"-dir={folder}", f"-s3.config={config}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={PUBLIC},{PRIVATE}", *words]
    command += ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.telemetry=false"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        _wait(endpoint, server, folder / "log")
        metrics = f"http://127.0.0.1:{ports['metricsPort']}/metrics"
        yield S3Server(endpoint=endpoint, metrics=metrics)
    finally:
        server.kill()
        server.wait()


_PORTS = (
    *("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port"),
    *("volume.port.grpc", "filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc"),
    "metricsPort",
)
_METRIC = re.compile(
    r"^SeaweedFS_s3_(request|bucket_traffic_\w+?)_total\{(.*)\} (\S+)$", re.MULTILINE
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def _identities() -> dict[str, object]:
    keys = [{"accessKey": ACCESS, "secretKey": SECRET}]
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    anybody = [f"Read:{PUBLIC}", f"List:{PUBLIC}"]
    return {
        "identities": [
            {"name": "admin", "credentials": keys, "actions": everything},
            {"name": "anonymous", "actions": anybody},
        ]
    }


def _free_ports(number: int) -> list[int]:
    held = [socket.socket() for _ in range(number)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _wait(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an object can be put, which is later than that a port is open."""
    store = S3Store(
        PRIVATE,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=ACCESS,
        secret_access_key=SECRET,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    limit = time.monotonic() + _READY
    while True:
        try:
            obstore.put(store, "ready", b"yes")
            obstore.delete(store, "ready")
        except BaseError:
            if server.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(log.read_text(errors="replace")[-2000:]) from None
            time.sleep(0.1)
        else:
            return
