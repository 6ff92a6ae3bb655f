"""What SARIF 2.1.0 demands of a log such as ours, as a JSON schema; unknown members are refused."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required: list[str], **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": members,
        "additionalProperties": False,
    }


_MESSAGE = _object(["text"], text=_TEXT, markdown=_TEXT)
_ARTIFACT = _object(
    ["uri"], uri={"type": "string", "format": "uri-reference"}, uriBaseId=_TEXT, index={}
)
_REGION = _object([], startLine={"type": "integer", "minimum": 1})
_LOCATION = _object(
    [],
    physicalLocation=_object(["artifactLocation"], artifactLocation=_ARTIFACT, region=_REGION),
    logicalLocations={
        "type": "array",
        "items": _object([], name=_TEXT, fullyQualifiedName=_TEXT, kind=_TEXT),
    },
)
_RULE = _object(
    ["id"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    helpUri={"type": "string", "format": "uri"},
    defaultConfiguration=_object([], level=_LEVEL),
    properties={"type": "object"},
)
_DRIVER = _object(
    ["name"],
    name=_TEXT,
    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
    informationUri={"type": "string", "format": "uri"},
    rules={"type": "array", "items": _RULE, "uniqueItems": True},
)
_RESULT = _object(
    ["message"],
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
)
_RUN = _object(
    ["tool"],
    tool=_object(["driver"], driver=_DRIVER),
    originalUriBaseIds={
        "type": "object",
        "additionalProperties": _object(["uri"], uri={"type": "string", "pattern": "/$"}),
    },
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations={
        "type": "array",
        "items": _object(["executionSuccessful"], executionSuccessful={"type": "boolean"}),
    },
    properties={"type": "object"},
    results={"type": "array", "items": _RESULT},
)
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": _RUN, "minItems": 1},
    },
    "additionalProperties": False,
}
