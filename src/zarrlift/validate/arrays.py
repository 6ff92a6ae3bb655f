"""Rules of arrays beyond their documents: where chunks lie, and what cannot be read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.survey.found import V3_DOCUMENT
from zarrlift.validate import zarr_v2, zarr_v3, zarr_v3_codecs
from zarrlift.validate.multiscale import arrays, multiscales
from zarrlift.validate.nodes import ZARR_V2
from zarrlift.validate.rule import VERSIONS, About, Force, Problem, Rules, between
from zarrlift.validate.values import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.rule import Rule
    from zarrlift.validate.subject import Subject

RULES = Rules(About.ARRAY, "#image-layout")


@RULES.rule(
    "keys-separator",
    Force.OURS,
    clause="The separator that an array states is the one that its stored keys have: readers find "
    "no chunk by another, and show the fill value.",
    repair="set dimension_separator to what the keys show (zarrlift repair does it)",
    anchor=f"{ZARR_V2}#metadata",
    looks_around=True,
    softer=dict.fromkeys(VERSIONS, Severity.ERROR),
    arises=lambda tree: any(map(_separators, tree.arrays)),
)
def _proved(subject: Subject) -> Iterator[Problem]:
    separators = _separators(subject.node)
    if separators is not None:
        stated, shown = map(said, separators)
        yield Problem(
            "/dimension_separator", f"keys are joined by {stated} as stated, {shown} in fact"
        )


def _separators(node: Found) -> tuple[str, str] | None:
    """Give the separator that an array states and the one that its keys show; None if alike."""
    layout, proved = node.layout, node.proved
    if layout is None or proved is None or layout.keys.prefix or V3_DOCUMENT in node.documents:
        return None
    if layout.ndim < 2 or proved.separator == layout.keys.separator:  # noqa: PLR2004 - else no separator
        return None
    return layout.keys.separator, proved.separator


@RULES.rule(
    "level-separator",
    Force.MUST,
    clause="Chunks of an image lie in nested folders (keys such as 0/0/0), in 0.1 flat in one "
    "(0.0.0).",
    repair='rename the chunks and set dimension_separator to "/" (in 0.1: ".")',
    versions=between("0.1", "0.4"),
    about=About.IMAGE,
    looks_around=True,
    softer={"0.1": Severity.WARNING},
)
def _separator(subject: Subject) -> Iterator[Problem]:
    due = "." if subject.version == "0.1" else "/"
    for image in multiscales(subject):
        for level in arrays(subject, image):
            keys = level.node.proved or level.layout.keys
            if level.layout.ndim < 2 or V3_DOCUMENT in level.node.documents:  # noqa: PLR2004 - no separator is used
                continue
            if not keys.prefix and keys.separator != due:
                told = f"are joined by {said(keys.separator)}, not {said(due)}"
                yield Problem(level.pointer, f"keys of level {level.node.name} {told}")


@RULES.rule(
    "array-unread",
    Force.OURS,
    clause="An array is of a form that zarrlift reads.",
    repair="read it with the program that wrote it, and write it anew in a common form",
    anchor="",
)
def _unread(subject: Subject) -> Iterator[Problem]:
    """Tell of what no clause forbids; a document that breaks one is told of by its rule."""
    node = subject.node
    if node.layout is None and subject.value is not None and not _breaks(subject):
        yield Problem("", f"zarrlift cannot read this array: {node.problem}")


def _breaks(subject: Subject) -> bool:
    """Ask the rules of the document that counts; what `value` holds is that of v3, if any."""
    rules: list[Rule] = [*zarr_v3.RULES.all, *zarr_v3_codecs.RULES.all]
    if V3_DOCUMENT not in subject.node.documents:
        rules = zarr_v2.RULES.all
    return any(next(rule.check(subject), None) is not None for rule in rules)
