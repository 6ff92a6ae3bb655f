"""A validation as SARIF 2.1.0, which code hosts show beside a change.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from zarrlift.jobs.known import known_rules
from zarrlift.report.validations import repair_of
from zarrlift.validate.subject import known_version

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.jobs.known import KnownRule
    from zarrlift.jobs.validated import Validation

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HOME = "https://pypi.org/project/zarrlift/"
_BASE = "DATASET"
_OF_ADDRESSES = "/:?#[]@!$&'()*+,;=%"
"""What an address may hold as it is (RFC 3986)."""


def validation_to_sarif(found: Validation) -> dict[str, object]:
    """Return a validation as a SARIF log of one run; every finding is a result."""
    used = dict.fromkeys(f.rule for f in found.findings)
    numbers = {rule: number for number, rule in enumerate(used)}
    by = found.asked or known_version(found.version)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "zarrlift",
                        "semanticVersion": version("zarrlift"),
                        "informationUri": _HOME,
                        "rules": [_rule(rule, by) for rule in used],
                    }
                },
                "originalUriBaseIds": {_BASE: {"uri": _base(found.source)}},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True}],
                "properties": {"valid": found.valid, "level": str(found.level)},
                "results": [_result(f, found, numbers[f.rule]) for f in found.findings],
            }
        ],
    }


def _base(source: str) -> str:
    """Give the address that places are relative to, with a slash at its end."""
    if "://" not in source:
        return f"{PurePosixPath(source).as_uri().rstrip('/')}/"
    return f"{quote(source.rstrip('/'), safe=_OF_ADDRESSES)}/"


def _rule(name: str, ome_version: str | None) -> dict[str, object]:
    rule = known_rules().get(name)
    if rule is None:
        return {"id": name}
    made: dict[str, object] = {
        "id": name,
        "shortDescription": {"text": rule.clause},
        "fullDescription": {"text": rule.clause},
        "help": {"text": f"Repair: {rule.repair}"},
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {"tags": _tags(rule)},
    }
    link = rule.link(ome_version)
    return {**made, "helpUri": link} if link else made


def _tags(rule: KnownRule) -> list[str]:
    return ["ome-zarr", rule.topic, rule.force]


def _result(finding: Finding, found: Validation, number: int) -> dict[str, object]:
    text, repair = finding.message, repair_of(finding)
    if finding.chunk is not None:
        text = f"chunk {','.join(map(str, finding.chunk))} {text}"
    place = finding.path or "/"
    return {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": str(finding.severity),
        "message": {"text": f"{place}: {text}" + (f". Repair: {repair}" if repair else "")},
        "locations": [_location(finding, found)],
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }


def _location(finding: Finding, found: Validation) -> dict[str, object]:
    document = found.documents.get(finding.path) or finding.path or "."
    artifact = {"uri": quote(document.encode("utf-8", "replace"), safe="/"), "uriBaseId": _BASE}
    made: dict[str, object] = {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}
    }
    if finding.pointer:
        name = {"fullyQualifiedName": finding.pointer, "kind": "member"}
        return {**made, "logicalLocations": [name]}
    return made


def _fingerprint(finding: Finding) -> str:
    parts = (finding.rule, finding.path, finding.pointer or "", str(finding.chunk), finding.message)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=16).hexdigest()
