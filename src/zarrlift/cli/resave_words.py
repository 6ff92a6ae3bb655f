"""What the words of ome2024-ngff-challenge mean here: addresses, crate, choices. No I/O.

This is the one place where its options for object stores and for RO-Crate are translated.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.jobs.choices import Choices, CrateChoices
    from zarrlift.jobs.reach import Reach

PROGRAM = "zarrlift-resave"
NAMED_LEVELS = ("error", "warn", "info", "debug", "trace")
LEVELS = {
    "critical": 50,
    "fatal": 50,
    "error": 40,
    "warning": 30,
    "warn": 30,
    "info": 20,
    "debug": 10,
    "trace": 5,
    "notset": 1,
}
"""Every word that Python's logging has for a level, and `trace`; help names those of theirs."""
NO_LICENCE = "crate-license-missing"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
_TOGETHER = (
    ("--cc0", "--cc-by", "--rocrate-license"),
    ("--output-write-details", "--output-read-details", "--output-chunks"),
)
"""Options of which one at most is taken."""
_OUR_NAMES = {
    "--overwrite": "--output-overwrite",
    "--chunks": "--output-chunks",
    "--shards": "--output-shards",
    "--workers": "--output-threads",
    "--endpoint": "--input-endpoint or --output-endpoint",
    "--region": "--input-region or --output-region",
    "--anon": "--input-anon",
    "--profile": "AWS_PROFILE",
}
_ELSEWHERE = (
    *("--exclude", "--plain-zarr", "--large-index", "--damaged", "--memory"),
    *("--requests", "--patience", "--storage-class"),
)
"""Options that only `zarrlift convert` has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How an object store is reached; None and False are not given."""

    endpoint: str | None = None
    region: str | None = None
    anon: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A dataset: a local path, or `s3://BUCKET/KEY` and how its store is reached."""

    url: str
    store: StoreOptions = StoreOptions()


def addresses(given: Mapping[str, object]) -> tuple[Address, Address]:
    """Give source and target: a bucket turns a path into the key of an object store."""
    return _address(given, "input"), _address(given, "output")


def _address(given: Mapping[str, object], side: str) -> Address:
    path, bucket = str(given[f"{side}_path"]), given[f"{side}_bucket"]
    store = StoreOptions(
        endpoint=_endpoint(_text(given[f"{side}_endpoint"])),
        region=_text(given[f"{side}_region"]),
        anon=bool(given[f"{side}_anon"]),
    )
    if not bucket:
        return Address(url=path)
    key = posixpath.normpath(path.lstrip("/")) if path.strip("/") else ""
    return Address(url=f"s3://{bucket}/{key}".rstrip("/"), store=store)


def reach(source: Address, target: Address) -> Reach:
    """Give how both sides' stores are reached, as `convert` takes it."""
    return {
        "src_endpoint": source.store.endpoint,
        "src_region": source.store.region,
        "src_anon": source.store.anon or None,
        "dst_endpoint": target.store.endpoint,
        "dst_region": target.store.region,
        "dst_anon": target.store.anon or None,
    }


def without_bucket(given: Mapping[str, object]) -> list[str]:
    """List options of an object store that have no effect, because no bucket is named."""
    return [
        f"--{side}-{name}"
        for side in ("input", "output")
        for name in ("endpoint", "region", "anon")
        if given[f"{side}_{name}"] and not given[f"{side}_bucket"]
    ]


def _endpoint(text: str | None) -> str | None:
    """Give the address of a server; a name alone, as the README has it, is one with TLS."""
    return f"https://{text}" if text and "://" not in text else text


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrateOptions:
    """What is to be said of the dataset in its RO-Crate; None is not given."""

    license: str | None = None
    organism: str | None = None
    modality: str | None = None
    name: str | None = None
    description: str | None = None

    def words(self) -> CrateChoices:
        """Give what is said, by the names that `convert` has for it."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {n: v for n, v in given.items() if v is not None}  # type: ignore[return-value]


def crate(given: Mapping[str, object]) -> CrateOptions:
    """Give what the crate is to say; nothing where it is to be skipped."""
    if given.get("rocrate_skip"):
        return CrateOptions()
    licence = CC0 if given["cc0"] else CC_BY if given["cc_by"] else given["rocrate_license"]
    return CrateOptions(
        license=_text(licence),
        **{
            name: _text(given[f"rocrate_{name}"])
            for name in ("organism", "modality", "name", "description")
        },
    )


def choices(given: Mapping[str, object]) -> Choices:
    """Give what decides what is written."""
    known = {
        "chunks": given["output_chunks"],
        "shards": given["output_shards"] or "whole",
        "details": given["output_read_details"],
        "notes": _text(given["conversion_notes"]),
        "crate": None if given["rocrate_skip"] else True,
    }
    return {n: v for n, v in known.items() if v is not None}  # type: ignore[return-value]


def refuse_together(given: Mapping[str, object]) -> None:
    """Raise `UsageError` for options that exclude one another."""
    for names in _TOGETHER:
        there = [n for n in names if given.get(n.strip("-").replace("-", "_"))]
        if len(there) > 1:
            raise UsageError(f"{' and '.join(there)} exclude one another", hint="give one of them")


def spoken(message: str) -> str:
    """Put a message that names options of `zarrlift convert` into this program's words."""
    for name, other in _OUR_NAMES.items():
        message = re.sub(rf"(?<![\w-]){name}(?![\w-])", other, message)
    for name in _ELSEWHERE:
        message = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"zarrlift convert {name}", message)
    return message
