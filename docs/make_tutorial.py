"""The tutorial's notebooks: read from their text, run in a kernel, given as pages with outputs.

A notebook is kept as a Markdown page whose `python` blocks are its cells: jupytext's form `md`.
"""  # noqa: INP001 - used by scripts, and by the tests

from __future__ import annotations

import base64
import copy
import os
import posixpath
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import jupytext
import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Notebook: TypeAlias = Any
"""A notebook of nbformat, which has no types."""

FOLDER = Path(__file__).parent / "tutorial"
SHOWN_FOLDER = "/data"
"""What a reader sees in place of the folder that a notebook ran in."""
_SECONDS = 300
"""How long a cell may take."""
_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Zhl]")
_OVERWRITTEN = re.compile(r"(?:[^\n]*\n(?:\x1b\[1A\x1b\[2K)+|[^\n]*\r(?!\n))")
"""Lines of a terminal that others took the place of."""
_TITLE = re.compile(r"^# .*\n")
_LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\.md(#[\w-]+)?\)")
"""To a page of the documentation, from one of the tutorial."""
_MARKUP = ("text/html", "image/svg+xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """Where the site lies in public; an empty address where it does not."""

    site: str = ""
    """The site's own address."""
    colab: str = ""
    """The address on Colab below which it opens the site's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A notebook as a page of Markdown, and the pictures that it shows, by file name."""

    text: str
    pictures: Mapping[str, bytes]


def sources() -> list[Path]:
    """Give the notebooks in the order in which they are read."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def read(source: Path) -> Notebook:
    """Read a notebook from its text. Cells are numbered: the same text gives the same notebook."""
    notebook = jupytext.read(source, fmt="md")
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return nbformat.from_dict(notebook)


def run(notebook: Notebook, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run every cell in a kernel of its own, in `folder`, and keep what each gives.

    Raises `nbclient.exceptions.CellExecutionError` at the first cell that fails, with its code
    and what it said.
    """
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = {**os.environ, "PATH": programs, **(environment or {})}
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            config=Config(KernelManager={"transport": "ipc", "ip": f"{sockets}/kernel"}),
            timeout=_SECONDS,
            resources={"metadata": {"path": str(folder)}},
            coalesce_streams=True,
            record_timing=False,
        )
        client.execute(env=variables)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            _settle(output, str(folder.resolve()))


def _settle(output: Any, folder: str) -> None:  # noqa: ANN401 - of a `Notebook`
    """Leave of an output what a reader is to see: no progress that moved, no folder of ours."""
    for holder in (output, output.get("data", {})):
        for kind in ("text", "text/plain", *_MARKUP):
            if kind in holder:
                settled = _OVERWRITTEN.sub("", holder[kind].replace("\r\n", "\n"))
                holder[kind] = _MOVES.sub("", settled).replace(folder, SHOWN_FOLDER)


def to_json(notebook: Notebook, public: Public, name: str) -> str:
    """Give the file of a notebook, which is opened far from the pages that it links to.

    Its links lead to the site in public, or name the page; with `public.colab` it has one to Colab.
    """
    published = copy.deepcopy(notebook)
    for cell in published.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(lambda link: _far(link, public.site), cell.source)
    badge = _colab(f"![Open in Colab]({_BADGE})", public, name)
    _put_below_title(published.cells[0], badge)
    return str(nbformat.writes(published))


def _far(link: re.Match[str], site: str) -> str:
    """Give a link to a page as it is of use away from the site."""
    text, page, anchor = link.groups(default="")
    path = posixpath.normpath(f"{FOLDER.name}/{page}")
    if site:
        return f"[{text}]({site.rstrip('/')}/{path}.html{anchor})"
    beside = "/" not in page and page != "index"
    return f"{text} (`{page}.ipynb`)" if beside else f"{text} (`{path}.md`)"


def page(notebook: Notebook, public: Public, name: str) -> Page:
    """Give a notebook as a page; `name` is that of its file, and begins those of its pictures."""
    download = f"[Download this notebook]({name}.ipynb){{ .md-button }}"
    colab = _colab("Open in Colab", public, name)
    links = f"{download} {colab}{{ .md-button }}" if colab else download
    cells = copy.deepcopy(notebook.cells)
    _put_below_title(cells[0], links)
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in cells:
        if cell.cell_type == "code":
            parts.append(_fenced(cell.source, "python"))
            parts += _outputs(cell.outputs, name, pictures)
        else:
            parts.append(cell.source)
    return Page(text="\n\n".join(parts) + "\n", pictures=pictures)


def _colab(shown: str, public: Public, name: str) -> str:
    """Give a link that opens the file of a notebook on Colab; none without an address."""
    base = public.colab.rstrip("/")
    return f"[{shown}]({base}/{FOLDER.name}/{name}.ipynb)" if base else ""


def _put_below_title(cell: Any, line: str) -> None:  # noqa: ANN401 - of a `Notebook`
    if line:
        cell.source = _TITLE.sub(lambda title: f"{title[0]}\n{line}\n", cell.source, count=1)


def _outputs(outputs: Any, name: str, pictures: dict[str, bytes]) -> Iterator[str]:  # noqa: ANN401
    """Give what a cell showed: of several forms of one thing, the richest that a page can show."""
    for output in outputs:
        data = output.get("data", {})
        markup = next((data[kind] for kind in _MARKUP if kind in data), None)
        if markup is not None:
            yield f'<div class="output">\n{markup.strip()}\n</div>'
        elif "image/png" in data:
            file = f"{name}-{len(pictures) + 1}.png"
            pictures[file] = base64.b64decode(data["image/png"])
            yield f"![What the cell draws]({file})"
        elif text := _COLOURS.sub("", output.get("text", data.get("text/plain", ""))):
            yield _fenced(text.strip("\n"), "{ .text .output }")


def _fenced(text: str, language: str) -> str:
    """Put text between fences that are longer than any in it."""
    longest = max((len(ticks) for ticks in re.findall(r"^`{3,}", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
