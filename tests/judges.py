"""Judges of OME metadata other than ours: the official JSON schemas, yaozarrs, ome-zarr-models.

Each gives what it finds wrong, as text, and nothing for a hierarchy that it accepts.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

import referencing
import referencing.jsonschema
import yaozarrs
import zarr
from jsonschema.validators import Draft202012Validator, validator_for
from ome_zarr_models.v05.bioformats2raw import BioFormats2Raw
from ome_zarr_models.v05.hcs import HCS
from ome_zarr_models.v05.image import Image
from ome_zarr_models.v05.image_label import ImageLabel
from ome_zarr_models.v05.labels import Labels
from ome_zarr_models.v05.well import Well
from yaozarrs._storage import StorageValidationError

Json: TypeAlias = Mapping[str, object]

SCHEMAS = {
    "multiscales": "image",
    "image-label": "label",
    "plate": "plate",
    "well": "well",
    "bioformats2raw.layout": "bf2raw",
    "series": "ome",
}
"""The schema of each member of OME metadata; the list in a `labels` group has none."""

MODELS: Mapping[str, Callable[[zarr.Group], object]] = {
    "plate": HCS.from_zarr,
    "bioformats2raw.layout": BioFormats2Raw.from_zarr,
    "image-label": ImageLabel.from_zarr,
    "multiscales": Image.from_zarr,
    "labels": Labels.from_zarr,
    "well": Well.from_zarr,
}
"""The model for each member, the one that decides first."""

Fault: TypeAlias = Literal["source", "judge"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a judge has against the faithful 0.5 copy of a trap."""

    judge: str
    trap: str
    fault: Fault
    """Whether the source breaks the rule already, or the judge is wrong about valid data."""
    why: str


UNTYPED = "the schemas count an axis without a type as space, this model does not"
NESTED = "looks a label up among the direct children of `labels` only"
LEADING = "a well path of three parts is illegal from 0.4 on"

COMPLAINTS: tuple[Complaint, ...] = (
    Complaint("yaozarrs", "axes-bare", "judge", UNTYPED),
    Complaint("yaozarrs", "axes-type-null", "judge", UNTYPED),
    Complaint("yaozarrs", "labels-empty", "judge", "wants one label at least"),
    Complaint("yaozarrs", "axes-ctzyx", "source", "time must come first"),
    Complaint("yaozarrs", "level-missing", "source", "a level is listed and not there"),
    Complaint("yaozarrs", "labels-without-list", "source", "`labels` lists nothing"),
    Complaint("yaozarrs", "plate-well-missing", "source", "a well is listed and not there"),
    Complaint("yaozarrs", "plate-field-missing", "source", "a field is listed and not there"),
    Complaint("yaozarrs", "plate-0.1-leading-folder", "source", LEADING),
    Complaint("ome-zarr-models", "axes-bare", "judge", UNTYPED),
    Complaint("ome-zarr-models", "axes-type-null", "judge", UNTYPED),
    Complaint("ome-zarr-models", "labels-nested", "judge", NESTED),
    Complaint("ome-zarr-models", "labels-nested-without-group", "judge", NESTED),
    Complaint("ome-zarr-models", "axes-ctzyx", "source", "time must come first"),
    Complaint("ome-zarr-models", "level-missing", "source", "a level is listed and not there"),
    Complaint("ome-zarr-models", "labels-without-list", "source", "`labels` lists nothing"),
    Complaint("ome-zarr-models", "plate-0.1-leading-folder", "source", LEADING),
    Complaint("schemas", "plate-0.1-leading-folder", "source", LEADING),
)
"""Where a judge finds fault with a copy that loses nothing and adds what 0.5 asks for."""


def complaint_of(judge: str, trap: str) -> Complaint | None:
    """Give what a judge is known to have against a trap's copy."""
    return next((c for c in COMPLAINTS if (c.judge, c.trap) == (judge, trap)), None)


def schema_problems(group: Path, version: str = "0.5") -> list[str]:
    """Give what the official schemas find in one group's attributes."""
    return attribute_problems(_attributes(group), version)


