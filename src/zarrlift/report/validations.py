"""Verdicts on datasets: as text with the verdict first, and as JSON."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.report import words
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zarrlift.findings import Finding
    from zarrlift.jobs.validated import Judged, Validation
    from zarrlift.report.alike import Alike, Place

    Paint = Callable[[str, str], str]

_INDENT = 11
_PLACES, _DATASETS, _LONGEST = 40, 20, 600
_STYLES: dict[str, dict[str, object]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow"},
    "note": {"fg": "cyan"},
    "good": {"fg": "green", "bold": True},
    "place": {"bold": True},
    "aside": {"dim": True},
}


def validation_text(found: Validation, *, colour: bool = False, whole: bool = False) -> str:
    """Show the verdict, then the findings by place, then what was looked at.

    `whole` shows every place, however many there are.
    """
    paint = painter(colour=colour)
    lines = [*_verdict(found, paint), ""]
    places = _places(found)
    shown = places if whole else places[:_PLACES]
    for place in shown:
        lines += [*_place(place, paint), ""]
    if len(shown) < len(places):
        lines += [f"… and {len(places) - len(shown):,} more places; --json lists them all", ""]
    lines += _looked(found)
    return "\n".join(lines)


def _places(found: Validation) -> list[Place]:
    if not found.findings:
        return []
    from zarrlift.report.alike import gathered

    return gathered(found.findings, found.roles)


def painter(*, colour: bool) -> Paint:
    """Give what puts a text into the colours of a style, or leaves it as it is."""
    if not colour:
        return lambda text, _style: text
    import click

    return lambda text, style: click.style(text, **_STYLES[style])  # type: ignore[arg-type]


def _wrapped(text: str, indent: int, first: str = "") -> list[str]:
    """Break a text into lines of 80 columns, within words where these are longer."""
    return textwrap.wrap(
        _cut(text),
        words.WIDTH,
        initial_indent=first or " " * indent,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _verdict(found: Validation, paint: Paint) -> list[str]:
    word = paint("VALID", "good") if found.valid else paint("NOT VALID", "error")
    gap = 8 if found.valid else 12
    numbers = [words.plural(found.count(s), str(s)) for s in Severity if found.count(s)]
    said = ", ".join(numbers) or "nothing found"
    if found.strict and not found.count(Severity.ERROR) and found.count(Severity.WARNING):
        said += "; warnings count (--strict)"
    plain = "VALID" if found.valid else "NOT VALID"
    first = words.wrapped(words.printable(found.source), gap, f"{plain:<{gap}}")
    first[0] = first[0].replace(plain, word, 1)
    return [*first, *_datasets(found), said]


def _datasets(found: Validation) -> list[str]:
    if len(found.datasets) == 1:
        return [_kind(found.datasets[0])]
    good = sum(d.valid for d in found.datasets)
    lines = [f"{words.plural(len(found.datasets), 'dataset')}, {good:,} of them valid"]
    for one in found.datasets[:_DATASETS]:
        mark = "valid" if one.valid else "NOT valid"
        lines.append(f"  {mark:<10} {words.printable(one.path)}, {_kind(one)}")
    if len(found.datasets) > _DATASETS:
        lines.append(f"  … and {len(found.datasets) - _DATASETS:,} more")
    return lines


def _kind(one: Judged) -> str:
    name = f"OME-Zarr {words.printable(one.version)}" if one.version else "plain Zarr"
    return f"{name} (Zarr v{one.zarr_format})" if one.zarr_format else name


def _place(place: Place, paint: Paint) -> list[str]:
    title = _wrapped(words.printable(place.title), 2) or [""]
    lines = [paint(title[0].strip(), "place"), *title[1:]]
    for alike in place.found:
        lines += _alike(alike, place, paint)
    return lines


def _alike(alike: Alike, place: Place, paint: Paint) -> list[str]:
    finding, severity = alike.first, str(alike.first.severity)
    message = words.printable(finding.message)
    if finding.chunk is not None:
        message = f"chunk {words.shape(finding.chunk)} {message}"
    if alike.count > len(place.paths):
        message += f" (and {alike.count - len(place.paths):,} alike)"
    elif not alike.same:
        message += " (there; alike in the others)"
    head = f"  {severity:<9}"
    lines = _wrapped(message, _INDENT, head)
    lines[0] = lines[0].replace(severity, paint(severity, severity), 1)
    where = " ".join(filter(None, (words.printable(finding.pointer or ""), f"[{finding.rule}]")))
    lines += [paint(line, "aside") for line in _wrapped(where, _INDENT)]
    repair = repair_of(finding)
    if repair:
        lines += _wrapped(f"repair: {repair}", _INDENT + 8, " " * _INDENT)
    return lines


def _looked(found: Validation) -> list[str]:
    looked = found.looked
    said = [
        words.plural(looked.groups, "group"),
        words.plural(looked.arrays, "array"),
        f"{words.plural(looked.documents, 'document')} ({words.size(looked.document_bytes)})",
    ]
    if found.level != "metadata":
        said.append(
            f"{words.plural(looked.chunks, 'chunk')} in {words.plural(looked.objects, 'object')} "
            f"({words.size(looked.stored_bytes)})"
        )
        said.append(
            f"{words.plural(looked.indexes, 'shard index')} read ({words.size(looked.index_bytes)})"
        )
    if found.level == "data":
        said.append(
            f"{words.plural(looked.decoded, 'chunk')} decoded ({words.size(looked.chunk_bytes)})"
        )
    lines = _wrapped("; ".join(said), 14, f"{'Looked at':<14}")
    for number, text in enumerate(_unseen(found)):
        lines += _wrapped(words.printable(text), 14, f"{'Not looked at' if not number else '':<14}")
    if found.requests is not None:
        asked = found.requests
        total = asked.get + asked.head + asked.list
        lines.append(f"{'Requests':<14}{total:,}, {words.size(asked.bytes_in)} received")
    return lines


def _unseen(found: Validation) -> list[str]:
    said = list(found.unseen[:_PLACES])
    if len(found.unseen) > len(said):
        said.append(f"… and {len(found.unseen) - len(said):,} more; --json lists them all")
    if found.level == "metadata":
        said.append("chunks: --level chunks lists them, --level data decodes them")
    elif found.level == "chunks":
        said.append("what chunks hold: --level data decodes them")
    elif found.sample is not None:
        said.append(f"chunks beyond the sample ({found.sample})")
    return said


def repair_of(finding: Finding) -> str:
    """Give what to do about a finding."""
    from zarrlift.jobs.known import known_rules

    rule = known_rules().get(finding.rule)
    return rule.repair if rule is not None else ""


def validation_to_json(found: Validation) -> dict[str, object]:
    """Return a validation under its documented names; every finding is listed."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-validation",
        "source": found.source,
        "valid": found.valid,
        "version": found.version,
        "zarr_format": found.zarr_format,
        "level": str(found.level),
        "sample": found.sample,
        "strict": found.strict,
        "web": found.web,
        "datasets": [asdict(one) for one in found.datasets],
        "looked": asdict(found.looked),
        "unseen": list(found.unseen),
        "requests": found.requests._asdict() if found.requests is not None else None,
        "seconds": found.seconds,
        "findings": _findings(found.findings),
    }


def _findings(found: Sequence[Finding]) -> list[dict[str, object]]:
    return [
        {
            "rule": f.rule,
            "severity": str(f.severity),
            "path": f.path,
            "pointer": f.pointer,
            "chunk": list(f.chunk) if f.chunk is not None else None,
            "message": f.message,
            "repair": repair_of(f),
        }
        for f in found
    ]
