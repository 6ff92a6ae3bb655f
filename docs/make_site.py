"""Builds the documentation: `python -m docs.make_site`; with `--unrun`, without running notebooks.

The pages are laid out in `build/docs`: as they are, with what is computed in its place.
"""  # noqa: INP001 - a script

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from docs import make_reference, make_tutorial

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
CONFIG = ROOT / "mkdocs.yml"
FROM_ROOT = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Pages that lie at the root of the repository, and their names on the site."""
_SECTION = re.compile(r"^## ([^:\n]+).*?\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_LISTED = re.compile(r"\]\(([\w./-]+\.md)\)")
_SPEED = re.compile(r"^## Speed\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)
_GLANCE = "Its figures are in the [README](../README.md#speed)."
_TABLES = "Its figures are in the [README](../../README.md#speed)."
"""Sentences of pages; on the site, the figures stand there themselves."""
_WIDE = "---\nhide: [navigation, toc]\n---\n\n"
"""Before a page that is as wide as the window."""
_MEASURED = {
    "A": "1.3 GB in 1,008 chunks",
    "P": "a plate of 96 wells",
    "S": "40,000 small chunks",
}


def main() -> int:
    """Lay out the pages, and have Zensical build them strictly; give its status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unrun", action="store_true", help="show notebooks without output")
    unrun = parser.parse_args().unrun
    if make_reference.PAGE.read_text("utf-8") != make_reference.render():
        sys.stderr.write("reference/commands.md is out of date: run docs/make_reference.py\n")
        return 1
    lay_out(BUILD, run=not unrun)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=BUILD, check=False).returncode  # noqa: S603 - our own words


def lay_out(build: Path, *, run: bool, config: Path = CONFIG) -> None:
    """Write `docs/` and `mkdocs.yml` of the site below `build`, in place of what was there."""
    docs = build / "docs"
    shutil.rmtree(docs, ignore_errors=True)
    shutil.copytree(ROOT / "docs", docs, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    settings = config.read_text("utf-8")
    listed = navigation((docs / "index.md").read_text("utf-8"))
    (build / "mkdocs.yml").write_text(settings + listed, "utf-8")
    for name, page in FROM_ROOT.items():
        text = (ROOT / name).read_text("utf-8")
        (docs / page).write_text(text.replace("](docs/", "]("), "utf-8")
    speed = _speed((ROOT / "README.md").read_text("utf-8"))
    fill(docs / "index.md", _GLANCE, at_a_glance(speed), head=_WIDE)
    fill(docs / "reference" / "benchmarks.md", _TABLES, speed)
    _lay_out_notebooks(docs / "tutorial", addresses(settings), run=run)


class _Settings(yaml.SafeLoader):  # type: ignore[misc]  # published without type hints
    """Reads `mkdocs.yml`; the functions that it names are for Zensical to call."""


_Settings.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def addresses(settings: str) -> make_tutorial.Public:
    """Give the public addresses that `mkdocs.yml` states."""
    stated = yaml.load(settings, _Settings)  # noqa: S506 - a safe one, which makes no objects
    extra = stated.get("extra") or {}
    return make_tutorial.Public(
        site=stated.get("site_url") or "", colab=extra.get("notebooks") or ""
    )


def navigation(index: str) -> str:
    """Give `nav` of the site: the sections of the index, and the pages that each lists."""
    lines = ["nav:", "  - index.md"]
    for heading, text in _SECTION.findall(index):
        lines += [f"  - {heading}:", *(f"      - {page}" for page in _LISTED.findall(text))]
    lines += ["  - Project:", *(f"      - {page}" for page in FROM_ROOT.values())]
    return "\n" + "\n".join(lines) + "\n"


def _lay_out_notebooks(folder: Path, public: make_tutorial.Public, *, run: bool) -> None:
    """Write each notebook as a page, and as a file to take away."""
    with tempfile.TemporaryDirectory() as work:
        for source in make_tutorial.sources():
            name = source.stem
            notebook = make_tutorial.read(source)
            if run:
                sys.stderr.write(f"Running tutorial/{name}\n")
                make_tutorial.run(notebook, Path(work))
            page = make_tutorial.page(notebook, public, name)
            (folder / f"{name}.md").write_text(page.text, "utf-8")
            file = make_tutorial.to_json(notebook, public, name)
            (folder / f"{name}.ipynb").write_text(file, "utf-8")
            for picture, data in page.pictures.items():
                (folder / picture).write_bytes(data)


def _speed(readme: str) -> str:
    """Give what the README says of speed, with links as they lead from `reference/`."""
    found = _SPEED.search(readme)
    if found is None:
        raise ValueError("README.md has no section `## Speed` with another one after it")
    return found[1].strip().replace("](docs/reference/", "](").replace("](docs/", "](../")


def at_a_glance(speed: str) -> str:
    """Say in cards what the first table of the README measured."""
    cards = [
        f"-   **{row['median s']} s** for {_MEASURED[row['data']]}\n\n"
        f"    {row['x challenge']} times as fast as ome2024-ngff-challenge,"
        f" {row['to cp -r']} times as long as `cp -r`, {row['peak MB']} MB of memory"
        for row in _first_table(speed)
        if row["tool"] == "zarrlift" and row["data"] in _MEASURED
    ]
    return '<div class="grid cards" markdown>\n\n' + "\n\n".join(cards) + "\n\n</div>"


def _first_table(text: str) -> Iterator[dict[str, str]]:
    """Give the rows of the first table, by the words above its columns."""
    table, _, _ = text[text.index("\n|") + 1 :].partition("\n\n")
    head, _, *rows = ([c.strip() for c in line.strip("|").split("|")] for line in table.split("\n"))
    for row in rows:
        yield dict(zip(head, row, strict=True))


def fill(page: Path, mark: str, text: str, head: str = "") -> None:
    """Put text in the place of a sentence, which the page must have."""
    before, found, after = page.read_text("utf-8").partition(mark)
    if not found:
        raise ValueError(f"{page.name} lacks: {mark}")
    page.write_text(head + before + text + after, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
