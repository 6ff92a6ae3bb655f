"""`validate --web`: what a real server answers to what a browser asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.runs import in_process, write_sample
from tests.servers import Web, web
from zarrlift.errors import StorageError
from zarrlift.store.browsing import ORIGIN, Browser

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Range, If-Match",
    "Access-Control-Expose-Headers": "Content-Range, ETag",
}


@pytest.fixture(name="server")
def run_server(tmp_path: Path) -> Iterator[Web]:
    """A server that does all that browsers need, of an image with and without shards."""
    write_sample(tmp_path / "www" / "some data" / "old.zarr")
    zl.convert(
        tmp_path / "www" / "some data" / "old.zarr", tmp_path / "www" / "new.zarr", shards="y=8,x=8"
    )
    with web(tmp_path / "www") as server:
        server.headers, server.refuses_methods = CORS, {}
        yield server


def asked(server: Web, name: str = "new.zarr", **more: object) -> zl.Validation:
    """Validate with --web."""
    return zl.validate(f"{server.url}/{name}", web=True, patience=1, **more)  # type: ignore[arg-type]


def of_web(found: zl.Validation) -> list[tuple[str, str]]:
    """Rules of the web that are broken, and how gravely."""
    return [(f.rule, str(f.severity)) for f in found.findings if f.rule.startswith("web-")]


@pytest.mark.parametrize("name", ["new.zarr", "some%20data/old.zarr"])
def test_good_server_is_good(name: str, server: Web) -> None:
    """A server that does everything right is told nothing."""
    found = asked(server, name)

    assert of_web(found) == []
    assert found.web
    methods = {method for method, _ in server.asked}
    assert methods == {"GET", "HEAD", "OPTIONS"}
    assert found.requests is not None
    assert found.requests.get > 0


def without(*names: str, **more: str) -> dict[str, str]:
    """Give the headers without some, and with others."""
    kept = {n: v for n, v in CORS.items() if n not in names}
    return {**kept, **{name.replace("_", "-"): value for name, value in more.items()}}


@pytest.mark.parametrize(
    ("change", "due"),
    [
        (
            {"headers": {}},
            ["web-cors", "web-head", "web-cors-missing", "web-preflight"],
        ),
        ({"headers": without(Access_Control_Allow_Origin=ORIGIN)}, []),
        (
            {"headers": without(Access_Control_Allow_Origin="https://other.org")},
            ["web-cors", "web-head", "web-cors-missing", "web-preflight"],
        ),
        ({"headers": without("Access-Control-Allow-Headers")}, ["web-preflight"]),
        ({"headers": without("Access-Control-Expose-Headers")}, ["web-exposed"]),
        ({"headers": without(Content_Encoding="gzip")}, ["web-encoding"]),
        ({"bare": {404}}, ["web-cors-missing"]),
        ({"answers_absent": 403}, ["web-refused"]),
        ({"ranges": False}, ["web-range", "web-suffix"]),
        ({"suffixes": False}, ["web-suffix"]),
        ({"refuses_methods": {"OPTIONS": 501}}, ["web-preflight"]),
    ],
    ids=str,
)
def test_what_a_server_lacks_is_told(
    change: dict[str, object], due: list[str], server: Web
) -> None:
    """Each thing that browsers need has its rule."""
    for name, value in change.items():
        setattr(server, name, value)

    assert sorted(rule for rule, _ in of_web(asked(server))) == sorted(due)


def test_ranges_are_not_needed_without_shards(server: Web) -> None:
    """Chunks that are whole objects are read without ranges: that is a warning only."""
    server.ranges = False

    assert ("web-range", "error") in of_web(asked(server))
    assert ("web-range", "warning") in of_web(asked(server, "some%20data/old.zarr"))


def test_page_for_what_is_missing(server: Web) -> None:
    """A server with a page for everything is refused, since nothing proves absence."""
    server.answers_absent = 200

    ran = in_process("validate", f"{server.url}/new.zarr", "--web", "--patience", "1")

    assert ran.code == 3
    assert "cannot be there" in ran.err


def test_command_tells_it(server: Web) -> None:
    """The command prints it with the repair, and ends with 1."""
    server.headers = {}

    ran = in_process("validate", f"{server.url}/new.zarr", "--web", "--patience", "1")

    assert ran.code == 1
    assert "Access-Control-Allow-Origin is not sent" in ran.out
    assert "CORS settings" in " ".join(ran.out.split())


def test_server_that_is_gone_is_an_error() -> None:
    """No answer is no finding."""
    with pytest.raises(StorageError, match="not answered"):
        Browser(seconds=1).ask("http://127.0.0.1:9/a")
    with pytest.raises(StorageError, match="no address"):
        Browser().ask("file:///etc/passwd")


@pytest.mark.parametrize("level", ["chunks", "data"])
def test_data_is_looked_at_without_a_listing(level: str, server: Web, tmp_path: Path) -> None:
    """From a server that lists nothing, chunks are found by their keys, and indexes read."""
    local = zl.validate(tmp_path / "www" / "new.zarr", level=level)

    found = zl.validate(f"{server.url}/new.zarr", level=level, patience=1)

    assert found.looked.chunks == local.looked.chunks
    assert found.looked.decoded == local.looked.decoded
    assert found.looked.index_bytes == local.looked.index_bytes > 0
    assert ("unlisted", "note") in [(f.rule, str(f.severity)) for f in found.findings]
    assert found.requests is not None
    if level == "chunks":
        read = found.looked.index_bytes + found.looked.document_bytes
        assert found.requests.bytes_in == read
