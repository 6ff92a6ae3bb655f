"""Codecs, units, numbers and sizes of images in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.metadata.codecs import Chain, Codec
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.images import Axis, Image, Level

_SYMBOLS = {
    "angstrom": "Å",
    "nanometer": "nm",
    "micrometer": "µm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "microsecond": "µs",
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "day": "d",
}
_SHUFFLES = {"noshuffle": "no shuffle", "shuffle": "byte shuffle", "bitshuffle": "bit shuffle"}


def codecs(chain: Chain) -> str:
    """Name a chain of codecs, e.g. `blosc (zstd, level 5, bit shuffle)`."""
    made = [said for codec in chain if codec.name != "bytes" and (said := _codec(codec))]
    if all(codec.name in ("bytes", "transpose") for codec in chain):
        made.append("uncompressed")
    return ", ".join(made)


def _codec(codec: Codec) -> str:
    if codec.name == "blosc":
        kind = shuffle(str(codec.get("shuffle")))
        return f"blosc ({codec.get('cname')}, level {codec.get('clevel')}, {kind})"
    if codec.name == "transpose":
        return str(codec)
    level = codec.get("level")
    return codec.name if level is None else f"{codec.name} (level {level})"


def shuffle(name: str) -> str:
    """Name blosc's shuffle in words."""
    return _SHUFFLES.get(name, name)


def data_type(layout: ArrayLayout) -> str:
    """Name a data type with its byte order, e.g. `uint16 big-endian`."""
    name = layout.data_type.name
    if not layout.data_type.swappable:
        return name
    big = any(c.name == "bytes" and c.get("endian") == "big" for c in layout.codecs)
    return f"{name} {'big' if big else 'little'}-endian"


def number(value: float) -> str:
    """Write a number with as many digits as tell."""
    return f"{value:.5g}"


def unit(name: str) -> str:
    """Give a unit's symbol, or its name where it has none here."""
    return _SYMBOLS.get(name, name)


def axes(image: Image, *, brief: bool = False) -> str:
    """Give the axes with the lengths of the first level, e.g. `c 2 · y 512 · x 512`.

    With `brief`, those of length one are left out.
    """
    shape = image.levels[0].shape if image.levels else ()
    made = []
    for place, axis in enumerate(image.axes):
        if brief and shape[place : place + 1] == (1,):
            continue
        length = f" {shape[place]}" if place < len(shape) else ""
        odd = f" ({axis.type})" if axis.type and axis.type not in _USUAL.get(axis.name, ()) else ""
        made.append(f"{axis.name}{length}{odd}")
    return (" " if brief else " · ").join(made)


_USUAL = {"t": ("time",), "c": ("channel",), **dict.fromkeys("zyx", ("space",))}


def pixel(image: Image, level: Level) -> str:
    """Give the size of a level's pixel, e.g. `z 0.5 · y 0.36 · x 0.36 µm · t 2 s`."""
    if level.scale is None:
        return f"not said as a scale ({level.placed_by})" if level.placed_by else "not stated"
    groups: dict[str, list[str]] = {}
    for axis, size in zip(image.axes, level.scale, strict=False):
        if axis.type != "channel" or axis.unit:
            groups.setdefault(axis.unit, []).append(f"{axis.name} {number(size)}")
    space = _unit_of_space(image.axes)
    order = sorted(groups, key=lambda name: (name != space, not name))
    bare = not any(groups)
    made = [" · ".join(groups[n]) + (f" {unit(n)}" if n else "") for n in order]
    return ", ".join(made) + (" (no unit stated)" if bare and made else "")


def _unit_of_space(found: Iterable[Axis]) -> str:
    return next((axis.unit for axis in found if axis.type == "space"), "")


def chunks(layout: ArrayLayout) -> str:
    """Give the chunks, and the shards that hold them, e.g. `1,256,256 (128 KiB)`."""
    size = f" ({words.size(layout.chunk_bytes)})" if layout.chunk_bytes else ""
    made = f"{words.shape(layout.chunks) or 'one'}{size}"
    if layout.shards:
        whole = words.size(layout.chunk_bytes * _count(layout))
        made += f" in shards of {words.shape(layout.shards)} ({whole})"
    return made


def _count(layout: ArrayLayout) -> int:
    made = 1
    for n in layout.per_object:
        made *= n
    return made


def keys(layout: ArrayLayout) -> str:
    """Give the first key, which shows the form of all."""
    return f"{layout.keys.of((0,) * layout.ndim)} and so on"


def ratio(value: float | None) -> str:
    """Give a compression ratio."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - digits that tell
