"""What was measured of codecs, and counted of chunks and shards: as text and as JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.plan.candidates import BALANCED_ENCODE, BALANCED_READ, FETCH_RATE, Readers
from zarrlift.plan.views import Verdict
from zarrlift.report import words
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.plan.candidates import CodecResult
    from zarrlift.plan.tuning import Sampled, Tuning
    from zarrlift.plan.views import LayoutResult, ViewCost

_NAME, _COLUMN, _LAYOUT = 24, 10, 19
_LONGEST_COUNT = 9
_MUCH, _NO_MORE, _LARGE_RATIO = 0.2, 1.05, 1000
VIEWS = {
    "screen": "a plane on a screen of 1920 x 1080",
    "plane": "a whole plane",
    "block": "a block of 64 x 64 x 64",
    "xz": "an xz slice",
    "volume": "the whole volume",
    "time": "one pixel through time",
}


def tuning_text(tuning: Tuning, command: list[str] | None = None) -> str:
    """Show what was measured; `command` plans a lift with it."""
    lines = [*_head(tuning), "", *_codecs(tuning), "", *_advice(tuning), ""]
    lines += [*_today(tuning), "", *_layouts(tuning)]
    if tuning.findings:
        lines += ["", "Worth knowing", *words.findings(tuning.findings)]
    if command:
        lines += ["", "Nothing has been written to the data. To see what a lift would do:"]
        lines += [f"  {shlex.join(command)}"]
    return "\n".join(lines)


def _head(tuning: Tuning) -> list[str]:
    level, sampled = tuning.subject.level, tuning.sampled
    layout = level.layout
    total = len(tuning.subject.levels)
    place = f"{level.path or '/'} (level {tuning.subject.number} of 0 to {total - 1})"
    lines = words.wrapped(tuning.source, 10, "Tuned     ")
    lines += words.wrapped(
        f"{place}, {words.shape(layout.shape)} {layout.data_type.name}, chunks "
        f"{words.shape(layout.chunks)}",
        10,
    )
    count = words.plural(len(sampled.chunks), "chunk")
    drawn = f"drawn with seed {sampled.seed}" if sampled.seed is not None else "the one named"
    said = [f"{count} ({words.size(sampled.raw_bytes)} decoded), {drawn}"]
    said.append(f"{sampled.timed} of them timed")
    if sampled.edge:
        said.append(f"{sampled.edge} at an edge, padding included")
    if sampled.filled:
        said.append(f"{sampled.filled} more hold nothing but fill and are left out")
    if sampled.present < 1:
        said.append(f"about {100 * sampled.present:.3g} % of the grid's chunks hold data")
    return [*lines, *words.wrapped("; ".join(said), 10, "Sample    ")]


def _codecs(tuning: Tuning) -> list[str]:
    head = f"{'Codec':<{_NAME + 2}}{'stored':>9}{'ratio':>7}{'of raw':>8}"
    lines = [f"{head}{'encode':>9}{'decode':>9}{'projected':>11}"]
    lines.append(f"{'':<{_NAME + 26}}{'MB/s':>9}{'MB/s':>9}{'all levels':>11}")
    front = tuning.advice.front if tuning.advice else ()
    for one in sorted(tuning.codecs, key=lambda r: r.share):
        lines += _codec(one, on_front=one.name in front)
    lines += words.wrapped(
        "= what the data has now; * no other beats it in both ratio and decode speed; ! of v3 "
        "readers hardly any know it, convert does not write it. Speeds are of one core of this "
        "machine. The projection is all levels' chunks at the sample's ratio.",
        0,
    )
    return lines


def _codec(one: CodecResult, *, on_front: bool) -> list[str]:
    unshared = one.candidate.readers is Readers.FEW
    mark = "=" if one.candidate.now else "!" if unshared else "*" if on_front else " "
    second = "*" if on_front and one.candidate.now else "!" if unshared else " "
    mark += second if one.candidate.now else " "
    encode = f"{one.encode_rate / 1e6:,.0f}" if one.encode_rate else "-"
    figures = (
        f"{words.size(one.stored_bytes):>9}{_ratio(one.ratio):>7}{100 * one.share:>6.1f} %"
        f"{encode:>9}{one.decode_rate / 1e6:>9,.0f}{words.size(one.projected_bytes):>11}"
    )
    if len(one.name) <= _NAME:
        return [f"{mark}{one.name:<{_NAME}}{figures}"]
    return [*words.wrapped(one.name, 4, mark), f"{'':<{_NAME + 2}}{figures}"]


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < _LARGE_RATIO else f"{ratio:,.0f}"


def _advice(tuning: Tuning) -> list[str]:
    advice = tuning.advice
    if advice is None:
        return ["None of these codecs is one that v3 readers share: nothing to recommend."]
    lines = ["Recommended"]
    for name, wanted in (
        ("balanced", advice.balanced),
        ("smallest", advice.smallest),
        ("fastest", advice.fastest),
    ):
        one = tuning.codec(wanted)
        change = one.stored_bytes / tuning.now.stored_bytes - 1
        against = "what it has now" if one.candidate.now else f"{100 * change:+.0f} % stored"
        lines.append(f"  {name:<10}{wanted:<{_NAME + 2}}{against}, {_readers(one)}")
    return lines + words.wrapped(
        f"fastest: the least time to fetch, at {FETCH_RATE / 1e6:.0f} MB/s, and decode; balanced: "
        f"the smallest of those that take at most {100 * (BALANCED_READ - 1):.0f} % longer and "
        f"encode at least {100 * BALANCED_ENCODE:.0f} % as fast as the quickest",
        2,
    )


def _readers(one: CodecResult) -> str:
    core = one.candidate.readers is Readers.CORE
    return "every v3 reader" if core else "v3 readers that know zstd"


def _today(tuning: Tuning) -> list[str]:
    now = tuning.layouts[0]
    size = words.size(tuning.subject.level.layout.chunk_bytes)
    lines = words.wrapped(f"Today's chunks of {words.shape(now.chunks)} ({size} decoded) are", 0)
    return lines + [
        line
        for cost in now.views
        for line in words.wrapped(_sentence(cost, now, tuning), 8, f"  {cost.verdict!s:<6}")
    ]


def _sentence(cost: ViewCost, now: LayoutResult, tuning: Tuning) -> str:
    """Say what a view costs today, e.g. `for an xz slice: 10 requests; reads the whole volume`."""
    said = f"for {VIEWS[cost.view]}: {words.plural(cost.requests, 'request')}; "
    share = _volume_share(cost, now, tuning)
    if cost.verdict is Verdict.BAD and share == 1:
        said += "reads the whole volume, "
    elif cost.verdict is Verdict.BAD and share >= _MUCH:
        said += f"reads {100 * share:.0f} % of the volume, "
    return said + _times(cost.excess)


def _volume_share(cost: ViewCost, now: LayoutResult, tuning: Tuning) -> float:
    """Give the share of a volume's chunks that a smaller view of the same level takes, else 0."""
    levels = {view.name: view.level for view in tuning.views}
    if cost.view in ("volume", "time") or levels.get("volume") != levels[cost.view]:
        return 0.0
    return cost.chunks / max(1, now.cost("volume").chunks)


