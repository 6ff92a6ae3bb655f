"""A relay before a server that holds back what clients send for a while, as distance does.

`python -m benchmarks.latency PORT MILLISECONDS` prints the port it listens on, and for every line
that it is sent the requests passed on since the last, as JSON. It ends when its input does.

Every request waits once, however many packets it has; answers pass at once. Connecting waits too,
since the first request does.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"
_SOON = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A relay that runs as a process of its own, since whoever starts it waits for others."""

    endpoint: str
    process: subprocess.Popen[str]

    def counted(self) -> Counter[str]:
        """The requests since this was asked last, by kind."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Counter(json.loads(self.process.stdout.readline()))


@contextmanager
def relayed(endpoint: str, milliseconds: int) -> Iterator[Relay]:
    """A relay before the server at a URL, until the end of the block."""
    port = endpoint.rpartition(":")[2]
    command = [sys.executable, "-m", "benchmarks.latency", port, str(milliseconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        own = int(process.stdout.readline())
        yield Relay(endpoint=f"http://{HOST}:{own}", process=process)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


class _Client(asyncio.Protocol):
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, port: int, delay: float, counts: Counter[str]) -> None:
        self._port, self._delay, self._counts = port, delay, counts
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._ended = False
        self.asking = False
        self.client: asyncio.Transport | None = None
        self.server: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.client = transport
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            await self._loop.create_connection(lambda: _Server(self), HOST, self._port)
        except OSError:
            if self.client is not None:
                self.client.close()

    def data_received(self, data: bytes) -> None:
        if not self.asking:
            self.asking = True
            self._counts[_kind(data)] += 1
        due = self._loop.time() + self._delay
        self._waiting.append((due, data))
        if len(self._waiting) == 1:
            self._loop.call_at(due, self._pass_on)

    def _pass_on(self) -> None:
        if self.server is None:
            if not self._ended:
                self._loop.call_later(_SOON, self._pass_on)
            return
        now = self._loop.time() + _SOON
        while self._waiting and self._waiting[0][0] <= now:
            self.server.write(self._waiting.popleft()[1])
        if self._waiting:
            self._loop.call_at(self._waiting[0][0], self._pass_on)
        elif self._ended:
            self.server.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended = True
        if self.server is not None and not self._waiting:
            self.server.close()

    def pause_writing(self) -> None:
        if self.server is not None:
            self.server.pause_reading()

    def resume_writing(self) -> None:
        if self.server is not None:
            self.server.resume_reading()


class _Server(asyncio.Protocol):
    """The connection to the server."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._client.server = transport

    def data_received(self, data: bytes) -> None:
        self._client.asking = False
        if self._client.client is not None:
            self._client.client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._client.client is not None:
            self._client.client.close()

    def pause_writing(self) -> None:
        if self._client.client is not None:
            self._client.client.pause_reading()

    def resume_writing(self) -> None:
        if self._client.client is not None:
            self._client.client.resume_reading()


class _Questions(asyncio.Protocol):
    """What the parent asks; its end is ours."""

    def __init__(self, counts: Counter[str], ended: asyncio.Event) -> None:
        self._counts, self._ended = counts, ended

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\n")):
            print(json.dumps(self._counts), flush=True)
            self._counts.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended.set()


def _kind(data: bytes) -> str:
    line = data.partition(b"\r\n")[0]
    kind = line.partition(b" ")[0].decode("ascii", "replace")
    return "LIST" if kind == "GET" and b"list-type=2" in line else kind


async def _serve(port: int, delay: float) -> None:
    loop, counts, ended = asyncio.get_running_loop(), Counter[str](), asyncio.Event()
    server = await loop.create_server(lambda: _Client(port, delay, counts), HOST, 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.connect_read_pipe(lambda: _Questions(counts, ended), sys.stdin)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]) / 1000))
