"""The report of a lift and of a verification, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.layouts import LZ4
from tests.unit.surveys import cells
from zarrlift import findings
from zarrlift.findings import Finding
from zarrlift.jobs.result import Report
from zarrlift.plan.plan import make_plan
from zarrlift.plan.settings import Settings, parse_rules, parse_wish
from zarrlift.report import lifts
from zarrlift.verify.level import Level
from zarrlift.verify.result import Checked, Verification, verification

TARGET = "/data/2024-05-17/cells-0.5.ome.zarr"
DIFFERS = findings.error(
    "chunk-differs", "labels/nuclei/0", "bytes differ at offset 4,194,304", (0, 1)
)
CLAIM = "every byte was compared"


def proof(level: Level, found: Sequence[Finding] = (), *, compared: int = 1008) -> Verification:
    """Give a verification of 1,008 chunks in 63 shards."""
    checked = Checked(
        arrays=5, documents=9, files=2, objects=63, chunks=1008, compared=compared, bytes=2**30
    )
    checked.decoded = 1008 if level is Level.DECODE else 0
    checked.findings = list(found)
    return verification("/data/cells.ome.zarr", TARGET, level, checked)


LIFT = Report(
    plan=make_plan(cells(), TARGET, Settings()),
    verification=proof(Level.QUICK, compared=16),
    chunks=1008,
    objects=63,
    objects_already=0,
    documents=9,
    files=2,
    bytes_in=1_395_864_371,
    bytes_out=1_395_900_000,
    undecoded_bytes=1_395_864_371,
    seconds=0.6,
    findings=(),
)


def text(report: Report) -> str:
    """Show a report, its spaces and line breaks made one."""
    return " ".join(lifts.report_text(report).split())


REPORTS = {
    "quick": LIFT,
    "full": replace(LIFT, verification=proof(Level.FULL)),
    "decode": replace(LIFT, verification=proof(Level.DECODE)),
    "unverified": replace(LIFT, verification=None),
    "resumed": replace(LIFT, resumed=True, objects_already=40),
    "recoded": replace(LIFT, plan=make_plan(cells(LZ4), TARGET, Settings()), undecoded_bytes=0),
    "differs": replace(LIFT, verification=proof(Level.QUICK, [DIFFERS] * 30)),
    "damaged": replace(
        LIFT,
        findings=(
            findings.error("chunk-damaged", "0", "holds no bytes; copied as it is", (1, 2, 3)),
        ),
    ),
    "already": replace(LIFT, already=True),
    "already-differs": replace(LIFT, already=True, verification=proof(Level.QUICK, [DIFFERS])),
    "empty": replace(
        LIFT, chunks=0, objects=0, bytes_in=0, bytes_out=0, undecoded_bytes=0, seconds=0.0
    ),
    "long": replace(LIFT, seconds=3 * 86_400.0, bytes_in=2**50, bytes_out=2**50, chunks=10**9),
}


@pytest.mark.parametrize("name", REPORTS)
def test_lines_fit_a_terminal(name: str) -> None:
    """Every line of a usual report fits 80 columns, but for a command to copy."""
    lines = lifts.report_text(REPORTS[name]).splitlines()

    assert [line for line in lines if len(line) > 80 and not line.startswith("  zarrlift")] == []


def test_report_says_what_came_and_went() -> None:
    """Objects and bytes before and after, what passed, time and rate all stand there."""
    said = text(LIFT)

    assert said.startswith(f"Lifted /data/cells.ome.zarr to {TARGET}")
    assert "1,008 chunk objects (1.3 GiB) -> 63 objects (1.3 GiB)" in said
    assert "all chunk bytes passed as they are" in said
    assert "9 documents, 2 other files" in said
    assert "0.6 s, 2.2 GiB/s" in said


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (1_395_864_371, "all chunk bytes"),
        (1_395_864_370, "99.9 % of the chunk bytes"),
        (697_932_185, "50.0 % of the chunk bytes"),
        (0, "0.0 % of the chunk bytes"),
    ],
)
def test_share_that_passed_is_never_rounded_up_to_all(passed: int, expected: str) -> None:
    """Only where every byte passed does the report say all."""
    assert expected in text(replace(LIFT, undecoded_bytes=passed))


def test_arrays_that_changed_have_their_reason() -> None:
    """What was decoded is named with the reason, like arrays once."""
    said = text(REPORTS["recoded"])

    assert "0 and 2 more, recode: lz4 not shared by v3 readers" in said
    assert "Changed" not in text(LIFT)


def test_one_array_that_changed_is_named_alone() -> None:
    """Where one array changed, no further ones are counted."""
    rules = parse_rules({"labels/*": {"codec": "zstd"}}, parse_wish())
    one = replace(LIFT, plan=make_plan(cells(), TARGET, Settings(rules=rules)))

    assert "Changed labels/nuclei/0, recode: codec asked for" in text(one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("quick", "the bytes of 992 chunks"),
        ("full", "compared byte for byte, but not decoded"),
        ("decode", "nothing of what was listed"),
        ("unverified", "none was asked for"),
    ],
)
def test_what_was_not_checked_is_said(name: str, expected: str) -> None:
    """Each level of proof names its limits."""
    assert expected in text(REPORTS[name])


@pytest.mark.parametrize(
    ("name", "enough"),
    [
        ("quick", False),
        ("full", True),
        ("decode", True),
        ("unverified", False),
        ("differs", False),
        ("damaged", False),
        ("already", False),
        ("already-differs", False),
    ],
)
def test_whether_the_source_may_go(name: str, enough: bool) -> None:
    """The source may be deleted only where every byte was compared and none is damaged."""
    said = text(REPORTS[name])

    assert (CLAIM in said) is enough
    if name in {"quick", "unverified", "already"}:
        assert f"zarrlift verify /data/cells.ome.zarr {TARGET} --level full" in said


def test_full_proof_of_damaged_chunks_keeps_the_source() -> None:
    """Chunks that could not be taken over whole outweigh any proof."""
    said = text(replace(REPORTS["damaged"], verification=proof(Level.FULL)))

    assert "Keep the source" in said
    assert CLAIM not in said


def test_a_difference_is_not_called_done() -> None:
    """A target that differs is not finished: the report says so, how often, and where."""
    said = text(REPORTS["differs"])

    assert said.startswith("NOT finished:")
    assert "NOT equal: 30 differences" in said
    assert "labels/nuclei/0 chunk 0,1 and 29 more: bytes differ" in said


def test_finished_targets_are_already_done() -> None:
    """A second run says that it is done already, or that the target differs."""
    assert text(REPORTS["already"]).startswith(f"Already done: {TARGET} holds this lift.")
    assert text(REPORTS["already-differs"]).startswith(
        f"The target {TARGET} is finished, but differs."
    )


def test_objects_of_an_earlier_run_are_counted_apart() -> None:
    """A continued lift says how much stood there already."""
    assert "40 of them from an earlier run" in text(REPORTS["resumed"])


def test_verification_on_its_own() -> None:
    """A verification shows what was compared with what, verdict, extent and limits."""
    said = " ".join(lifts.verification_text(proof(Level.DECODE)).split())

    assert said.startswith(
        f"Source /data/cells.ome.zarr Target {TARGET} Proof equal, at level decode"
    )
    assert "presence and length of 1,008 chunks" in said
    assert "(63 objects)" in said
    assert "1,008 chunks decoded" in said


def test_notes_are_no_differences() -> None:
    """A note found by verification leaves the verdict equal, and is shown."""
    found = proof(Level.FULL, [findings.note("level-skipped", "0", "has no chunk")])

    assert found.equal
    assert "level-skipped" in lifts.verification_text(found)
