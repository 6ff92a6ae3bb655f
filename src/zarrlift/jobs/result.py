"""`Report`: what came of a lift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.engine.run import Tally
    from zarrlift.findings import Finding
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.prices import Prices
    from zarrlift.plan.requests import Expected
    from zarrlift.store.asking import Requests
    from zarrlift.verify.result import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a lift."""

    plan: Plan
    verification: Verification | None
    """None where it was not asked for."""
    chunks: int
    """Chunk objects of the source."""
    objects: int
    """Data objects of the target."""
    objects_already: int
    """Of these, how many stood there from an earlier run."""
    documents: int
    files: int
    bytes_in: int
    bytes_out: int
    undecoded_bytes: int
    """Bytes of chunks that were taken over as they are."""
    seconds: float
    findings: tuple[Finding, ...]
    resumed: bool = False
    already: bool = False
    """The target was finished before; nothing was written."""
    requests: Mapping[str, Requests] | None = None
    """What object stores were asked for, by `source` and `target`; the survey is in it."""
    expected: Expected | None = None
    """What the plan says of that."""
    prices: Prices | None = None
    """None where they were not asked for."""

    @property
    def finished(self) -> bool:
        """Say whether the target is whole: written, and not found to differ."""
        return self.verification is None or self.verification.equal

    @property
    def damaged(self) -> int:
        """Count the chunks that could not be taken over whole."""
        return sum(1 for f in self.findings if f.severity is Severity.ERROR)

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        state = "already done" if self.already else "done" if self.finished else "NOT equal"
        return (
            f"Report({self.plan.target!r}: {state}, {self.chunks} chunks in "
            f"{self.objects} objects, {self.bytes_out} bytes, {self.seconds:.1f} s)"
        )


def report(
    plan: Plan,
    tally: Tally,
    proof: Verification | None,
    *,
    files: int,
    seconds: float,
    resumed: bool,
) -> Report:
    """Freeze a tally into a report."""
    return Report(
        plan=plan,
        verification=proof,
        chunks=tally.chunks,
        objects=tally.objects,
        objects_already=tally.objects_already,
        documents=len(plan.documents),
        files=files,
        bytes_in=tally.bytes_in,
        bytes_out=tally.bytes_out,
        undecoded_bytes=tally.undecoded_bytes,
        seconds=seconds,
        findings=(*plan.findings, *tally.findings),
        resumed=resumed,
    )


def already_done(plan: Plan, proof: Verification, *, seconds: float) -> Report:
    """Report a target that was found finished."""
    return Report(
        plan=plan,
        verification=proof,
        chunks=proof.chunks,
        objects=proof.objects,
        objects_already=proof.objects,
        documents=len(plan.documents),
        files=proof.files,
        bytes_in=0,
        bytes_out=0,
        undecoded_bytes=0,
        seconds=seconds,
        findings=plan.findings,
        already=True,
    )
