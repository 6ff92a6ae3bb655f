"""One function a verb. Nothing of the domain is decided here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack, cast

if TYPE_CHECKING:
    from zarrlift.demo.write import Demo
    from zarrlift.jobs.options import RunOptions, Watch
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.upgraded import Undone, Upgraded
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.settings import Settings
    from zarrlift.survey.facts import Survey
    from zarrlift.verify.result import Verification

Path = str | os.PathLike[str]
E = TypeVar("E", bound=StrEnum)
ShapeLike = str | Sequence[int] | Mapping[str, int]


class Choices(TypedDict, total=False):
    """What may be said of a lift's outcome; every one has a default."""

    shards: ShapeLike
    """`auto` (default), `none`, sizes in array order, or sizes by axis name."""
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
    exclude: Sequence[str]
    """Patterns of paths to leave out."""
    plain_zarr: bool
    """Lift a hierarchy without OME metadata too."""
    large_index: bool
    """Allow more than 2^20 chunks in a shard."""
    ome_version: str
    """`0.5` (default) or `0.6`: what to write."""
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
    watch: Watch | None


class Lift(Choices, Run, total=False):
    """All that `convert` may be told."""


def survey(source: Path, *, exclude: Sequence[str] = ()) -> Survey:
    """Walk a hierarchy and keep the facts.

    Parameters
    ----------
    source
        Folder of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    exclude
        Patterns of paths to leave out.

    Raises
    ------
    ZarrliftError
        Where there is no such hierarchy, or a document cannot be read.

    """
    from zarrlift.store.folder import tree_at
    from zarrlift.survey.walk import survey as walk

    return walk(tree_at(_local(source)), _patterns(exclude))


def plan(source: Path, target: Path, **choices: Unpack[Choices]) -> Plan:
    """Decide what `convert` would do; writes nothing.

    Parameters
    ----------
    source, target
        Folders; the target need not exist.
    choices
        See `Choices`.

    Raises
    ------
    ZarrliftError
        Where the source cannot be lifted, or the choices do not fit it.

    """
    from zarrlift.jobs.convert import decide

    _refuse_unknown(choices, Choices)
    return decide(_local(source), _local(target), _settings(choices))


def estimate(plan: Plan, *, count: bool = False) -> Costs:
    """Say what a plan takes: objects, bytes, memory, time.

    Parameters
    ----------
    plan
        A plan as `plan` gives it.
    count
        List every chunk object, for exact counts instead of bounds and estimates.

    """
    from zarrlift.jobs import measure
    from zarrlift.plan.cost import costs
    from zarrlift.store.folder import tree_at

    source = tree_at(plan.source)
    counted = measure.count_arrays(plan, source) if count else {}
    return costs(plan, counted, measure.sample_arrays(plan, source))


def convert(source: Path, target: Path, **options: Unpack[Lift]) -> Report:
    """Lift a dataset: a complete OME-Zarr 0.5 copy; the source stays untouched.

    The same call again continues an interrupted lift, or verifies a finished one.

    Parameters
    ----------
    source, target
        Folders; the target need not exist.
    options
        See `Choices` and `Run`.

    Returns
    -------
    Report
        What was done; `report.finished` says whether the proof holds.

    Raises
    ------
    ZarrliftError
        Where the lift could not be done; what is written so far can be continued.

    """
    _refuse_unknown(options, Lift)
    choices = {k: v for k, v in options.items() if k in Choices.__annotations__}
    rest = {k: v for k, v in options.items() if k not in choices}
    made = plan(source, target, **cast("Choices", choices))
    return run(made, **cast("Run", rest))


def run(saved_plan: Plan | Path, **options: Unpack[Run]) -> Report:
    """Carry out a plan, or one saved as JSON and perhaps edited.

    Parameters
    ----------
    saved_plan
        A plan, or the file that `zarrlift plan --output` wrote.
    options
        See `Run`.

    Raises
    ------
    ZarrliftError
        Where the plan does not fit its source any more, or the lift could not be done.

    """
    from zarrlift.jobs.convert import convert as carry_out
    from zarrlift.plan.plan import Plan

    _refuse_unknown(options, Run)
    made = saved_plan if isinstance(saved_plan, Plan) else load_plan(saved_plan)
    if made.target.endswith(".ozx"):
        from zarrlift.jobs.archive import convert_to_archive as carry_out
    return carry_out(made, _run_options(options), options.get("watch"))


