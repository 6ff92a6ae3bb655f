"""`make demo-s3`: it lifts, proves and reads, and leaves no server behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import zarrlift as zl

ROOT = Path(zl.__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.demo_s3"]


def listens(endpoint: str) -> bool:
    """Say whether anything answers at an address."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def endpoint_in(text: str) -> str:
    """The server's address, as the demo shows it."""
    found = re.search(r"AWS_ENDPOINT_URL=(http://\S+)", text)
    assert found is not None, text
    return found[1]


def environment(tmp_path: Path) -> dict[str, str]:
    """Keep what the demo writes where this test's things go."""
    return os.environ | {"TMPDIR": str(tmp_path)}


def test_demo_between_buckets(tmp_path: Path) -> None:
    """Every command does its work, another reader sees the result, and the server is gone."""
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = re.sub(r"\s+", " ", done.stdout)
    assert "$ zarrlift plan s3://" in said
    assert "Lifted s3://" in said
    assert "Proof equal, at level full" in said
    assert "OME-Zarr 0.5, Zarr v3" in said
    assert re.search(r"values of 3: \d+ to [1-9]\d+", said)
    assert not listens(endpoint_in(done.stdout))
    assert list(tmp_path.iterdir()) == []


def test_interrupted_demo_stops_its_server(tmp_path: Path) -> None:
    """SIGTERM in the middle ends the server, too."""
    running = subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    running.stdout.readline()
    endpoint = endpoint_in(running.stdout.readline())
    assert listens(endpoint)

    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)

    assert running.returncode == 130
    limit = time.monotonic() + 10
    while listens(endpoint) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not listens(endpoint)
