"""The documentation site: what is laid out before it is built."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat.v4 as nb
import pytest
import yaml

from docs import make_site, make_tutorial

DOCS = make_site.ROOT / "docs"
COLAB = "https://colab.research.google.com/github/owner/repository/blob/gh-pages"
NOWHERE = make_tutorial.Public()
SPEED = """\
Measured so.

| data | tool | runs | median s | to cp -r | x challenge | CPU s | peak MB |
| :-- | :-- | --: | --: | --: | --: | --: | --: |
| A | cp -r | 5 | 0.62 | 1.00 | 50.1 | 0.62 | < 19 |
| A | zarrlift | 5 | 0.81 | 1.04 | 40.7 | 1.18 | 25 |
| A-merge | zarrlift | 5 | 0.84 | 1.40 | - | 1.28 | 25 |

| data | tool | runs | median s | to cp -r | x challenge | CPU s | peak MB |
| :-- | :-- | --: | --: | --: | --: | --: | --: |
| P | zarrlift | 3 | 2.47 | 0.78 | 17.1 | 3.76 | 32 |
"""


def pages_in(nav: object) -> Iterator[str]:
    """Walk the pages of a navigation."""
    match nav:
        case str():
            yield nav
        case dict():
            for inner in nav.values():
                yield from pages_in(inner)
        case list():
            for inner in nav:
                yield from pages_in(inner)


def links_within(notebook: dict[str, Any]) -> list[str]:
    """Give the links of a notebook that lead to files: dead ones, once it is taken away."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    links = re.findall(r"\]\(([^)]*)\)", "\n".join("".join(cell["source"]) for cell in cells))
    return [link for link in links if "://" not in link]


def test_navigation_has_every_page() -> None:
    """Each page stands in the navigation once, with those that lie at the repository's root."""
    nav = yaml.safe_load(make_site.navigation((DOCS / "index.md").read_text("utf-8")))["nav"]
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}

    assert sorted(pages_in(nav)) == sorted(written | set(make_site.FROM_ROOT.values()))
    assert [name for part in nav[1:] for name in part][:2] == ["Tutorial", "Guides"]


def test_figures_at_a_glance_are_those_of_the_first_table() -> None:
    """The front page shows what the first table says of zarrlift, and of known data only."""
    cards = make_site.at_a_glance(SPEED)

    assert "**0.81 s** for 1.3 GB" in cards
    assert "40.7 times as fast" in cards
    assert "2.47" not in cards
    assert "0.84" not in cards


def test_pages_are_laid_out_with_what_is_computed(tmp_path: Path) -> None:
    """Figures stand in their places, links of the root's pages lead on, notebooks lie beside."""
    make_site.lay_out(tmp_path, run=False)

    docs = tmp_path / "docs"
    assert "times as fast" in (docs / "index.md").read_text("utf-8")
    assert "| A | zarrlift |" in (docs / "reference" / "benchmarks.md").read_text("utf-8")
    assert "](architecture.md)" in (docs / "contributing.md").read_text("utf-8")
    for source in make_tutorial.sources():
        notebook = json.loads((docs / "tutorial" / f"{source.stem}.ipynb").read_text("utf-8"))
        assert notebook["nbformat"] == 4
        assert links_within(notebook) == []
        assert f"]({source.stem}.ipynb)" in (docs / "tutorial" / source.name).read_text("utf-8")
    assert list(docs.rglob("*.py")) == []


def test_sentence_that_is_gone_is_missed(tmp_path: Path) -> None:
    """A page that no longer says where its figures are stops the build, rather than lose them."""
    page = tmp_path / "index.md"
    page.write_text("no such sentence", "utf-8")

    with pytest.raises(ValueError, match="lacks: "):
        make_site.fill(page, "Its figures are there.", "figures")


def notebook_of(outputs: list[object]) -> make_tutorial.Notebook:
    """Make a notebook of a title and one cell that was run."""
    title = nb.new_markdown_cell("# Title\n\nText.")
    return nb.new_notebook(cells=[title, nb.new_code_cell("look()", outputs=outputs)])


