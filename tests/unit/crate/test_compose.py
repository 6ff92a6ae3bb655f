"""Crates that are made, and added to: readable by all who read them, and nothing lost."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from rocrate.vocabs import RO_CRATE

from tests.crates import CC0, CC_BY, CRATE, entity, judged, of_the_challenge, panel, with_members
from zarrlift.crate.check import check_graph
from zarrlift.crate.compose import Made, compose, has_made
from zarrlift.crate.graph import Graph, read_graph, write_graph
from zarrlift.crate.lost import compare_crates
from zarrlift.plan.crate import CrateWords

MADE = Made(
    digest="ab" * 32,
    source="cells-0.4.zarr",
    target="OME-Zarr 0.5",
    found="OME-Zarr 0.4",
    version="1.2.3",
    instant="2026-11-21T12:00:00+00:00",
)
ALL = CrateWords(
    license=CC0,
    organism=("NCBI:txid9606", "NCBI:txid10090"),
    modality=("obo:FBbi_00000369",),
    name="Cells",
    description="Two sorts of cells",
    author=("https://orcid.org/0000-0002-1825-0097 Josiah Carberry",),
    keyword=("mitosis", "cells"),
)


def graph_of(document: object) -> Graph:
    """Read a document that has no fault of form."""
    graph, found = read_graph(json.dumps(document).encode())
    assert graph is not None
    assert found == []
    return graph


def composed(words: CrateWords, found: object = None, made: Made | None = None) -> dict[str, Any]:
    """Say something in a crate, or in a new one."""
    graph = None if found is None else graph_of(found)
    return compose(graph, words, name="data.zarr", today="2026-11-21", part="zarr.json", made=made)


def test_new_crate_is_read_by_others() -> None:
    """A new crate is one to the rocrate library, and shown whole by the online validator."""
    document = composed(ALL, made=MADE)

    crate = judged(document)
    assert crate.root_dataset["name"] == "Cells"
    assert str(crate.root_dataset.datePublished)[:10] == "2026-11-21"
    assert crate.get(CC0)["name"] == "CC0 1.0"
    assert panel(document) == {
        "license": CC0,
        "name": "Cells",
        "description": "Two sorts of cells",
        "organism": "NCBI:txid9606",
        "modality": "obo:FBbi_00000369",
    }
    assert check_graph(graph_of(document)) == []


def test_new_crate_needs_no_more_than_a_name() -> None:
    """What is not said is not made up, but for the name, and nothing else is shown in its place."""
    document = composed(CrateWords(license=CC_BY))

    assert panel(document) == {
        "license": CC_BY,
        "name": "data.zarr",
        "description": None,
        "organism": None,
        "modality": None,
    }
    judged(document)


def test_modality_alone_is_said() -> None:
    """An imaging method needs no organism."""
    document = composed(CrateWords(modality=("obo:FBbi_00000246",)))

    assert panel(document)["modality"] == "obo:FBbi_00000246"
    assert "specimen" not in entity(document, "#image_acquisition-1")


def test_organisms_lead_to_the_acquisition() -> None:
    """Each organism has a sample and a specimen, from which the image was acquired."""
    document = composed(ALL)

    assert entity(document, "#image_acquisition-1")["specimen"] == [
        {"@id": "#specimen-1"},
        {"@id": "#specimen-2"},
    ]
    assert entity(document, "#specimen-2")["biosample"] == {"@id": "#biosample-2"}
    assert entity(document, "./")["resultOf"] == {"@id": "#image_acquisition-1"}


def test_words_used_are_defined() -> None:
    """The context defines every word that RO-Crate does not have, and no other."""
    context = composed(ALL)["@context"]
    few = composed(CrateWords(name="a"))["@context"]

    assert context[0] == "https://w3id.org/ro/crate/1.1/context"
    assert {"biosample", "fbbi_id", "image_acquisition", "resultOf", "obo"} < context[1].keys()
    assert context[1]["license"] == {"@id": "http://schema.org/license", "@type": "@id"}
    assert few == "https://w3id.org/ro/crate/1.1/context"


def test_provenance_is_an_action() -> None:
    """The action says program, version, source, date and the digest of the plan."""
    document = composed(CrateWords(license=CC0), made=MADE)

    action = entity(document, MADE.id)
    assert action["@type"] == "CreateAction"
    assert action["identifier"] == "sha256:" + "ab" * 32
    assert action["endTime"] == MADE.instant
    assert entity(document, action["instrument"]["@id"])["version"] == "1.2.3"
    assert entity(document, action["object"]["@id"])["name"] == "cells-0.4.zarr"
    assert entity(document, "./")["mentions"] == {"@id": MADE.id}
    assert has_made(graph_of(document), MADE.digest)
    assert not has_made(graph_of(document), "cd" * 32)


def test_second_lift_keeps_the_first() -> None:
    """A crate that tells of an earlier lift tells of both."""
    first = composed(CrateWords(license=CC0), made=MADE)
    again = composed(CrateWords(name="a"), first, replace(MADE, digest="cd" * 32))

    assert has_made(graph_of(again), "ab" * 32)
    assert has_made(graph_of(again), "cd" * 32)
    judged(again)


def test_source_with_an_address_is_named_by_it() -> None:
    """A source in an object store is linked to; of a local one only the name is told."""
    remote = replace(MADE, source="https://example.org/data/cells.zarr")

    assert (
        entity(composed(CrateWords(name="a"), made=remote), remote.source)["name"] == "cells.zarr"
    )


def test_crate_of_the_challenge_is_kept() -> None:
    """What is not named stays: ids, order, terms, values, words that nobody knows."""
    old = of_the_challenge()
    old["x-own"] = {"deep": [1, {"a": None}]}
    entity(old, "#bio")["strain"] = {"value": 1.50, "parts": [[1], []]}
    old["@graph"].append({"@id": "#other", "@type": ["Thing", "x-own"], "name": "kept"})
    before = copy.deepcopy(old)

    document = composed(CrateWords(license=CC0, keyword=("a",)), old, MADE)

    assert old == before
    assert compare_crates(json.dumps(old).encode(), json.dumps(document).encode()) == []
    assert document["x-own"] == {"deep": [1, {"a": None}]}
    assert entity(document, "#bio") == entity(old, "#bio")
    assert entity(document, "#other") == {
        "@id": "#other",
        "@type": ["Thing", "x-own"],
        "name": "kept",
    }
    assert panel(document)["organism"] == "NCBI:txid9606"
    assert panel(document)["license"] == CC0
    assert entity(document, "./")["datePublished"] == "2026-11-21"
    assert old["@context"][1].items() <= document["@context"][1].items()
    assert "crate-term-undefined" not in {f.rule for f in check_graph(graph_of(document))}


def test_named_values_are_changed_where_they_stand() -> None:
    """An organism that is set takes the place of the one that was there, in its entity."""
    document = composed(CrateWords(organism=("NCBI:txid10090",)), of_the_challenge())

    assert entity(document, "#bio")["organism_classification"] == {"@id": "NCBI:txid10090"}
    assert [e["@id"] for e in document["@graph"] if e["@type"] == "biosample"] == ["#bio"]
    assert entity(document, "#acq")["specimen"] == {"@id": "#spec"}
    judged(document)


def test_root_comes_before_what_has_a_name() -> None:
    """Loaders take the first name they find, so the root goes before all others."""
    old = with_members(of_the_challenge(), license={"@id": CC_BY})
    old["@graph"].insert(0, {"@id": CC_BY, "@type": "CreativeWork", "name": "CC BY 4.0"})

    document = composed(CrateWords(license=CC_BY), old)

    assert panel(document)["name"] == "mitosis"
    assert panel(document)["license"] == CC_BY
    assert [e["@id"] for e in document["@graph"][:2]] == ["./", CRATE]


def test_same_words_again_change_nothing() -> None:
    """Saying what is said already gives the same document, also on another day."""
    once = composed(ALL)
    again = compose(graph_of(once), ALL, name="other", today="2027-01-01", part="zarr.json")

    assert again == once


@pytest.mark.parametrize(
    "context",
    [
        "https://w3id.org/ro/crate/1.2/context",
        {"@vocab": "http://schema.org/"},
        ["https://w3id.org/ro/crate/1.1/context", {"biosample": "https://example.org/own"}],
    ],
    ids=["text", "object", "list"],
)
def test_context_keeps_its_own_words(context: object) -> None:
    """Whatever form a context has, its own words stay as they are and ours are added."""
    old = of_the_challenge() | {"@context": context}
    found = composed(ALL, old)["@context"]

    own = context if isinstance(context, list) else [context]
    terms = (
        {k: v for part in found if isinstance(part, dict) for k, v in part.items()}
        if isinstance(found, list)
        else found
    )
    assert "fbbi_id" in terms
    for part in own:
        if isinstance(part, dict):
            assert part.items() <= terms.items()
        else:
            assert part in found


def test_document_is_written_readably() -> None:
    """The text is indented UTF-8, and reads back as the same values; lone surrogates too."""
    document = composed(replace(ALL, name="Zellen – 細胞"))
    odd = composed(replace(ALL, name="\ud800"))

    assert "細胞".encode() in write_graph(document)
    assert json.loads(write_graph(document)) == document
    assert json.loads(write_graph(odd)) == odd


def test_every_word_has_a_meaning() -> None:
    """Each type and member of a new crate is a word of RO-Crate, or its own context defines it."""
    document = composed(ALL, made=MADE)
    known = {*RO_CRATE["@context"], *document["@context"][1], "@id", "@type"}

    used = {word for item in document["@graph"] for word in (item["@type"], *item)}
    links = {i["@id"] for e in document["@graph"] for v in e.values() for i in _objects(v)}
    prefixes = {link.partition(":")[0] for link in links if ":" in link} - {"https", "http"}

    assert used - known == set()
    assert prefixes == {"NCBI", "obo"}  # readers know the first in this form only
    assert "obo" in document["@context"][1]


def _objects(value: object) -> list[dict[str, str]]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, dict)]


def test_library_would_lose_what_others_say() -> None:
    """Why the library judges crates and does not write them: it drops what it does not know."""
    old = of_the_challenge() | {"x-own": 1}

    again = judged(old).metadata.generate()

    assert "biosample" in old["@context"][1]
    assert again["@context"] == "https://w3id.org/ro/crate/1.1/context"
    assert "x-own" not in again
    kept = composed(CrateWords(license=CC0), old)
    assert old["@context"][1].items() <= kept["@context"][1].items()
    assert kept["x-own"] == 1
