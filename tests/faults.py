"""What goes wrong between a client and a server, and when: for the proxy of `tests.proxy`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked for."""

    number: int
    """Its place among all requests, from 1."""
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    """Names in small letters."""

    @property
    def key_id(self) -> str | None:
        """Return the access key that signed it."""
        _, found, rest = self.headers.get("authorization", "").partition("Credential=")
        return rest.partition("/")[0] if found else None

    @property
    def lists(self) -> bool:
        """Say whether it is a listing."""
        return self.method == "GET" and "list-type=2" in self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer in the server's place: an error of S3, or another body."""

    status: int
    code: str = "InternalError"
    more: str = ""
    """Further elements of the error."""
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, *, bodiless: bool) -> bytes:
        """Give the whole answer."""
        error = f"<Error><Code>{self.code}</Code><Message>Said by a test.</Message>{self.more}"
        body = self.body
        if body is None:
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}</Error>'.encode()
        lines = [f"HTTP/1.1 {self.status} Said by a test", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode() + HEAD_END + (b"" if bodiless else body)


@dataclass(frozen=True, slots=True)
class Cut:
    """Reset the connection when so many bytes of the answer's body, or of its head, have gone."""

    after: int = 0
    head: bool = False


@dataclass(frozen=True, slots=True)
class CutUpload:
    """Reset the connection when so many bytes of the request's body have come."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Hang:
    """Let nothing more come when so many bytes of the answer's body have gone."""

    after: int | None = None
    """None: not even its head comes."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Take a request's body in at so many bytes a second."""

    rate: int


Action: TypeAlias = Answer | Cut | CutUpload | Hang | Slow
Fault: TypeAlias = Callable[[Request], Action | None]
Which: TypeAlias = Callable[[Request], bool]


def anything(_: Request) -> bool:
    """Say yes to every request."""
    return True


def asks(method: str, inside: str = "", *, lists: bool = False) -> Which:
    """Give what says yes to requests of a method, whose path holds a text."""
    return lambda r: r.method == method and inside in r.path and r.lists is lists


def every(number: int, action: Action, which: Which = anything) -> Fault:
    """Do something to each `number`th request of those meant."""
    return _counted(which, lambda count: action if count % number == 0 else None)


def first(number: int, action: Action, which: Which = anything) -> Fault:
    """Do something to the first requests of those meant."""
    return _counted(which, lambda count: action if count <= number else None)


def after(number: int, action: Action, which: Which = anything) -> Fault:
    """Do something to all requests of those meant, but for the first ones."""
    return _counted(which, lambda count: action if count > number else None)


def _counted(which: Which, choose: Callable[[int], Action | None]) -> Fault:
    counter = itertools.count(1)
    return lambda request: choose(next(counter)) if which(request) else None
