"""What the online validator shows of a crate: the first item that has a member, whichever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.crates import CC0, CC_BY, entity, of_the_challenge, panel, with_members
from zarrlift.crate.graph import read_graph
from zarrlift.crate.panel import panel as shown_by_ours


def ours(document: object) -> dict[str, str | None]:
    """Read a document, and say what is shown of it."""
    graph, _ = read_graph(json.dumps(document).encode())
    assert graph is not None
    return shown_by_ours(graph)


def reordered() -> dict[str, Any]:
    """Give a crate in which a licence with a name comes before the root."""
    made = with_members(of_the_challenge(), name="cells", description="two sorts")
    made["@graph"].insert(0, {"@id": CC0, "@type": "CreativeWork", "name": "CC0 1.0"})
    return made


@pytest.mark.parametrize("document", [of_the_challenge(), reordered()], ids=["first", "later"])
def test_what_is_shown_is_what_the_page_takes(document: dict[str, Any]) -> None:
    """It is what the page's own way of reading gives, also where that is not meant so."""
    due = {name: text for name, text in panel(document).items() if text is not None}

    assert ours(document) == due


def test_first_of_several_is_shown() -> None:
    """Of several organisms one is shown; a type in a list is not taken for one."""
    document = of_the_challenge()
    document["@graph"].append({**entity(document, "#bio"), "@id": "#b2"})
    document["@graph"][-1]["organism_classification"] = {"@id": "NCBI:txid10090"}
    assert ours(document)["organism"] == "NCBI:txid9606"

    entity(document, "#bio")["@type"] = ["biosample"]
    assert ours(document)["organism"] == "NCBI:txid10090"


def test_licence_that_the_page_fails_on_is_none() -> None:
    """A licence that is an object ends the page; one that is not there does not."""
    assert ours(with_members(of_the_challenge(), license={"@id": CC_BY}))["license"] is None
    assert "license" not in ours(with_members(of_the_challenge(), license=None))


@pytest.mark.parametrize("odd", [3, None, [], {}, [[{}]], {"@id": 3}, [None, {"@id": "#x"}], True])
def test_odd_values_are_passed_over(odd: object) -> None:
    """Any JSON value in any member's place is read without an error."""
    for item in of_the_challenge()["@graph"]:
        for name in item:
            if name not in ("@id", "@type"):
                document = of_the_challenge()
                entity(document, item["@id"])[name] = odd
                assert isinstance(ours(document), dict)
