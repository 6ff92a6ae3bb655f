"""A repair in place, in words and as JSON."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING

from zarrlift.repair.difference import differences
from zarrlift.repair.run import REPAIRS
from zarrlift.report import words
from zarrlift.report.schema import SCHEMA
from zarrlift.validate.run import all_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zarrlift.findings import Finding
    from zarrlift.jobs.repaired import Repaired
    from zarrlift.repair.difference import Difference
    from zarrlift.repair.edit import Change

_MOST_LINES = 6
"""Of one document; a list that is made anew has thousands."""
_MOST_KINDS = 20
"""Documents that are shown, equal ones counted as one."""
_WIDEST = 72
_SIGNS = {"add": "+", "remove": "-", "replace": "~"}


def repaired_text(made: Repaired, command: Sequence[str], reach: Sequence[str] = ()) -> str:
    """Show what a repair wrote or would write, what stays, and the next step.

    `command` carries it out, `reach` are words that say how the store is reached.
    """
    lines = [_head(made)]
    if made.changes and made.dry_run:
        lines += ["", *_documents(made.changes)]
    if made.changes:
        lines += ["", *_counts(made)]
    if made.findings:
        lines += ["", "Left to you: these could be meant in more than one way"]
        lines += words.findings(made.findings)
    if made.remaining:
        one = len(made.remaining) == 1
        would = "would stay" if made.dry_run else "stays" if one else "stay"
        lines += ["", f"{words.plural(len(made.remaining), 'error')} {would}"]
        lines += _remaining(made.remaining)
    step = _next(made, command, reach)
    return "\n".join([*lines, *(["", *step] if step else [])])


def _head(made: Repaired) -> str:
    if made.already:
        return f"Nothing to repair in {made.source}"
    verb = "Would repair" if made.dry_run else "Repaired"
    also = "would complete" if made.dry_run else "completed"
    more = f"\n    and {also} a repair that was cut off" if made.completed else ""
    return f"{verb} {made.source}{more}"


def _documents(changes: Iterable[Change]) -> Iterator[str]:
    """Show documents that change, those that change alike together."""
    alike: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        alike.setdefault(tuple(_lines(change)), []).append(change)
    for lines, group in list(alike.items())[:_MOST_KINDS]:
        more = f" and {len(group) - 1:,} more alike" if len(group) > 1 else ""
        yield f"  {group[0].key}{more}{' (new)' if group[0].new else ''}"
        yield from (f"    {line}" for line in lines)
    if len(alike) > _MOST_KINDS:
        yield f"  … and {len(alike) - _MOST_KINDS:,} more kinds; --json lists them all"


def _lines(change: Change) -> Iterator[str]:
    if change.before is None:
        new = "" if change.new else " in place of one that cannot be read"
        yield f"+ {_cut(_json(change.after))}{new}"
        return
    found = list(differences(change.before, change.after))
    for difference in found[:_MOST_LINES]:
        yield f"{_SIGNS[difference.op]} {_cut(_difference(difference))}"
    if len(found) > _MOST_LINES:
        yield f"… and {len(found) - _MOST_LINES:,} more"


def _difference(difference: Difference) -> str:
    op, pointer, before, after = difference
    if op == "replace":
        return f"{pointer}: {_json(before)} -> {_json(after)}"
    return f"{pointer}: {_json(after if op == 'add' else before)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _counts(made: Repaired) -> list[str]:
    """Count documents, and what was done to them."""
    total, would = len(made.changes), "would be " if made.dry_run else ""
    proof = "" if made.dry_run else ", each read back and compared"
    line = f"{words.plural(total, 'document')} {would}written, {made.new:,} of them new{proof}"
    lines = words.wrapped(line, 11, "Documents  ")
    count = Counter(repair for change in made.changes for repair in change.repairs)
    first = "Repairs    "
    for repair in REPAIRS:
        if count[repair.id]:
            text = f"{count[repair.id]:,} × {repair.says} [{repair.id}]"
            lines += words.wrapped(text, 11, first)
            first = " " * 11
    return [*lines, "Chunks     none was touched"]


def _remaining(found: Sequence[Finding]) -> list[str]:
    """Show errors, and once for each rule how it is repaired."""
    lines = words.findings(found)
    told = {rule.id: rule.repair for rule in all_rules()}
    ids = dict.fromkeys(f.rule for f in found)
    for rule in ids:
        if rule in told:
            lines += words.wrapped(f"{rule}: {told[rule]}", 11, "  repair   ")
    return lines


def _next(made: Repaired, command: Sequence[str], reach: Sequence[str]) -> list[str]:
    if made.dry_run:
        if made.already:
            return []
        return ["Nothing has been written. To do it:", f"  {shlex.join(command)}"]
    if not made.recorded:
        return []
    what = "An earlier repair can be taken back:" if made.already else "To take it back:"
    return [what, f"  {shlex.join(['zarrlift', 'undo', made.source, *reach])}"]


def repaired_to_json(made: Repaired) -> dict[str, object]:
    """Return the outcome of a repair under its documented names."""
    repairs = Counter(repair for change in made.changes for repair in change.repairs)
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-repair",
        "source": made.source,
        "version": made.version,
        "dry_run": made.dry_run,
        "already": made.already,
        "completed": made.completed,
        "recorded": made.recorded,
        "valid": made.valid,
        "repairs": [
            {"repair": r.id, "rules": list(r.answers), "documents": repairs[r.id]}
            for r in REPAIRS
            if repairs[r.id]
        ],
        "changes": [_change_to_json(change) for change in made.changes],
        "findings": [f.to_json() for f in made.findings],
        "remaining": [_remaining_to_json(f) for f in made.remaining],
        "seconds": made.seconds,
    }


def _change_to_json(change: Change) -> dict[str, object]:
    found = () if change.before is None else differences(change.before, change.after)
    return {
        "key": change.key,
        "new": change.new,
        "repairs": list(change.repairs),
        "differences": [
            {"op": d.op, "pointer": d.pointer, "before": d.before, "after": d.after} for d in found
        ],
    }


def _remaining_to_json(finding: Finding) -> dict[str, object]:
    told = {rule.id: rule.repair for rule in all_rules()}
    more = {"pointer": finding.pointer, "repair": told.get(finding.rule)}
    return {**finding.to_json(), **more}
