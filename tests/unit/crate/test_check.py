"""Crates that are wrong or lack something: findings, never errors of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.crates import CC0, CC_BY, CRATE, entity, of_the_challenge, with_members
from zarrlift.crate.check import check_graph, check_missing, check_parts
from zarrlift.crate.graph import read_graph
from zarrlift.crate.lost import compare_crates
from zarrlift.crate.shown import shown
from zarrlift.findings import has_errors

Change = Callable[[dict[str, Any]], object]


def good() -> dict[str, Any]:
    """Give a crate in which nothing is wrong."""
    made = with_members(
        of_the_challenge(), datePublished="2026-11-21", description="Cells that divide"
    )
    made["@context"][1] |= {"fbbi_id": "x:f", "image_acquisition": "x:i", "resultOf": "x:r"}
    made["@graph"].append({"@id": CC_BY, "@type": "CreativeWork", "name": "CC BY 4.0"})
    return made


def rules(data: bytes) -> list[str]:
    """Give the rules of all that is found in a crate."""
    graph, found = read_graph(data)
    if graph is not None:
        found += check_graph(graph)
    shown("data.zarr", graph, found, exists=True)
    return [f.rule for f in found]


def test_good_crate_has_no_findings() -> None:
    """A crate with all that is asked for passes."""
    assert rules(json.dumps(good()).encode()) == []


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "crate-unreadable"),
        (b"{", "crate-unreadable"),
        (b"\xff\xfe\x00", "crate-unreadable"),
        (b"[" * 100_000, "crate-unreadable"),
        (b"[1]", "crate-unreadable"),
        (b"null", "crate-unreadable"),
        (b"{}", "crate-graph-missing"),
        (b'{"@graph": {}}', "crate-graph-missing"),
        (b'{"@graph": null, "@context": "x"}', "crate-graph-missing"),
    ],
)
def test_unreadable_crates_are_findings(data: bytes, rule: str) -> None:
    """What is no crate's document gives one finding."""
    assert rules(data) == [rule]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda d: d.pop("@context"), "crate-context-missing"),
        (lambda d: d["@graph"].append(3), "crate-entity-refused"),
        (lambda d: d["@graph"].append({"@type": "Thing"}), "crate-entity-refused"),
        (lambda d: d["@graph"].append({"@id": "#a"}), "crate-entity-refused"),
        (lambda d: d["@graph"].append({"@id": "#bio", "@type": "x"}), "crate-entity-twice"),
        (lambda d: d["@graph"].remove(entity(d, CRATE)), "crate-descriptor-missing"),
        (lambda d: entity(d, CRATE).update({"@type": "File"}), "crate-descriptor-type"),
        (lambda d: entity(d, CRATE).pop("about"), "crate-descriptor-about"),
        (lambda d: entity(d, CRATE).pop("conformsTo"), "crate-version-missing"),
        (lambda d: entity(d, "./").update({"@type": "Thing"}), "crate-root-type"),
        (lambda d: entity(d, "./").pop("datePublished"), "crate-date-missing"),
        (lambda d: entity(d, "./").update(datePublished="today"), "crate-date-refused"),
        (lambda d: entity(d, "./").update(datePublished="2026-13-01"), "crate-date-refused"),
        (lambda d: entity(d, "./").update(datePublished=2026), "crate-date-refused"),
        (lambda d: entity(d, "./").update(datePublished="2026-11"), "crate-date-short"),
        (lambda d: entity(d, "./").update(license={"@id": CC_BY}), "crate-license-form"),
        (lambda d: d["@graph"].remove(entity(d, CC_BY)), "crate-license-undescribed"),
        (lambda d: entity(d, "./").pop("name"), "crate-name-missing"),
        (lambda d: entity(d, "./").update(description=" "), "crate-description-missing"),
        (lambda d: entity(d, "#bio").pop("organism_classification"), "crate-organism-missing"),
        (
            lambda d: entity(d, "#bio").update(organism_classification={"@id": "obo:NCBITaxon_1"}),
            "crate-organism-form",
        ),
        (lambda d: entity(d, "#acq").pop("fbbi_id"), "crate-modality-missing"),
        (
            lambda d: entity(d, "#acq").update(fbbi_id={"@id": "obo:FBbi:00000246"}),
            "crate-modality-form",
        ),
        (lambda d: d["@graph"].reverse(), "crate-shown-other"),
        (lambda d: d["@context"].pop(), "crate-term-undefined"),
        (
            lambda d: entity(d, "#acq").update(specimen={"@id": "#gone"}),
            "crate-link-dangling",
        ),
    ],
)
def test_each_fault_is_found(change: Change, rule: str) -> None:
    """One thing wrong gives the finding of its rule."""
    document = good()
    change(document)

    assert rule in rules(json.dumps(document).encode())


