"""A proxy between a client and a real HTTP server, which is slow, or fails as servers and nets do.

It forwards each request as it came, with its `Host`, so that signatures stay good. What goes wrong
is said by faults: functions of a request that give an action, or None for nothing.

    with proxied(server.endpoint, latency=0.05) as proxy:
        proxy.faults.append(every(7, Answer(503, "SlowDown")))
        zl.convert(..., endpoint=proxy.endpoint)
        assert proxy.count("PUT") == 12

`python -m tests.proxy http://127.0.0.1:8333 --latency 0.05` runs one as a process of its own, for
measurements; `proxied_apart` does so from Python.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.faults import (
    HEAD_END,
    Action,
    Answer,
    Cut,
    CutUpload,
    Fault,
    Hang,
    Request,
    Slow,
)

_PIECE = 2**18
_LIMIT = 2**20


class _ResetError(Exception):
    """Ends a connection at once."""


@dataclass(slots=True)
class Proxy:
    """Stands before a server; `faults` and `latency` may change while it runs."""

    upstream: str
    latency: float = 0.0
    """Seconds that each request waits before it is sent on."""
    faults: list[Fault] = field(default_factory=list)
    """The first that gives an action decides."""
    certificate: tuple[Path, Path] | None = None
    """Files of a certificate and its key: clients come by TLS."""
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    most_at_once: int = 0
    never: asyncio.Event = field(default_factory=asyncio.Event)
    """Never set: what hangs waits for it."""
    _running: int = 0

    @property
    def endpoint(self) -> str:
        """Return the address that clients give."""
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def count(self, method: str | None = None, inside: str = "") -> int:
        """Count requests of a method whose path holds a text."""
        return sum(r.method == (method or r.method) and inside in r.path for r in self.requests)

    def counts(self) -> Counter[tuple[str, str]]:
        """Count requests by method and path, without the query."""
        return Counter((r.method, r.path.partition("?")[0]) for r in self.requests)

    def forget(self) -> None:
        """Begin counting anew, and let nothing go wrong."""
        self.faults.clear()
        self.requests.clear()
        self.most_at_once = 0

    async def serve(self, ready: Callable[[], object]) -> None:
        """Serve until cancelled."""
        context = None
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
        server = await asyncio.start_server(
            self._client, "127.0.0.1", self.port, limit=_LIMIT, ssl=context
        )
        self.port = server.sockets[0].getsockname()[1]
        ready()
        try:
            await self.never.wait()
        finally:
            server.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self, reader, writer)
        try:
            while await line.one():
                pass
        except (OSError, EOFError, _ResetError):
            _reset(writer)
        except asyncio.CancelledError:  # the proxy ends; the library would complain of it
            pass
        finally:
            line.close()

    def note(self, head: bytes) -> Request:
        """Read and count a request."""
        first_line, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first_line.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        number = len(self.requests) + 1
        made = Request(number=number, method=method, path=path, headers=headers)
        self.requests.append(made)
        return made

    def begin(self) -> None:
        """Count a request as under way."""
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)

    def end(self) -> None:
        """Count a request as answered."""
        self._running -= 1


@dataclass(slots=True)
class _Line:
    """One client's connection, and the one to the server that belongs to it."""

    proxy: Proxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def one(self) -> bool:
        """Pass one request on, and its answer back; say whether another may follow."""
        try:
            head = await self.reader.readuntil(HEAD_END)
        except asyncio.IncompleteReadError:
            return False
        request = self.proxy.note(head)
        self.proxy.begin()
        try:
            return await self._pass(head, request)
        finally:
            self.proxy.end()

    async def _pass(self, head: bytes, request: Request) -> bool:
        action = next((a for f in self.proxy.faults if (a := f(request)) is not None), None)
        await asyncio.sleep(self.proxy.latency)
        if "100-continue" in request.headers.get("expect", ""):
            self.writer.write(b"HTTP/1.1 100 Continue" + HEAD_END)
            head = b"\r\n".join(
                line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:")
            )
        if isinstance(action, Hang) and action.after is None:
            await self.proxy.never.wait()
        if isinstance(action, Answer):
            return await self._answered(action, request)
        back, on = await self._upstream()
        on.write(head)
        await self._body_up(on, request, action)
        return await self._body_down(back, request, action)

    async def _answered(self, action: Answer, request: Request) -> bool:
        await _copy(self.reader, None, _length(request.headers))
        self.writer.write(action.encode(bodiless=request.method == "HEAD"))
        await self.writer.drain()
        return True

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.server is None:
            parts = urlsplit(self.proxy.upstream)
            self.server = await asyncio.open_connection(parts.hostname, parts.port, limit=_LIMIT)
        return self.server

    async def _body_up(
        self, on: asyncio.StreamWriter, request: Request, action: Action | None
    ) -> None:
        if "chunked" in request.headers.get("transfer-encoding", ""):
            await _copy_chunked(self.reader, on)
            return
        length = _length(request.headers)
        if isinstance(action, CutUpload):
            await _copy(self.reader, on, min(action.after, length))
            raise _ResetError
        rate = action.rate if isinstance(action, Slow) else None
        await _copy(self.reader, on, length, rate)

    async def _body_down(
        self, back: asyncio.StreamReader, request: Request, action: Action | None
    ) -> bool:
        head = await back.readuntil(HEAD_END)
        if isinstance(action, Cut) and action.head:
            self.writer.write(head[: action.after or len(head) // 2])
            await self.writer.drain()
            raise _ResetError
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = dict(line.split(":", 1) for line in lines[1:] if line)
        self.writer.write(head)
        if request.method == "HEAD" or status in (204, 304):
            length = 0
        elif "chunked" in headers.get("transfer-encoding", ""):
            return await self._chunks_down(back, action)
        else:
            length = _length(headers)
        await self._counted_down(back, length, action)
        return "close" not in headers.get("connection", "")

    async def _counted_down(
        self, back: asyncio.StreamReader, length: int, action: Action | None
    ) -> None:
        if isinstance(action, Cut | Hang):
            await _copy(back, self.writer, min(action.after or 0, length))
            await self._broken(action)
        await _copy(back, self.writer, length)

    async def _chunks_down(self, back: asyncio.StreamReader, action: Action | None) -> bool:
        if isinstance(action, Cut | Hang):
            piece = await back.read(max(1, action.after or 0))
            self.writer.write(piece)
            await self.writer.drain()
            await self._broken(action)
        await _copy_chunked(back, self.writer)
        return True

    async def _broken(self, action: Cut | Hang) -> None:
        """Let what was sent arrive, then cut the line or let it hang."""
        await asyncio.sleep(0.02)
        if isinstance(action, Hang):
            await self.proxy.never.wait()
        raise _ResetError

    def close(self) -> None:
        """End both connections."""
        self.writer.transport.abort()
        if self.server is not None:
            self.server[1].transport.abort()


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter | None,
    length: int,
    rate: int | None = None,
) -> None:
    """Pass so many bytes on, or drop them where there is no `writer`."""
    while length:
        piece = await reader.read(min(length, _PIECE if rate is None else max(1, rate // 10)))
        if not piece:
            raise EOFError
        length -= len(piece)
        if rate is not None:
            await asyncio.sleep(len(piece) / rate)
        if writer is not None:
            writer.write(piece)
            await writer.drain()
    if writer is not None:
        await writer.drain()


async def _copy_chunked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass a body on that comes in chunks of HTTP, with its trailer."""
    size = -1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        writer.write(line)
        await _copy(reader, writer, size)
        if size:
            writer.write(await reader.readexactly(2))
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        writer.write(line)
    writer.write(line)
    await writer.drain()


def _length(headers: dict[str, str]) -> int:
    return int(headers.get("content-length", "0"))


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the other side sees a reset, not an end."""
    made: socket.socket | None = writer.get_extra_info("socket")
    if made is not None:
        with suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def proxied(
    upstream: str,
    *,
    latency: float = 0.0,
    faults: Sequence[Fault] = (),
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Proxy]:
    """Run a proxy in a thread until the end of the block."""
    proxy = Proxy(upstream, latency=latency, faults=list(faults), certificate=certificate)
    loop, ready = asyncio.new_event_loop(), threading.Event()
    task: asyncio.Task[None] = loop.create_task(proxy.serve(ready.set))
    thread = threading.Thread(target=_run, args=(loop, task), name="proxy", daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the proxy did not start")
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    asyncio.set_event_loop(loop)
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    while left := asyncio.all_tasks(loop):  # clients come until the last moment
        for one in left:
            one.cancel()
        loop.run_until_complete(_ended(left))
    loop.run_until_complete(asyncio.sleep(0.05))  # lets sockets close
    loop.close()


def _ended(tasks: set[asyncio.Task[Any]]) -> Coroutine[Any, Any, list[Any]]:
    async def wait() -> list[Any]:
        return await asyncio.gather(*tasks, return_exceptions=True)

    return wait()


@contextmanager
def proxied_apart(upstream: str, *, latency: float) -> Iterator[str]:
    """Run a proxy in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.proxy", upstream, f"--latency={latency}"]
    where = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=where, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running.stdout.readline().strip()
        finally:
            running.kill()


def main() -> None:
    """Serve until killed; the first line of output is the address."""
    parser = argparse.ArgumentParser(prog="python -m tests.proxy")
    parser.add_argument("upstream", help="such as http://127.0.0.1:8333")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds for each request")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    proxy = Proxy(given.upstream, latency=given.latency, port=given.port)
    asyncio.run(proxy.serve(lambda: sys.stdout.write(f"{proxy.endpoint}\n") and sys.stdout.flush()))


if __name__ == "__main__":
    main()
