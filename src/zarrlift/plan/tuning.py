"""`Tuning`: what was measured on a dataset's own chunks, and the layout file that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import UsageError

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.candidates import Advice, CodecResult
    from zarrlift.plan.subject import Subject
    from zarrlift.plan.views import LayoutResult, View, ViewCost

_SPECIAL = re.compile(r"([*?[])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """The chunks that codecs were measured on."""

    seed: int | None
    """None where a chunk was named."""
    chunks: tuple[Index, ...]
    """Those that were encoded, in the order in which they were drawn."""
    edge: int
    """How many of these reach beyond the array; their padding is encoded with them."""
    timed: int
    """How many of these, from the first on, were timed."""
    filled: int
    """Stored chunks that were drawn, but hold only the fill value: left out."""
    raw_bytes: int
    stored_bytes: int
    looked_for: int
    """Chunks of the grid that were looked for to find these."""
    present: float
    """The share of the grid's chunks that hold anything but fill, as far as was looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Codecs, chunks and shards, measured and counted for one level of one image."""

    source: str
    subject: Subject
    sampled: Sampled
    codecs: tuple[CodecResult, ...]
    advice: Advice | None
    """None where no candidate is one that v3 readers share."""
    views: tuple[View, ...]
    layouts: tuple[LayoutResult, ...]
    """What the level has now first."""
    codec_versions: tuple[tuple[str, str], ...]
    """Libraries that encoded."""
    findings: tuple[Finding, ...]

    @property
    def now(self) -> CodecResult:
        """Return what was measured of today's codec."""
        return next(r for r in self.codecs if r.candidate.now)

    def codec(self, name: str) -> CodecResult:
        """Give what was measured of a candidate."""
        return next(r for r in self.codecs if r.name == name)

    def fetched_bytes(self, cost: ViewCost) -> int:
        """Project what a view fetches: chunks at today's ratio, and indexes."""
        return round(cost.decoded_bytes * self.now.share) + cost.index_bytes

    def __repr__(self) -> str:
        """Say in one line what to choose."""
        advice = self.advice
        said = (
            f"balanced {advice.balanced}, smallest {advice.smallest}, fastest {advice.fastest}"
            if advice
            else "nothing to recommend"
        )
        return (
            f"Tuning({self.source!r} {self.subject.level.path or '/'}: now {self.now.name} "
            f"{self.now.ratio:.2f} to 1; {said})"
        )


def stored_chunk_bytes(layout: ArrayLayout) -> int:
    """Give the decoded bytes of all chunks of an array, padding at its edges included."""
    return grid.count(layout.chunk_grid) * layout.chunk_bytes


def parse_chunk(text: str) -> tuple[str | None, Index]:
    """Read `2/0,0,0,0,0` or `0,0,0,0,0`: the level, if it is named, and the chunk's index.

    An array without axes has one chunk, whose index is empty: `2/`.
    """
    level, _, words = text.rpartition("/")
    try:
        index = tuple(int(word) for word in words.split(",")) if words else ()
    except ValueError:
        index = (-1,)
    if min(index, default=0) < 0:
        raise UsageError(
            f"chunk {text!r} is not understood",
            hint="write it like 2/0,0,0,0,0: the level, and the chunk's index in array order",
        )
    return level or None, index


def check_chunk(index: Index, subject: Subject) -> None:
    """Raise `UsageError` for an index that is none of the level's chunks, naming the axis."""
    layout, place = subject.level.layout, subject.level.path or "/"
    if len(index) != layout.ndim:
        raise UsageError(
            f"chunk {_text(index)} has {len(index)} numbers, the array {layout.ndim} axes",
            place=place,
            hint=f"the last chunk is {_text(tuple(n - 1 for n in layout.chunk_grid))}",
        )
    for axis, (number, limit) in enumerate(zip(index, layout.chunk_grid, strict=True)):
        if number >= limit:
            name = (subject.names[axis] if subject.names else None) or f"number {axis}"
            raise UsageError(
                f"axis {name}: chunk {number} is out of range, there are {limit}",
                place=place,
                hint=f"chunks along this axis are numbered 0 to {limit - 1}",
            )


def layout_rules(tuning: Tuning) -> dict[str, dict[str, str]]:
    """Give the layout file that `plan` and `convert` take: the balanced codec, today's chunks.

    Of one image, each level by its path. Of several, all levels of that name at that depth, after a
    rule for labels that leaves them as the options say; where a label was measured, the labels of
    that name in all images. Raises `UsageError` where nothing is to be
    recommended.
    """
    if tuning.advice is None:
        raise UsageError(
            "no codec was measured that Zarr v3 readers share", hint="name one with --codecs"
        )
    balanced = tuning.codec(tuning.advice.balanced).candidate
    wish = {
        "chunks": "keep",
        "shards": "auto",
        "codec": "keep" if balanced.now else balanced.name,
    }
    subject = tuning.subject
    paths = [level.path for level in subject.levels]
    if subject.images <= 1:
        return {_escaped(path): dict(wish) for path in paths}
    if subject.labels_at is not None:
        below = subject.labels_at
        return {
            f"*{_escaped(path[below:])}" if below else _escaped(path): dict(wish) for path in paths
        }
    rules: dict[str, dict[str, str]] = {pattern: {} for pattern in _for_labels(subject.labels)}
    for path in paths:
        level = path.removeprefix(subject.image).strip("/")
        depth = len(subject.image.split("/"))
        rules["/".join([*"*" * depth, _escaped(level)])] = dict(wish)
    return rules


def _escaped(path: str) -> str:
    return _SPECIAL.sub(r"[\1]", path)


def _for_labels(labels: tuple[str, ...]) -> list[str]:
    """Give one pattern for the labels of the root, one for those of all images below."""
    below = any("/" in path for path in labels)
    return [*(["labels/*"] if "labels" in labels else []), *(["*/labels/*"] if below else [])]


def _text(index: Index) -> str:
    return ",".join(map(str, index))
