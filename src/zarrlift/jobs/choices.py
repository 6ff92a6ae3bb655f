"""What callers may say, and its translation into settings and options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, TypeVar

from zarrlift.jobs.reach import OneReach, Reach, Written, stores_of

if TYPE_CHECKING:
    from zarrlift.jobs.options import RunOptions, Watch
    from zarrlift.plan.crate import CrateWords
    from zarrlift.plan.prices import Prices
    from zarrlift.plan.settings import Settings

Path = str | os.PathLike[str]
E = TypeVar("E", bound=StrEnum)
ShapeLike = str | Sequence[int] | Mapping[str, int]


class CrateChoices(TypedDict, total=False):
    """What the crate of a dataset is to say."""

    license: str
    """`cc-by`, `cc0`, or the licence's address."""
    organism: str | Sequence[str]
    """Names from the table, or NCBI taxon ids: `Homo sapiens`, `NCBI:txid9606`, `9606`."""
    modality: str | Sequence[str]
    """Names from the table, or FBbi ids: `light sheet`, `obo:FBbi_00000369`."""
    name: str
    description: str
    author: str | Sequence[str]
    """ORCIDs, each perhaps with a name: `Josiah Carberry 0000-0002-1825-0097`."""
    keyword: str | Sequence[str]


class Describing(CrateChoices, OneReach, total=False):
    """What the crate of a dataset is to say, and how the dataset is reached."""


class Choices(CrateChoices, total=False):
    """What may be said of a lift's outcome; every one has a default."""

    shards: ShapeLike
    """`auto` (default), `none`, `whole`, sizes in array order, or sizes by axis name."""
    shard_size: int | str
    """Decoded bytes that `auto` aims at; 64 MiB."""
    max_files: int
    """Choose the shard size so that the target needs no more files."""
    chunks: ShapeLike
    """`keep` (default), sizes in array order, or sizes by axis name."""
    codec: str
    """`keep` (default), `none`, `zstd[:level]`, `gzip[:level]`, `blosc:zstd[:level[:shuffle]]`."""
    layout: Mapping[str, object] | Path
    """Path patterns with chunks, shards and codec each, or a JSON file of them."""
    details: Path
    """A JSON file of chunks and shards as `details` gives them; before `layout`."""
    exclude: Sequence[str]
    """Patterns of paths to leave out."""
    plain_zarr: bool
    """Lift a hierarchy without OME metadata too."""
    large_index: bool
    """Allow more than 2^20 chunks in a shard."""
    ome_version: str
    """`0.5` (default) or `0.6`: what to write."""
    notes: str
    """Text on this conversion, kept in the root group as `ome._creator.notes`."""
    crate: bool
    """Write a crate even where nothing is to be said in it but how the dataset was made."""
    damaged: str
    """`stop` (default), `copy` or `missing`: what to do with a chunk that is not whole."""


class Run(TypedDict, total=False):
    """How a lift is carried out; none of it changes what is written."""

    workers: int | None
    memory: int | str | None
    """Bytes, or a size such as `1GiB`."""
    verify: str
    """`quick` (default), `full`, `decode` or `none`."""
    overwrite: bool
    """Replace the target; only a Zarr root or a target of ours is ever removed."""
    fsync: bool
    processes: bool
    """Pack on processes in place of threads: quicker for many small chunks. Linux only, and only
    from a process without other threads (not in a notebook); elsewhere threads are used."""
    prices: Path | None
    """What requests to object stores cost: `aws-s3-standard`, `cloudflare-r2-standard`, or a TOML
    or JSON file."""
    watch: Watch | None


class Decision(Choices, Reach, Written, total=False):
    """All that `plan` may be told."""


class Work(Run, Reach, Written, total=False):
    """All that `run` may be told."""


class Lift(Choices, Run, Reach, Written, total=False):
    """All that `convert` may be told."""


def refuse_unknown(options: Mapping[str, object], known: type) -> None:
    """Raise `TypeError` for a keyword that a verb does not take."""
    unknown = sorted(options.keys() - known.__annotations__.keys())
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}")


def run_options(options: Work) -> RunOptions:
    """Give what decides how a job runs."""
    from zarrlift.jobs.options import RunOptions
    from zarrlift.verify.level import Level

    memory = options.get("memory")
    return RunOptions(
        workers=options.get("workers"),
        memory=None if memory is None else byte_count(memory),
        verify=one_of(Level, options.get("verify", "quick"), "verify"),
        overwrite=options.get("overwrite", False),
        fsync=options.get("fsync", False),
        processes=options.get("processes", False),
        stores=stores_of(options),
        prices=price_list(options.get("prices")),
    )


