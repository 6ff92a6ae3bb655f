"""A proxy in front of a server that speaks S3: it takes note of requests, and tests may meddle."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

HOP = frozenset(
    {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}
)
"""Headers of one connection, or that are written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def key(self) -> str:
        """The path without the bucket, as users write it."""
        return unquote(urlsplit(self.target).path).partition("/")[2].partition("/")[2]

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return urlsplit(self.target).query


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as the client sent it, and what came back."""

    request: Request
    status: int
    received: int
    """Bytes of the answer's body."""


Meddling = Callable[[Request], Request | int]
"""Gives the request to pass on, or a status to answer without asking the server."""


def unchanged(request: Request) -> Request:
    """Pass a request on as it is."""
    return request


@dataclass(slots=True, kw_only=True)
class Between:
    """A proxy that is up."""

    endpoint: str
    behind: str
    meddle: Meddling = unchanged
    exchanges: list[Exchange] = field(default_factory=list)

    def asked(self, method: str, part: str = "") -> list[Exchange]:
        """All requests of a method whose key holds a part."""
        return [
            one
            for one in self.exchanges
            if one.request.method == method and part in one.request.key
        ]

    def pass_on(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """Ask the server behind; gives its status, headers and body."""
        host = urlsplit(self.behind)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=60)
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name != "connection":
                    connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read()
        finally:
            connection.close()


@contextmanager
def between(behind: str) -> Iterator[Between]:
    """Run a proxy in front of a server until the end of the block."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Relay)
    listener.daemon_threads = True
    proxy = Between(endpoint=f"http://127.0.0.1:{listener.server_port}", behind=behind)
    listener.proxy = proxy  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ThreadingHTTPServer

    def relay(self) -> None:
        """Answer one request by asking the server behind."""
        proxy: Between = self.server.proxy  # type: ignore[attr-defined]
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        passed = proxy.meddle(request)
        if isinstance(passed, int):
            status, body = passed, _error(passed)
            headers: Mapping[str, str] = {"content-type": "application/xml"}
        else:
            status, headers, body = proxy.pass_on(passed)
        proxy.exchanges.append(Exchange(request=request, status=status, received=len(body)))
        self.send_response_only(status)
        length = headers.get("content-length") if self.command == "HEAD" else None
        for name, value in headers.items():
            if name not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # a client that gave up does not wait for the answer
                self.wfile.write(body)

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = relay  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _error(status: int) -> bytes:
    code = {501: "NotImplemented", 403: "AccessDenied"}.get(status, "InternalError")
    return f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
