"""What the official schemas of plates, wells and labels refuse is refused here too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import pytest

from tests.judges import attribute_problems
from tests.validation.mutations import Way, mutated
from tests.validation.trees import OLD, Json, Tree, group, inner, label, ome, plate, well
from zarrlift.findings import has_errors
from zarrlift.survey.given import hierarchy
from zarrlift.validate.run import check

WITH_PLATES = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6")
WITH_LABELS = ("0.4", "0.5", "0.6")
"""No older version has a schema for them."""


def document(version: str, tree: Tree, *members: str) -> Tree:
    """Give the root's document alone, with those of its members."""
    return group(version, {name: ome(tree)[name] for name in members})


def of_plate(version: str) -> Tree:
    """Give the document of a plate."""
    return document(version, plate(version, "AB", "1"), "plate")


def of_well(version: str) -> Tree:
    """Give the document of a well."""
    return document(version, well(version, 2), "well")


def of_label(version: str) -> Tree:
    """Give the document of a label image with all that may be said of its labels."""
    made = document(version, label(version), "multiscales", "image-label")
    inner(ome(made)["image-label"])["properties"] = [{"label-value": 1, "area": 3}]
    return made


CASES: dict[tuple[str, str], Callable[[str], Tree]] = {
    **{("plate", version): of_plate for version in WITH_PLATES},
    **{("well", version): of_well for version in WITH_PLATES},
    **{("image-label", version): of_label for version in WITH_LABELS},
}
QUICK = ("0.3", "0.4", "0.6")
ASKED = [pytest.param(*case, marks=() if case[1] in QUICK else pytest.mark.slow) for case in CASES]
"""The schemas of the other versions differ little from the one before or after."""


def accepted(member: str, version: str, change: str) -> str | None:
    """Give why a document is accepted here though the schema refuses it."""
    if member != "plate" or version >= "0.4":
        return None
    if change == "/plate/version removed":
        return "the text does not require it"
    if change in ("/plate/acquisitions = []", "/plate/acquisitions/0 removed"):
        return "the text does not forbid an empty list"
    if re.fullmatch(r"/plate/(rows|columns)/\d( = {}|/name removed)", change):
        return "the text lets the object be empty"
    return None


@pytest.mark.parametrize(("member", "version"), ASKED)
def test_what_a_schema_refuses_is_an_error(member: str, version: str) -> None:
    """One thing is changed at a time, all through the member."""
    tree = CASES[member, version](version)
    name = ".zattrs" if version in OLD else "zarr.json"
    below: Way = (member,) if version in OLD else ("attributes", "ome", member)
    missed = []
    for change, made in mutated(tree[name], below):
        found = cast("Json", made)
        attributes = found if version in OLD else inner(found["attributes"])
        refused = attribute_problems(attributes, version)
        judged = has_errors(check(hierarchy({**tree, name: found}), version, alone=True))
        if refused and not judged and not accepted(member, version, change):
            missed.append(f"{change}: {refused[0]}")
    assert not missed


@pytest.mark.parametrize(("member", "version"), CASES)
def test_the_unchanged_document_is_accepted(member: str, version: str) -> None:
    """Else the test above would show nothing."""
    tree = CASES[member, version](version)
    assert not check(hierarchy(tree), version, alone=True)
