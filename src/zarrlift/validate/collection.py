"""Rules of a bioformats2raw collection: its layout, its series, and the images in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.validate.around import is_absent, is_readable, no_image
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import items, repeated, said, texts, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.COLLECTION, "#bf2raw")

_LAYOUT = 3
OME = "OME"
OME_XML = "METADATA.ome.xml"


@RULES.rule(
    "collection-layout",
    Force.MUST,
    clause="The layout of a bioformats2raw collection is 3.",
    repair="write the number 3",
)
def _layout(subject: Subject) -> Iterator[Problem]:
    stated = subject.value
    if whole(stated) != _LAYOUT:
        yield Problem("", f"bioformats2raw.layout is {said(stated)}, not 3")


@RULES.rule(
    "collection-xml",
    Force.SHOULD,
    clause="A collection keeps the OME metadata of all its images in OME/METADATA.ome.xml.",
    repair="put the OME-XML of the original file there",
    looks_around=True,
)
def _xml(subject: Subject) -> Iterator[Problem]:
    tree, place = subject.tree, ome_path(subject.node)
    node = tree.get(place)
    if node is None:
        gone = is_absent(tree, place)
    else:
        gone = OME_XML not in node.files and f"{place}/{OME_XML}" not in tree.links
    if gone:
        yield Problem("", f"there is no {OME}/{OME_XML}")


@RULES.rule(
    "collection-numbered",
    Force.MUST,
    clause="Without series and without a plate, images are in groups numbered from 0 on without "
    "a gap.",
    repair="name the groups 0, 1, 2 and so on, or list them as series in OME",
    looks_around=True,
)
def _numbered(subject: Subject) -> Iterator[Problem]:
    if "plate" in subject.ome or series_of(subject) is not None:
        return
    if not is_readable(subject.node) or not _knows_inside(subject):
        return
    numbers = sorted(set(_numbers(subject)))
    if not numbers:
        problem = no_image(subject.tree, _child(subject.node, "0"))
        if problem is not None:
            yield Problem("", f"image 0 {problem}, and there is neither series nor plate")
        return
    gap = next((due for due, number in enumerate(numbers) if number != due), None)
    if gap is not None:
        yield Problem("", f"there is no image {gap}, but an image {numbers[-1]}")


@RULES.rule(
    "collection-plate-series",
    Force.SHOULD,
    clause="A plate in this layout lists the images of its wells as series too.",
    repair="list the path of each field as series in OME",
    looks_around=True,
)
def _plate(subject: Subject) -> Iterator[Problem]:
    if "plate" not in subject.ome or series_of(subject) is not None:
        return
    place = ome_path(subject.node)
    if subject.tree.get(place) is not None or is_absent(subject.tree, place):
        yield Problem("", "the plate's images are not listed as series in OME")


@RULES.rule(
    "series-list",
    Force.MUST,
    clause="The series in OME are a list of texts, each the path of an image.",
    repair="write the paths of the images in the order of the OME-XML",
    about=About.SERIES,
)
def _series(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, list):
        yield Problem("", f"series is {said(subject.value)}, no list")
    for number, item in enumerate(items(subject.value)):
        if not isinstance(item, str):
            yield Problem(f"/{number}", f"series {said(item)} is no path")


@RULES.rule(
    "series-exist",
    Force.MUST,
    clause="Each of the series is an image.",
    repair="restore the image, or remove its path from the series",
    about=About.SERIES,
    looks_around=True,
)
def _exist(subject: Subject) -> Iterator[Problem]:
    root = subject.node.above
    if root is None:
        return
    for pointer, path in texts(subject.value):
        place = _resolved(root, path)
        told = "leads out of the collection" if place is None else no_image(subject.tree, place)
        if told is not None:
            yield Problem(pointer, f"{said(path)} {told}")


@RULES.rule(
    "series-once",
    Force.OURS,
    clause="No image is listed twice among the series.",
    repair="remove the second entry, or write the path that was meant",
    about=About.SERIES,
)
def _once(subject: Subject) -> Iterator[Problem]:
    for pointer, path, _ in repeated(texts(subject.value)):
        yield Problem(pointer, f"{said(path)} is listed twice")


@RULES.rule(
    "series-complete",
    Force.OURS,
    clause="The series list every numbered image of the collection.",
    repair="add the path of the image to the series",
    looks_around=True,
)
def _complete(subject: Subject) -> Iterator[Problem]:
    series = series_of(subject)
    if series is None or "plate" in subject.ome:
        return
    for number in sorted(_numbers(subject)):
        if _child(subject.node, str(number)) not in series:
            yield Problem("", f"image {number} is not listed among the series")


def ome_path(node: Found) -> str:
    """Give the path of a collection's group OME."""
    return _child(node, OME)


def series_of(subject: Subject) -> list[str | None] | None:
    """Give the paths of a collection's series, None for one that is none; None without a list."""
    node = subject.tree.get(ome_path(subject.node))
    stated = node.ome.get("series") if node is not None else None
    if not isinstance(stated, list):
        return None
    return [_resolved(subject.node.path, p) if isinstance(p, str) else None for p in stated]


def images_of(subject: Subject) -> list[str | None] | None:
    """Give the paths of a collection's images in their order; None where none is known."""
    series = series_of(subject)
    if series is not None:
        return series
    if "plate" in subject.ome or not _knows_inside(subject):
        return None
    return [_child(subject.node, str(number)) for number in sorted(_numbers(subject))] or None


def _knows_inside(subject: Subject) -> bool:
    """Say whether all that lies in the collection was looked at."""
    tree, path = subject.tree, subject.node.path
    deep = tree.depth is None or ome_path(subject.node).count("/") < tree.depth
    return deep and not tree.has_links(path)


def _resolved(root: str, path: str) -> str | None:
    found = ome.resolve(root, path)
    inside = found != root and (not root or found.startswith(f"{root}/"))
    return found if inside and not found.startswith(("/", "..")) and found != "." else None


def _numbers(subject: Subject) -> Iterator[int]:
    for node in subject.tree.inside(subject.node.path):
        is_image = node.kind is FoundKind.GROUP and "multiscales" in node.ome
        if is_image and node.name.isascii() and node.name.isdigit() and len(node.name) < 10:  # noqa: PLR2004 - no longer number is counted up to
            yield int(node.name)


def _child(node: Found, name: str) -> str:
    return f"{node.path}/{name}".lstrip("/")
