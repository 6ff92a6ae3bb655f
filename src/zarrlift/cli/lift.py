"""plan, convert, run and verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o

if TYPE_CHECKING:
    from zarrlift.api import Choices, Run
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.result import Report


def plan(  # noqa: PLR0917 - the options of a command
    source: o.Source,
    target: o.Destination,
    shards: o.Shards = "auto",
    shard_size: o.ShardSize = "64MiB",
    max_files: o.MaxFiles = None,
    chunks: o.Chunks = "keep",
    codec: o.CodecName = "keep",
    layout: o.LayoutFile = None,
    exclude: o.Exclude = None,
    plain_zarr: o.PlainZarr = False,
    large_index: o.LargeIndex = False,
    damaged: o.Damaged = o.DamagedName.STOP,
    count: o.Count = False,
    output: o.PlanOutput = None,
    output_format: o.OutputFormat = o.Format.TEXT,
    as_json: o.AsJson = False,
) -> None:
    """Show what convert would do, why, and what it takes. Writes nothing at DST."""
    from zarrlift.plan.saved import plan_to_json
    from zarrlift.report.plans import plan_text
    from zarrlift.store.folder import free_space

    choices = _choices(locals())
    with faces.errors_in_words():
        made = zl.plan(source, target, **choices)
        costs = zl.estimate(made, count=count)
        document = plan_to_json(made, costs)
        if output is not None:
            faces.save(output, json.dumps(document, indent=2))
        if as_json or output_format is o.Format.JSON:
            faces.show_json(document)
        else:
            command = ["zarrlift", "convert", *_repeated(sys.argv)]
            if output is not None:
                command = ["zarrlift", "run", str(output)]
            faces.show(plan_text(made, costs, free_space(made.target), command))
        if any(f.severity == "error" for f in made.findings):
            raise typer.Exit(faces.FOUND)


def convert(  # noqa: PLR0917 - the options of a command
    source: o.Source,
    target: o.Destination,
    shards: o.Shards = "auto",
    shard_size: o.ShardSize = "64MiB",
    max_files: o.MaxFiles = None,
    chunks: o.Chunks = "keep",
    codec: o.CodecName = "keep",
    layout: o.LayoutFile = None,
    exclude: o.Exclude = None,
    plain_zarr: o.PlainZarr = False,
    large_index: o.LargeIndex = False,
    damaged: o.Damaged = o.DamagedName.STOP,
    workers: o.Workers = None,
    memory: o.Memory = None,
    verify: o.Proof = o.ProofName.QUICK,
    overwrite: o.Overwrite = False,
    yes: o.Yes = False,
    fsync: o.Fsync = False,
    report: o.ReportFile = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    log: o.Log = None,
    output_format: o.OutputFormat = o.Format.TEXT,
    as_json: o.AsJson = False,
) -> None:
    """Write a complete OME-Zarr 0.5 copy. Run again to continue; the source stays untouched."""
    given = locals()
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(verbose=verbose, log=log)
        with faces.watching(quiet=quiet, yes=yes) as watch:
            made = zl.convert(source, target, **_choices(given), **_run(given, watch))
        _finish(made, report, as_json=as_json or output_format is o.Format.JSON, quiet=quiet)


def run(  # noqa: PLR0917 - the options of a command
    plan_file: o.PlanFile,
    workers: o.Workers = None,
    memory: o.Memory = None,
    verify: o.Proof = o.ProofName.QUICK,
    overwrite: o.Overwrite = False,
    yes: o.Yes = False,
    fsync: o.Fsync = False,
    report: o.ReportFile = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    log: o.Log = None,
    output_format: o.OutputFormat = o.Format.TEXT,
    as_json: o.AsJson = False,
) -> None:
    """Carry out a saved plan; chunks, shards and codecs in it may have been edited."""
    given = locals()
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(verbose=verbose, log=log)
        with faces.watching(quiet=quiet, yes=yes) as watch:
            made = zl.run(plan_file, **_run(given, watch))
        _finish(made, report, as_json=as_json or output_format is o.Format.JSON, quiet=quiet)


def verify(  # noqa: PLR0917 - the options of a command
    source: o.Source,
    target: o.Lifted,
    level: o.Level = o.LevelName.QUICK,
    exclude: o.Exclude = None,
    quiet: o.Quiet = False,
    output_format: o.OutputFormat = o.Format.TEXT,
    as_json: o.AsJson = False,
) -> None:
    """Prove that DST holds what SRC holds. Exit code 1 where it does not."""
    from zarrlift.report.documents import verification_to_json
    from zarrlift.report.lifts import verification_text

    with faces.errors_in_words(), faces.stopping_cleanly():
        with faces.watching(quiet=quiet, yes=False) as watch:
            proof = zl.verify(source, target, level=level.value, exclude=exclude or (), watch=watch)
        if as_json or output_format is o.Format.JSON:
            faces.show_json(verification_to_json(proof))
        else:
            faces.show(verification_text(proof))
        if not proof.equal:
            raise typer.Exit(faces.FOUND)


def _choices(given: dict[str, object]) -> Choices:
    names = ("shards", "shard_size", "max_files", "chunks", "codec", "plain_zarr", "large_index")
    made = {n: given[n] for n in names} | {"damaged": str(given["damaged"])}
    made["exclude"] = given["exclude"] or ()
    if given["layout"] is not None:
        made["layout"] = given["layout"]
    return made  # type: ignore[return-value]


def _run(given: dict[str, object], watch: Watch) -> Run:
    names = ("workers", "memory", "overwrite", "fsync")
    made = {n: given[n] for n in names}
    return made | {"verify": str(given["verify"]), "watch": watch}  # type: ignore[return-value]


def _repeated(argv: list[str]) -> list[str]:
    """Give the words of a plan command that convert takes too."""
    words, skip = [], False
    for word in argv[2:]:
        if skip or word in ("--count", "--json") or word.startswith(("--output=", "--format=")):
            skip = False
        elif word in ("--output", "--format"):
            skip = True
        else:
            words.append(word)
    return words


def _finish(made: Report, path: Path | None, *, as_json: bool, quiet: bool) -> None:
    from zarrlift.report.documents import report_to_json
    from zarrlift.report.lifts import report_text

    if path is not None:
        whole = json.dumps(report_to_json(made), indent=2)
        faces.save(path, whole if path.suffix == ".json" else report_text(made))
    if as_json:
        faces.show_json(report_to_json(made))
    elif not quiet or not made.finished:
        faces.show(report_text(made))
    if not made.finished:
        raise typer.Exit(faces.FOUND)
