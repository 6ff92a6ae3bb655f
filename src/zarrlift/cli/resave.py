"""zarrlift-resave: the command line of ome2024-ngff-challenge 1.0.3, on zarrlift's front door."""

from __future__ import annotations

import posixpath
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

import zarrlift as zl
from zarrlift.cli import faces, resave_options
from zarrlift.cli import resave_words as words
from zarrlift.cli.reach import as_words
from zarrlift.errors import UsageError, ZarrliftError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from zarrlift.crate.terms import Terms
    from zarrlift.jobs.choices import Decision, Lift
    from zarrlift.jobs.result import Report
    from zarrlift.plan.plan import Plan


@click.group(
    cls=resave_options.WithDefault,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="zarrlift", message="zarrlift-resave %(version)s")
def app() -> None:
    """Convert OME-Zarr to Zarr v3, with the words of ome2024-ngff-challenge.

    Without a command, resave is meant: zarrlift-resave input.zarr output.zarr
    """


@click.command(cls=resave_options.Abbreviating, params=resave_options.resave)
def resave(input_path: str, output_path: str, **given: object) -> None:
    """Write a complete OME-Zarr 0.5 copy of INPUT to OUTPUT."""
    with _errors(given), faces.stopping_cleanly():
        given = {**given, "input_path": input_path, "output_path": output_path}
        words.refuse_together(given)
        for option in words.without_bucket(given):
            faces.say(f"warning: {option} has no effect without a bucket")
        if given["output_write_details"]:
            _write_details(given)
        elif given["output_script"]:
            _write_scripts(given)
        else:
            _convert(given)


@click.command(cls=resave_options.Abbreviating, params=resave_options.lookup)
def lookup(text: str, **given: object) -> None:
    """Find the ids of organisms and imaging methods.

    They come from a table; where it has none, the EBI's Ontology Lookup Service is asked.
    """
    from zarrlift.report.crates import terms_table

    with _errors(given):
        found = _terms(text, given)
        if found.problem:
            faces.say(f"warning: {found.problem}\n  these are the terms that zarrlift knows itself")
        faces.show(terms_table(found))
        if not found.terms:
            faces.say(f"nothing found for {text!r}")
        if found.problem and not found.terms:
            sys.exit(faces.FAILED)


def _terms(text: str, given: Mapping[str, object]) -> Terms:
    service = str(given["service"]) if given["service"] else None
    if not (given["online"] or service):
        found = zl.terms(text)
        if found.terms:
            return found
    return zl.terms(text, online=True, service=service)


@click.command(cls=resave_options.Abbreviating, params=resave_options.validate)
def validate(path: str, source: str | None, **given: object) -> None:
    """Read every document of PATH; with --source, compare the data too."""
    from zarrlift.report.lifts import documents_text, verification_text

    with _errors(given), faces.stopping_cleanly():
        if source is not None:
            with faces.watching(quiet=False, yes=False) as watch:
                proof = zl.verify(source, path, processes=True, watch=watch)
            faces.show(verification_text(proof))
            sys.exit(0 if proof.equal else faces.FOUND)
        # A plan reads all documents, follows every path in them, and writes nothing.
        beside = "lifted" if "://" in path else f"{Path(path).resolve()}.lifted"
        plan, crate = zl.plan(path, beside), zl.crate(path)
        advice = crate.findings if crate.exists else ()
        found = (*plan.findings, *advice)
        faces.show(documents_text(plan, found))
        wrong = [*plan.findings, *(f for f in advice if f.severity == "error")]
        if any(f.severity != "note" for f in wrong):
            sys.exit(faces.FOUND)


@click.command(cls=resave_options.Abbreviating, params=resave_options.update)
def update(path: str, **given: object) -> None:
    """Change what the RO-Crate of PATH says."""
    from zarrlift.report.crates import described_text

    with _errors(given):
        words.refuse_together(given)
        faces.show(described_text(zl.describe(path, **words.crate(given).words())))


app.add("Convert", resave)
app.add("Describe", lookup)
app.add("Check", validate)
app.add("Describe", update)


def main() -> None:
    """Run the program."""
    faces.leave(faces.answer(app, words.PROGRAM))


def _errors(given: Mapping[str, object]) -> AbstractContextManager[None]:
    if given.get("log") is not None:
        level = words.LEVELS[str(given["log"]).removesuffix("ing")]
        faces.configure_log({"verbose": True, "log": None, "log_level": level})
    return faces.errors_in_words(words.PROGRAM, words.spoken)


def _planned(given: Mapping[str, object]) -> Plan:
    source, target = words.addresses(given)
    reach = words.reach(source, target)
    options = {**words.choices(given), **words.crate(given).words(), **reach}
    return zl.plan(source.url, target.url, **cast("Decision", options))


def _write_details(given: Mapping[str, object]) -> None:
    from zarrlift.plan.details import details_text
    from zarrlift.report.words import plural

    if given["output_bucket"]:
        raise UsageError("details are written to a local file", hint="omit --output-bucket")
    made, path = _planned(given), Path(str(given["output_path"]))
    if path.exists() and not given["output_overwrite"]:
        raise ZarrliftError(
            "is there already", place=str(path), hint="replace it with --output-overwrite"
        )
    prefix = posixpath.normpath(str(given["input_path"]))
    faces.save(path, details_text(zl.details(made, prefix=prefix)).rstrip("\n"))
    if not given["silent"]:
        faces.say(
            f"Wrote chunks and shards of {plural(len(made.arrays), 'array')} to {path}.\n"
            f"Edit them, and read them with --output-read-details={shlex.quote(str(path))}"
        )


def _write_scripts(given: Mapping[str, object]) -> None:
    silent = bool(given["silent"])
    with faces.watching(quiet=silent, yes=True) as watch:
        made = zl.script(_planned(given), overwrite=bool(given["output_overwrite"]), watch=watch)
    for finding in made.findings:
        if not silent or finding.rule == words.NO_LICENCE:
            faces.say(str(finding))
    if not silent:
        faces.show("\n".join(made.paths))


def _convert(given: Mapping[str, object]) -> None:
    source, target = words.addresses(given)
    with faces.watching(quiet=bool(given["silent"]), yes=True) as watch:
        options = {
            **words.choices(given),
            "workers": given["output_threads"],
            "overwrite": given["output_overwrite"],
            "processes": True,
            "watch": watch,
            **words.crate(given).words(),
            **words.reach(source, target),
        }
        made = zl.convert(source.url, target.url, **cast("Lift", options))
    _report(made, as_words(words.reach(source, target)), silent=bool(given["silent"]))
    if not made.finished:
        sys.exit(faces.FOUND)


def _report(made: Report, reach: Sequence[str], *, silent: bool) -> None:
    from zarrlift.report.lifts import report_text

    if not made.finished:
        faces.show(words.spoken(report_text(made)))
    elif not silent:
        faces.show(report_text(made, reach))
    else:  # the challenge's program refuses to go without; said even here
        for finding in made.findings:
            if finding.rule == words.NO_LICENCE:
                faces.say(str(finding))