def price_list(prices: Path | None) -> Prices | None:
    """Give the prices that a name or a file stands for; raises `UsageError`."""
    if prices is None:
        return None
    from zarrlift.jobs.prices import prices_of

    return prices_of(os.fspath(prices))


def settings(choices: Choices) -> Settings:
    """Give what decides what a lift writes; raises `UsageError`."""
    from zarrlift.plan.settings import VERSIONS, Damaged, Settings, parse_rules, parse_wish

    wish = parse_wish(
        chunks=shape(choices.get("chunks", "keep")),
        shards=shape(choices.get("shards", "auto")),
        codec=choices.get("codec", "keep"),
    )
    layout = choices.get("layout", {})
    if not isinstance(layout, Mapping):
        layout = json_file(os.fspath(layout))
    return Settings(
        wish=wish,
        rules=parse_rules(layout, wish),
        shard_size=byte_count(choices.get("shard_size", "64MiB")),
        max_files=choices.get("max_files"),
        exclude=patterns(choices.get("exclude", ())),
        plain_zarr=choices.get("plain_zarr", False),
        large_index=choices.get("large_index", False),
        damaged=one_of(Damaged, choices.get("damaged", "stop"), "damaged"),
        ome_version=version(choices.get("ome_version", VERSIONS[0])),
        notes=choices.get("notes"),
        crate=crate_words(choices) or _no_words(asked=choices.get("crate", False)),
    )


def crate_words(choices: Mapping[str, object]) -> CrateWords | None:
    """Give what a crate is to say, None where that is nothing; raises `UsageError`."""
    given = {n: choices[n] for n in CrateChoices.__annotations__ if n in choices}
    if not given:
        return None
    from zarrlift.crate.words import crate_words as read

    return read(given)


def _no_words(*, asked: bool) -> CrateWords | None:
    """Give a crate that says nothing, where one is asked for all the same."""
    if not asked:
        return None
    from zarrlift.plan.crate import CrateWords

    return CrateWords()


def version(text: str) -> str:
    """Give a version that can be written; raises `UsageError`."""
    from zarrlift.errors import UsageError
    from zarrlift.plan.settings import VERSIONS

    if text not in VERSIONS:
        raise UsageError(f"ome_version {text!r} cannot be written", hint=" or ".join(VERSIONS))
    return text


def patterns(value: Sequence[str]) -> tuple[str, ...]:
    """Give patterns of paths as a tuple, also where one text was given."""
    return (value,) if isinstance(value, str) else tuple(value)


def shape(value: ShapeLike) -> str:
    """Give a shape as users write it on the command line."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ",".join(f"{name}={size}" for name, size in value.items())
    return ",".join(map(str, value))


def byte_count(value: int | str) -> int:
    """Give a number of bytes, also where a text such as `64MiB` was given."""
    from zarrlift.plan.settings import parse_size

    return value if isinstance(value, int) else parse_size(value)


def one_of(kind: type[E], value: str, name: str) -> E:
    """Give the member of an enumeration that a text names; raises `UsageError`."""
    from zarrlift.errors import UsageError

    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(str(v) for v in kind)
        raise UsageError(f"{name} {value!r} is not one of {allowed}") from error


def local(path: Path) -> str:
    """Give the local path that a path or `file://` URL names."""
    from zarrlift.store.address import local_path

    return local_path(os.fspath(path))


def place(path: Path) -> str:
    """Give a local path, or an address in an object store as it is."""
    from zarrlift.store.address import is_remote, local_path

    text = os.fspath(path)
    return text if is_remote(text) else local_path(text)


def details_file(choices: Choices) -> object:
    """Give the content of the details file, where one is named; raises `UsageError`."""
    from zarrlift.errors import UsageError
    from zarrlift.plan.details import parse_details

    if "details" not in choices:
        return None
    path = os.fspath(choices["details"])
    try:
        return parse_details(_content(path).decode("utf-8"), path)
    except UnicodeDecodeError as error:
        raise UsageError("is no text in UTF-8", place=path, hint="mend the file") from error


def _content(path: str) -> bytes:
    from zarrlift.errors import UsageError
    from zarrlift.store.folder import Folder

    data = Folder(path).read("")
    if data is None:
        raise UsageError("there is no such file", place=path, hint="check the path")
    return data


def json_file(path: str) -> dict[str, object]:
    """Read a JSON object from a file that the user named; raises `UsageError`."""
    from zarrlift.errors import DocumentError, UsageError
    from zarrlift.metadata import json_text

    try:
        return json_text.read_object(_content(path), path)
    except DocumentError as error:
        raise UsageError(error.message, place=path, hint="mend the file") from error
