"""validate."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import one_reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.jobs.validated import Validation

_JUDGED, _RUNNING, _SHOWN = "What is judged", "How it is carried out", "What is shown"
_CHOICES = ("level", "sample", "seed", "strict", "ome_version", "web", "workers", "memory")


@click.command(cls=o.Command)
@click.argument("url", metavar="URL", required=False)
@o.option(
    "--level",
    heading=_JUDGED,
    type=click.Choice(["metadata", "chunks", "data"]),
    default="metadata",
    help="Documents; every object and shard index too; decoded chunks too (metadata).",
)
@o.option(
    "--sample",
    heading=_JUDGED,
    metavar="N|SIZE|%",
    help="Decode so many chunks (100), bytes (64MiB) or a share (5%); with --level data.",
)
@o.seed(_JUDGED)
@o.option("--strict", heading=_JUDGED, is_flag=True, help="Warnings count, too.")
@o.option(
    "--ome-version",
    heading=_JUDGED,
    type=click.Choice(["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]),
    help="Judge by this version, whatever the dataset states.",
)
@o.option(
    "--web",
    heading=_JUDGED,
    is_flag=True,
    help="Ask as browsers do, too: leave for other pages (CORS), ranges, what is missing.",
)
@o.option(
    "--workers",
    heading=_RUNNING,
    type=click.IntRange(min=1),
    help="Threads, or with buckets requests side by side.",
)
@o.option("--memory", heading=_RUNNING, metavar="SIZE", help="Most memory for chunks and indexes.")
@o.option("--explain", heading=_SHOWN, metavar="RULE", help="Explain a rule, and end.")
@o.option("--rules", heading=_SHOWN, is_flag=True, help="List rules, and end.")
@o.formats("sarif", "junit")
@o.quiet
@o.logged
@o.one_reached
def validate(url: str | None, **given: object) -> None:
    """Say whether a dataset obeys the specification, and whether its data is whole.

    Exit code 0: valid, 1: not valid, 3: it could not be looked at.
    """
    form = "json" if given["as_json"] else str(given["output_format"])
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        if given["rules"] or given["explain"] is not None:
            _explain(given["explain"], form)  # type: ignore[arg-type]
            return
        found = _validated(url, given)
        if form != "text" or not given["quiet"]:
            faces.show(_shown(found, form), painted=True)
        if not found.valid:
            sys.exit(faces.FOUND)


def _validated(url: str | None, given: Mapping[str, object]) -> Validation:
    from zarrlift.errors import UsageError

    if url is None:
        raise UsageError("names no dataset", hint="zarrlift validate URL; or --rules")
    chosen = {n: given[n] for n in _CHOICES if given[n] is not None}
    with faces.watching(quiet=bool(given["quiet"]), yes=False) as watch:
        return zl.validate(url, **chosen, **one_reach(given), watch=watch)  # type: ignore[arg-type]


def _shown(found: Validation, form: str) -> str:
    from zarrlift.report.validations import validation_text, validation_to_json

    if form == "junit":
        from zarrlift.report.junit import validation_to_junit

        return validation_to_junit(found)
    if form == "sarif":
        from zarrlift.report.sarif import validation_to_sarif

        return faces.json_text(validation_to_sarif(found))
    if form == "json":
        return faces.json_text(validation_to_json(found))
    return validation_text(found, colour=_colourful())


def _colourful() -> bool:
    """Say whether there is a terminal that wants colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _explain(name: str | None, form: str) -> None:
    """Show one rule, or list them all."""
    from zarrlift.errors import UsageError
    from zarrlift.report import rules as report

    known = {rule.id: rule for rule in zl.rules()}
    if name is not None and name not in known:
        import difflib

        near = difflib.get_close_matches(name, known, 3)
        hint = f"did you mean {', '.join(near)}?" if near else "--rules lists them all"
        raise UsageError(f"no rule is called {name!r}", hint=hint)
    chosen = [*known.values()] if name is None else [known[name]]
    if form == "json":
        faces.show_json(report.rules_to_json(chosen))
    elif form != "text":
        raise UsageError(f"rules have no form {form}", hint="text or json")
    else:
        faces.show(report.rules_text(chosen) if name is None else report.rule_text(chosen[0]))
