"""Writes `reference/commands.md` from the command line: `python docs/make_reference.py`."""  # noqa: INP001 - a script

from __future__ import annotations

from pathlib import Path

import click

from zarrlift.cli.app import app

PAGE = Path(__file__).parent / "reference" / "commands.md"
_WIDTH = 78
"""What click leaves of a terminal of 80 columns."""

_HEAD = """\
# Commands

<!-- Written by docs/make_reference.py from the program itself: change the help, not this page. -->

What each command prints for `--help`, in a terminal of 80 columns. Results go to stdout, progress
and errors to stderr. [Exit codes](json.md#exit-codes) and [JSON](json.md) have a page of their own.

- A size is a number of bytes or has a unit: `64MiB`, `2GB`, `1.5g` (`k`, `m`, `g`, `t` are binary).
- A shape counts every axis in array order (`1,1,1,1024,1024`), or names axes (`y=1024,x=1024`).
- A pattern (`GLOB`) is matched against the whole path within the dataset; `*` matches `/` too.
"""

_GUIDES = {
    "plan": "[Lift an image](../guides/lift-an-image.md), "
    "[Choose shards](../guides/choose-shards.md)",
    "convert": "[Lift an image](../guides/lift-an-image.md), "
    "[Lift a plate](../guides/lift-a-plate.md), "
    "[Continue after a kill](../guides/continue-after-a-kill.md), "
    "[Damaged chunks](../guides/damaged-chunks.md)",
    "verify": "[Prove it](../guides/prove-it.md)",
    "tune": "[Choose a codec and chunks](../guides/choose-codec-and-chunks.md)",
    "upgrade": "[Upgrade in place](../guides/upgrade-in-place.md)",
    "crate": "[Make it findable](../guides/make-it-findable.md)",
    "undo": "[Upgrade in place](../guides/upgrade-in-place.md#take-it-back), "
    "[Make it findable](../guides/make-it-findable.md#say-more-later)",
    "run": "[Choose shards](../guides/choose-shards.md#edit-a-saved-plan)",
    "demo": "[Lift an image](../guides/lift-an-image.md)",
}


def render() -> str:
    """Give the page as it should be."""
    program = click.Context(
        app, info_name="zarrlift", terminal_width=_WIDTH, **app.context_settings
    )
    parts = [_HEAD, _section("zarrlift", app.get_help(program))]
    for name, command in app.commands.items():
        context = click.Context(command, parent=program, info_name=name)
        guides = f"\nGuides: {_GUIDES[name]}.\n" if name in _GUIDES else ""
        parts.append(_section(f"zarrlift {name}", command.get_help(context)) + guides)
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