def _times(excess: float) -> str:
    if excess < _NO_MORE:
        return "decodes no more than it shows"
    digits = ",.0f" if excess >= 10 else ".1f"  # noqa: PLR2004 - two digits tell enough
    return f"decodes {excess:{digits}} times what it shows"


def _layouts(tuning: Tuning) -> list[str]:
    lines = ["Layouts, and their objects at each level"]
    for one in tuning.layouts:
        shards = f"shards {words.shape(one.shards)}; " if one.shards else ""
        index = f"; indexes {words.size(one.index_bytes)}" if one.index_bytes else ""
        objects = ", ".join(f"{n:,}" for n in one.objects)
        text = f"chunks {words.shape(one.chunks)}; {shards}{objects} objects{index}"
        lines += words.wrapped(text, _LAYOUT + 3, f"  {one.name:<{_LAYOUT}} ")
    lines += ["", *_table(tuning, "Requests", lambda c: _count(c.requests))]
    lines += ["", *_table(tuning, "Bytes", lambda c: words.size(tuning.fetched_bytes(c)))]
    return lines + words.wrapped(
        "One request for each chunk, and one for the index of each shard; views are of the "
        "middle of the image. Bytes are projected: chunks at today's ratio, and indexes.",
        0,
    )


def _table(tuning: Tuning, title: str, figure: Callable[[ViewCost], str]) -> list[str]:
    lines = [f"{title:<{_LAYOUT}}" + "".join(f"{v.name:>{_COLUMN}}" for v in tuning.views)]
    for one in tuning.layouts:
        figures = "".join(f"{figure(cost):>{_COLUMN}}" for cost in one.views)
        lines += [f"{one.name:<{_LAYOUT}}{figures}"]
    return lines


