"""What is in a dataset, as text: a few lines, the tree, then who opens it and what is unusual."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zarrlift.about.readers import KNOWN_ON
from zarrlift.report import words
from zarrlift.report.info_levels import stored
from zarrlift.report.info_parts import chunk_lines, document_lines, object_lines, picture_lines
from zarrlift.report.info_tree import datasets, hierarchy
from zarrlift.report.screen import Screen, clean, field, rendered, text, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from zarrlift.about.unusual import Remark
    from zarrlift.crate.shown import Crate
    from zarrlift.jobs.informed import Info
    from zarrlift.survey.images import Image

_REMARKS = 8
_PLAIN = Screen()
_UNLISTED = "this address does not list: only what metadata names is seen"


def info_text(
    info: Info, screen: Screen = _PLAIN, *, every: bool = False, drawn: bool = False
) -> str:
    """Show what is in a dataset; parts that were asked for by name stand alone.

    `every`: what several datasets hold, not only their names; `drawn`: its picture too, where the
    screen has colours.
    """
    return rendered(screen, _parts(info, screen, every=every, drawn=drawn))


def _parts(info: Info, screen: Screen, *, every: bool, drawn: bool) -> Iterator[RenderableType]:
    asked = [
        object_lines(info, screen.width) if info.objects is not None else [],
        document_lines(info, screen.width) if info.documents else [],
        chunk_lines(info.chunk, screen.width) if info.chunk is not None else [],
    ]
    if any(asked):
        yield text((clean(info.source), "bold"))
        for lines in asked:
            if lines:
                yield text()
                yield from lines
        return
    yield from _head(info, screen.width)
    yield text()
    if drawn and info.picture is not None and screen.colors in ("truecolor", "256"):
        yield from picture_lines(info.picture, screen.width)
        yield text()
    if info.several and not every:
        yield from datasets(info, screen.width)
    else:
        yield hierarchy(info, screen.width)
    foot = list(_foot(info, screen.width))
    if foot:
        yield text()
        yield from foot


def _head(info: Info, room: int) -> Iterator[Text]:
    yield text((clean(info.source), "bold"))
    yield from (text(line) for line in wrapped(_summary(info), room))
    if info.left:
        size = f"{words.size(info.raw_bytes)} decoded"
        yield from field("looked at", f"{', '.join(_counts(info))}; {size}", room)
    if info.creator and not info.several:
        yield from field("created by", info.creator, room)
    if info.crate is not None:
        yield from field("RO-Crate", _crate(info.crate), room)
    if info.sizes:
        first, *rest = info.sizes.values()
        for other in rest:
            first = first.plus(other)
        yield from field("stored", stored(first), room)


def _summary(info: Info) -> str:
    formats = " and ".join(f"v{f}" for f in info.zarr_formats)
    zarr = f"Zarr {formats}" if formats else "no Zarr documents"
    first = f"OME-Zarr {clean(info.version)} on {zarr}" if info.version else f"{zarr}, no OME-Zarr"
    if info.several:
        first = words.plural(len(info.tree.datasets), "dataset")
    if info.left:
        return " · ".join((first, *_plates(info)))
    return " · ".join(
        (first, *_plates(info), *_counts(info), f"{words.size(info.raw_bytes)} decoded")
    )


def _plates(info: Info) -> Iterator[str]:
    if info.plates:
        yield words.plural(len(info.plates), "plate")
        yield words.plural(sum(len(plate.wells) for plate in info.plates), "well")


def _counts(info: Info) -> Iterator[str]:
    images: list[Image] = [i for found in info.images.values() for i in found]
    labels = sum(i.is_label for i in images)
    if len(images) - labels:
        yield words.plural(len(images) - labels, "image")
    if labels:
        yield words.plural(labels, "label image")
    if not images:
        yield words.plural(sum(1 for _ in info.tree.arrays), "array")


def _crate(crate: Crate) -> str:
    if not crate.exists:
        return "none"
    names = ("name", "license", "organism", "modality")
    said = [s.label or s.value for n in names for s in crate.said.get(n, ())]
    return " · ".join(said) or "says nothing of name, licence, organism or imaging"


def _foot(info: Info, room: int) -> Iterator[Text]:
    yield from _openings(info, room)
    yield from _remarks(info.remarks, room)
    for finding in info.tree.findings:
        said = _UNLISTED if finding.rule == "unlisted" else finding.message
        yield from field("note", f"{finding.path or '/'}: {said}", room)
    if info.requests is not None:
        asked = info.requests
        number = asked.get + asked.head + asked.list
        yield from field(
            "asked",
            f"{words.plural(number, 'request')}, {words.size(asked.bytes_in)}, "
            f"{words.duration(info.seconds)}",
            room,
            "dim",
        )


def _openings(info: Info, room: int) -> Iterator[Text]:
    there = [o for o in info.openings if o.opens]
    whole = [f"{o.name} {o.since}".rstrip() for o in there if not o.why]
    opens = [", ".join(whole)] if whole else []
    for why in dict.fromkeys(o.why for o in there if o.why):
        parts = (f"{o.name} {o.since}".rstrip() for o in there if o.why == why)
        opens.append(f"{why} in {', '.join(parts)}")
    if opens:
        yield from field("opens in", f"{'; '.join(opens)} (known in {KNOWN_ON})", room)
    whys: dict[str, list[str]] = {}
    for opening in info.openings:
        if opening.opens is False:
            whys.setdefault(opening.why, []).append(opening.name)
    refused = [f"{', '.join(names)}: {why}" for why, names in whys.items()]
    if refused:
        yield from field("not in", "; ".join(refused), room)


def _remarks(found: Sequence[Remark], room: int) -> Iterator[Text]:
    counts = Counter(remark.words for remark in found)
    first: dict[str, str] = {}
    for remark in found:
        first.setdefault(remark.words, remark.path)
    for number, (said, count) in enumerate(list(counts.items())[:_REMARKS]):
        place = clean(first[said]) or "/"
        more = f" and {count - 1:,} more" if count > 1 else ""
        yield from field("" if number else "unusual", f"{place}{more}: {said}", room, "yellow")
    if len(counts) > _REMARKS:
        yield from field("", f"{len(counts) - _REMARKS} more kinds; --json has them all", room)
