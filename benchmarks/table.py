"""Rows of text as a table, for a terminal or for a README."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells under heads; the first `left` columns are words, the rest numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int

    def as_text(self) -> str:
        """Aligned columns, two blanks apart."""
        lines = (self._aligned(cells).rstrip() for cells in (self.heads, *self.rows))
        return "\n".join((self.title, "", *(f"  {line}" for line in lines)))

    def as_markdown(self) -> str:
        """A table of GitHub's Markdown."""
        rule = [":--" if column < self.left else "--:" for column in range(len(self.heads))]
        lines = (f"| {' | '.join(cells)} |" for cells in (self.heads, rule, *self.rows))
        return "\n".join((f"**{self.title}**", "", *lines))

    def _aligned(self, cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if column < self.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, self._widths(), strict=True))
        )

    def _widths(self) -> list[int]:
        columns = zip(self.heads, *self.rows, strict=True)
        return [max(map(len, column)) for column in columns]