def test_crate_without_licence_says_how_to_add_one() -> None:
    """A missing licence is a warning with the next step, as the online validator shows it red."""
    graph, _ = read_graph(json.dumps(with_members(good(), license=None)).encode())
    assert graph is not None

    (found,) = (f for f in check_graph(graph) if f.rule == "crate-license-missing")
    assert "--set license=cc-by" in found.message


@pytest.mark.parametrize("about", [{"@id": "#nowhere"}, "./", 3, None, [{"@id": 3}]])
def test_root_that_is_not_led_to(about: object) -> None:
    """Whatever the descriptor says instead of its root, findings come and no error."""
    document = good()
    entity(document, CRATE)["about"] = about

    assert "crate-descriptor-about" in rules(json.dumps(document).encode())


@pytest.mark.parametrize("odd", [3, None, [], {}, [[{}]], {"@id": 3}, [None, {"@id": "#x"}], True])
def test_odd_values_are_no_fault_of_ours(odd: object) -> None:
    """Any JSON value in any member's place is read without an error."""
    for item in good()["@graph"]:
        for name in [*item, "mentions", "hasPart", "author"]:
            document = good()
            next(e for e in document["@graph"] if e["@id"] == item["@id"])[name] = odd

            assert isinstance(rules(json.dumps(document).encode()), list)


def test_missing_crate_is_an_error() -> None:
    """Where there is no crate, the check does not pass."""
    assert has_errors(check_missing())


def test_parts_that_are_gone_are_found() -> None:
    """Listed files are looked for, but for those elsewhere or outside of the dataset."""
    parts = ["zarr.json", "a%20b.txt", "gone.csv", "https://a.org/b", "#x", "../up", "/etc"]
    document = with_members(good(), hasPart=[{"@id": p} for p in parts])
    graph, _ = read_graph(json.dumps(document).encode())
    assert graph is not None

    there = {"zarr.json", "a b.txt"}
    found = list(check_parts(graph, lambda keys: [key in there for key in keys]))

    assert [f.message.split()[1] for f in found] == ["gone.csv,"]


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (lambda d: entity(d, "#bio").pop("@type"), "#bio @type"),
        (lambda d: d["@graph"].remove(entity(d, "#spec")), "#spec"),
        (lambda d: entity(d, "./").pop("resultOf"), "./ resultOf"),
    ],
)
def test_what_a_target_lacks_is_found(change: Change, lost: str) -> None:
    """An entity or member of the source's crate that the target's lacks is named."""
    source, target = good(), good()
    change(target)

    (found,) = compare_crates(json.dumps(source).encode(), json.dumps(target).encode())

    assert found.rule == "crate-lost"
    assert lost in found.message


def test_what_a_target_says_more_is_no_difference() -> None:
    """Another licence, and more entities, are what options are there for."""
    target = with_members(good(), license=CC0, mentions=[{"@id": "#a"}])
    target["@graph"].append({"@id": "#a", "@type": "CreateAction"})

    assert compare_crates(json.dumps(good()).encode(), json.dumps(target).encode()) == []
    assert [f.rule for f in compare_crates(b"{}", b"{ }")] == ["file-differs"]
    assert [f.rule for f in compare_crates(b"{}", None)] == ["file-missing"]
