"""Reading from a bucket of fake-gcs-server, an emulator of Google's store, where it is installed.

It does not take objects in the way in which obstore writes them, so nothing is written there.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

import zarrlift as zl
from tests.functional.far import files
from tests.functional.runs import assert_refused, in_process, write_sample

PROGRAM = shutil.which("fake-gcs-server")
GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_BASE_URL")
needs_server = pytest.mark.skipif(
    PROGRAM is None,
    reason="fake-gcs-server is not on the PATH: go install github.com/fsouza/fake-gcs-server",
)


@pytest.fixture(name="endpoint", scope="module")
def run_server() -> Iterator[str]:
    """Run the server with an empty bucket `lab`; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "memory"]
    words += ["-public-host", f"127.0.0.1:{port}"]
    with subprocess.Popen([str(PROGRAM), *words], stderr=subprocess.DEVNULL) as server:
        try:
            endpoint = f"http://127.0.0.1:{port}"
            for _ in range(100):
                try:
                    _post(
                        f"{endpoint}/storage/v1/b?project=p", json.dumps({"name": "lab"}).encode()
                    )
                except OSError:
                    time.sleep(0.1)
                else:
                    break
            yield endpoint
        finally:
            server.kill()


def _post(url: str, data: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=kind)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        answer.read()


@pytest.fixture(name="no_keys", autouse=True)
def take_keys_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no keys of Google's be found."""
    for name in [*GOOGLE, *(name for name in os.environ if name.startswith("GOOGLE_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@needs_server
def test_bucket_is_read(endpoint: str, tmp_path: Path) -> None:
    """What is lifted from it, and proved, is what a folder gives; what is not there is said."""
    write_sample(tmp_path / "old")
    for name, data in files(tmp_path / "old").items():
        key = quote(f"k/{name}", safe="")
        _post(f"{endpoint}/upload/storage/v1/b/lab/o?uploadType=media&name={key}", data)
    zl.convert(tmp_path / "old", tmp_path / "due")

    report = zl.convert("gs://lab/k", tmp_path / "new", endpoint=endpoint)

    assert report.finished
    assert files(tmp_path / "new") == files(tmp_path / "due")
    assert zl.verify("gs://lab/k", tmp_path / "new", level="full", endpoint=endpoint).equal
    where = ["--endpoint", endpoint, "--patience", "1"]
    ran = in_process("plan", "gs://lab/none", tmp_path / "x", *where)
    assert_refused(ran, "there is no such folder")


def test_writing_needs_keys(tmp_path: Path) -> None:
    """Without keys a target is refused at once; no metadata address is asked for any."""
    write_sample(tmp_path / "old")

    begun = time.monotonic()
    ran = in_process(
        "convert", tmp_path / "old", "gs://lab/new", "--endpoint", "http://127.0.0.1:9"
    )

    assert_refused(
        ran, "gs://lab/new", "writing there needs keys", "GOOGLE_APPLICATION_CREDENTIALS"
    )
    assert time.monotonic() - begun < 5
