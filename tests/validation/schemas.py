"""The official JSON schemas as a judge, and documents that differ from valid ones in one thing."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, cast

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.validation.mutations import Way, replaced, ways
from tests.validation.pairs_systems import KINDS, joined, scene
from tests.validation.trees import (
    NEW,
    Json,
    Tree,
    group,
    label,
    ome,
    plate,
    rendered,
    well,
)

_SITE = "https://ngff.openmicroscopy.org"
OTHERS: tuple[object, ...] = (None, True, 0, -1, 2.5, "", "x", [], ["x"], [1, 1], {}, {"name": "x"})
"""What is put in the place of each value of a document."""


class Mutation(NamedTuple):
    """A document, and one thing in it that becomes another."""

    document: Json
    way: Way
    what: str
    other: object

    def made(self) -> Json:
        """Give the document that differs."""
        gone = self.what == "left out"
        return cast("Json", replaced(self.document, self.way, self.other, remove=gone))

    def __str__(self) -> str:
        """Say where, and what."""
        return f"{'/'.join(map(str, self.way))}: {self.what}"


@cache
def _registry(version: str) -> Registry[Any]:
    """Give the schemas of a version by address, and by name as they name one another."""
    folder = resources.files("ngff_zarr") / "spec" / version / "schemas"
    found: Registry[Any] = Registry()
    for file in folder.iterdir():
        if file.name.endswith(".schema"):
            content = json.loads(file.read_text("utf-8"))
            resource = Resource.from_contents(content, default_specification=DRAFT202012)
            for address in {content["$id"], f"{_SITE}/{version}/schemas/{file.name}"}:
                found = found.with_resource(address, resource)
    return found


@cache
def schema(version: str, name: str) -> Draft202012Validator:
    """Give one schema of a version, such as `strict_image`, ready to validate."""
    registry = _registry(version)
    content = registry[f"{_SITE}/{version}/schemas/{name}.schema"].contents
    return Draft202012Validator(content, registry=registry)


def has_schema(version: str, name: str) -> bool:
    """Say whether a version has a schema of this name."""
    return f"{_SITE}/{version}/schemas/{name}.schema" in _registry(version)


def attributes(tree: Tree, version: str) -> Json:
    """Give the attributes of a tree's root, as suites hold them."""
    made = copy.deepcopy(ome(tree))
    return {"ome": made} if version in NEW else made


def documents(version: str) -> dict[str, list[Json]]:
    """Give valid documents of each kind that a schema judges, by the schema's name."""
    trees: dict[str, list[Tree]] = {
        "image": [rendered(version)],
    }
    if version in {"0.4", *NEW}:
        trees["plate"] = [plate(version, "A", "12")]
        trees["well"] = [well(version, 2)]
        trees["label"] = [label(version)]
        trees["bf2raw"] = [group(version, {"bioformats2raw.layout": 3})]
        trees["ome"] = [group(version, {"series": ["0", "1"]})]
    if version == "0.6":
        trees["image"] += [joined(KINDS[kind]) for kind in sorted(KINDS)]
        trees["scene"] = [scene()]
    return {name: [attributes(t, version) for t in made] for name, made in trees.items()}


def mutations(document: Json) -> list[Mutation]:
    """Give all ways in which a document may differ from one in a single thing."""
    made: list[Mutation] = []
    for way in ways(document):
        if not way:
            continue
        value = _at(document, way)
        made.append(Mutation(document, way, "left out", None))
        made += [Mutation(document, way, json.dumps(other), other) for other in OTHERS]
        if isinstance(value, list) and value:
            made.append(Mutation(document, way, "first again", [*value, value[0]]))
            made.append(Mutation(document, way, "last left out", value[:-1]))
            made.append(Mutation(document, way, "reversed", value[::-1]))
    return made


def _at(value: Any, way: Way) -> Any:
    for step in way:
        value = value[step]
    return value
