"""zarrlift shows OME-Zarr, judges it, lifts it to Zarr v3 without decoding, and proves it."""

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING

# Rooms and verbs share names: the rooms are bound first, the verbs after them, for good.
for _room in ("crate", "demo", "plan", "repair", "survey", "validate", "verify"):
    _importlib.import_module(f"zarrlift.{_room}")

from zarrlift.api import (  # noqa: E402 - after the rooms
    conformance,
    convert,
    crate,
    demo,
    describe,
    details,
    estimate,
    info,
    load_plan,
    plan,
    repair,
    rules,
    run,
    script,
    survey,
    terms,
    tune,
    undo,
    upgrade,
    validate,
    verify,
)
from zarrlift.view.opening import open as open  # noqa: A004, E402 - see `__all__`

if _TYPE_CHECKING:
    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.crate.shown import Crate
    from zarrlift.crate.terms import Terms
    from zarrlift.demo.write import Demo
    from zarrlift.errors import ZarrliftError
    from zarrlift.findings import Finding, Severity
    from zarrlift.jobs.crate import Described
    from zarrlift.jobs.informed import Info
    from zarrlift.jobs.known import KnownRule
    from zarrlift.jobs.repaired import Repaired
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.script import Scripts
    from zarrlift.jobs.upgraded import Undone, Upgraded
    from zarrlift.jobs.validated import Validation
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.tuning import Tuning
    from zarrlift.survey.facts import Survey
    from zarrlift.validate.conformance import Verdict
    from zarrlift.verify.result import Verification
    from zarrlift.view.dataset import Dataset
    from zarrlift.view.image import Image
    from zarrlift.view.level import Level
    from zarrlift.view.plate import Plate, Well

_HOMES = {
    "ChunkFacts": "zarrlift.chunks.facts",
    "Costs": "zarrlift.plan.cost",
    "Crate": "zarrlift.crate.shown",
    "Dataset": "zarrlift.view.dataset",
    "Demo": "zarrlift.demo.write",
    "Described": "zarrlift.jobs.crate",
    "Finding": "zarrlift.findings",
    "Image": "zarrlift.view.image",
    "Info": "zarrlift.jobs.informed",
    "KnownRule": "zarrlift.jobs.known",
    "Level": "zarrlift.view.level",
    "Plan": "zarrlift.plan.plan",
    "Plate": "zarrlift.view.plate",
    "Repaired": "zarrlift.jobs.repaired",
    "Report": "zarrlift.jobs.result",
    "Scripts": "zarrlift.jobs.script",
    "Severity": "zarrlift.findings",
    "Survey": "zarrlift.survey.facts",
    "Terms": "zarrlift.crate.terms",
    "Tuning": "zarrlift.plan.tuning",
    "Undone": "zarrlift.jobs.upgraded",
    "Upgraded": "zarrlift.jobs.upgraded",
    "Validation": "zarrlift.jobs.validated",
    "Verdict": "zarrlift.validate.conformance",
    "Verification": "zarrlift.verify.result",
    "Well": "zarrlift.view.plate",
    "ZarrliftError": "zarrlift.errors",
}

# `open` is left out: `from zarrlift import *` shall not take the place of Python's own.
__all__ = [
    "ChunkFacts",
    "Costs",
    "Crate",
    "Dataset",
    "Demo",
    "Described",
    "Finding",
    "Image",
    "Info",
    "KnownRule",
    "Level",
    "Plan",
    "Plate",
    "Repaired",
    "Report",
    "Scripts",
    "Severity",
    "Survey",
    "Terms",
    "Tuning",
    "Undone",
    "Upgraded",
    "Validation",
    "Verdict",
    "Verification",
    "Well",
    "ZarrliftError",
    "conformance",
    "convert",
    "crate",
    "demo",
    "describe",
    "details",
    "estimate",
    "info",
    "load_plan",
    "plan",
    "repair",
    "rules",
    "run",
    "script",
    "survey",
    "terms",
    "tune",
    "undo",
    "upgrade",
    "validate",
    "verify",
]


def __getattr__(name: str) -> object:
    """Load a public type when it is first asked for, so that importing stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'zarrlift' has no attribute {name!r}")
    return getattr(_importlib.import_module(_HOMES[name]), name)