def test_page_shows_the_richest_form() -> None:
    """Of a value's forms a page shows markup, else a picture, else text in a long fence."""
    markup = nb.new_output("execute_result", {"text/plain": "<x>", "text/html": "<b>bold</b>"})
    picture = {"text/plain": "<fig>", "image/png": base64.b64encode(b"png").decode()}
    plain = nb.new_output("stream", name="stdout", text="\x1b[1mtext\x1b[0m with\n```\nfences\n")
    drawn = nb.new_output("display_data", picture)
    page = make_tutorial.page(notebook_of([markup, drawn, plain]), NOWHERE, "1-x")

    assert '<div class="output">\n<b>bold</b>\n</div>' in page.text
    assert page.pictures == {"1-x-1.png": b"png"}
    assert "](1-x-1.png)" in page.text
    assert "````{ .text .output }\ntext with\n```\nfences\n````" in page.text


def test_links_stand_below_the_title() -> None:
    """A page offers its notebook, and Colab where that has an address; so does the file."""
    notebook = notebook_of([])
    public = make_tutorial.Public(colab=COLAB)

    assert "colab" not in make_tutorial.page(notebook, NOWHERE, "1-x").text
    assert make_tutorial.page(notebook, NOWHERE, "1-x").text.startswith("# Title\n\n[Download")
    assert f"]({COLAB}/tutorial/1-x.ipynb)" in make_tutorial.page(notebook, public, "1-x").text
    assert f"]({COLAB}/tutorial/1-x.ipynb)" in make_tutorial.to_json(notebook, public, "1-x")
    assert "colab" not in make_tutorial.to_json(notebook, NOWHERE, "1-x")


@pytest.mark.parametrize("quote", ["", '"'])
def test_one_line_of_settings_gives_every_notebook_its_link(tmp_path: Path, quote: str) -> None:
    """With an address on Colab in `mkdocs.yml`, each page and each file links to it."""
    config = tmp_path / "edited.yml"
    written = make_site.CONFIG.read_text("utf-8")
    line = f"  notebooks: {quote}{COLAB}/{quote}\n"
    config.write_text(re.sub(r"^  notebooks:.*\n", line, written, flags=re.MULTILINE), "utf-8")
    make_site.lay_out(tmp_path, run=False, config=config)

    for source in make_tutorial.sources():
        link = f"]({COLAB}/tutorial/{source.stem}.ipynb)"
        page = tmp_path / "docs" / "tutorial" / source.name
        assert link in page.read_text("utf-8")
        assert link in page.with_suffix(".ipynb").read_text("utf-8")


def test_links_of_a_file_that_is_taken_away_lead_on() -> None:
    """They lead to the site where that has an address; else they name the page or notebook."""
    text = "# Title\n\n[Lift](../guides/lift-a-plate.md#wells), then [the\nnext](2-y.md)."
    away = "See [blosc](https://www.blosc.org), ![a plot](plot.png)."
    notebook = nb.new_notebook(cells=[nb.new_markdown_cell(text), nb.new_markdown_cell(away)])

    def taken(site: str) -> list[str]:
        public = make_tutorial.Public(site=site)
        written = json.loads(make_tutorial.to_json(notebook, public, "1-x"))
        return ["".join(cell["source"]) for cell in written["cells"]]

    site = "https://owner.example/docs"
    lifted, following = f"{site}/guides/lift-a-plate.html#wells", f"{site}/tutorial/2-y.html"
    assert taken(f"{site}/") == [
        f"# Title\n\n[Lift]({lifted}), then [the\nnext]({following}).",
        away,
    ]
    assert taken("") == [
        "# Title\n\nLift (`guides/lift-a-plate.md`), then the\nnext (`2-y.ipynb`).",
        away,
    ]


def test_progress_that_moved_is_not_shown(tmp_path: Path) -> None:
    """Of lines that a command overwrote, the last stays; the folder it ran in is not told."""
    written = r"\x1b[2K1 of 2\r\n\x1b[1A\x1b[2K2 of 2\r\n\x1b[1A\x1b[2Kdone\r\n"
    source = tmp_path / "notebook.md"
    source.write_text(f'# Title\n\n```python\nimport os\nprint("{written}", os.getcwd())\n```\n')
    notebook = make_tutorial.read(source)
    make_tutorial.run(notebook, tmp_path)

    assert notebook.cells[1].outputs[0].text == "done\n /data\n"
