"""Results as JSON, under documented and stable names with a schema number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.plan.saved import plan_to_json
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from zarrlift.jobs.result import Report
    from zarrlift.verify.result import Verification


def verification_to_json(proof: Verification) -> dict[str, object]:
    """Return a verification as JSON."""
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-verification",
        "source": proof.source,
        "target": proof.target,
        "level": str(proof.level),
        "equal": proof.equal,
        "checked": {
            "arrays": proof.arrays,
            "documents": proof.documents,
            "files": proof.files,
            "objects": proof.objects,
            "chunks": proof.chunks,
            "compared": proof.compared,
            "decoded": proof.decoded,
            "bytes": proof.bytes,
            "entries": proof.entries,
        },
        "findings": [f.to_json() for f in proof.findings],
    }


def report_to_json(report: Report) -> dict[str, object]:
    """Return the report of a lift as JSON: the plan, what happened, and the proof."""
    from zarrlift.plan.cost import costs

    proof = report.verification
    return {
        **plan_to_json(report.plan, costs(report.plan, {}, {})),
        "kind": "zarrlift-report",
        "seconds": report.seconds,
        "result": {
            "finished": report.finished,
            "already": report.already,
            "resumed": report.resumed,
            "chunks": report.chunks,
            "objects": report.objects,
            "objects_already": report.objects_already,
            "documents": report.documents,
            "files": report.files,
            "bytes_in": report.bytes_in,
            "bytes_out": report.bytes_out,
            "undecoded_bytes": report.undecoded_bytes,
        },
        "findings": [f.to_json() for f in report.findings],
        "verification": verification_to_json(proof) if proof else None,
        **_asked(report),
    }


def _asked(report: Report) -> dict[str, object]:
    """Return what object stores were asked for, what the plan said of it, and the money."""
    asked, expected, prices = report.requests, report.expected, report.prices
    if not asked:
        return {"requests": None, "planned_requests": None, "money": None}
    from zarrlift.plan.requests import requests_to_json

    kept = expected.kept if expected is not None and report.already else report.bytes_out
    numbers = {side: counts._asdict() for side, counts in asked.items()}
    return {
        "requests": requests_to_json(asked),
        "planned_requests": expected.to_json() if expected is not None else None,
        "money": prices.to_json(numbers, kept) if prices else None,
    }