def load_plan(path: Path) -> Plan:
    """Read a saved plan and make it anew, with the layouts it states."""
    from zarrlift.errors import SourceError
    from zarrlift.jobs.convert import decide
    from zarrlift.plan import saved

    place = os.fspath(path)
    held = saved.plan_from_json(_json_file(place), place)
    made = decide(held.source, held.target, held.settings, held.exact)
    saved.check_edited({a.path for a in made.arrays}, held)
    if made.survey_digest != held.survey_digest:
        raise SourceError(
            "the source's documents or files have changed since the plan was made",
            place=held.source,
            hint="make the plan anew",
        )
    here = dict(made.codec_versions)
    if made.encodes and here != held.codec_versions:
        raise SourceError(
            f"the plan was made with other codec libraries: {held.codec_versions}, here {here}",
            place=place,
            hint="make the plan anew, or run it where it was made",
        )
    return made


def verify(
    source: Path,
    target: Path,
    *,
    level: str = "quick",
    exclude: Sequence[str] = (),
    processes: bool = False,
    watch: Watch | None = None,
) -> Verification:
    """Prove that a target holds what its source holds.

    Parameters
    ----------
    source, target
        The source's folder and the lifted one.
    level
        `quick`: documents, every object and chunk length, a sample of bytes; `full`: every
        byte; `decode`: every chunk decoded too.
    exclude
        Patterns of paths that were left out on purpose.
    processes
        As for `Run`.

    Raises
    ------
    ZarrliftError
        Where one side cannot be read at all; differences are findings.

    """
    from zarrlift.jobs.options import RunOptions
    from zarrlift.jobs.prove import prove
    from zarrlift.verify.result import Level

    options = RunOptions(verify=_one_of(Level, level, "level"), processes=processes)
    return prove(_local(source), _local(target), options, exclude=_patterns(exclude), watch=watch)


def upgrade(
    url: Path,
    *,
    exclude: Sequence[str] = (),
    level: str = "metadata",
    drop_v2: bool = False,
    plain_zarr: bool = False,
    dry_run: bool = False,
    fsync: bool = False,
    watch: Watch | None = None,
) -> Upgraded:
    """Write OME-Zarr 0.5 documents beside those of 0.1-0.4, in place; no chunk is touched.

    The same call again completes an interrupted upgrade; `undo` takes it back.

    Parameters
    ----------
    url
        Folder of an OME-Zarr 0.1-0.4 or plain Zarr v2 hierarchy.
    exclude
        Patterns of paths to leave out; they keep their v2 documents only.
    level
        `metadata`: no chunk is looked at; `chunks`: the envelope of every chunk is checked first.
    drop_v2
        Set the v2 documents aside, once the new ones are read back. `watch.confirm` is asked.
    plain_zarr
        Upgrade a hierarchy without OME metadata too.
    dry_run
        Write nothing, and say what would be written; what stands in the way is in `findings`.
    fsync
        Each document is on the disk before it gets its name.
    watch
        As for `Run`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done; an array whose codec v3 readers do not share is refused before
        anything is written.

    """
    from zarrlift.jobs.upgrade import upgrade as carry_out
    from zarrlift.jobs.upgraded import Depth, UpgradeOptions

    options = UpgradeOptions(
        exclude=_patterns(exclude),
        level=_one_of(Depth, level, "level"),
        drop_v2=drop_v2,
        plain_zarr=plain_zarr,
        dry_run=dry_run,
        fsync=fsync,
    )
    return carry_out(_local(url), options, watch)


