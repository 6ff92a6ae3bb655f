"""plan, convert, run and verify."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import as_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zarrlift.jobs.choices import Choices, CrateChoices, Run, Work
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.reach import Reach, Written
    from zarrlift.jobs.result import Report
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.plan import Plan

_CHOICES = (
    *("shards", "shard_size", "max_files", "chunks", "codec", "layout"),
    *("exclude", "plain_zarr", "large_index", "damaged", "ome_version"),
)
_CRATE = ("license", "organism", "modality", "name", "description", "author", "keyword")
_RUN = ("workers", "memory", "verify", "overwrite", "fsync", "prices")
_HOW = ("endpoint", "anon", "region", "profile", "requester_pays")
_REACH = (
    *(f"{side}{name}" for side in ("", "src_", "dst_") for name in _HOW),
    *("requests", "patience"),
)
_STORED = ("storage_class", "cache_control", "sse", "upload_checksum")
_ONLY_PLAN = ("--count", "--json", "--output", "--format")
_FOR_RUN = frozenset(f"--{name.replace('_', '-')}" for name in (*_REACH, *_STORED, "prices"))
_FLAGS = ("-anon", "-requester-pays")


@click.command(cls=o.Command)
@o.paths
@o.written
@o.reached
@o.stored
@o.prices
@o.plan_output
@o.as_json
def plan(source: str, target: str, **given: object) -> None:
    """Show what convert would do, why, and what it takes. Writes nothing at DST."""
    with faces.errors_in_words():
        made = zl.plan(source, target, **_choices(given), **_reach(given), **_stored(given))
        costs = zl.estimate(
            made,
            count=bool(given["count"]),
            prices=given["prices"],  # type: ignore[arg-type]
            **_reach(given),
            **_stored(given),
        )
        _show_plan(made, costs, given)
        if any(f.severity == "error" for f in made.findings):
            sys.exit(faces.FOUND)


@click.command(cls=o.Command)
@o.paths
@o.written
@o.reached
@o.stored
@o.running
@o.prices
@o.shown
def convert(source: str, target: str, **given: object) -> None:
    """Write a complete OME-Zarr 0.5 or 0.6 copy. Run again to continue; SRC stays untouched."""
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        faces.check_writable(given["report"])
        with faces.watching(quiet=bool(given["quiet"]), yes=bool(given["yes"])) as watch:
            how = {**_reach(given), **_stored(given), **_run(given, watch)}
            made = zl.convert(source, target, **_choices(given), **cast("Work", how))
        _finish(made, given)


@click.command(cls=o.Command)
@o.plan_file
@o.reached
@o.stored
@o.running
@o.prices
@o.shown
def run(plan_file: Path, **given: object) -> None:
    """Carry out a saved plan; chunks, shards and codecs in it may have been edited."""
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        faces.check_writable(given["report"])
        with faces.watching(quiet=bool(given["quiet"]), yes=bool(given["yes"])) as watch:
            how = {**_reach(given), **_stored(given), **_run(given, watch)}
            made = zl.run(plan_file, **cast("Work", how))
        _finish(made, given)


@click.command(cls=o.Command)
@o.paths
@o.level
@o.exclude
@o.reached
@o.quiet
@o.as_json
def verify(  # noqa: PLR0917 - the options of a command
    source: str,
    target: str,
    level: str,
    exclude: tuple[str, ...],
    quiet: bool,
    output_format: str,
    as_json: bool,
    **given: object,
) -> None:
    """Prove that DST holds what SRC holds. Exit code 1 where it does not."""
    from zarrlift.report.documents import verification_to_json
    from zarrlift.report.lifts import verification_text

    with faces.errors_in_words(), faces.stopping_cleanly():
        with faces.watching(quiet=quiet, yes=False) as watch:
            proof = zl.verify(
                source,
                target,
                level=level,
                exclude=exclude,
                processes=True,
                watch=watch,
                **_reach(given),
            )
        if as_json or output_format == "json":
            faces.show_json(verification_to_json(proof))
        elif not quiet or not proof.equal:
            faces.show(verification_text(proof))
        if not proof.equal:
            sys.exit(faces.FOUND)


def _choices(given: Mapping[str, object]) -> Choices:
    made = {n: given[n] for n in _CHOICES if given[n] is not None}
    return made | crate_choices(given)  # type: ignore[return-value]


def crate_choices(given: Mapping[str, object]) -> CrateChoices:
    """Give what the crate is to say, of that which was given."""
    return {n: given[n] for n in _CRATE if given[n] not in (None, ())}  # type: ignore[return-value]


def _run(given: Mapping[str, object], watch: Watch) -> Run:
    return {n: given[n] for n in _RUN} | {"processes": True, "watch": watch}  # type: ignore[return-value]


def _reach(given: Mapping[str, object]) -> Reach:
    return {n: given[n] for n in _REACH if given[n] is not None}  # type: ignore[return-value]


def _stored(given: Mapping[str, object]) -> Written:
    return {n: given[n] for n in _STORED if given[n] is not None}  # type: ignore[return-value]


def _wants_json(given: Mapping[str, object]) -> bool:
    return bool(given["as_json"]) or given["output_format"] == "json"


def _show_plan(made: Plan, costs: Costs, given: Mapping[str, object]) -> None:
    from zarrlift.plan.saved import plan_to_json
    from zarrlift.report.plans import plan_text
    from zarrlift.store.address import is_remote
    from zarrlift.store.folder import free_space

    output = given["output"]
    document = plan_to_json(made, costs)
    if output is not None:
        faces.save(output, faces.json_text(document))  # type: ignore[arg-type]
    if _wants_json(given):
        faces.show_json(document)
        return
    command = ["zarrlift", "convert", *_repeated(sys.argv)]
    if output is not None:
        command = ["zarrlift", "run", str(output), *_reached_again(sys.argv)]
    space = None if is_remote(made.target) else free_space(made.target)
    faces.show(plan_text(made, costs, space, command))


def _repeated(argv: list[str]) -> list[str]:
    """Give the words of a plan command that convert takes too."""
    words, skip = [], False
    for word in argv[2:]:
        name, separator, _ = word.partition("=")
        if skip:
            skip = False
        elif name in _ONLY_PLAN:
            skip = not separator and name in ("--output", "--format")
        else:
            words.append(word)
    return words


def _reached_again(argv: list[str]) -> list[str]:
    """Give the words of a plan command that run takes too: how stores are reached and written."""
    words, value = list[str](), False
    for word in argv[2:]:
        name, separator, _ = word.partition("=")
        if value or name in _FOR_RUN:
            words.append(word)
            value = not (value or separator or name.endswith(_FLAGS))
    return words


def _finish(made: Report, given: Mapping[str, object]) -> None:
    from zarrlift.report.documents import report_to_json
    from zarrlift.report.lifts import report_text

    path: Path | None = given["report"]  # type: ignore[assignment]
    reach = as_words(_reach(given))
    if path is not None:
        whole = faces.json_text(report_to_json(made))
        faces.save(path, whole if path.suffix == ".json" else report_text(made, reach))
    if _wants_json(given):
        faces.show_json(report_to_json(made))
    elif not given["quiet"] or not made.finished:
        faces.show(report_text(made, reach))
    if not made.finished:
        sys.exit(faces.FOUND)
