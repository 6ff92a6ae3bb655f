"""What the user asks for: shapes, codecs and rules, parsed once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError
from zarrlift.metadata import codecs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from zarrlift.plan.crate import CrateWords

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_UNITS |= {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$")
VERSIONS = ("0.5", "0.6")
"""Versions of OME-Zarr that can be written."""
DEFAULT_SHARD_SIZE = 64 * 2**20


class Damaged(StrEnum):
    """What to do with a chunk that is neither whole nor decodable."""

    STOP = "stop"
    COPY = "copy"
    MISSING = "missing"


def parse_size(text: str) -> int:
    """Read a size such as `64MiB`; gives bytes."""
    match = _SIZE.match(text)
    if not match or match[2].lower() not in _UNITS:
        raise UsageError(f"size {text!r} is not understood", hint="write it like 64MiB or 2GB")
    return int(float(match[1]) * _UNITS[match[2].lower()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A wish for a chunk or shard shape: a word, sizes in array order, or sizes by axis."""

    word: str = ""
    sizes: tuple[int, ...] = ()
    axes: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        """Return the wish as users write it."""
        if self.axes:
            return ",".join(f"{name}={size}" for name, size in self.axes)
        return self.word or ",".join(map(str, self.sizes))


def parse_shape(text: str, words: tuple[str, ...]) -> Shape:
    """Read `auto`, `1,1,1,4096,4096` or `y=4096,x=4096`; `words` are those allowed."""
    text = text.strip()
    if text in words:
        return Shape(word=text)
    try:
        if "=" in text:
            pairs = [part.split("=") for part in text.split(",")]
            made = Shape(axes=tuple((name.strip(), int(size)) for name, size in pairs))
        else:
            made = Shape(sizes=tuple(int(part) for part in text.split(",")))
    except ValueError:
        made = Shape()
    sizes = made.sizes or tuple(size for _, size in made.axes)
    if not sizes or min(sizes) < 1:
        raise UsageError(
            f"shape {text!r} is not understood",
            hint=f"{', '.join(words)}, sizes like 1,1,1,1024,1024, or by axis like y=1024,x=1024",
        )
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Chunks, shards and codec wished for one array."""

    chunks: Shape = field(default_factory=lambda: Shape(word="keep"))
    shards: Shape = field(default_factory=lambda: Shape(word="auto"))
    codec: str = "keep"

    def to_json(self) -> dict[str, str]:
        """Return the wish as a layout file holds it."""
        return {"chunks": str(self.chunks), "shards": str(self.shards), "codec": self.codec}


def parse_wish(chunks: str = "keep", shards: str = "auto", codec: str = "keep") -> Wish:
    """Read a wish from the three texts that users write; raises `UsageError`."""
    if codec != "keep":
        codecs.parse(codec, 1)
    return Wish(
        chunks=parse_shape(chunks, ("keep",)),
        shards=parse_shape(shards, ("auto", "none", "whole")),
        codec=codec,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A wish for the arrays whose path matches a pattern."""

    pattern: str
    wish: Wish


def parse_rules(document: Mapping[str, object], default: Wish) -> tuple[Rule, ...]:
    """Read a layout file: path patterns with chunks, shards and codec; the first match counts."""
    rules = []
    for pattern, members in document.items():
        if not isinstance(members, dict) or set(members) - {"chunks", "shards", "codec"}:
            raise UsageError(
                f"layout rule {pattern!r} is not understood",
                hint='write it like {"labels/*": {"chunks": "keep", "shards": "none"}}',
            )
        texts = default.to_json() | {k: _as_text(v) for k, v in members.items()}
        rules.append(Rule(pattern=pattern, wish=parse_wish(**texts)))
    return tuple(rules)


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)


_MAGIC = re.compile(r"[*?[]")


class Rulebook:
    """Finds the first rule that matches a path; plain paths, as details have, without a search."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._patterns: list[tuple[int, str]] = []
        self._plain: dict[str, int] = {}
        for number, rule in enumerate(rules):
            pattern = rule.pattern.strip("/")
            if _MAGIC.search(pattern):
                self._patterns.append((number, pattern))
            else:
                self._plain.setdefault(pattern, number)

    def wish_for(self, path: str) -> Wish | None:
        """Give the wish of the first rule that matches a path; None where none does."""
        first = self._plain.get(path, len(self._rules))
        for number, pattern in self._patterns:
            if number > first:
                break
            if fnmatchcase(path, pattern):
                first = number
                break
        return self._rules[first].wish if first < len(self._rules) else None

    def unused(self, paths: Collection[str]) -> list[Rule]:
        """List the rules that match none of some paths."""
        numbers = [n for path, n in self._plain.items() if path not in paths]
        numbers += [
            number
            for number, pattern in self._patterns
            if not any(fnmatchcase(path, pattern) for path in paths)
        ]
        return [self._rules[number] for number in sorted(numbers)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Chunks, shards and codecs of one array as an edited plan states them."""

    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None
    codecs: codecs.Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that decides what a lift writes."""

    wish: Wish = field(default_factory=Wish)
    rules: tuple[Rule, ...] = ()
    shard_size: int = DEFAULT_SHARD_SIZE
    """Bytes of decoded data that an automatic shard aims at."""
    max_files: int | None = None
    exclude: tuple[str, ...] = ()
    plain_zarr: bool = False
    large_index: bool = False
    """Allow more than 2^20 chunks in one shard."""
    damaged: Damaged = Damaged.STOP
    ome_version: str = "0.5"
    notes: str | None = None
    """Text on the conversion, kept in the root group."""
    crate: CrateWords | None = None
    """What the crate is to say; None where the source's, if it has one, is copied as it is."""

    @property
    def leaves_out(self) -> bool:
        """Say whether what cannot be located is left out; else it stops the lift."""
        return self.damaged is Damaged.MISSING

    def to_json(self) -> dict[str, object]:
        """Return the settings as a saved plan holds them."""
        return {
            **self.wish.to_json(),
            "layout": {r.pattern: r.wish.to_json() for r in self.rules},
            "shard_size": self.shard_size,
            "max_files": self.max_files,
            "exclude": list(self.exclude),
            "plain_zarr": self.plain_zarr,
            "large_index": self.large_index,
            "damaged": str(self.damaged),
            "ome_version": self.ome_version,
            "notes": self.notes,
            "crate": self.crate.to_json() if self.crate else None,
        }


def settings_from_json(document: Mapping[str, object]) -> Settings:
    """Read the settings of a saved plan."""
    wish = parse_wish(*(str(document[k]) for k in ("chunks", "shards", "codec")))
    layout, exclude = document["layout"], document["exclude"]
    max_files, shard_size = document["max_files"], document["shard_size"]
    notes = document.get("notes")
    if not (isinstance(layout, dict) and isinstance(exclude, list) and isinstance(shard_size, int)):
        raise UsageError("the plan's settings are not understood")
    return Settings(
        wish=wish,
        rules=parse_rules(layout, wish),
        shard_size=shard_size,
        max_files=max_files if isinstance(max_files, int) else None,
        exclude=tuple(map(str, exclude)),
        plain_zarr=bool(document["plain_zarr"]),
        large_index=bool(document["large_index"]),
        damaged=Damaged(str(document["damaged"])),
        ome_version=str(document["ome_version"]),
        notes=None if notes is None else str(notes),
        crate=_crate(document.get("crate")),
    )


def _crate(document: object) -> CrateWords | None:
    if document is None:
        return None
    from zarrlift.plan.crate import crate_from_json  # noqa: PLC0415 - few datasets have one

    return crate_from_json(document)