def undo(url: Path, *, force: bool = False, watch: Watch | None = None) -> Undone:
    """Take an upgrade back: the folder is byte for byte what it was before.

    Parameters
    ----------
    url
        The folder that was upgraded.
    force
        Go on where documents have changed since the upgrade; these changes are lost.
    watch
        As for `Run`.

    Raises
    ------
    ZarrliftError
        Where there is nothing to undo, or something has changed since that would be lost.

    """
    from zarrlift.jobs.undo import undo as take_back

    return take_back(_local(url), force=force, watch=watch)


def demo(folder: Path, *, kind: str = "image", size: int | str = "64MiB", seed: int = 0) -> Demo:
    """Write a realistic OME-Zarr 0.4 dataset to try everything on.

    Parameters
    ----------
    folder
        Where to write; must not exist, or be empty.
    kind
        `image`, `labels`, `plate` or `collection`.
    size
        Decoded bytes of the full-resolution data, roughly.
    seed
        The same seed gives the same dataset.

    """
    from zarrlift.demo.write import Kind, write_demo

    return write_demo(
        _local(folder), kind=_one_of(Kind, kind, "kind"), size=_bytes(size), seed=seed
    )


def _refuse_unknown(options: Mapping[str, object], known: type) -> None:
    unknown = sorted(options.keys() - known.__annotations__.keys())
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}")


def _run_options(options: Run) -> RunOptions:
    from zarrlift.jobs.options import RunOptions
    from zarrlift.verify.result import Level

    memory = options.get("memory")
    return RunOptions(
        workers=options.get("workers"),
        memory=None if memory is None else _bytes(memory),
        verify=_one_of(Level, options.get("verify", "quick"), "verify"),
        overwrite=options.get("overwrite", False),
        fsync=options.get("fsync", False),
        processes=options.get("processes", False),
    )


def _settings(choices: Choices) -> Settings:
    from zarrlift.plan.settings import VERSIONS, Damaged, Settings, parse_rules, parse_wish

    wish = parse_wish(
        chunks=_shape(choices.get("chunks", "keep")),
        shards=_shape(choices.get("shards", "auto")),
        codec=choices.get("codec", "keep"),
    )
    layout = choices.get("layout", {})
    if not isinstance(layout, Mapping):
        layout = _json_file(os.fspath(layout))
    return Settings(
        wish=wish,
        rules=parse_rules(layout, wish),
        shard_size=_bytes(choices.get("shard_size", "64MiB")),
        max_files=choices.get("max_files"),
        exclude=_patterns(choices.get("exclude", ())),
        plain_zarr=choices.get("plain_zarr", False),
        large_index=choices.get("large_index", False),
        damaged=_one_of(Damaged, choices.get("damaged", "stop"), "damaged"),
        ome_version=_version(choices.get("ome_version", VERSIONS[0])),
    )


def _version(text: str) -> str:
    from zarrlift.errors import UsageError
    from zarrlift.plan.settings import VERSIONS

    if text not in VERSIONS:
        raise UsageError(f"ome_version {text!r} cannot be written", hint=" or ".join(VERSIONS))
    return text


def _patterns(value: Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _shape(value: ShapeLike) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ",".join(f"{name}={size}" for name, size in value.items())
    return ",".join(map(str, value))


def _bytes(value: int | str) -> int:
    from zarrlift.plan.settings import parse_size

    return value if isinstance(value, int) else parse_size(value)


def _one_of(kind: type[E], value: str, name: str) -> E:
    from zarrlift.errors import UsageError

    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(str(v) for v in kind)
        raise UsageError(f"{name} {value!r} is not one of {allowed}") from error


def _local(path: Path) -> str:
    from zarrlift.store.folder import local_path

    return local_path(os.fspath(path))


def _json_file(path: str) -> dict[str, object]:
    from zarrlift.errors import DocumentError, UsageError
    from zarrlift.metadata import json_text
    from zarrlift.store.folder import Folder

    data = Folder(path).read("")
    if data is None:
        raise UsageError("there is no such file", place=path, hint="check the path")
    try:
        return json_text.read_object(data, path)
    except DocumentError as error:
        raise UsageError(error.message, place=path, hint="mend the file") from error
