"""Real servers that tests talk to: SeaweedFS, which speaks S3, and plain web servers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ACCESS, SECRET = "access-of-tests", "secret-of-tests"
OTHER_ACCESS, OTHER_SECRET = "second-access-of-tests", "second-secret-of-tests"
PUBLIC, PRIVATE, QUIET = "public", "private", "quiet"
_READY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """A server that is up: `public` may be read by anybody, `private` needs keys.

    In `quiet` anybody may read, but not list.
    """

    endpoint: str
    metrics: str = ""
    """Where the server itself tells what it was asked."""
    process: int = 0
    """Its number in the system."""

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
def seaweed(folder: Path, ports: Sequence[int] = ()) -> Iterator[S3Server]:
    """Run SeaweedFS in a folder until the end of the block, when it is killed.

    In the same folder, on the same `ports`, it goes on with what it had.
    """
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
    config = folder / "s3.json"
    config.write_text(json.dumps(_identities()))
    named = dict(zip(_PORTS, ports or free_ports(), strict=True))
    words = [f"-{name}={port}" for name, port in named.items()]
    command = [program, "-logtostderr=true", "mini", f"-dir={folder}", f"-s3.config={config}"]
    command += [
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-bucket={PUBLIC},{PRIVATE},{QUIET}",
        *words,
    ]
    command += ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.telemetry=false"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        endpoint = f"http://127.0.0.1:{named['s3.port']}"
        _wait(endpoint, server, folder / "log")
        metrics = f"http://127.0.0.1:{named['metricsPort']}/metrics"
        yield S3Server(endpoint=endpoint, metrics=metrics, process=server.pid)
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
    pairs = ((ACCESS, SECRET), (OTHER_ACCESS, OTHER_SECRET))
    keys = [{"accessKey": access, "secretKey": secret} for access, secret in pairs]
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    anybody = [f"Read:{PUBLIC}", f"List:{PUBLIC}", f"Read:{QUIET}"]
    return {
        "identities": [
            {"name": "admin", "credentials": keys, "actions": everything},
            {"name": "anonymous", "actions": anybody},
        ]
    }


def free_ports() -> list[int]:
    """Give as many ports as the server needs, in its order."""
    held = [socket.socket() for _ in _PORTS]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _wait(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an object can be put into each bucket, which is later than a port is open."""
    limit = time.monotonic() + _READY
    for bucket in (PUBLIC, PRIVATE, QUIET):
        _wait_for(bucket, endpoint, server, log, limit)


def _wait_for(
    bucket: str, endpoint: str, server: subprocess.Popen[bytes], log: Path, limit: float
) -> None:
    store = S3Store(
        bucket,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=ACCESS,
        secret_access_key=SECRET,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
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


class Web:
    """A web server of files, which lists nothing, and what may be asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.asked: list[tuple[str, str]] = []
        """Method and path of every request."""
        self.answers_absent = 404
        """What is said of a path that is not there."""
        self.ranges = True
        self.refuses: Callable[[str], int | None] = lambda _path: None
        """Gives a status that is answered for a path in place of the file."""
        self.headers: dict[str, str] = {}
        """Sent with every answer."""
        self.bare: set[int] = set()
        """Statuses that these are not sent with."""
        self.suffixes = True
        """Ranges may count from the end."""
        self.refuses_methods: dict[str, int] = {"OPTIONS": 501}


@contextmanager
def web(folder: Path) -> Iterator[Web]:
    """Serve the files below a folder until the end of the block."""
    served = Web(folder)

    class Handler(_Files):
        web = served

    with _running(Handler) as url:
        served.url = url
        yield served


@contextmanager
def bucket_host(server: S3Server, bucket: str) -> Iterator[str]:
    """Stand before a server as a host of one bucket's own, unsigned; gives its address."""

    class Handler(_Front):
        behind = f"{server.endpoint}/{bucket}"

    with _running(Handler) as url:
        yield url


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Files(_Quiet):
    web: Web

    def do_GET(self) -> None:
        """Answer with a file, or a part of it."""
        path = unquote(urlsplit(self.path).path)
        self.web.asked.append((self.command, path))
        refused = self.web.refuses(path)
        file = self.web.folder / path.lstrip("/")
        if refused is not None:
            self._answer(refused, b"refused")
        elif file.is_dir():
            self._answer(200, b"<html><body>a page, well formed</body></html>")
        elif not file.is_file():
            self._answer(self.web.answers_absent, b"<html>nothing here</html>")
        else:
            self._send(file.read_bytes())

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def do_OPTIONS(self) -> None:
        """Answer what a browser asks before another request."""
        self.web.asked.append((self.command, self.path))
        self._answer(204, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        status = self.web.refuses_methods.get(self.command, status)
        more = {} if status in self.web.bare else self.web.headers
        named = {name.replace("-", "_"): value for name, value in more.items()}
        super()._answer(status, body, **{**named, **headers})

    def _send(self, data: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if wanted is None or not self.web.ranges:
            self._answer(200, data)
            return
        first, last = wanted.groups()
        if not (first or self.web.suffixes):
            self._answer(200, data)
            return
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        if begin >= len(data):
            self._answer(416, b"", Content_Range=f"bytes */{len(data)}")
            return
        place = f"bytes {begin}-{end - 1}/{len(data)}"
        self._answer(206, data[begin:end], Content_Range=place)


class _Front(_Quiet):
    behind: str

    def do_GET(self) -> None:
        """Hand a request on to the server behind, and its answer back."""
        headers = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
        request = urllib.request.Request(  # noqa: S310 - as it was asked for
            f"{self.behind}{self.path}", headers=headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                status, found, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, found, body = error.code, error.headers, error.read()
        self.send_response(status)
        for name in ("Content-Type", "Content-Range", "ETag", "Last-Modified"):
            if name in found:
                self.send_header(name, found[name])
        length = found["Content-Length"] if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's name
