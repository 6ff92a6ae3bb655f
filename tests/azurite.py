"""Azurite, Microsoft's own emulator of Azure's blob storage, where it is installed.

`make test-azure` installs it, and says where by a variable; else it is looked for on the PATH.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import obstore
from obstore.store import AzureStore

from zarrlift.store.requesters import Requesters

VARIABLE = "AZURITE_FOLDER"
"""Names the folder with the program `azurite-blob`."""
ACCOUNT = "tests"
KEY = base64.b64encode(b"secret-of-tests").decode()
_VERSION = "2021-08-06"


def find_azurite() -> str | None:
    """Give the path of the program, None where it is not installed."""
    return shutil.which("azurite-blob", path=os.environ.get(VARIABLE) or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Azurite:
    """A server that is up, with one account."""

    endpoint: str
    """With the account in its path, as emulators have it."""

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which programs reach it with keys."""
        return {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY}

    def make(self, name: str, access: str | None = None) -> Container:
        """Make a container; anybody may read its blobs (`blob`), or list them too (`container`)."""
        facts = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
        facts |= {"x-ms-blob-public-access": access} if access else {}
        named = "".join(f"{name}:{value}\n" for name, value in sorted(facts.items()))
        path = self.endpoint.partition("://")[2].partition("/")[2]
        signed = "PUT" + 12 * "\n" + f"{named}/{ACCOUNT}/{path}/{name}\nrestype:container"
        mark = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
        facts["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(mark).decode()}"
        facts["Content-Length"] = "0"
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.endpoint}/{name}?restype=container", method="PUT", headers=facts
        )
        with urllib.request.urlopen(request):  # noqa: S310 - as above
            return Container(self, name)


@dataclass(frozen=True)
class Container:
    """A container seen by another client than ours."""

    server: Azurite
    name: str

    @property
    def store(self) -> AzureStore:
        """A client with the account's key."""
        return self.store_at(None)

    def store_at(self, key: str | None) -> AzureStore:
        """Give a client of what lies below a key."""
        options: Any = {"allow_http": True}
        return AzureStore(
            container_name=self.name,
            prefix=key,
            endpoint=self.server.endpoint,
            account_name=ACCOUNT,
            account_key=KEY,
            client_options=options,
        )

    def url(self, key: str) -> str:
        """The address of a key."""
        return f"az://{self.name}/{key}"

    def put(self, folder: Path, key: str) -> str:
        """Upload a folder; gives its address."""
        paths = (path for path in folder.rglob("*") if path.is_file())
        self.put_each((f"{key}/{p.relative_to(folder).as_posix()}", p.read_bytes()) for p in paths)
        return self.url(key)

    def put_each(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Upload objects, several at a time."""
        store = self.store
        with Requesters(8) as threads:
            for _ in threads.map(lambda one: obstore.put(store, *one), objects):
                pass

    def get(self, key: str) -> dict[str, bytes]:
        """Everything below a key, by what follows it."""
        store, cut = self.store, len(key) + 1
        found = [facts["path"] for page in obstore.list(store, key) for facts in page]
        with Requesters(8) as threads:
            bodies = threads.map(lambda path: bytes(obstore.get(store, path).bytes()), found)
            return {path[cut:]: body for path, body in zip(found, bodies, strict=True)}

    def head(self, key: str) -> dict[str, str]:
        """Give the headers of an object that anybody may read, in small letters."""
        url = f"{self.server.endpoint}/{self.name}/{key}"
        request = urllib.request.Request(  # noqa: S310 - our own server
            url, method="HEAD", headers={"x-ms-version": _VERSION}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return {name.lower(): value for name, value in answer.headers.items()}


@contextmanager
def azurite(program: str, folder: Path) -> Iterator[Azurite]:
    """Run the server in a folder until the end of the block, when it is killed."""
    words = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(folder)]
    known = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
    command = [program, *words, "--disableTelemetry", "--silent", "--skipApiVersionCheck"]
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=known, text=True
        ) as server,
    ):
        try:
            yield Azurite(endpoint=f"{_address(server, folder / 'log')}/{ACCOUNT}")
        finally:
            server.kill()


def _address(server: subprocess.Popen[str], log: Path) -> str:
    """Wait until the server says where it listens."""
    assert server.stdout is not None
    for line in server.stdout:
        if "successfully listens on" in line:
            return line.split()[-1]
    raise RuntimeError(log.read_text("utf-8")[-2000:])
