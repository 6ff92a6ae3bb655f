"""Asking every rule about every subject."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Finding
from zarrlift.validate.rule import About
from zarrlift.validate.subject import subjects
from zarrlift.validate.values import entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.rule import Problem, Rule
    from zarrlift.validate.subject import Subject

_MODULES: tuple[str, ...] = (
    # one name a line, from the outside in
    "nodes",
    "versions",
    "consolidated",
    "zarr_v2",
    "zarr_v3",
    "zarr_v3_codecs",
    "arrays",
    "pixel_sizes",
    "labels",
    "label_images",
    "plates",
    "acquisitions",
    "plate_wells",
    "wells",
    "collection",
    "omexml",
    "images",
    "axes",
    "transforms",
    "systems",
    "image_transforms",
    "stored",
    "levels",
    "omero",
    "scenes",
)
"""Modules of this room that hold rules, in the order in which they are told."""
_OF_LEVELS = frozenset({About.IMAGE, About.OMERO})
"""What is judged by itself, its levels, and what its transformations keep in arrays alone."""
_KEPT = 4096
_Rules = tuple[tuple[int, "Rule"], ...]
"""With the place of each among all rules."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Give every rule; no two share an id."""
    found: list[Rule] = []
    for name in _MODULES:
        found += import_module(f"zarrlift.validate.{name}").RULES.all
    return tuple(found)


def check(
    tree: Hierarchy,
    version: str | None = None,
    *,
    alone: bool = False,
    texts: Mapping[str, bytes] | None = None,
) -> list[Finding]:
    """Judge a hierarchy; gives every finding, node by node.

    `alone` leaves out rules that look at other nodes: a single document is judged. `texts` are
    files that rules read: OME-XML and crate, by path.

    Rules that look at nothing but their subject are asked once for all that are alike, as the
    fields of a plate are.
    """
    found = list(tree.findings)
    known: dict[object, list[_Told]] = {}
    named: dict[int, tuple[str, ...] | None] = {}
    node: Found | None = None
    shared: tuple[object, ...] = ()
    for subject in subjects(tree, version, alone=alone, texts=texts):
        own, around = _asked(subject.about, subject.version)
        # A scene is measured by the images that it names.
        if subject.node is not node:
            node, shared = subject.node, _likeness(subject.node)
        like = None if subject.about is About.SCENE else (subject.about, subject.version, shared)
        told = _ask_once(own, subject, like, known)
        if around and not alone:
            levels = _levels(subject, named) if subject.about in _OF_LEVELS else None
            seen = None if levels is None else (like, levels)
            more = _ask_once(around, subject, seen, known)
            told = sorted([*told, *more], key=itemgetter(0)) if more else told
        found += [_finding(one.rule, subject, one.problem) for one in told]
    return found


class _Told(NamedTuple):
    """A problem, the rule, and its place among the rules."""

    number: int
    rule: Rule
    problem: Problem


def _ask_once(
    rules: _Rules, subject: Subject, like: object | None, known: dict[object, list[_Told]]
) -> list[_Told]:
    """Ask rules, unless they were asked of a subject that is alike; None is like no other."""
    if like is None:
        return _ask(rules, subject)
    told = known.get(like)
    if told is None:
        if len(known) >= _KEPT:
            known.clear()
        told = known[like] = _ask(rules, subject)
    return told


def _ask(rules: _Rules, subject: Subject) -> list[_Told]:
    return [_Told(number, rule, p) for number, rule in rules for p in rule.check(subject)]


def _finding(rule: Rule, subject: Subject, problem: Problem) -> Finding:
    return Finding(
        rule=rule.id,
        severity=rule.severity(subject.version),
        path=subject.node.path,
        message=problem.message,
        pointer=subject.pointer + problem.pointer,
    )


def _likeness(node: Found) -> tuple[object, ...]:
    """Give what nodes share of which the same is to be said by rules that look no further.

    Documents of the same bytes are the same values where `look` has read them, and live as long as
    their hierarchy does.
    """
    documents = tuple(map(id, node.documents.values()))
    inside = (node.folders, *node.files.items()) if node.files else node.folders
    return (node.name, documents, inside, node.proved)


def _levels(
    subject: Subject, named: dict[int, tuple[str, ...] | None]
) -> tuple[object, ...] | None:
    """Give what images share whose levels are alike; None where a level is not plainly there.

    None too where something else than a level may be named: what transformations keep in arrays.
    `named` keeps the names of levels by the identity of `multiscales`, which images that are alike
    have in common.
    """
    if subject.version == "0.6":
        return None
    held = subject.ome.get("multiscales")
    names = named[id(held)] if id(held) in named else named.setdefault(id(held), _names(held))
    if names is None:
        return None
    made: list[object] = []
    nodes = subject.tree.nodes
    above = f"{subject.node.path}/" if subject.node.path else ""
    for name in names:
        found = nodes.get(above + name)
        if found is None:
            return None
        made += (found.kind, found.proved, *map(id, found.documents.values()))
    return tuple(made)


def _names(multiscales: object) -> tuple[str, ...] | None:
    """Give the names of all levels, None where one is not a plain name, or arrays are kept."""
    made: list[str] = []
    for image in entries(multiscales):
        if _keeps_arrays(image.value):
            return None
        for dataset in entries(image.value, "datasets"):
            path = dataset.value.get("path")
            # Another path may lead out of the image, where two images may differ.
            if not (isinstance(path, str) and path.isalnum()) or _keeps_arrays(dataset.value):
                return None
            made.append(path)
    return tuple(made)


def _keeps_arrays(value: object) -> bool:
    return any("path" in entry.value for entry in entries(value, "coordinateTransformations"))


@cache
def _asked(about: About, version: str) -> tuple[_Rules, _Rules]:
    """Give the rules to ask, with their places: those that look no further, those that do."""
    numbered = [
        (number, rule)
        for number, rule in enumerate(all_rules())
        if rule.about is about and version in rule.versions
    ]
    own = tuple(pair for pair in numbered if not pair[1].looks_around)
    return own, tuple(pair for pair in numbered if pair[1].looks_around)
