"""Options that several commands share, each with one meaning, and help grouped by topic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")
Decorator = "Callable[[F], F]"

_WRITTEN = "What is written"
_CRATE = "What its RO-Crate says"
_RUNNING = "How it is carried out"
_JUDGED = "Judging"
_SHOWN = "What is shown"
_FILE = click.Path(path_type=Path, dir_okay=False)


class Option(click.Option):
    """An option that knows the heading it stands under."""

    def __init__(self, *names: Any, heading: str = "Options", **settings: Any) -> None:  # noqa: ANN401 - click's form
        super().__init__(*names, **settings)
        self.heading = heading


class Command(click.Command):
    """A command whose help groups options under headings."""

    def __init__(self, *words: Any, **settings: Any) -> None:  # noqa: ANN401 - click's form
        # Stated here too: click keeps the names of the first context that asks.
        settings.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*words, **settings)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each heading with its options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=26)


def option(*names: str, heading: str, **settings: Any) -> Callable[[F], F]:  # noqa: ANN401 - click's form
    """Make an option that stands under a heading."""
    return click.option(*names, cls=Option, heading=heading, **settings)


def _stack(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _one_of(*words: str) -> click.Choice[str]:
    return click.Choice(words)


paths = _stack(
    click.argument("source", metavar="SRC"),
    click.argument("target", metavar="DST"),
)
exclude = option(
    "--exclude",
    heading=_WRITTEN,
    metavar="GLOB",
    multiple=True,
    help="Leave these paths out; may be given more than once.",
)
plain_zarr = option(
    "--plain-zarr", heading=_WRITTEN, is_flag=True, help="Lift Zarr without OME too."
)
described = _stack(
    option(
        "--license", heading=_CRATE, metavar="WORD", help="cc-by, cc0, or the licence's address."
    ),
    option(
        "--organism",
        heading=_CRATE,
        metavar="TERM",
        multiple=True,
        help="Name or id (Homo sapiens, NCBI:txid9606, 9606).",
    ),
    option(
        "--modality",
        heading=_CRATE,
        metavar="TERM",
        multiple=True,
        help="Name or id (light sheet, obo:FBbi_00000369).",
    ),
    option("--name", heading=_CRATE, metavar="TEXT", help="Name of the dataset."),
    option("--description", heading=_CRATE, metavar="TEXT", help="What it shows."),
    option(
        "--author",
        heading=_CRATE,
        metavar="ORCID",
        multiple=True,
        help="Such as 0000-0002-1825-0097, perhaps with a name.",
    ),
    option("--keyword", heading=_CRATE, metavar="TEXT", multiple=True, help="A keyword."),
)
written = _stack(
    option(
        "--ome-version",
        heading=_WRITTEN,
        type=_one_of("0.5", "0.6"),
        default="0.5",
        help="OME-Zarr version to write (0.5).",
    ),
    option(
        "--shards",
        heading=_WRITTEN,
        metavar="SHAPE",
        default="auto",
        help="auto, none, whole, sizes (1,1,1,4096,4096) or by axis (y=4096,x=4096).",
    ),
    option(
        "--shard-size",
        heading=_WRITTEN,
        metavar="SIZE",
        default="64MiB",
        help="Decoded data that an automatic shard aims at (64MiB).",
    ),
    option(
        "--max-files",
        heading=_WRITTEN,
        type=click.IntRange(min=1),
        help="Choose shards so that no more files are written.",
    ),
    option(
        "--chunks",
        heading=_WRITTEN,
        metavar="SHAPE",
        default="keep",
        help="keep, sizes, or by axis.",
    ),
    option(
        "--codec",
        heading=_WRITTEN,
        metavar="CODEC",
        default="keep",
        help="keep, none, zstd[:level], gzip[:level] or blosc:zstd[:level[:shuffle]].",
    ),
    option(
        "--layout",
        heading=_WRITTEN,
        type=_FILE,
        metavar="FILE",
        help="JSON file: path patterns with chunks, shards and codec each.",
    ),
    exclude,
    plain_zarr,
    option(
        "--large-index",
        heading=_WRITTEN,
        is_flag=True,
        help="Allow more than 2^20 chunks in a shard.",
    ),
    option(
        "--damaged",
        heading=_WRITTEN,
        type=_one_of("stop", "copy", "missing"),
        default="stop",
        help="What to do with a chunk that is not whole (stop).",
    ),
    described,
)
yes = option("--yes", heading=_RUNNING, is_flag=True, help="Do not ask.")
fsync = option("--fsync", heading=_RUNNING, is_flag=True, help="Survive a power cut (slower).")
running = _stack(
    option("--workers", heading=_RUNNING, type=click.IntRange(min=1), help="Threads or processes."),
    option("--memory", heading=_RUNNING, metavar="SIZE", help="Most memory for chunks in flight."),
    option(
        "--verify",
        heading=_RUNNING,
        type=_one_of("quick", "full", "decode", "none"),
        default="quick",
        help="How much is compared afterwards (quick).",
    ),
    option("--overwrite", heading=_RUNNING, is_flag=True, help="Replace the target; asks first."),
    yes,
    fsync,
)


def formats(*more: str) -> Callable[[F], F]:
    """Make `--format`, with forms beside text and JSON, and `--json`."""
    return _stack(
        option(
            "--format",
            "output_format",
            heading=_SHOWN,
            type=_one_of("text", "json", *more),
            default="text",
            help="How the result is printed.",
        ),
        option("--json", "as_json", heading=_SHOWN, is_flag=True, help="Same as --format json."),
    )


def seed(heading: str) -> Callable[[F], F]:
    """Make `--seed`, of a sample."""
    words = "The same seed draws the same chunks (0)."
    return option("--seed", heading=heading, type=int, default=0, help=words)


as_json = formats()
quiet = option("--quiet", "-q", heading=_SHOWN, is_flag=True, help="No progress, no report.")
logged = _stack(
    option("--verbose", "-v", heading=_SHOWN, is_flag=True, help="Log to stderr."),
    option("--log", heading=_SHOWN, type=_FILE, metavar="FILE", help="Log to a file."),
)
shown = _stack(
    option(
        "--report",
        heading=_SHOWN,
        type=_FILE,
        metavar="FILE",
        help="Keep the report: JSON where it ends in .json, else text.",
    ),
    quiet,
    logged,
    as_json,
)
plan_output = _stack(
    option("--count", heading=_SHOWN, is_flag=True, help="List every chunk, for exact figures."),
    option("--output", heading=_SHOWN, type=_FILE, metavar="FILE", help="Save the plan as JSON."),
)
_REACHED = "How object stores are reached"


def _reach(side: str, whose: str) -> Callable[[F], F]:
    words: dict[str, Any] = {"heading": _REACHED, "hidden": bool(side)}
    return _stack(
        option(
            f"--{side}endpoint",
            metavar="URL",
            help=f"Server of the store, if not its maker's own{whose}.",
            **words,
        ),
        option(f"--{side}anon", is_flag=True, default=None, help=f"Do not sign{whose}.", **words),
        option(f"--{side}region", metavar="NAME", help=f"Region of the bucket{whose}.", **words),
        option(f"--{side}profile", metavar="NAME", help=f"Profile of ~/.aws{whose}.", **words),
        option(
            f"--{side}requester-pays",
            is_flag=True,
            default=None,
            help=f"Pay for requests{whose}.",
            **words,
        ),
    )


_requests = _stack(
    option(
        "--requests",
        heading=_REACHED,
        type=click.IntRange(min=1),
        help="Requests under way at a time (64).",
    ),
    option(
        "--patience",
        heading=_REACHED,
        metavar="SECONDS",
        type=click.IntRange(1, 600),
        help="How long a store is asked again that fails or is silent (120).",
    ),
)
reached = _stack(
    _reach("", "; --src-endpoint, --dst-endpoint and so on for one side"),
    _reach("src-", " for SRC"),
    _reach("dst-", " for DST"),
    _requests,
)
one_reached = _stack(_reach("", ""), _requests)
_STORED = "How objects in a bucket are written"
stored = _stack(
    option("--storage-class", heading=_STORED, metavar="CLASS", help="Such as STANDARD_IA."),
    option(
        "--cache-control", heading=_STORED, metavar="TEXT", help="Such as 'public, max-age=86400'."
    ),
    option(
        "--sse",
        heading=_STORED,
        metavar="MODE[:KEY]",
        help="Encrypted by the server: AES256, aws:kms[:KEY], aws:kms:dsse[:KEY].",
    ),
    option(
        "--upload-checksum",
        heading=_STORED,
        type=_one_of("sha256", "none"),
        help="Checksum that the server compares and keeps (sha256 on AWS).",
    ),
)
prices = option(
    "--prices",
    heading=_SHOWN,
    metavar="NAME|FILE",
    help="Money for requests to buckets: aws-s3-standard, cloudflare-r2-standard, or your own.",
)
plan_file = click.argument("plan_file", metavar="PLAN", type=_FILE)
level = option(
    "--level",
    heading=_RUNNING,
    type=_one_of("quick", "full", "decode"),
    default="quick",
    help="How much is compared (quick).",
)
url = click.argument("url", metavar="URL")
in_place = _stack(
    url,
    exclude,
    plain_zarr,
    described,
    option(
        "--drop-v2",
        heading=_WRITTEN,
        is_flag=True,
        help="Set the v2 documents aside afterwards; asks first.",
    ),
    option("--dry-run", heading=_RUNNING, is_flag=True, help="Say what would be written."),
    option(
        "--level",
        heading=_RUNNING,
        type=_one_of("metadata", "chunks"),
        default="metadata",
        help="What is looked at first; chunks: each one's envelope too (metadata).",
    ),
    yes,
    fsync,
)
repairing = _stack(
    url,
    option(
        "--only",
        heading=_WRITTEN,
        metavar="NAME",
        multiple=True,
        help="Only this repair, or what answers this rule; may be given more than once.",
    ),
    exclude,
    option("--dry-run", heading=_RUNNING, is_flag=True, help="Say what would be written."),
    fsync,
)
force = option("--force", heading=_RUNNING, is_flag=True, help="Undo even what has changed since.")
shown_in_place = _stack(quiet, logged, as_json)
crate = _stack(
    click.argument("what", metavar="URL | terms TEXT", nargs=-1, required=True),
    option(
        "--set",
        "changes",
        heading=_WRITTEN,
        metavar="NAME=VALUE",
        multiple=True,
        help="license, organism, modality, name, description, author or keyword; may be given "
        "more than once.",
    ),
    option("--check", heading=_SHOWN, is_flag=True, help="Only what is wrong or lacking."),
    option("--online", heading=_RUNNING, is_flag=True, help="terms: ask the EBI's service too."),
    option("--service", heading=_RUNNING, metavar="URL", help="terms: another such service."),
    fsync,
    quiet,
    logged,
    as_json,
)
conformance = _stack(
    url,
    option(
        "--version",
        heading=_JUDGED,
        metavar="VERSION",
        help="OME-Zarr 0.1-0.6; by default the one that is stated, or that the form shows.",
    ),
    option("--strict", heading=_JUDGED, is_flag=True, help="What the text advises counts too."),
    option(
        "--lenient/--no-lenient",
        heading=_JUDGED,
        default=None,
        help="Read what previews of 0.6 were spelled like; by default what the stated one had.",
    ),
)
demo = _stack(
    click.argument("folder", metavar="DIR"),
    click.option(
        "--kind",
        type=_one_of("image", "labels", "plate", "collection"),
        default="image",
        help="What to write (image).",
    ),
    click.option("--size", metavar="SIZE", default="64MiB", help="Decoded size, roughly (64MiB)."),
    click.option("--seed", type=int, default=0, help="The same seed gives the same data (0)."),
)
