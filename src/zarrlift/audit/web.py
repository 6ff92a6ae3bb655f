"""What browsers need of a public address: leave for other pages, ranges, honest absence.

Sources: the Fetch standard (CORS protocol, safelisted request headers); RFC 9110 (ranges); Mixed
Content; what zarrita asks of a server.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from zarrlift.store.browsing import ORIGIN, Browser
from zarrlift.validate.beyond import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.findings import Finding
    from zarrlift.store.browsing import Answer

_OK, _PART, _ABSENT, _REFUSED = 200, 206, 404, 403
_MEANT = range(200, 300)
_BYTES, _DIGITS = 8, 20
"""Bytes of a part that is asked for."""
_AS_IT_IS = {"Accept_Encoding": "identity"}
"""Browsers ask so for parts."""
_PLAIN = "/!$&'()*+,;=:@"
_HERE = ("localhost", "127.0.0.1", "::1")
"""Hosts that browsers trust without https."""


class Objects(NamedTuple):
    """What is asked for, by key."""

    document: str
    data: str | None
    """A chunk or shard that is there."""
    size: int | None
    """Its bytes, where they are known."""
    sharded: bool
    """The dataset has shards, which are read by ranges alone."""


def look(browser: Browser, root: str, objects: Objects) -> list[Finding]:
    """Ask as browsers do, and judge the answers; raises `StorageError` where none comes."""
    return list(_Look(browser, root.rstrip("/"), objects).run())


class _Look:
    def __init__(self, browser: Browser, root: str, objects: Objects) -> None:
        self._browser, self._root, self._objects = browser, root, objects
        self._key = objects.data or objects.document
        """The object of which parts are asked for."""

    def _url(self, key: str) -> str:
        return f"{self._root}/{quote(key, safe=_PLAIN)}"

    def _ask(self, key: str, method: str = "GET", **headers: str) -> Answer:
        return self._browser.ask(self._url(key), method, **headers)

    def run(self) -> Iterator[Finding]:
        """Ask for a document, then for all that data needs."""
        parts = urlsplit(self._root)
        if parts.scheme == "http" and parts.hostname not in _HERE:
            yield told("web-https", "", "pages of https may not ask an address of http")
        document = self._ask(self._objects.document)
        if document.status != _OK:
            message = f"{self._objects.document} is answered with status {document.status}"
            yield told("web-get", self._objects.document, message)
            return
        yield from self._origin(document)
        yield from self._head()
        yield from self._missing()
        yield from self._ranges()
        yield from self._preflight()

    def _origin(self, answer: Answer) -> Iterator[Finding]:
        if not answer.allowed:
            said = answer.header("Access-Control-Allow-Origin")
            said = f"is {said!r}" if said else "is not sent"
            message = f"Access-Control-Allow-Origin {said}: no page of {ORIGIN} may read this"
            yield told("web-cors", "", message)

    def _encoding(self, answer: Answer, key: str) -> Iterator[Finding]:
        coding = answer.header("Content-Encoding")
        if coding and coding.lower() != "identity":
            yield told("web-encoding", key, f"is sent with Content-Encoding {coding!r}")

    def _head(self) -> Iterator[Finding]:
        answer = self._ask(self._key, "HEAD")
        if answer.status != _OK:
            message = f"HEAD is answered with status {answer.status}, GET with 200"
            yield told("web-head", self._key, message)
        elif not answer.header("Content-Length").isdecimal():
            yield told("web-head", self._key, "HEAD is answered without Content-Length")
        elif not answer.allowed:
            yield told("web-head", self._key, "HEAD is answered without leave for other pages")

    def _missing(self) -> Iterator[Finding]:
        """Ask for a key that nobody has written, beside the data."""
        key = f"{self._key.rpartition('/')[0]}/{uuid.uuid4().hex}".lstrip("/")
        answer = self._ask(key)
        if answer.status == _REFUSED:
            yield told("web-refused", "", "what is not there is answered with status 403")
        elif answer.status != _ABSENT:
            message = f"what is not there is answered with status {answer.status}"
            if answer.status == _OK and "html" in answer.header("Content-Type"):
                message += ", and a page"
            yield told("web-missing", "", message)
        if not answer.allowed:
            message = f"the answer {answer.status} has no leave for other pages"
            yield told("web-cors-missing", "", message)

    def _ranges(self) -> Iterator[Finding]:
        first = self._ask(self._key, Range=f"bytes=0-{_BYTES - 1}", **_AS_IT_IS)
        size = self._objects.size or _total(first)
        yield from self._part("web-range", first, "bytes=0-7", 0, size)
        yield from self._encoding(first, self._key)
        last = self._ask(self._key, Range=f"bytes=-{_BYTES}", **_AS_IT_IS)
        start = None if size is None else max(0, size - _BYTES)
        yield from self._part("web-suffix", last, "bytes=-8", start, size)
        if first.status == _PART and first.allowed:
            exposed = first.header("Access-Control-Expose-Headers").lower()
            if "content-range" not in exposed and exposed != "*":
                yield told("web-exposed", "", "Content-Range is not exposed to pages")

    def _part(
        self, rule: str, answer: Answer, asked: str, start: int | None, size: int | None
    ) -> Iterator[Finding]:
        """Judge the answer to a range."""
        problem = None
        said = answer.header("Content-Range")
        if answer.status != _PART:
            problem = f"Range: {asked} is answered with status {answer.status}, and not 206"
        elif len(answer.body) != min(_BYTES, size or _BYTES):
            problem = f"Range: {asked} is answered with {len(answer.body):,} bytes"
        elif start is not None and not said.startswith(f"bytes {start}-"):
            problem = f"Range: {asked} is answered with Content-Range {said!r}"
        if problem is not None and not self._objects.sharded:
            # Chunks that are whole objects are read without ranges.
            finding = told(rule, self._key, f"{problem}; shards could not be read")
            yield _softened(finding)
        elif problem is not None:
            yield told(rule, self._key, problem)

    def _preflight(self) -> Iterator[Finding]:
        wanted = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "range"}
        answer = self._ask(self._key, "OPTIONS", **wanted)
        named = answer.header("Access-Control-Allow-Headers").lower()
        leave = "*" in named or "range" in [word.strip() for word in named.split(",")]
        if answer.status not in _MEANT or not answer.allowed:
            message = f"OPTIONS is answered with status {answer.status}"
            message += "" if answer.allowed else ", and no leave"
            yield told("web-preflight", "", message)
        elif not leave:
            yield told("web-preflight", "", "Access-Control-Allow-Headers does not name Range")


def _total(answer: Answer) -> int | None:
    """Give the size of an object that a part's answer states."""
    total = answer.header("Content-Range").rpartition("/")[2]
    return int(total) if total.isdecimal() and len(total) < _DIGITS else None


def _softened(finding: Finding) -> Finding:
    from dataclasses import replace  # noqa: PLC0415 - rarely

    from zarrlift.findings import Severity  # noqa: PLC0415 - as above

    return replace(finding, severity=Severity.WARNING)
