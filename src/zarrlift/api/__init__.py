"""One function a verb. Nothing of the domain is decided here."""

from zarrlift.api.in_place import crate, describe, repair, terms, undo, upgrade
from zarrlift.api.learn import demo
from zarrlift.api.lift import convert, details, estimate, load_plan, plan, run, script, verify
from zarrlift.api.look import conformance, info, rules, survey, tune, validate

__all__ = [
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
