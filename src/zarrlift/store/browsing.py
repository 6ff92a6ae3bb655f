"""Asking a web server as a page in a browser does, and hearing all that it answers.

Object stores are asked through obstore, which keeps headers to itself; browsers go by headers.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

_BODY = 2**16
"""Bytes of a body that are read at the most."""
_SECONDS = 30.0
ORIGIN = "https://ome.github.io"
"""The page that asks: that of the online validator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    """The first bytes of it."""
    url: str
    """Where it came from, redirections followed."""

    def header(self, name: str) -> str:
        """Give a header, empty where it is not there."""
        return self.headers.get(name.lower(), "")

    @property
    def allowed(self) -> bool:
        """Say whether a page of `ORIGIN` may see it."""
        return self.header("Access-Control-Allow-Origin") in ("*", ORIGIN)


@dataclass(slots=True, kw_only=True)
class Browser:
    """Asks for one address after another, and counts."""

    seconds: float = _SECONDS
    asked: dict[str, int] = field(default_factory=dict)
    """Requests by method."""

    def ask(self, url: str, method: str = "GET", **headers: str) -> Answer:
        """Ask, with the origin of a page; names of `headers` have `_` for `-`.

        Any status is an answer. Raises `StorageError` where there is none.
        """
        if not url.startswith(("https://", "http://")):
            raise StorageError("is no address of the web", place=url)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        made = {"Origin": ORIGIN, "Accept-Encoding": "gzip, deflate, br", **named}
        request = urllib.request.Request(url, headers=made, method=method)  # noqa: S310 - judged above
        self.asked[method] = self.asked.get(method, 0) + 1
        try:
            try:
                with urllib.request.urlopen(request, timeout=self.seconds) as found:  # noqa: S310 - as above
                    return _answer(found.status, found.headers, found.read(_BODY), found.url)
            except urllib.error.HTTPError as error:
                with error:
                    return _answer(error.code, error.headers, error.read(_BODY), error.url)
        except (OSError, http.client.HTTPException, ValueError) as error:
            cause = getattr(error, "reason", None) or error
            raise StorageError(
                f"{method} was not answered: {cause}",
                place=url,
                hint="check the address and the network",
            ) from error


def _answer(status: int, headers: Message, body: bytes, url: str) -> Answer:
    return Answer(
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        url=url,
    )
