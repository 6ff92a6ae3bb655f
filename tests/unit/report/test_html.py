"""HTML for notebooks: well formed, without scripts, with every text of a dataset escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from tests.unit.layouts import layout_of
from zarrlift.report import grids, html
from zarrlift.report.looks import Look
from zarrlift.survey.images import Axis, Channel, Image, Level
from zarrlift.survey.screens import Plate

_EMPTY = frozenset({"img", "br", "hr"})
_ALLOWED = frozenset(
    {"div", "span", "b", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "pre"}
    | {"ul", "li", "img", "svg", "title", "rect", "path"}
)


class Judge(HTMLParser):
    """Notes tags that are not closed, not allowed, or that fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is opened."""
        if tag not in _ALLOWED:
            self.problems.append(f"<{tag}>")
        for name, value in attrs:
            local = (value or "").startswith("data:image/png;base64,")
            if name.startswith("on") or (name in ("src", "href") and not local):
                self.problems.append(f"{name}={value}")
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what stands alone."""
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Compare with what was opened last."""
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}>")


def problems_of(page: str) -> list[str]:
    """Give what is wrong with a piece of HTML."""
    judge = Judge()
    judge.feed(page)
    judge.close()
    return [*judge.problems, *(f"<{tag}> not closed" for tag in judge.open)]


def test_the_judge_finds_what_is_wrong() -> None:
    """A script, a tag left open, a handler, a picture from elsewhere."""
    assert problems_of("<div><b>good</b></div>") == []
    assert problems_of("<script>x</script>")
    assert problems_of("<div>")
    assert problems_of("<b onclick='x'>a</b>")
    assert problems_of("<img src='https://example.org/a.png'/>")


def image_of(levels: int, name: str = "cells") -> Image:
    """An image of some levels, the last of them unreadable."""
    axes = tuple(Axis(name=n, type="space", unit="micrometer") for n in "yx")
    made = [
        Level(
            name=str(n),
            path=str(n),
            layout=None if n == levels - 1 else layout_of((64 >> n, 96 >> n), (16, 16)),
            problem="<broken>" if n == levels - 1 else "",
            scale=(0.5, 0.25),
            translation=(0.0, 0.0),
        )
        for n in range(levels)
    ]
    return Image(path="", name=name, axes=axes, levels=tuple(made))


def test_an_image_is_shown_with_its_levels_and_grid() -> None:
    """Every level has a row, the first one a drawing."""
    page = html.image(image_of(3), picture=b"\x89PNG")

    assert problems_of(page) == []
    assert page.count("<tr>") == 1 + 2 + 1 + 3  # two tables with heads
    assert "16,16" in page
    assert "24 µm" in page
    assert "&lt;broken&gt;" in page
    assert "<svg" in page
    assert "base64,iVBORw==" in page


def test_names_are_escaped() -> None:
    """A name of a dataset cannot become part of the page."""
    page = html.image(image_of(1, "<script>alert('x')</script>"))

    assert problems_of(page) == []
    assert "<script" not in page


@pytest.mark.parametrize(
    ("shape", "chunks", "shards", "thin", "thick"),
    [
        ((64, 96), (16, 16), None, 3 + 5, 0),
        ((64, 96), (16, 16), (32, 32), 3 + 5, 1 + 2),
        ((5, 64, 96), (1, 64, 96), None, 0, 0),
        ((7,), (2,), None, 3, 0),
        ((100_000, 100_000), (10, 10), None, 0, 0),
        ((100_000, 100_000), (10, 10), (50_000, 50_000), 0, 2),
        ((1, 100_000), (1, 10_000), None, 9, 0),
    ],
)
def test_the_grid_is_drawn(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    shards: tuple[int, ...] | None,
    thin: int,
    thick: int,
) -> None:
    """A line for each edge between chunks, and between shards; none where there are too many."""
    layout = layout_of(shape, chunks, shards=shards)
    drawn = ET.fromstring(grids.svg(layout, ("z", "y", "x")[-len(shape) :]))  # noqa: S314 - our own

    paths = [p.get("d", "") for p in drawn.iter() if p.tag.endswith("path")]
    counted = {
        p.get("stroke-width"): len(re.findall("M", p.get("d", "")))
        for p in drawn.iter()
        if p.tag.endswith("path")
    }
    assert counted.get("0.5", 0) == thin
    assert counted.get("1.5", 0) == thick
    assert len(paths) == (thin > 0) + (thick > 0)


@pytest.mark.parametrize("shape", [(), (0, 4)])
def test_nothing_is_drawn_of_nothing(shape: tuple[int, ...]) -> None:
    """An array without axes, or without elements, has no grid."""
    chunks = tuple(max(1, n) for n in shape)

    assert grids.svg(layout_of(shape, chunks), ("y", "x")) == ""


def test_what_is_hostile_makes_no_large_page() -> None:
    """A plate of a billion places and thousands of channels are counted, not drawn."""
    names = tuple(map(str, range(40_000)))
    plate = Plate(path="", name="screen", rows=names, columns=names, wells=())
    image = replace(image_of(2), channels=(Channel(label="DNA"),) * 5000)

    assert len(html.plate(plate)) < 1000
    assert problems_of(html.plate(plate)) == []
    assert len(html.image(image)) < 50_000
    assert "… and 4,936 more" in html.image(image)


def test_text_that_cannot_be_sent_is_left_out() -> None:
    """Half a character would stop a notebook; marks that turn the direction mislead its reader."""
    page = html.image(image_of(1, "a\ud800\u202eb"))
    attributes = {"x": "\ud800", "y": [1, 2]}
    look = Look(kind="group", version=None, zarr_format=2)
    other = html.dataset("/x", look, picture=None, attributes=attributes)

    assert page.encode("utf-8")
    assert "\u202e" not in page
    assert other.encode("utf-8")
    assert '\n  "' not in other  # quotes are escaped
    assert "\n  &quot;y&quot;: [\n    1,\n    2\n  ]" in other


def test_the_extent_is_that_of_one_level() -> None:
    """Where the first level cannot be read, length and element of the second count, not of both."""
    first, second, *_ = image_of(3).levels
    broken = replace(first, layout=None, problem="broken")
    scaled = replace(second, scale=(1.0, 0.5))
    page = html.image(replace(image_of(3), levels=(broken, scaled)))

    assert "<td" in page
    assert page.count("32 µm") == 1  # 32 elements of 1 µm
    assert page.count("24 µm") == 1  # 48 of 0.5 µm


def test_tables_say_what_their_heads_are_of() -> None:
    """Whoever has a page read to them hears row and column; a white box is seen on white."""
    plate = Plate(path="", name="", rows=("A",), columns=("1", "2"), wells=())
    image = replace(image_of(2), channels=(Channel(label="DNA", color="FFFFFF"),))

    assert html.plate(plate).count("scope='col'") == 2
    assert html.plate(plate).count("scope='row'") == 1
    assert "outline: 1px solid currentColor" in html.image(image)
    assert "alt='middle plane of cells'" in html.image(image, picture=b"x")
