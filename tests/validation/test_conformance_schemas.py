"""Beside the official schemas: what one of them refuses is refused here too, but for what is said.

The other way round the rules refuse more, and that is what they are for.
"""

from __future__ import annotations

import random

import pytest

from tests.validation.mutations import Way
from tests.validation.schemas import Mutation, documents, has_schema, mutations, schema
from tests.validation.trees import VERSIONS
from zarrlift.validate.conformance import Measure, judge_document

SAMPLE = 140
"""Mutated documents of each kind and version that the quick test looks at."""


def _excused(version: str, way: Way, what: str) -> str | None:
    """Say why a document that a schema refuses is no fault here; the text of the clause decides."""
    last = way[-1]
    if version in {"0.4", "0.5"} and last == "type" and "axes" in way:
        if what == "null":
            return "the text allows `type` to be null"
        if what == "left out":
            return "the schema counts an axis without a type as one of space; the text does not"
    if version == "0.6" and what == "null" and last in {"path", "name"}:
        of_end = way[-2] in {"input", "output"}
        return "the text allows null for what may be left out" if of_end else None
    if way == ("ome", "image-label") and what == "left out":
        return "what is left is an image"
    return None


def _missed(version: str, name: str, found: list[Mutation], *, strict: bool) -> list[str]:
    """Give the documents that a schema refuses and the rules do not, as texts."""
    judge = schema(version, f"strict_{name}" if strict else name)
    measure = Measure(version=version, strict=strict)
    missed: list[str] = []
    for mutation in found:
        document = mutation.made()
        lets_pass = judge_document(document, measure).valid and not judge.is_valid(document)
        if lets_pass and not _excused(version, mutation.way, mutation.what):
            missed.append(str(mutation))
    return missed


def _cases(version: str, name: str) -> list[Mutation]:
    return [case for document in documents(version)[name] for case in mutations(document)]


KINDS = [(version, name) for version in VERSIONS for name in documents(version)]
STRICT = [(v, n) for v, n in KINDS if has_schema(v, f"strict_{n}")]


@pytest.mark.parametrize(("version", "name"), KINDS)
def test_the_documents_that_are_mutated_are_valid(version: str, name: str) -> None:
    """To the schema, to the rules, and both strictly."""
    for document in documents(version)[name]:
        assert schema(version, name).is_valid(document)
        verdict = judge_document(document, Measure(version=version, strict=True))
        assert verdict.valid, verdict.message
        if has_schema(version, f"strict_{name}"):
            assert schema(version, f"strict_{name}").is_valid(document)


@pytest.mark.parametrize(("version", "name"), KINDS)
def test_what_a_schema_refuses_is_refused(version: str, name: str) -> None:
    """A sample of all that differ in one value, the same every time."""
    cases = _cases(version, name)
    chosen = random.Random(f"{version} {name}").sample(cases, min(SAMPLE, len(cases)))
    assert _missed(version, name, chosen, strict=False) == []


@pytest.mark.parametrize(("version", "name"), STRICT)
def test_what_a_strict_schema_refuses_is_refused_strictly(version: str, name: str) -> None:
    """A sample, as above."""
    cases = _cases(version, name)
    chosen = random.Random(f"strict {version} {name}").sample(cases, min(SAMPLE // 2, len(cases)))
    assert _missed(version, name, chosen, strict=True) == []


@pytest.mark.slow
@pytest.mark.parametrize(("version", "name"), KINDS)
def test_whatever_a_schema_refuses_is_refused(version: str, name: str) -> None:
    """Every document that differs in one value."""
    assert _missed(version, name, _cases(version, name), strict=False) == []
    if has_schema(version, f"strict_{name}"):
        assert _missed(version, name, _cases(version, name), strict=True) == []
