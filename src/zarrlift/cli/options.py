"""Options that several commands share, each with one meaning."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_SHAPE = "What is written"
_RUN = "How it is carried out"
_SHOW = "What is shown"


class LevelName(StrEnum):
    """How much a verification looks at."""

    QUICK = "quick"
    FULL = "full"
    DECODE = "decode"


class ProofName(StrEnum):
    """How much is verified after lifting."""

    QUICK = "quick"
    FULL = "full"
    DECODE = "decode"
    NONE = "none"


class DamagedName(StrEnum):
    """What to do with a chunk that is not whole."""

    STOP = "stop"
    COPY = "copy"
    MISSING = "missing"


class KindName(StrEnum):
    """What a demo dataset is."""

    IMAGE = "image"
    LABELS = "labels"
    PLATE = "plate"
    COLLECTION = "collection"


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


def _shape(*names: str, help: str, metavar: str | None = None) -> typer.models.OptionInfo:  # noqa: A002
    made: typer.models.OptionInfo = typer.Option(
        *names, help=help, metavar=metavar, rich_help_panel=_SHAPE
    )
    return made


Source = Annotated[str, typer.Argument(metavar="SRC", help="OME-Zarr 0.1-0.4 folder")]
Destination = Annotated[str, typer.Argument(metavar="DST", help="folder to write")]
Shards = Annotated[
    str,
    _shape(
        "--shards",
        help="auto, none, sizes (1,1,1,4096,4096), or by axis (y=4096,x=4096)",
        metavar="SHAPE",
    ),
]
ShardSize = Annotated[
    str, _shape("--shard-size", help="decoded data in an auto shard", metavar="SIZE")
]
MaxFiles = Annotated[
    int | None, _shape("--max-files", help="choose shards so that no more files are written")
]
Chunks = Annotated[str, _shape("--chunks", help="keep, sizes, or by axis", metavar="SHAPE")]
CodecName = Annotated[
    str,
    _shape(
        "--codec",
        help="keep, none, zstd[:level], gzip[:level], blosc:zstd[:level[:shuffle]]",
        metavar="CODEC",
    ),
]
LayoutFile = Annotated[
    Path | None,
    _shape("--layout", help="JSON file: path patterns with chunks, shards, codec", metavar="FILE"),
]
Exclude = Annotated[
    list[str] | None, _shape("--exclude", help="leave these paths out (repeatable)", metavar="GLOB")
]
PlainZarr = Annotated[bool, _shape("--plain-zarr", help="lift Zarr without OME metadata too")]
LargeIndex = Annotated[bool, _shape("--large-index", help="allow over 2^20 chunks in a shard")]
Damaged = Annotated[
    DamagedName, _shape("--damaged", help="what to do with chunks that are not whole")
]

Workers = Annotated[int | None, typer.Option(help="threads", min=1, rich_help_panel=_RUN)]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="most memory for chunks in flight", rich_help_panel=_RUN),
]
Proof = Annotated[
    ProofName, typer.Option("--verify", help="how much is compared", rich_help_panel=_RUN)
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="replace the target", rich_help_panel=_RUN)
]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask", rich_help_panel=_RUN)]
Fsync = Annotated[
    bool, typer.Option("--fsync", help="survive a power cut (slower)", rich_help_panel=_RUN)
]

ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="keep the report (.json or text)", rich_help_panel=_SHOW
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="no progress", rich_help_panel=_SHOW)]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="log to stderr", rich_help_panel=_SHOW)
]
Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="log here", rich_help_panel=_SHOW)
]
AsJson = Annotated[
    bool, typer.Option("--json", help="same as --format json", rich_help_panel=_SHOW)
]
OutputFormat = Annotated[
    Format, typer.Option("--format", help="how the result is printed", rich_help_panel=_SHOW)
]

Lifted = Annotated[str, typer.Argument(metavar="DST", help="the lifted folder")]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="file that plan --output wrote")]
PlanOutput = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="save the plan as JSON", rich_help_panel=_SHOW),
]
Count = Annotated[
    bool, typer.Option("--count", help="list every chunk, for exact figures", rich_help_panel=_SHOW)
]
Level = Annotated[LevelName, typer.Option("--level", help="how much is compared")]
DemoFolder = Annotated[str, typer.Argument(metavar="DIR", help="folder to write")]
DemoKind = Annotated[KindName, typer.Option("--kind", help="what to write")]
DemoSize = Annotated[str, typer.Option("--size", metavar="SIZE", help="decoded size, roughly")]
DemoSeed = Annotated[int, typer.Option("--seed", help="the same seed gives the same data")]
