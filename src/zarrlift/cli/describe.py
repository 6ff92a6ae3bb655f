"""crate: what a dataset says of itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import one_reach, reach_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONLY_TERMS = ("online", "service")


@click.command(cls=o.Command)
@o.crate
@o.one_reached
def crate(what: tuple[str, ...], **given: object) -> None:
    """Show, check or set the RO-Crate of a dataset; look up terms for it.

    crate URL shows it, crate URL --check says what is wrong or lacking, crate URL --set NAME=VALUE
    changes it. crate terms TEXT finds ids of organisms and imaging methods.
    """
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        _refuse_mixed(what, given)
        if what[0] == "terms":
            _terms(" ".join(what[1:]), given)
        elif given["changes"]:
            _set(what[0], given)
        else:
            _show(what[0], given)


def _refuse_mixed(what: tuple[str, ...], given: Mapping[str, object]) -> None:
    from zarrlift.errors import UsageError

    if what[0] == "terms":
        if len(what) == 1:
            raise UsageError(
                "crate terms needs a text to look for", hint="for a folder of this name: ./terms"
            )
        if given["changes"] or given["check"]:
            raise UsageError(
                "crate terms takes neither --set nor --check", hint="these go with a dataset's URL"
            )
    elif len(what) > 1:
        raise UsageError("crate takes one dataset at a time", hint="or: zarrlift crate terms TEXT")
    elif any(given[name] for name in _ONLY_TERMS):
        raise UsageError(
            "--online and --service belong to crate terms",
            hint="zarrlift crate terms TEXT --online",
        )


def _wants_json(given: Mapping[str, object]) -> bool:
    return bool(given["as_json"]) or given["output_format"] == "json"


def _terms(text: str, given: Mapping[str, object]) -> None:
    from zarrlift.report.crates import terms_text, terms_to_json

    service: str | None = given["service"]  # type: ignore[assignment]
    online = bool(given["online"]) or service is not None
    found = zl.terms(text, online=online, service=service)
    if found.problem and not given["quiet"]:
        faces.say(f"{found.problem}\n  these are terms of the table that needs no network")
    if _wants_json(given):
        faces.show_json(terms_to_json(found))
    else:
        faces.show(terms_text(found))


def _set(url: str, given: Mapping[str, object]) -> None:
    from zarrlift.crate.words import assignments
    from zarrlift.report.crates import described_text, described_to_json

    words = assignments(given["changes"])  # type: ignore[arg-type]
    made = zl.describe(url, fsync=bool(given["fsync"]), **one_reach(given), **words)  # type: ignore[arg-type]
    if _wants_json(given):
        faces.show_json(described_to_json(made))
    elif not given["quiet"]:
        faces.show(described_text(made, reach_words(given)))
    if given["check"] and not made.crate.valid:
        sys.exit(faces.FOUND)


def _show(url: str, given: Mapping[str, object]) -> None:
    from zarrlift.report.crates import crate_text, crate_to_json

    found = zl.crate(url, **one_reach(given))
    if _wants_json(given):
        faces.show_json(crate_to_json(found))
    elif not given["quiet"] or not found.valid:
        faces.show(crate_text(found, only_findings=bool(given["check"]), reach=reach_words(given)))
    if given["check"] and not found.valid:
        sys.exit(faces.FOUND)
