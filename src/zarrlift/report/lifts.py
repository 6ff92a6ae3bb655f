"""The report of a lift, and of a verification, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.report import words
from zarrlift.verify.level import SAMPLE, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.findings import Finding
    from zarrlift.jobs.result import Report
    from zarrlift.plan.plan import Plan
    from zarrlift.verify.result import Verification


def report_text(report: Report, reach: Sequence[str] = ()) -> str:
    """Show what a lift did, its proof, what was not checked, and the next command.

    `reach` are words that say how stores are reached, for that command.
    """
    plan = report.plan
    if report.already:
        lines = _confirmed(report)
    else:
        verb = "Lifted" if report.finished else "NOT finished:"
        lines = [f"{verb} {plan.source}", f"    to {plan.target}", "", *_done(report)]
    lines += [*_asked(report), *_proof(report)]
    if report.findings:
        lines += ["", "Worth knowing", *words.findings(report.findings)]
    return "\n".join([*lines, "", *_next(report, reach)])


def _confirmed(report: Report) -> list[str]:
    if report.finished:
        return [f"Already done: {report.plan.target} holds this lift.", ""]
    return [f"The target {report.plan.target} is finished, but differs.", ""]


def _done(report: Report) -> list[str]:
    before = words.plural(report.chunks, "chunk object")
    after = words.plural(report.objects, "object")
    lines = [f"Data       {before} ({words.size(report.bytes_in)})"]
    lines.append(f"           -> {after} ({words.size(report.bytes_out)})")
    if report.objects_already:
        lines.append(f"           {report.objects_already:,} of them from an earlier run")
    lines.append(f"Undecoded  {_share(report)}")
    lines += _changed(report)
    lines.append(
        f"Beside     {words.plural(report.documents, 'document')}, "
        f"{words.plural(report.files, 'other file')}"
    )
    if report.plan.settings.crate is not None:
        lines += words.wrapped(words.crate_line(report.plan), 11, "RO-Crate   ")
    rate = report.bytes_in / max(report.seconds, 1e-3)
    lines.append(f"Time       {words.duration(report.seconds)}, {words.size(rate)}/s")
    return lines


def _asked(report: Report) -> list[str]:
    """Say what object stores were asked for beside what the plan said, and what it costs."""
    asked, expected = report.requests, report.expected
    if not asked:
        return []
    from zarrlift.report import requests

    anew = expected is not None and not (report.already or report.resumed)
    due = expected.sides if expected is not None and anew else {}
    lines = requests.taken_lines(asked, due, 11, "Requests   ")
    if report.prices is not None:
        numbers = {side: counts._asdict() for side, counts in asked.items()}
        kept = expected.kept if expected is not None and report.already else report.bytes_out
        lines += requests.money_lines(report.prices, numbers, kept, 11, "Money      ")
    return lines


def _share(report: Report) -> str:
    if not report.bytes_in:
        return "nothing to pass"
    share = 100 * report.undecoded_bytes / report.bytes_in
    exact = report.undecoded_bytes == report.bytes_in
    shown = "all" if exact else f"{min(share, 99.9):.1f} % of the"
    return f"{shown} chunk bytes passed as they are"


def _changed(report: Report) -> list[str]:
    changed: dict[str, list[str]] = {}
    for array in report.plan.arrays:
        if not array.method.undecoded:
            changed.setdefault(f"{array.method}: {array.reason}", []).append(array.path or "/")
    lines = []
    for reason, paths in changed.items():
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        lines += words.wrapped(f"{paths[0]}{more}, {reason}", 11, "Changed    ")
    return lines


def _proof(report: Report) -> list[str]:
    if report.verification is None:
        return ["Proof      none was asked for (--verify none)"]
    return proof_lines(report.verification)


def proof_lines(proof: Verification) -> list[str]:
    """Give verdict, extent and limits of a verification, then what it found."""
    errors = sum(1 for f in proof.findings if f.severity == "error")
    verdict = "equal" if proof.equal else f"NOT equal: {words.plural(errors, 'difference')}"
    lines = [f"Proof      {verdict}, at level {proof.level}"]
    lines += words.wrapped(_extent(proof), 11)
    lines += words.wrapped(_unchecked(proof), 11, "Unchecked  ")
    if proof.findings:
        lines += ["", "Found", *words.findings(proof.findings)]
    return lines


def _extent(proof: Verification) -> str:
    parts = [
        f"presence and length of {words.plural(proof.chunks, 'chunk')}",
        f"the index of every shard ({words.plural(proof.objects, 'object')})",
        f"bytes or values of {words.plural(proof.compared, 'chunk')}",
    ]
    if proof.decoded:
        parts.append(f"{words.plural(proof.decoded, 'chunk')} decoded")
    if proof.entries and proof.level is not Level.QUICK:
        parts.append(f"the CRC-32 of {words.plural(proof.entries, 'zip member')}")
    return "; ".join(parts)


def _unchecked(proof: Verification) -> str:
    if proof.level is Level.DECODE:
        return "nothing of what was listed; the next reader's own bugs remain"
    if proof.level is Level.FULL:
        return "packed chunks were compared byte for byte, but not decoded"
    left = max(0, proof.chunks - proof.compared)
    said = "chunks were compared byte for byte, but not decoded"
    if left:
        said = (
            f"the bytes of {words.plural(left, 'chunk')} (one in {SAMPLE} is compared, at least "
            "one for each layout); packed chunks were not decoded"
        )
    if proof.entries:
        entries = words.plural(proof.entries, "zip member")
        said += f"; the CRC-32 of {entries}, but for documents"
    return said


def _next(report: Report, reach: Sequence[str]) -> list[str]:
    plan = report.plan
    left_out = [word for p in plan.settings.exclude for word in ("--exclude", p)]
    command = ["zarrlift", "verify", plan.source, plan.target, *left_out, *reach]
    if report.already and not report.finished:
        return ["Next       look at what was found; --overwrite writes the target anew"]
    if not report.finished:
        return [
            "Next       remove the objects that were named and run the same command again,",
            "           or start over with --overwrite",
        ]
    proof = report.verification
    if report.damaged:
        return ["Keep the source: it has damaged chunks that could not be taken over whole."]
    if proof is not None and proof.level in (Level.FULL, Level.DECODE):
        return ["The source may go, as far as this proof reaches: every byte was compared."]
    return [
        "Before deleting the source, compare every byte:",
        f"  {shlex.join([*command, '--level', 'full'])}",
    ]


def documents_text(plan: Plan, found: Sequence[Finding]) -> str:
    """Show what was found in a dataset of which nothing but the documents was read."""
    read = words.plural(len(plan.documents), "document")
    lines = [
        f"{plan.source}: OME-Zarr {plan.version}",
        f"{read} read, {words.plural(len(found), 'finding')}",
        *words.findings(found, len(found)),
        "Not checked: chunks (--source compares them); finer rules (zarrlift validate).",
    ]
    return "\n".join(lines)


def verification_text(proof: Verification) -> str:
    """Show a verification on its own."""
    head = [f"Source     {proof.source}", f"Target     {proof.target}"]
    return "\n".join([*head, *proof_lines(proof)])