def _count(number: int) -> str:
    text = f"{number:,}"
    return text if len(text) <= _LONGEST_COUNT else f"{number:.1e}"


def tuning_to_json(tuning: Tuning) -> dict[str, object]:
    """Return a tuning as JSON."""
    subject, advice = tuning.subject, tuning.advice
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-tuning",
        "source": tuning.source,
        "image": subject.image,
        "path": subject.level.path,
        "level": subject.number,
        "layout": subject.level.layout.summary(),
        "levels": [
            {
                "path": level.path,
                "shape": list(level.layout.shape),
                "raw_bytes": level.layout.raw_bytes,
            }
            for level in subject.levels
        ],
        "sample": _sample_json(tuning.sampled),
        "candidates": [_codec_json(one) for one in tuning.codecs],
        "recommended": {
            "balanced": advice.balanced,
            "smallest": advice.smallest,
            "fastest": advice.fastest,
            "front": list(advice.front),
        }
        if advice
        else None,
        "views": [
            {"name": v.name, "level": v.level, "region": [[s.start, s.stop] for s in v.region]}
            for v in tuning.views
        ],
        "layouts": [_layout_json(one, tuning) for one in tuning.layouts],
        "codec_versions": dict(tuning.codec_versions),
        "findings": [f.to_json() for f in tuning.findings],
    }


def _sample_json(sampled: Sampled) -> dict[str, object]:
    return {
        "seed": sampled.seed,
        "chunks": [list(index) for index in sampled.chunks],
        "edge": sampled.edge,
        "timed": sampled.timed,
        "filled": sampled.filled,
        "raw_bytes": sampled.raw_bytes,
        "stored_bytes": sampled.stored_bytes,
        "looked_for": sampled.looked_for,
        "present": sampled.present,
    }


def _codec_json(one: CodecResult) -> dict[str, object]:
    return {
        "name": one.name,
        "now": one.candidate.now,
        "readers": str(one.candidate.readers),
        "codecs": [codec.to_json() for codec in one.candidate.chain],
        "raw_bytes": one.raw_bytes,
        "stored_bytes": one.stored_bytes,
        "ratio": one.ratio,
        "share": one.share,
        "encode_rate": one.encode_rate,
        "decode_rate": one.decode_rate,
        "projected_bytes": one.projected_bytes,
    }


def _layout_json(one: LayoutResult, tuning: Tuning) -> dict[str, object]:
    return {
        "name": one.name,
        "chunks": list(one.chunks),
        "shards": list(one.shards) if one.shards else None,
        "objects": list(one.objects),
        "index_bytes": one.index_bytes,
        "views": [
            {
                "view": cost.view,
                "requests": cost.requests,
                "chunks": cost.chunks,
                "decoded_bytes": cost.decoded_bytes,
                "shown_bytes": cost.shown_bytes,
                "index_bytes": cost.index_bytes,
                "fetched_bytes": tuning.fetched_bytes(cost),
                "verdict": str(cost.verdict),
            }
            for cost in one.views
        ],
    }
