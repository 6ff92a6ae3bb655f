"""Crates and terms, in words and as JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.report import words
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.crate.shown import Crate, Said
    from zarrlift.crate.terms import Term, Terms
    from zarrlift.jobs.crate import Described

_LABELS = {
    "license": "License",
    "name": "Name",
    "description": "Description",
    "organism": "Organism",
    "modality": "Imaging",
    "author": "Author",
    "keyword": "Keywords",
    "published": "Published",
}
_PANEL = {
    "license": "missing, with a red cross",
    "name": "missing, with a cross",
    "description": "missing, with a cross",
    "organism": "-",
    "modality": "-",
}
"""What the online validator shows, and in place of what is missing."""
_INDENT = 13
_MOST = 70
_CHALLENGE_WIDTHS = [10, 20, 30]


def crate_text(crate: Crate, *, only_findings: bool = False, reach: Sequence[str] = ()) -> str:
    """Show what a crate says, then what is wrong or lacking.

    With `only_findings`, what the online validator shows of it takes the place of what it says.
    `reach` are words that say how the store is reached, for the next step.
    """
    if not crate.exists:
        return "\n".join([f"{crate.source} has no RO-Crate.", "", *_to_add(crate.source, reach)])
    version = f" (RO-Crate {crate.version})" if crate.version else ""
    lines = [f"RO-Crate of {crate.source}{version}", ""]
    if only_findings:
        lines += _panel(crate)
    else:
        lines += _said(crate)
    if crate.findings:
        lines += ["Findings", *words.findings(crate.findings, len(crate.findings)), ""]
    return "\n".join([*lines, _verdict(crate)])


def described_text(made: Described, reach: Sequence[str] = ()) -> str:
    """Show a crate after a change, and how to take that back; `reach` as for `crate_text`."""
    crate = made.crate
    if not made.changed:
        return f"Already so: the RO-Crate of {crate.source} says this."
    verb = "Made" if made.created else "Changed"
    lines = [f"{verb} the RO-Crate of {crate.source}", "", *_said(crate)]
    if crate.findings:
        lines += ["Findings", *words.findings(crate.findings, len(crate.findings)), ""]
    return "\n".join([*lines, "To take it back:", f"  {shlex.join(_undo(crate.source, reach))}"])


def terms_text(found: Terms) -> str:
    """Show terms in columns: ontology, id, name, description."""
    rows = [("ONTOLOGY", "TERM", "LABEL", "DESCRIPTION"), *map(_row, found.terms)]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
    lines = ["  ".join(_padded(row, widths)).rstrip() for row in rows]
    if not found.terms:
        lines = [f"Nothing found for {found.text!r}."]
        if not found.online and found.problem is None:
            lines.append("  next: --online asks the EBI's Ontology Lookup Service")
    return "\n".join(lines)


def terms_table(found: Terms) -> str:
    """Show terms as the challenge's program does: a head and padded columns, with tabs between."""
    rows = [("ONTOLOGY", "TERM", "LABEL", "DESCRIPTION"), *map(_row, found.terms)]
    return "\n".join("\t".join(_padded(row, _CHALLENGE_WIDTHS)) for row in rows)


def crate_to_json(crate: Crate) -> dict[str, object]:
    """Return a crate under its documented names."""
    return {"schema": SCHEMA, "kind": "zarrlift-crate", **_crate(crate)}


def described_to_json(made: Described) -> dict[str, object]:
    """Return the outcome of a change under its documented names."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-described",
        "given": list(made.given),
        "created": made.created,
        "changed": made.changed,
        "crate": _crate(made.crate),
    }


def terms_to_json(found: Terms) -> dict[str, object]:
    """Return terms under their documented names."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-terms",
        "text": found.text,
        "online": found.online,
        "problem": found.problem,
        "terms": [
            {
                "ontology": t.ontology,
                "term": t.short,
                "label": t.label,
                "description": t.description,
                "id": t.id,
            }
            for t in found.terms
        ],
    }


def _crate(crate: Crate) -> dict[str, object]:
    return {
        "source": crate.source,
        "exists": crate.exists,
        "valid": crate.valid,
        "version": crate.version,
        "said": {name: [s.to_json() for s in found] for name, found in crate.said.items()},
        "actions": list(crate.actions),
        "panel": crate.panel,
        "entities": crate.entities,
        "findings": [f.to_json() for f in crate.findings],
    }


def _said(crate: Crate) -> list[str]:
    lines = []
    for name, label in _LABELS.items():
        found = crate.said.get(name, ())
        for number, said in enumerate(found):
            lines += words.wrapped(_one(said), _INDENT, f"{label if not number else '':<{_INDENT}}")
        if not found:
            lines.append(f"{label:<{_INDENT}}-")
    for number, action in enumerate(crate.actions):
        lines += words.wrapped(action, _INDENT, f"{'Made' if not number else '':<{_INDENT}}")
    return [*lines, ""]


def _panel(crate: Crate) -> list[str]:
    """Show what the online validator shows, with its marks for what it asks for."""
    if not crate.entities:
        return []
    lines = ["The online validator shows"]
    for name, lacking in _PANEL.items():
        value = crate.panel.get(name, lacking)
        text = "fails on it" if value is None else value
        lines += words.wrapped(text, _INDENT + 2, f"  {_LABELS[name]:<{_INDENT}}")
    return [*lines, ""]


def _one(said: Said) -> str:
    if not said.label or said.label == said.value:
        return said.value
    return f"{said.label} ({said.value})"


def _verdict(crate: Crate) -> str:
    if not crate.valid:
        return "NOT a valid RO-Crate."
    lacks = any(f.severity == "warning" for f in crate.findings)
    return "Valid, with something lacking." if lacks else "Valid."


def _to_add(source: str, reach: Sequence[str]) -> list[str]:
    command = ["zarrlift", "crate", source, "--set", "license=cc-by", "--set", "organism=9606"]
    return ["To add one:", f"  {shlex.join([*command, *reach])}"]


def _undo(source: str, reach: Sequence[str]) -> list[str]:
    return ["zarrlift", "undo", source, *reach]


def _row(term: Term) -> tuple[str, str, str, str]:
    first = term.description.partition("\n")[0]
    return term.ontology, term.short, term.label, first[:_MOST]


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [*(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=False)), row[-1]]
