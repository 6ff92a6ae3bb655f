"""What is measured on which dataset, and what is to be reached."""

from dataclasses import dataclass
from typing import Literal

Figure = Literal["to cp -r", "faster than challenge", "seconds", "peak MB"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit on one figure of zarrlift: the most it may be, or with `least` the least."""

    figure: Figure
    limit: float
    least: bool = False

    def met(self, value: float) -> bool:
        """Whether a measured figure keeps to the limit."""
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A dataset, how each converter is told to lift it, and the targets."""

    name: str
    title: str
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    """Options of ome2024-ngff-challenge that gave its shortest time with right output."""
    targets: tuple[Target, ...]


CASES = (
    Case(
        name="A",
        title="1.3 GB, 5-D uint16, 3 levels, 1,008 chunks of 1024 x 1024, blosc-lz4",
        ours=("--shards", "1,1,1,4096,4096"),
        theirs=("--output-shards=1,1,1,4096,4096", "--output-chunks=1,1,1,1024,1024"),
        targets=(
            Target(figure="to cp -r", limit=1.1),
            Target(figure="faster than challenge", limit=15, least=True),
            Target(figure="peak MB", limit=150),
        ),
    ),
    Case(
        name="P",
        title="plate of 96 wells x 2 fields x 3 levels, 2,890 files, 0.56 GB",
        targets=(
            Target(figure="to cp -r", limit=2),
            Target(figure="faster than challenge", limit=30, least=True),
        ),
    ),
    Case(
        name="S",
        title="one image, 40,000 chunks of 16 KB",
        theirs=("--output-shards=1,1,1,3200,3200", "--output-chunks=1,1,1,128,128"),
        targets=(Target(figure="to cp -r", limit=0.8),),
    ),
)

HELP_TARGETS = (Target(figure="seconds", limit=0.25),)
IMPORT_TARGETS = (Target(figure="seconds", limit=0.15),)
ABSENT_TARGETS = (Target(figure="seconds", limit=2), Target(figure="peak MB", limit=200))
UPGRADE_TARGETS = (Target(figure="seconds", limit=3),)
