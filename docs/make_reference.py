"""Writes pages of `reference/` from the program: `python docs/make_reference.py`."""  # noqa: INP001 - a script

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zarrlift.cli import resave
from zarrlift.cli.app import app
from zarrlift.jobs.known import known_rules
from zarrlift.report.rules import rules_page

if TYPE_CHECKING:
    from zarrlift.cli.group import Group

PAGE = Path(__file__).parent / "reference" / "commands.md"
RULES_PAGE = Path(__file__).parent / "reference" / "rules.md"
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
    "info": "[Look inside a dataset](../guides/look-inside.md)",
    "validate": "[Validate a dataset](../guides/validate-a-dataset.md)",
    "plan": "[Lift an image](../guides/lift-an-image.md), "
    "[Choose shards](../guides/choose-shards.md)",
    "convert": "[Lift an image](../guides/lift-an-image.md), "
    "[Lift a plate](../guides/lift-a-plate.md), "
    "[Continue after a kill](../guides/continue-after-a-kill.md), "
    "[Damaged chunks](../guides/damaged-chunks.md)",
    "verify": "[Prove it](../guides/prove-it.md)",
    "tune": "[Choose a codec and chunks](../guides/choose-codec-and-chunks.md)",
    "upgrade": "[Upgrade in place](../guides/upgrade-in-place.md)",
    "repair": "[Repair a dataset](../guides/repair-a-dataset.md)",
    "crate": "[Make it findable](../guides/make-it-findable.md)",
    "undo": "[Upgrade in place](../guides/upgrade-in-place.md#take-it-back), "
    "[Repair a dataset](../guides/repair-a-dataset.md#take-it-back), "
    "[Make it findable](../guides/make-it-findable.md#say-more-later)",
    "run": "[Choose shards](../guides/choose-shards.md#edit-a-saved-plan)",
    "demo": "[Lift an image](../guides/lift-an-image.md)",
}
_RULES_HEAD = """\
# Rules

<!-- Written by docs/make_reference.py from the rules themselves: change them, not this page. -->

What `zarrlift validate` asks; see [Validate a dataset](../guides/validate-a-dataset.md). With
`--explain RULE` it shows one, with `--rules` it lists them. A rule keeps its name; its message may
change.

- **error**: the dataset is not valid. **warning**: it counts with `--strict`. **note**: worth
  knowing.
- **MUST** and **SHOULD** are those of the specification; **ours** are checks that no clause asks
  for.
"""
_COMING = "[Coming from ome2024-ngff-challenge](../guides/coming-from-the-challenge.md)"
_RESAVE_GUIDES = dict.fromkeys(("resave", "validate"), _COMING)


PROGRAMS: dict[str, tuple[Group, dict[str, str]]] = {
    "zarrlift": (app, _GUIDES),
    "zarrlift-resave": (resave.app, _RESAVE_GUIDES),
}


def render() -> str:
    """Give the page as it should be."""
    parts = [_HEAD]
    for name, (program, guides) in PROGRAMS.items():
        parts += _program(name, program, guides)
    return "\n".join(parts)


def render_rules() -> str:
    """Give the page of rules as it should be."""
    return f"{_RULES_HEAD}\n{rules_page(known_rules().values())}"


def _program(program: str, group: Group, guides: dict[str, str]) -> list[str]:
    parent = click.Context(
        group, info_name=program, terminal_width=_WIDTH, **group.context_settings
    )
    parts = [_section(program, group.get_help(parent))]
    for name, command in group.every_command().items():
        if command.hidden:
            continue
        context = click.Context(command, parent=parent, info_name=name)
        links = f"\nGuides: {guides[name]}.\n" if name in guides else ""
        parts.append(_section(f"{program} {name}", command.get_help(context)) + links)
    return parts


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    RULES_PAGE.write_text(render_rules(), encoding="utf-8")
