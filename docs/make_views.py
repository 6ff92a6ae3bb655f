"""Writes `reference/views.md` from the views' own words: `python docs/make_views.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import inspect
from pathlib import Path

from zarrlift.view.dataset import Dataset
from zarrlift.view.image import Image
from zarrlift.view.level import Level
from zarrlift.view.plate import Plate, Well
from zarrlift.view.views import Views

PAGE = Path(__file__).parent / "reference" / "views.md"
_HEAD = """\
# Views

<!-- Written by docs/make_views.py from docstrings: change these, not this page. -->

What `zarrlift.open(url, *, cache=0, **reach)` gives, and what that holds. Nothing is written
through it, and what is not asked for is not read.
[From Python](../guides/from-python.md#look-at-a-dataset) shows it in use.
Every view has a text for a prompt and a page for a notebook.

`url` is a folder, a `.ozx` file or an address; `cache` bytes, or a size such as `"256MiB"`, of what
was read that are kept; `reach` as for [the verbs](python.md#reach-how-object-stores-are-reached).
"""
VIEWS = (Dataset, Image, Level, Plate, Well, Views)


def render() -> str:
    """Give the page as it should be."""
    return "\n".join([_HEAD, *(_section(view) for view in VIEWS)])


def _section(view: type) -> str:
    rows = [f"| `{_call(name, member)}` | {said(member)} |" for name, member in _members(view)]
    table = "\n".join(["| member | what it is |", "|---|---|", *rows])
    return f"## {view.__name__}\n\n{_first(view)}\n\n{table}\n"


def _members(view: type) -> list[tuple[str, object]]:
    own = vars(view).items()
    shown = [(n, m) for n, m in own if not n.startswith("_") and _doc(m)]
    return [(n, m) for n, m in shown if isinstance(m, property) or inspect.isfunction(m)]


def _call(name: str, member: object) -> str:
    if isinstance(member, property):
        return name
    words = []
    for found in list(inspect.signature(member).parameters.values())[1:]:  # type: ignore[arg-type]
        mark = "*" if found.kind is found.VAR_POSITIONAL else ""
        mark = "**" if found.kind is found.VAR_KEYWORD else mark
        default = "" if found.default is found.empty else f"={found.default!r}"
        words.append(f"{mark}{found.name}{default}")
    return f"{name}({', '.join(words)})"


def _doc(member: object) -> str:
    return inspect.getdoc(member) or ""


def _first(member: object) -> str:
    """Give the first paragraph of a docstring as one line."""
    return " ".join(_doc(member).partition("\n\n")[0].split())


def said(member: object) -> str:
    """Give what a member is, in a line of a table."""
    text = _first(member)
    for word in ("Return ", "Give ", "Say "):
        text = text.removeprefix(word)
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
