"""zarrlift lifts OME-Zarr 0.1-0.4 to 0.5 without decoding it, and proves the result."""

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING

# Rooms and verbs share names: the rooms are bound first, the verbs after them, for good.
for _room in ("crate", "demo", "plan", "survey", "verify"):
    _importlib.import_module(f"zarrlift.{_room}")

from zarrlift.api import (  # noqa: E402 - after the rooms
    convert,
    crate,
    demo,
    describe,
    details,
    estimate,
    load_plan,
    plan,
    run,
    script,
    survey,
    terms,
    tune,
    undo,
    upgrade,
    verify,
)

if _TYPE_CHECKING:
    from zarrlift.crate.shown import Crate
    from zarrlift.crate.terms import Terms
    from zarrlift.demo.write import Demo
    from zarrlift.errors import ZarrliftError
    from zarrlift.findings import Finding, Severity
    from zarrlift.jobs.crate import Described
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.script import Scripts
    from zarrlift.jobs.upgraded import Undone, Upgraded
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.tuning import Tuning
    from zarrlift.survey.facts import Survey
    from zarrlift.verify.result import Verification

_HOMES = {
    "Costs": "zarrlift.plan.cost",
    "Crate": "zarrlift.crate.shown",
    "Demo": "zarrlift.demo.write",
    "Described": "zarrlift.jobs.crate",
    "Finding": "zarrlift.findings",
    "Plan": "zarrlift.plan.plan",
    "Report": "zarrlift.jobs.result",
    "Scripts": "zarrlift.jobs.script",
    "Severity": "zarrlift.findings",
    "Survey": "zarrlift.survey.facts",
    "Terms": "zarrlift.crate.terms",
    "Tuning": "zarrlift.plan.tuning",
    "Undone": "zarrlift.jobs.upgraded",
    "Upgraded": "zarrlift.jobs.upgraded",
    "Verification": "zarrlift.verify.result",
    "ZarrliftError": "zarrlift.errors",
}

__all__ = [
    "Costs",
    "Crate",
    "Demo",
    "Described",
    "Finding",
    "Plan",
    "Report",
    "Scripts",
    "Severity",
    "Survey",
    "Terms",
    "Tuning",
    "Undone",
    "Upgraded",
    "Verification",
    "ZarrliftError",
    "convert",
    "crate",
    "demo",
    "describe",
    "details",
    "estimate",
    "load_plan",
    "plan",
    "run",
    "script",
    "survey",
    "terms",
    "tune",
    "undo",
    "upgrade",
    "verify",
]


def __getattr__(name: str) -> object:
    """Load a public type when it is first asked for, so that importing stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'zarrlift' has no attribute {name!r}")
    return getattr(_importlib.import_module(_HOMES[name]), name)
