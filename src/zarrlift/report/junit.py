"""A validation as JUnit XML, which systems for continuous integration read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from zarrlift.findings import Severity
from zarrlift.jobs.known import known_rules
from zarrlift.jobs.validated import counts
from zarrlift.report import words
from zarrlift.report.validations import repair_of
from zarrlift.validate.subject import known_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zarrlift.findings import Finding
    from zarrlift.jobs.known import KnownRule
    from zarrlift.jobs.validated import Judged, Validation

_NOT_ASKED = {
    "metadata": ("chunks and shards", "decoded chunks"),
    "chunks": ("decoded chunks",),
    "data": (),
}


def validation_to_junit(found: Validation) -> str:
    """Return a validation as one test suite; a rule that was broken is a failure."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in found.findings:
        by_rule[finding.rule].append(finding)
    rules = _asked(found, by_rule)
    cases = [_case(rule, by_rule.get(name, ()), found) for name, rule in rules.items()]
    failures = sum("<failure" in case for case in cases)
    numbers = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    time = f'time="{found.seconds:.3f}"'
    suite = f"<testsuite name={_quoted(f'zarrlift validate {found.source}')} {numbers} "
    suite += f'skipped="0" {time}>'
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {numbers} {time}>'
    return "\n".join([head, suite, *cases, "</testsuite>", "</testsuites>"])


def _asked(
    found: Validation, by_rule: Mapping[str, Sequence[Finding]]
) -> dict[str, KnownRule | None]:
    """Give the rules that hold for the dataset, and all others that were broken."""
    versions = {found.asked or _version(one) for one in found.datasets}
    left_out = {*_NOT_ASKED[str(found.level)], *(() if found.web else ("the web",))}
    made: dict[str, KnownRule | None] = {
        rule.id: rule
        for rule in known_rules().values()
        if versions & rule.severities.keys() and rule.topic not in left_out
    }
    return {**made, **{name: known_rules().get(name) for name in by_rule}}


def _version(dataset: Judged) -> str:
    """Give the version whose rules were asked: one of its Zarr format, where none is known."""
    plain = "0.5" if dataset.zarr_format == 3 else "0.4"  # noqa: PLR2004 - the format's number
    return known_version(dataset.version) or plain


def _case(rule: KnownRule | None, broken: Sequence[Finding], found: Validation) -> str:
    name = rule.id if rule is not None else broken[0].rule
    topic = rule.topic if rule is not None else "other"
    head = f"<testcase classname={_quoted(f'ome-zarr.{topic}')} name={_quoted(name)}"
    bad = [f for f in broken if counts(f, strict=found.strict)]
    rest = [f for f in broken if not counts(f, strict=found.strict)]
    inner = []
    if bad:
        kind = Severity.ERROR if any(f.severity is Severity.ERROR for f in bad) else bad[0].severity
        said = f"{bad[0].path or '/'}: {bad[0].message}"
        more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
        lines = [*map(_line, bad)]
        if repair := repair_of(bad[0]):
            lines.append(f"repair: {repair}")
        inner.append(
            f"<failure type={_quoted(str(kind))} message={_quoted(said + more)}>"
            f"{_text(lines)}</failure>"
        )
    if rest:
        inner.append(f"<system-out>{_text([*map(_line, rest)])}</system-out>")
    return f"{head}>{''.join(inner)}</testcase>" if inner else f"{head}/>"


def _line(finding: Finding) -> str:
    pointer = f" {finding.pointer}" if finding.pointer else ""
    chunk = f" chunk {','.join(map(str, finding.chunk))}" if finding.chunk is not None else ""
    return f"{finding.severity} {finding.path or '/'}{pointer}{chunk}: {finding.message}"


def _text(lines: Sequence[str]) -> str:
    return escape(_fit("\n".join(lines)))


def _quoted(text: str) -> str:
    return quoteattr(_fit(text))


def _fit(text: str) -> str:
    """Spell what cannot be printed: XML 1.0 has no place for most of it."""
    return "\n".join(map(words.printable, text.split("\n")))
