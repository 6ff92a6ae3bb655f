"""Crates as others write them, and how others read ours."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from rocrate.rocrate import ROCrate

Document: TypeAlias = dict[str, Any]

CRATE = "ro-crate-metadata.json"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


def of_the_challenge() -> Document:
    """Give a crate in the form that the community's converter writes, with its faults."""
    return {
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            {
                "organism_classification": "https://schema.org/taxonomicRange",
                "obo": "http://purl.obolibrary.org/obo/",
                "biosample": "http://purl.obolibrary.org/obo/OBI_0002648",
                "specimen": "http://purl.obolibrary.org/obo/HSO_0000308",
            },
        ],
        "@graph": [
            {
                "@id": "./",
                "@type": "Dataset",
                "name": "mitosis",
                "license": CC_BY,
                "resultOf": {"@id": "#acq"},
            },
            {
                "@id": CRATE,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "#bio",
                "@type": "biosample",
                "organism_classification": {"@id": "NCBI:txid9606"},
            },
            {"@id": "#spec", "@type": "specimen", "biosample": {"@id": "#bio"}},
            {
                "@id": "#acq",
                "@type": "image_acquisition",
                "fbbi_id": {"@id": "obo:FBbi_00000246"},
                "specimen": {"@id": "#spec"},
            },
        ],
    }


def with_members(document: Document, **members: object) -> Document:
    """Give a crate whose root has other members; None takes one away."""
    made = copy.deepcopy(document)
    root = entity(made, "./")
    root.update(members)
    for name in [n for n, value in root.items() if value is None]:
        del root[name]
    return made


def entity(document: Mapping[str, Any], identifier: str) -> Document:
    """Give the entity of an id."""
    found: Document = next(e for e in document["@graph"] if e["@id"] == identifier)
    return found


def read(folder: Path) -> Document:
    """Read the crate of a dataset."""
    document: Document = json.loads((folder / CRATE).read_text("utf-8"))
    return document


def write(folder: Path, document: object) -> bytes:
    """Write a crate as another program may; gives its bytes."""
    data = json.dumps(document, indent=1).encode()
    (folder / CRATE).write_bytes(data)
    return data


def panel(document: Mapping[str, Any]) -> dict[str, str | None]:
    """Give what the online validator's panel shows: of each member the first item that has it.

    A licence that is no text ends the page.
    """
    graph = document["@graph"]
    shown: dict[str, str | None] = {}
    for name in ("license", "name", "description"):
        shown[name] = next((item[name] for item in graph if name in item), None)
    assert shown["license"] is None or shown["license"].startswith("http")
    for name, kind, member in (
        ("organism", "biosample", "organism_classification"),
        ("modality", "image_acquisition", "fbbi_id"),
    ):
        items = [item[member]["@id"] for item in graph if item["@type"] == kind and member in item]
        shown[name] = items[0] if items else None
    return shown


def judged(document: Mapping[str, Any]) -> ROCrate:
    """Read a crate with the rocrate library, which refuses what it does not understand."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ROCrate(copy.deepcopy(dict(document)))


def undated(document: Mapping[str, Any]) -> Document:
    """Give a crate without the one thing that two runs of a plan do not share: the date."""
    made = copy.deepcopy(dict(document))
    for item in made["@graph"]:
        item.pop("endTime", None)
        item.pop("datePublished", None)
    return made