def attribute_problems(attributes: Json, version: str) -> list[str]:
    """Give what the official schemas of a version find in a group's attributes."""
    if version < "0.5":
        members: Json = attributes
    elif "ome" in attributes:
        members = cast("Json", attributes["ome"])
    else:
        return []
    names = [name for member, name in SCHEMAS.items() if member in members]
    problems = [p for name in names for p in _violations(name, version, attributes)]
    if version >= "0.5":
        problems += _violations("_version", version, members.get("version"))
    return problems


def all_schema_problems(root: Path, version: str = "0.5") -> list[str]:
    """Give what the official schemas find in any group of a hierarchy."""
    name = "zarr.json" if version >= "0.5" else ".zgroup"
    return [
        f"{document.parent.relative_to(root)}: {problem}"
        for document in sorted(root.rglob(name))
        for problem in schema_problems(document.parent, version)
    ]


def yaozarrs_problems(root: Path) -> list[str]:
    """Give what yaozarrs finds in a hierarchy of 0.5.

    It goes through the whole of it, arrays included; a root without OME metadata is a problem to
    it. Of valid data it refuses axes without a type and a `labels` group that lists none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yaozarrs.validate_zarr_store(str(root))
        except StorageValidationError as error:
            return [f"{e['type']} {e['loc']}: {e['msg']}" for e in error.errors()]
        except (ValueError, NotImplementedError, KeyError) as error:
            return [str(error)]
    return []


def ome_zarr_models_problems(root: Path) -> list[str]:
    """Give what ome-zarr-models finds in a hierarchy of 0.5.

    The model is chosen by member, for its own guess leaves out bioformats2raw and takes a label
    for an image. A plate's wells and fields are opened, a bioformats2raw layout's images only
    where they are numbered. Of valid data it refuses axes without a type and nested labels.
    """
    members = cast("Json", _attributes(root).get("ome", {}))
    read = next((read for member, read in MODELS.items() if member in members), None)
    if read is None:
        return [f"no model for {sorted(members)}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(zarr.open_group(store=str(root), mode="r", zarr_format=3))
        except (ValueError, RuntimeError, KeyError, FileNotFoundError) as error:
            return [f"{type(error).__name__}: {error}"]
    return []


def ngff_zarr_places(root: Path) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Give scale and translation of each level of an image, by axis, as ngff-zarr reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ngff_zarr  # noqa: PLC0415 - loads slowly, and few tests need it

        images = ngff_zarr.from_ngff_zarr(str(root), validate=True).images
    return [(dict(image.scale), dict(image.translation)) for image in images]


def _attributes(group: Path) -> Json:
    """Give a group's attributes, from the document of either format."""
    v3, v2 = group / "zarr.json", group / ".zattrs"
    if v3.exists():
        document = json.loads(v3.read_text(encoding="utf-8"))
        return cast("Json", document.get("attributes", {}))
    return cast("Json", json.loads(v2.read_text(encoding="utf-8")) if v2.exists() else {})


def _violations(name: str, version: str, instance: object) -> Iterator[str]:
    """Give where a value breaks one official schema."""
    schemas = _official_schemas(version)
    validator = validator_for(schemas[name], default=Draft202012Validator)
    for error in validator(schemas[name], registry=_registry(version)).iter_errors(instance):
        yield f"{name}.schema {error.json_path}: {error.message}"


@functools.cache
def _registry(version: str) -> referencing.Registry:
    """Give a registry in which the schemas of a version find each other without a network."""
    draft = referencing.jsonschema.DRAFT202012
    return referencing.Registry().with_resources(
        (str(schema["$id"]), referencing.Resource.from_contents(schema, draft))
        for schema in _official_schemas(version).values()
    )


@functools.cache
def _official_schemas(version: str) -> dict[str, dict[str, object]]:
    """Read the schemas that the wheel of ngff-zarr carries, without importing it."""
    spec = importlib.util.find_spec("ngff_zarr")
    if spec is None or not spec.submodule_search_locations:
        msg = "the official schemas come with ngff-zarr, which is not installed"
        raise ModuleNotFoundError(msg)
    folder = Path(spec.submodule_search_locations[0]) / "spec" / version / "schemas"
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.schema"))
    }
