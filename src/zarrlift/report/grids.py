"""Pictures of how an array is cut into chunks and shards, as SVG: the last two axes of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.report.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.metadata.layout import ArrayLayout

_LONGEST, _SHORTEST = 160.0, 24.0
"""Points of the longer side, and of the shorter one at least."""
_MOST_LINES = 40
"""Lines along one axis, above which they are left out."""
_MARGIN = 2.0


class _Side(NamedTuple):
    """One side of the picture."""

    points: float
    elements: int

    def lines(self, step: int) -> list[float]:
        """Give where lines lie that part every `step` elements; none where they are too many."""
        number = grid.ceil_div(self.elements, step) - 1
        if not 0 < number <= _MOST_LINES:
            return []
        return [self.points * step * n / self.elements for n in range(1, number + 1)]


def svg(layout: ArrayLayout, names: Sequence[str]) -> str:
    """Draw the grid of the last two axes: thin lines part chunks, thick ones shards."""
    if not layout.shape or not all(layout.shape):
        return ""
    shape, chunks, stored = ((1, *v)[-2:] for v in (layout.shape, layout.chunks, layout.stored))
    height, width = _sides(shape)
    thin = _lines(height, width, chunks, 0.5, 0.45)
    thick = _lines(height, width, stored, 1.5, 0.9) if layout.shards else ""
    first = [min(c, s) / s for c, s in zip(chunks, shape, strict=True)]
    one = (
        f'<rect x="0" y="0" width="{first[1] * width.points:.2f}" '
        f'height="{first[0] * height.points:.2f}" fill="currentColor" fill-opacity="0.3"/>'
    )
    whole = (
        f'<rect x="0" y="0" width="{width.points:.2f}" height="{height.points:.2f}" '
        'fill="currentColor" fill-opacity="0.07" stroke="currentColor" stroke-width="1"/>'
    )
    total = [side.points + 2 * _MARGIN for side in (width, height)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]:.0f}" height="{total[1]:.0f}" '
        f'viewBox="{-_MARGIN} {-_MARGIN} {total[0]:.2f} {total[1]:.2f}" role="img">'
        f"<title>{escape(words(layout, names))}</title>{whole}{one}{thin}{thick}</svg>"
    )


def words(layout: ArrayLayout, names: Sequence[str]) -> str:
    """Say what the picture shows, and what lies along the other axes."""
    objects = grid.count(layout.object_grid)
    along = [
        f"{name} {number:,}"
        for name, number in zip(names, layout.chunk_grid, strict=False)
        if number > 1
    ]
    chunks = plural(grid.count(layout.chunk_grid), "chunk")
    held = f" in {plural(objects, 'shard')}" if layout.shards else ""
    return f"{chunks}{held}{': ' + ', '.join(along) if along else ''}"


def _sides(shape: tuple[int, ...]) -> tuple[_Side, _Side]:
    longest = max(shape)
    return tuple(  # type: ignore[return-value]
        _Side(max(_SHORTEST, _LONGEST * n / longest), n) for n in shape
    )


def _lines(
    height: _Side, width: _Side, step: tuple[int, ...], stroke: float, opacity: float
) -> str:
    across = [f"M0 {y:.2f}H{width.points:.2f}" for y in height.lines(step[0])]
    down = [f"M{x:.2f} 0V{height.points:.2f}" for x in width.lines(step[1])]
    if not across and not down:
        return ""
    return (
        f'<path d="{"".join(across + down)}" stroke="currentColor" stroke-width="{stroke}" '
        f'stroke-opacity="{opacity}" fill="none"/>'
    )
