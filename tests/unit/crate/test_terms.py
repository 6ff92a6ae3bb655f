"""The table of organisms and imaging methods, and the service: a real one on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from zarrlift.crate import ols, terms
from zarrlift.errors import UsageError

ANSWER = {
    "response": {
        "docs": [
            {
                "iri": "http://purl.obolibrary.org/obo/FBbi_00000369",
                "ontology_name": "fbbi",
                "short_form": "FBbi_00000369",
                "description": ["single (or selective) plane illumination.\nMore."],
                "label": "SPIM",
            },
            {"ontology_name": "bao", "short_form": "BAO_1", "description": [], "label": "sheet"},
            {"ontology_name": "odd", "label": "has no id"},
        ],
        "numFound": 3,
        "start": 0,
    },
    "responseHeader": {"QTime": 3, "status": 0},
}
"""An answer in the service's form."""


@contextmanager
def service(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Run a service that always gives one answer; gives its address and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/search", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_tables_are_sound() -> None:
    """Ids are in the form that crates hold, and stand there once; names name one term."""
    every = (*terms.organisms(), *terms.modalities())

    assert len({t.id for t in every}) == len(every)
    assert all(terms.taxon_id(t.id) == t.id for t in terms.organisms())
    assert all(terms.method_id(t.id) == t.id for t in terms.modalities())
    for table in (terms.organisms(), terms.modalities()):
        for term in table:
            for name in (term.label, *term.other_names):
                assert terms.named(name, table) == term, name


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("mouse", "NCBI:txid10090"),
        ("elegans", "NCBI:txid6239"),
        ("spinning disk", "obo:FBbi_00000253"),
        ("two-photon", "obo:FBbi_00000254"),
        ("sheet", "obo:FBbi_00000369"),
        ("FBbi_00000369", "obo:FBbi_00000369"),
        ("9606", "NCBI:txid9606"),
    ],
)
def test_table_is_searched(text: str, first: str) -> None:
    """Parts of names, other names and ids find a term, the best match first."""
    assert terms.search(text)[0].id == first


@pytest.mark.parametrize("text", ["unicorn", "", "  ", "123456789"])
def test_table_has_not_everything(text: str) -> None:
    """What is not in the table gives nothing."""
    assert terms.search(text) == ()


def test_service_is_asked() -> None:
    """With a service its terms are given, in the forms that a crate takes."""
    with service(json.dumps(ANSWER).encode()) as (address, asked):
        found = ols.find_terms("light sheet", online=True, service=address)

    assert found.online
    assert found.problem is None
    assert [(t.ontology, t.short, t.label, t.id) for t in found.terms] == [
        ("fbbi", "FBbi_00000369", "SPIM", "obo:FBbi_00000369"),
        ("bao", "BAO_1", "sheet", "obo:BAO_1"),
    ]
    query = parse_qs(urlsplit(asked[0]).query)
    assert query["q"] == ["light sheet"]
    assert query["rows"] == ["10"]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 500, "did not answer"),
        (b"<html>", 200, "another form"),
        (b'{"response": []}', 200, "another form"),
        (b'{"response": {"docs": [3]}}', 200, "another form"),
    ],
)
def test_odd_service_gives_the_table(body: bytes, status: int, why: str) -> None:
    """A service that fails, or answers otherwise, is said; the table's terms are given."""
    with service(body, status) as (address, _):
        found = ols.find_terms("light sheet", online=True, service=address)

    assert not found.online
    assert found.problem is not None
    assert why in found.problem
    assert found.terms == terms.search("light sheet")


def test_no_network_gives_the_table() -> None:
    """Where nobody listens, the table's terms are given, and why."""
    with service(b"") as (address, _):
        pass
    found = ols.find_terms("mouse", online=True, service=address)

    assert found.problem is not None
    assert address in found.problem
    assert [t.id for t in found.terms] == ["NCBI:txid10090"]


def test_service_must_be_http() -> None:
    """Another scheme, such as one for files, is refused."""
    with pytest.raises(UsageError, match="no http address"):
        ols.find_terms("mouse", online=True, service="file:///etc/passwd")
