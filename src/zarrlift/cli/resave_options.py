"""The options of ome2024-ngff-challenge 1.0.3, under its names."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zarrlift.cli.group import Group
from zarrlift.cli.options import Command, Option
from zarrlift.cli.resave_words import LEVELS, NAMED_LEVELS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_READ, _WRITTEN, _RUNNING = "What is read", "What is written", "How it is carried out"
_CRATE, _SHOWN, _ASKED = "What the RO-Crate says", "What is shown", "What is asked"
_FILE = click.Path(path_type=Path, dir_okay=False)


class WithDefault(Group):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first command before words that begin with no command."""
        own = {name for p in self.get_params(ctx) for name in p.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


class Abbreviating(Command):
    """A command whose options may be cut short, as argparse allows: `--output-over`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put options that are cut short in full."""
        return super().parse_args(ctx, list(self._in_full(ctx, args)))

    def _in_full(self, ctx: click.Context, args: Sequence[str]) -> Iterator[str]:
        options = {n: p for p in self.get_params(ctx) for n in p.opts if n.startswith("--")}
        words = iter(args)
        for word in words:
            if word == "--":
                yield word
                break
            name, sign, value = word.partition("=")
            if name.startswith("--") and name not in options:
                name = _only(name, options, ctx)
            yield name + sign + value
            option = options.get(name)
            if isinstance(option, click.Option) and not (option.is_flag or sign):
                yield from islice(words, 1)  # its value, whatever that looks like
        yield from words


def _only(name: str, options: Collection[str], ctx: click.Context) -> str:
    """Give the one option that begins so; the name itself where none does."""
    found = [option for option in options if option.startswith(name)]
    if len(found) > 1:
        raise click.NoSuchOption(name, possibilities=found, ctx=ctx)
    return found[0] if found else name


def _flag(name: str, heading: str, text: str) -> Option:
    return Option([name], heading=heading, is_flag=True, help=text)


def _value(name: str, heading: str, metavar: str, text: str) -> Option:
    return Option([name], heading=heading, metavar=metavar, help=text)


def _store(side: str, heading: str) -> list[click.Parameter]:
    return [
        _value(f"--{side}-bucket", heading, "NAME", f"Bucket that the {side} lies in."),
        _value(f"--{side}-endpoint", heading, "URL", "Address of its store, if not AWS S3."),
        _flag(f"--{side}-anon", heading, "Reach it without credentials."),
        _value(f"--{side}-region", heading, "NAME", "Region of the bucket."),
    ]


log = Option(
    ["--log"],
    heading=_SHOWN,
    metavar="LEVEL",
    type=click.Choice([*LEVELS], case_sensitive=False),
    help=f"Log to stderr: {', '.join(NAMED_LEVELS)}.",
)
crate: list[click.Parameter] = [
    _flag("--cc0", _CRATE, "The licence is CC0: public domain."),
    _flag("--cc-by", _CRATE, "The licence is CC BY 4.0."),
    _value("--rocrate-license", _CRATE, "URL", "Another licence."),
    _value("--rocrate-organism", _CRATE, "ID", "Organism, such as NCBI:txid9606."),
    _value("--rocrate-modality", _CRATE, "ID", "Imaging method, such as obo:FBbi_00000251."),
    _value("--rocrate-name", _CRATE, "TEXT", "Name of the dataset."),
    _value("--rocrate-description", _CRATE, "TEXT", "Description of the dataset."),
]
resave: list[click.Parameter] = [
    click.Argument(["input_path"], metavar="INPUT"),
    click.Argument(["output_path"], metavar="OUTPUT"),
    *_store("input", _READ),
    *_store("output", _WRITTEN),
    _flag("--output-overwrite", _WRITTEN, "Replace what is there, without asking."),
    _value("--output-chunks", _WRITTEN, "SHAPE", "Chunks of all levels, clipped to each."),
    _value("--output-shards", _WRITTEN, "SHAPE", "Shards of all levels, in whole chunks."),
    _flag("--output-write-details", _WRITTEN, "Write chunks and shards to the file OUTPUT."),
    Option(
        ["--output-read-details"],
        heading=_WRITTEN,
        type=_FILE,
        metavar="FILE",
        help="Take chunks and shards from such a file.",
    ),
    _flag("--output-script", _WRITTEN, "Write scripts that make the arrays later."),
    _value("--conversion-notes", _WRITTEN, "TEXT", "Kept in the root group."),
    *crate,
    _flag("--rocrate-skip", _CRATE, "Write none."),
    Option(
        ["--output-threads"],
        heading=_RUNNING,
        metavar="N",
        type=click.IntRange(min=1),
        help="Threads or processes.",
    ),
    _flag("--silent", _SHOWN, "No progress, no report."),
    log,
]
update: list[click.Parameter] = [click.Argument(["path"], metavar="PATH"), *crate, log]
lookup: list[click.Parameter] = [
    click.Argument(["text"], metavar="TEXT"),
    _flag("--online", _ASKED, "Ask the EBI's Ontology Lookup Service in any case."),
    _value("--service", _ASKED, "URL", "Ask another such service."),
    log,
]
validate: list[click.Parameter] = [
    click.Argument(["path"], metavar="PATH"),
    _value("--source", _READ, "PATH", "What PATH was made of: the data is compared too."),
    log,
]
