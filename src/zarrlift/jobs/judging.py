"""What callers may say of a validation, and its translation into options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.jobs.choices import byte_count, one_of
from zarrlift.jobs.reach import OneReach, stores_of

if TYPE_CHECKING:
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.validated import ValidateOptions


class Judging(OneReach, total=False):
    """All that `validate` may be told."""

    level: str
    """`metadata` (default): documents and structure; `chunks`: every object and shard index too;
    `data`: decoded chunks too."""
    sample: int | str | None
    """What is decoded: a number of chunks, a size such as `64MiB` or a share such as `5%`; by
    default all chunks."""
    seed: int
    """The same seed draws the same chunks."""
    strict: bool
    """Warnings count."""
    ome_version: str | None
    """Judge by this version, whatever the dataset states."""
    web: bool
    """Ask as browsers do, too; for addresses of the web."""
    workers: int | None
    memory: int | str | None
    """Bytes, or a size such as `1GiB`."""
    watch: Watch | None


def validate_options(choices: Judging) -> ValidateOptions:
    """Give what a validation looks at; raises `UsageError` where choices do not fit together."""
    from zarrlift.errors import UsageError
    from zarrlift.jobs.options import RunOptions
    from zarrlift.jobs.validated import Depth, ValidateOptions
    from zarrlift.validate.rule import VERSIONS

    level = one_of(Depth, choices.get("level") or "metadata", "level")
    said, version = choices.get("sample"), choices.get("ome_version")
    memory = choices.get("memory")
    if said is not None and level is not Depth.DATA:
        raise UsageError("a sample is of chunks to decode", hint="say --level data too")
    if version is not None and version not in VERSIONS:
        raise UsageError(f"ome_version {version!r} has no rules", hint=" or ".join(VERSIONS))
    sample = None
    if said is not None:
        from zarrlift.audit.sample import parse_sample

        sample = parse_sample(str(said))
    return ValidateOptions(
        level=level,
        sample=sample,
        seed=choices.get("seed") or 0,
        strict=bool(choices.get("strict")),
        version=version,
        web=bool(choices.get("web")),
        run=RunOptions(
            workers=choices.get("workers"),
            memory=None if memory is None else byte_count(memory),
            stores=stores_of(choices),
        ),
    )
