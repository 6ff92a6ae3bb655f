"""What is measured on which dataset, and what is to be reached."""

from dataclasses import dataclass
from typing import Literal

Figure = Literal[
    "to cp -r",
    "faster than challenge",
    "to bare calls",
    "to bare loop",
    "to tensorstore",
    "to zarrs_reencode",
    "memory to tensorstore",
    "faster than yaozarrs",
    "share read",
    "seconds",
    "peak MB",
]


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
    data: str = ""
    """Name of the dataset, where it is another case's."""
    lifted: tuple[str, ...] = ()
    """Options with which `data` is lifted first; what comes of it is the dataset."""
    recoders: tuple[tuple[str, ...], ...] = ()
    """What `benchmarks.recoders` does instead of copying: how, and its options."""

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.name if self.lifted else self.data or self.name


_BESIDE = (
    Target(figure="to tensorstore", limit=1),
    Target(figure="memory to tensorstore", limit=1),
)
ZARRS = "zarrs_reencode"
"""Measured where it is installed: `cargo install zarrs_tools`."""
_UNVERIFIED = ("--verify", "none")
"""Since the others do not prove what they wrote either."""
_ZSTD = ("--codec", "blosc:zstd:5:shuffle")
_PLANES = ("--shards", "1,1,1,4096,4096")
_SMALLER = ("--chunks", "1,1,1,512,512", *_PLANES)
_CUBES = ("--chunks", "1,1,16,128,128", "--shards", "1,1,16,1024,1024")

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
    Case(
        name="A-merge",
        title="A in shards of 2048 x 2048, into shards of 4096 x 4096",
        data="A",
        lifted=("--shards", "1,1,1,2048,2048"),
        ours=_PLANES,
        targets=(Target(figure="to cp -r", limit=1.3),),
    ),
    Case(
        name="A-split",
        title="A in shards of 4096 x 4096, into shards of 2048 x 2048",
        data="A",
        lifted=_PLANES,
        ours=("--shards", "1,1,1,2048,2048"),
        targets=(Target(figure="to cp -r", limit=1.3),),
    ),
    Case(
        name="A-unshard",
        title="A in shards of 4096 x 4096, into single chunks",
        data="A",
        lifted=_PLANES,
        ours=("--shards", "none"),
        targets=(Target(figure="to cp -r", limit=1.3),),
    ),
    Case(
        name="A-recode",
        title="A, each chunk decoded and encoded as blosc-zstd-5",
        data="A",
        ours=(*_ZSTD, *_PLANES, *_UNVERIFIED),
        recoders=(
            ("bare", *_ZSTD),
            ("tensorstore", *_ZSTD, *_PLANES),
            ("zarrs_reencode", *_ZSTD, *_PLANES),
        ),
        targets=(
            Target(figure="to bare calls", limit=1.15),
            Target(figure="to zarrs_reencode", limit=1),
            *_BESIDE,
        ),
    ),
    Case(
        name="A-smaller",
        title="A, in chunks of 512 x 512",
        data="A",
        ours=(*_SMALLER, *_UNVERIFIED),
        recoders=(("tensorstore", *_SMALLER), ("zarrs_reencode", *_SMALLER)),
        targets=_BESIDE,
    ),
    Case(
        name="A-cubes",
        title="A, in chunks of 16 x 128 x 128",
        data="A",
        ours=(*_CUBES, *_UNVERIFIED),
        recoders=(("tensorstore", *_CUBES), ("zarrs_reencode", *_CUBES)),
        targets=_BESIDE,
    ),
)

HELP_TARGETS = (Target(figure="seconds", limit=0.25),)
IMPORT_TARGETS = (Target(figure="seconds", limit=0.15),)
ABSENT_TARGETS = (Target(figure="seconds", limit=2), Target(figure="peak MB", limit=200))
JUDGING_TARGETS = (Target(figure="faster than yaozarrs", limit=5, least=True),)
CHUNKS_TARGETS = (Target(figure="share read", limit=0.001),)
UPGRADE_TARGETS = (Target(figure="seconds", limit=3),)
