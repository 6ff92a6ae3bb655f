"""Asking every rule about every subject."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Finding
from zarrlift.validate.likeness import Surroundings, likeness
from zarrlift.validate.rule import About
from zarrlift.validate.subject import subjects, to_judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.rule import Arises, Problem, Rule
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
    asking = _Asking(tree, alone)
    known: dict[object, list[_Part]] = {}
    made: dict[tuple[str, str], object] = {}
    for given in to_judge(tree, version):
        like = (*given[1:], likeness(given.node))
        parts = known.get(like)
        if parts is None:
            if len(known) >= _KEPT:
                known.clear()
            held = subjects(given, tree, alone=alone, texts=texts or {}, made=made)
            parts = known[like] = [asking.part(subject) for subject in held]
        for part in parts:
            found += asking.findings(part, given.node)
    return found


class _Told(NamedTuple):
    """A problem, the rule, and its place among the rules."""

    number: int
    rule: Rule
    problem: Problem


class _Part(NamedTuple):
    """What is judged of nodes that are alike."""

    subject: Subject
    """Of the first of them."""
    told: list[_Told]
    """By rules that look no further."""
    around: _Rules
    """Rules that do, and may be broken here."""
    seen: dict[object, list[_Told]]
    """What these say, by what they look at."""


class _Asking:
    """Asks the rules about the subjects of one hierarchy."""

    def __init__(self, tree: Hierarchy, alone: bool) -> None:  # noqa: FBT001 - `check` names it
        self._tree, self._alone = tree, alone
        self._rules: dict[tuple[About, str], tuple[_Rules, _Rules]] = {}
        self._arise: dict[Arises, bool] = {}
        self._surroundings = Surroundings(tree)

    def part(self, subject: Subject) -> _Part:
        """Ask the rules that look no further than a subject."""
        place = (subject.about, subject.version)
        rules = self._rules.get(place)
        if rules is None:
            rules = self._rules[place] = self._asked(*place)
        own, around = rules
        return _Part(subject, _ask(own, subject), around, {})

    def findings(self, part: _Part, node: Found) -> list[Finding]:
        """Ask the others, and tell everything of a node."""
        told, subject = part.told, part.subject
        if part.around:
            subject = subject if subject.node is node else subject._replace(node=node)
            more = self._told_around(part, subject)
            told = sorted([*told, *more], key=itemgetter(0)) if more else told
        return [_finding(one.rule, subject, one.problem, node.path) for one in told]

    def _told_around(self, part: _Part, subject: Subject) -> list[_Told]:
        around = self._surroundings.of(subject)
        if around is None:
            return _ask(part.around, subject)
        told = part.seen.get(around)
        if told is None:
            told = part.seen[around] = _ask(part.around, subject)
        return told

    def _asked(self, about: About, version: str) -> tuple[_Rules, _Rules]:
        """Give the rules to ask, with their places: those that look no further, those that do."""
        own, around = _rules_of(about, version)
        around = () if self._alone else tuple(pair for pair in around if self._may(pair[1]))
        # A scene is measured by the images that it names.
        return ((), (*own, *around)) if about is About.SCENE else (own, around)

    def _may(self, rule: Rule) -> bool:
        """Say whether a rule may be broken in the hierarchy at all."""
        if rule.arises is None:
            return True
        if rule.arises not in self._arise:
            self._arise[rule.arises] = rule.arises(self._tree)
        return self._arise[rule.arises]


def _ask(rules: _Rules, subject: Subject) -> list[_Told]:
    return [_Told(number, rule, p) for number, rule in rules for p in rule.check(subject)]


def _finding(rule: Rule, subject: Subject, problem: Problem, path: str) -> Finding:
    return Finding(
        rule=rule.id,
        severity=rule.severity(subject.version),
        path=path,
        message=problem.message,
        pointer=subject.pointer + problem.pointer,
    )


@cache
def _rules_of(about: About, version: str) -> tuple[_Rules, _Rules]:
    """Give the rules, with their places: those that look at nothing but the subject, the others."""
    numbered = [
        (number, rule)
        for number, rule in enumerate(all_rules())
        if rule.about is about and version in rule.versions
    ]
    own = tuple(pair for pair in numbered if not pair[1].looks_around)
    return own, tuple(pair for pair in numbered if pair[1].looks_around)
